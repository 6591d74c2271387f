//! The state address of `viaduct connect`: what each route is doing, as JSON, for people and monitoring on this machine.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::{net::TcpListener, sync::watch, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    http_pool::{self, Body},
    route::{RouteReport, RouteState},
    routes::reports,
};
use crate::io::{ServeOptions, Stream, bind, serve};

/// A state address that is open.
#[derive(Debug)]
pub(crate) struct StateDoor {
    sockets: Vec<TcpListener>,
    address: SocketAddr,
    routes: watch::Receiver<Vec<Arc<RouteState>>>,
}

/// The document.
#[derive(Serialize)]
struct State {
    routes: Vec<RouteReport>,
}

/// For a whole request and its answer.
const WITHIN: Duration = Duration::from_secs(10);

/// Connections at a time.
const MOST_CONNECTIONS: usize = 64;

impl StateDoor {
    /// Opens the address; only one of loopback is taken, for there is nothing that asks who is there.
    pub(crate) fn open(address: SocketAddr, routes: watch::Receiver<Vec<Arc<RouteState>>>) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            let text = format!("{address} is not a loopback address; the state is shown on this machine alone");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let sockets = bind(&[address])?;
        let address = sockets.first().map_or(Ok(address), TcpListener::local_addr)?;
        Ok(Self { sockets, address, routes })
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop`.
    pub(crate) async fn serve(self, stop: CancellationToken) {
        let options = ServeOptions { connections: MOST_CONNECTIONS, shutdown: stop, tasks: TaskTracker::new() };
        let routes = self.routes;
        serve(self.sockets, options, move |accepted| {
            let routes = routes.clone();
            async move {
                let service = service_fn(|request| {
                    let answer = answer(&request, &routes);
                    async move { Ok::<_, Infallible>(answer) }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .keep_alive(false)
                    .serve_connection(TokioIo::new(Stream::from(accepted.tcp)), service);
                // A client that went away, or takes too long, has nothing to be told.
                let _ = timeout(WITHIN, connection).await;
                drop(accepted.permit);
            }
        })
        .await;
    }
}

fn answer(request: &Request<Incoming>, routes: &watch::Receiver<Vec<Arc<RouteState>>>) -> Response<Body> {
    let status = if !is_local(request.headers().get(header::HOST)) {
        // A web page that had its own name point here must not read what we say.
        StatusCode::FORBIDDEN
    } else if request.uri().path() != "/" {
        StatusCode::NOT_FOUND
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) {
        StatusCode::METHOD_NOT_ALLOWED
    } else {
        StatusCode::OK
    };
    let body = if status == StatusCode::OK {
        let state = State { routes: reports(&routes.borrow()) };
        let mut text = serde_json::to_vec_pretty(&state).expect("strings and numbers always serialise");
        text.push(b'\n');
        http_pool::full(text.into())
    } else {
        http_pool::empty()
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn is_local(host: Option<&HeaderValue>) -> bool {
    let Some(host) = host.and_then(|host| host.to_str().ok()) else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    };
    let address = name.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let local = |host: &'static str| is_local(Some(&HeaderValue::from_static(host)));
        assert!(local("localhost:9092") && local("127.0.0.1:9092") && local("[::1]:9092") && local("127.0.0.1"));
        assert!(!local("rebound.example:9092") && !local("10.0.0.1:9092") && !is_local(None));
    }

    #[tokio::test]
    async fn an_address_beyond_loopback_is_refused() {
        let (_sender, routes) = watch::channel(Vec::new());
        let error = StateDoor::open("0.0.0.0:0".parse().unwrap(), routes).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}

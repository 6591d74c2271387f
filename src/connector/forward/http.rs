//! `http://`: each local request as an HTTP request through the relay; each local WebSocket as a stream.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::ExposeSecret as _;

use super::door::Forwarding;
use crate::{
    connector::{
        base_path::{Suffix, clean_query},
        dial::{DialError, OpenSocket},
        handshake::HandshakeError,
        http_pool::{self, Body, Lease, SendError},
        listener::unix_now,
        streams::log_end,
    },
    io::{Dialect, FrameDialect, JoinOptions, Leg, Stream, join},
    wire::hybrid::{is_hop_by_hop, latin1_decode},
};

/// For the head of a request.
const HEAD_WITHIN: Duration = Duration::from_secs(30);

/// Serves the requests of one connection, to its end.
pub(super) async fn serve(forwarding: &Arc<Forwarding>, local: Stream) {
    let service = service_fn(|request| {
        let forwarding = forwarding.clone();
        async move { Ok::<_, Infallible>(forward(&forwarding, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .half_close(true)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(local), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = forwarding.cancel.cancelled() => return,
        () = forwarding.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                () = forwarding.cancel.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "local http connection ended");
    }
}

async fn forward(forwarding: &Arc<Forwarding>, request: Request<Incoming>) -> Response<Body> {
    let suffix = match Suffix::from_raw(&forwarding.local.path, request.uri().path()) {
        Ok(suffix) => suffix,
        Err(error) => return own(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let query = request.uri().query().map(clean_query);
    if wants_websocket(&request) {
        return websocket(forwarding, request, suffix, query).await;
    }
    let (parts, body) = request.into_parts();
    let target = forwarding.endpoint.request_target(suffix.as_str(), query.as_deref());
    let Ok(uri) = target.parse() else {
        return own(StatusCode::BAD_REQUEST, "the request target is no HTTP");
    };
    let mut outgoing = Request::new(http_pool::incoming(body));
    *outgoing.method_mut() = parts.method;
    *outgoing.uri_mut() = uri;
    *outgoing.headers_mut() = passing(&parts.headers);
    let headers = outgoing.headers_mut();
    if let Ok(host) = HeaderValue::from_str(&forwarding.endpoint.host_header()) {
        headers.insert(header::HOST, host);
    }
    // The client's own `Authorization` is for the service and passes through (hybrid page 1.3).
    headers.remove(TOKEN_HEADER);
    if let Some(token) = forwarding.endpoint.token(unix_now())
        && let Ok(mut value) = HeaderValue::from_str(token.text.expose_secret())
    {
        value.set_sensitive(true);
        headers.insert(TOKEN_HEADER, value);
    }
    match forwarding.pool.send(outgoing).await {
        Ok(answered) => {
            let (parts, body) = answered.response.into_parts();
            let mut response = Response::new(leased(body, answered.lease));
            *response.status_mut() = parts.status;
            *response.headers_mut() = passing(&parts.headers);
            if let Some(reason) = parts.extensions.get::<hyper::ext::ReasonPhrase>() {
                response.extensions_mut().insert(reason.clone());
            }
            response
        }
        Err(error) => {
            forwarding.complain(None, &error);
            let text = match error {
                SendError::Dial(error) => format!("the gateway is not reachable from here: {error}"),
                SendError::Broken(_) => "the gateway broke the connection before it answered".to_owned(),
            };
            own(StatusCode::BAD_GATEWAY, &text)
        }
    }
}

/// A WebSocket of a local client: opened at the relay first, so that a refusal can be said.
async fn websocket(
    forwarding: &Arc<Forwarding>,
    mut request: Request<Incoming>,
    suffix: Suffix,
    query: Option<String>,
) -> Response<Body> {
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).cloned();
    let Some(key) = key else { return own(StatusCode::BAD_REQUEST, "a WebSocket needs a Sec-WebSocket-Key") };
    let of_the_handshake =
        |name: &str| name.starts_with("sec-websocket-") || name == header::HOST || name == TOKEN_HEADER;
    let headers: Vec<(String, String)> = passing(request.headers())
        .iter()
        .filter(|(name, _)| !of_the_handshake(name.as_str()))
        .map(|(name, value)| (name.as_str().to_owned(), latin1_decode(value.as_bytes())))
        .collect();
    let protocols: Vec<&str> = request
        .headers()
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let protocols = (!protocols.is_empty()).then(|| protocols.join(", "));
    let opened = forwarding.connect(suffix.as_str(), query.as_deref(), protocols.as_deref(), &headers).await;
    let socket = match opened {
        Ok(socket) => socket,
        Err(error) => {
            forwarding.complain(None, &error);
            return refused(&error);
        }
    };
    let mut response = Response::new(http_pool::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) =
        socket.protocol.as_deref().and_then(|protocol| HeaderValue::from_str(protocol).ok())
    {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    let upgrade = hyper::upgrade::on(&mut request);
    let forwarding = forwarding.clone();
    tokio::spawn(async move {
        let _counted = forwarding.state.count();
        match upgrade.await {
            Ok(upgraded) => splice(&forwarding, upgraded, socket).await,
            Err(error) => tracing::debug!(%error, "the local client left during the handshake"),
        }
    });
    response
}

async fn splice(forwarding: &Forwarding, upgraded: hyper::upgrade::Upgraded, socket: OpenSocket) {
    let id = socket.tracking_id.clone().unwrap_or_default();
    match Leg::from_upgraded(upgraded, Dialect::Frames(FrameDialect::hybrid_server())) {
        Ok(local) => {
            let end = join(local, socket.into_leg(true), JoinOptions::new(forwarding.cancel.clone())).await;
            log_end(&id, &end);
        }
        Err(_) => tracing::error!("an upgraded connection is of another kind than the one that was served"),
    }
}

/// The header that carries the relay token.
const TOKEN_HEADER: &str = "servicebusauthorization";

fn wants_websocket(request: &Request<Incoming>) -> bool {
    let upgrade = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    request.method() == http::Method::GET
        && upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// The headers that are not of one connection alone.
fn passing(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(|name| name.trim().to_ascii_lowercase()))
        .collect();
    let mut passing = headers.clone();
    for name in headers.keys() {
        if is_hop_by_hop(name.as_str()) || named.iter().any(|other| name == other.as_str()) {
            passing.remove(name);
        }
    }
    passing.remove(header::EXPECT);
    passing
}

/// A response body that gives its connection back when it was read to its end.
fn leased(body: Incoming, lease: Lease) -> Body {
    if body.is_end_stream() {
        lease.give_back();
        return http_pool::empty();
    }
    let frames = futures_util::stream::unfold((body, Some(lease)), |(mut body, mut lease)| async {
        let frame = body.frame().await;
        // A body of known length is not asked again after its last byte.
        if (frame.is_none() || body.is_end_stream())
            && let Some(lease) = lease.take()
        {
            lease.give_back();
        }
        frame.map(|frame| (frame.map_err(http_pool::BodyError::from), (body, lease)))
    });
    http_body_util::StreamBody::new(frames).boxed_unsync()
}

fn refused(error: &DialError) -> Response<Body> {
    match error {
        DialError::Handshake(HandshakeError::Refused(refused)) => {
            let status = StatusCode::from_u16(refused.status).ok().filter(|status| status.as_u16() >= 200);
            own(status.unwrap_or(StatusCode::BAD_GATEWAY), &refused.reason)
        }
        error => own(StatusCode::BAD_GATEWAY, &format!("the gateway is not reachable from here: {error}")),
    }
}

/// An answer of the local door itself.
fn own(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(http_pool::full(Bytes::from(format!("{text}\n"))));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

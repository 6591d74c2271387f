//! The small web service beside the WCF service: JSON by HTTP and by WebSocket on one side, net.tcp on the other.
//!
//! `POST /{operation}` calls an operation. A WebSocket carries one JSON object a text message and is one net.tcp session
//! for as long as it lives: `{"op":"GetScore","id":"1","body":{…}}` is answered by `{"id":"1","body":{…}}` or
//! `{"id":"1","problem":{…}}`.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn, upgrade::Upgraded};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    json::{self, Problem},
    wcf_client::{CallError, WcfClient},
};

/// What a WebSocket client may ask for.
pub(super) const PROTOCOL: &str = "viaduct.soap-json.1";

/// The largest request: what the service takes (`MaxReceivedMessageSize`).
const LARGEST: usize = 64 * 1024;
/// For a request head.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// For a request body.
const BODY: Duration = Duration::from_secs(60);
/// A WebSocket on which nothing is asked for so long is closed; the service would close its session then.
const IDLE: Duration = Duration::from_secs(540);

/// A running face. Dropping it stops it.
#[derive(Debug)]
pub(super) struct Face {
    address: SocketAddr,
    stop: CancellationToken,
}

/// The service behind it.
#[derive(Debug)]
struct Behind {
    socket: SocketAddr,
    endpoint: String,
}

impl Face {
    /// Listens on a free port of loopback, in front of the WCF service at `socket` whose address is `endpoint`.
    pub(super) async fn start(socket: SocketAddr, endpoint: String) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, stop) = (listener.local_addr()?, CancellationToken::new());
        tokio::spawn(serve(listener, Arc::new(Behind { socket, endpoint }), stop.clone()));
        Ok(Self { address, stop })
    }

    /// The socket it listens on.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Face {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn serve(listener: TcpListener, behind: Arc<Behind>, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        // An accept that failed says nothing about the next one; the client sees its connection fail.
        let Ok((stream, _)) = accepted else { continue };
        let (behind, stop) = (behind.clone(), stop.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = connection(stream, behind, stop.clone()) => {}
            }
        });
    }
}

async fn connection(stream: TcpStream, behind: Arc<Behind>, stop: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let (behind, stop) = (behind.clone(), stop.clone());
        async move { Ok::<_, Infallible>(respond(request, behind, stop).await) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HANDSHAKE);
    // How a client's connection ends is the client's affair.
    let _ = server.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

async fn respond(
    mut request: Request<Incoming>,
    behind: Arc<Behind>,
    stop: CancellationToken,
) -> Response<Full<Bytes>> {
    if let Some(key) = websocket_key(&request) {
        let asked_for = offers_protocol(&request);
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                upgraded = upgrade => if let Ok(upgraded) = upgraded {
                    socket(upgraded, &behind).await;
                },
            }
        });
        return switching(&key, asked_for);
    }
    match ask_once(request, &behind).await {
        Ok(value) => answer(StatusCode::OK, "application/json", &value),
        Err(problem) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = answer(status, "application/problem+json", &problem.to_json());
            if status == StatusCode::METHOD_NOT_ALLOWED {
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
            }
            response
        }
    }
}

/// One call in one session: what the same service would do on an HTTP binding.
async fn ask_once(request: Request<Incoming>, behind: &Behind) -> Result<Value, Problem> {
    if request.method() != Method::POST {
        return Err(Problem::method(request.method().as_str()));
    }
    let operation = request.uri().path().trim_matches('/').to_owned();
    let body = Limited::new(request.into_body(), LARGEST);
    let body = tokio::time::timeout(BODY, body.collect()).await;
    let body = body.map_err(|_| Problem::invalid_body("the request body did not arrive in time"))?;
    let body = body.map_err(|_| Problem::too_large(LARGEST))?.to_bytes();
    let body = if body.is_empty() { Ok(no_members()) } else { serde_json::from_slice(&body) };
    let call = json::call(&operation, body.map_err(|error| Problem::invalid_body(error.to_string()))?)?;
    let mut client = WcfClient::open(behind.socket, &behind.endpoint, &behind.endpoint).await?;
    let reply = client.call(&call).await?;
    // The reply is here; how the session ends changes nothing about it.
    let _ = client.close().await;
    Ok(json::reply(&reply))
}

/// A question on a WebSocket.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    op: String,
    id: String,
    #[serde(default = "no_members")]
    body: Value,
}

fn no_members() -> Value {
    json!({})
}

/// Questions one after the other, all in one net.tcp session that is opened by the first.
async fn socket(upgraded: Upgraded, behind: &Behind) {
    let config = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
    let io = TokioIo::new(upgraded);
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
    let mut session = None;
    while let Ok(Some(Ok(message))) = tokio::time::timeout(IDLE, socket.next()).await {
        // A close frame is answered by reading on, until there is no more.
        let Message::Text(text) = message else { continue };
        let answer = match serde_json::from_str::<Question>(&text) {
            Ok(Question { op, id, body }) => match ask(&mut session, behind, &op, body).await {
                Ok(body) => json!({ "id": id, "body": body }),
                Err(problem) => json!({ "id": id, "problem": problem.to_json() }),
            },
            Err(error) => json!({ "problem": Problem::invalid_body(error.to_string()).to_json() }),
        };
        if socket.send(Message::text(answer.to_string())).await.is_err() {
            break;
        }
    }
    // For a client that was silent too long; one that is gone does not read it.
    let _ = socket.close(None).await;
    if let Some(session) = session {
        let _ = session.close().await;
    }
}

async fn ask(
    session: &mut Option<WcfClient>,
    behind: &Behind,
    operation: &str,
    body: Value,
) -> Result<Value, Problem> {
    let call = json::call(operation, body)?;
    let mut client = match session.take() {
        Some(client) => client,
        None => WcfClient::open(behind.socket, &behind.endpoint, &behind.endpoint).await?,
    };
    let outcome = client.call(&call).await;
    // A session survives the service's own refusals; after anything else it is not used again.
    if matches!(outcome, Ok(_) | Err(CallError::Declared(_) | CallError::Fault(_))) {
        *session = Some(client);
    }
    Ok(json::reply(&outcome?))
}

fn answer(status: StatusCode, content_type: &'static str, value: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The key of a request that asks for a WebSocket (RFC 6455 4.2.1).
fn websocket_key(request: &Request<Incoming>) -> Option<String> {
    let has = |name, token: &str| {
        let values = request.headers().get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
    };
    let asks = request.method() == Method::GET
        && has(header::UPGRADE, "websocket")
        && has(header::CONNECTION, "upgrade");
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY)?.to_str().ok()?;
    asks.then(|| key.to_owned())
}

fn offers_protocol(request: &Request<Incoming>) -> bool {
    let values = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|p| p.trim() == PROTOCOL)
}

fn switching(key: &str, with_protocol: bool) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if with_protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    }
    response
}

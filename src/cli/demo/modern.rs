//! The new callers: JSON by HTTP and by WebSocket, with a token in a header. What they need, every language has.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderValue, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::face::PROTOCOL;
use crate::io::{ClientTls, TlsStream};

/// The header that carries a token (hybrid page 1.3).
pub(super) const TOKEN_HEADER: &str = "ServiceBusAuthorization";

/// For each answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// No answer of the demo is larger.
const LARGEST: usize = 1024 * 1024;

/// Where the gateway is, and what is trusted.
#[derive(Clone, Debug)]
pub(super) struct Gateway {
    pub(super) address: SocketAddr,
    /// The name in the certificate and in `Host`.
    pub(super) host: String,
    pub(super) tls: ClientTls,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ModernError {
    #[error("the connection failed: {0}")]
    Lost(#[from] std::io::Error),
    #[error("HTTP failed: {0}")]
    Http(#[from] hyper::Error),
    #[error("the WebSocket failed: {0}")]
    WebSocket(Box<tokio_tungstenite::tungstenite::Error>),
    #[error("no answer within {} seconds", PATIENCE.as_secs())]
    Silent,
    #[error("the answer is no JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    #[error("the answer has another form: {0}")]
    Unexpected(String),
    #[error("the request cannot be written: {0}")]
    Request(#[from] http::Error),
}

/// The answer to one HTTP request.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The text in the status line, which says more than the number.
    pub(super) reason: String,
    pub(super) body: Bytes,
}

impl Gateway {
    /// `POST path` with a JSON body.
    pub(super) async fn post(&self, path: &str, token: &str, body: &Value) -> Result<Answer, ModernError> {
        let request = Request::post(path)
            .header(header::HOST, self.authority())
            .header(header::CONTENT_TYPE, "application/json")
            .header(TOKEN_HEADER, token)
            .body(Full::<Bytes>::from(body.to_string()))?;
        let exchange = async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(self.connect().await?)).await?;
            let driver = tokio::spawn(connection);
            let response = sender.send_request(request).await?;
            let status = response.status();
            let reason = match response.extensions().get::<hyper::ext::ReasonPhrase>() {
                Some(reason) => String::from_utf8_lossy(reason.as_bytes()).into_owned(),
                None => status.canonical_reason().unwrap_or_default().to_owned(),
            };
            let body = Limited::new(response.into_body(), LARGEST).collect().await;
            let body = body.map_err(|error| ModernError::Unexpected(error.to_string()))?.to_bytes();
            driver.abort();
            Ok(Answer { status: status.as_u16(), reason, body })
        };
        timeout(PATIENCE, exchange).await.map_err(|_| ModernError::Silent)?
    }

    /// Opens a WebSocket to a relay.
    pub(super) async fn dashboard(&self, relay: &str, token: &str) -> Result<Dashboard, ModernError> {
        let mut request =
            format!("wss://{}/$hc/{relay}", self.authority()).into_client_request().map_err(websocket)?;
        let headers = request.headers_mut();
        headers.insert(TOKEN_HEADER, HeaderValue::from_str(token).map_err(http::Error::from)?);
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
        let open = async {
            let (socket, _) = client_async(request, self.connect().await?).await.map_err(websocket)?;
            Ok(Dashboard { socket, questions: 0 })
        };
        timeout(PATIENCE, open).await.map_err(|_| ModernError::Silent)?
    }

    fn authority(&self) -> String {
        format!("{}:{}", self.host, self.address.port())
    }

    async fn connect(&self) -> std::io::Result<TlsStream> {
        let tcp = TcpStream::connect(self.address).await?;
        tcp.set_nodelay(true)?;
        self.tls.connect(&self.host, tcp).await
    }
}

/// An open WebSocket that asks one question after the other.
#[derive(Debug)]
pub(super) struct Dashboard {
    socket: WebSocketStream<TlsStream>,
    questions: u32,
}

impl Dashboard {
    /// Asks; the answer is what stands under `body`, or the whole message when the service refused.
    pub(super) async fn ask(&mut self, operation: &str, body: Value) -> Result<Value, ModernError> {
        self.questions += 1;
        let id = self.questions.to_string();
        let question = json!({ "op": operation, "id": id, "body": body });
        let exchange = async {
            self.socket.send(Message::text(question.to_string())).await.map_err(websocket)?;
            loop {
                match self.socket.next().await.transpose().map_err(websocket)? {
                    Some(Message::Text(text)) => {
                        let mut answer: Value = serde_json::from_str(&text)?;
                        return match answer["id"] == id {
                            true if answer["body"].is_object() => Ok(answer["body"].take()),
                            true => Ok(answer),
                            false => Err(ModernError::Unexpected(text.to_string())),
                        };
                    }
                    Some(Message::Ping(_) | Message::Pong(_)) => {}
                    other => return Err(ModernError::Unexpected(format!("{other:?}"))),
                }
            }
        };
        timeout(PATIENCE, exchange).await.map_err(|_| ModernError::Silent)?
    }

    /// Closes in order and waits until the other side has closed, too.
    pub(super) async fn close(mut self) -> Result<(), ModernError> {
        let close = async {
            self.socket.close(None).await.map_err(websocket)?;
            while let Some(message) = self.socket.next().await {
                message.map_err(websocket)?;
            }
            Ok(())
        };
        timeout(PATIENCE, close).await.map_err(|_| ModernError::Silent)?
    }
}

fn websocket(error: tokio_tungstenite::tungstenite::Error) -> ModernError {
    ModernError::WebSocket(Box::new(error))
}

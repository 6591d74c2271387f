//! HTTP/1.1 connections to one server, kept for the next request.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Empty, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

use super::{
    authority::{Authority, Security},
    dial::{DialError, Dialer},
};

/// The body of a request or a response, streaming or whole.
pub(crate) type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Why a body broke off.
pub(crate) type BodyError = Box<dyn Error + Send + Sync>;

/// Connections to one server.
#[derive(Debug)]
pub(crate) struct HttpPool {
    dialer: Dialer,
    authority: Authority,
    security: Security,
    way: Way,
    idle: Mutex<Vec<Idle>>,
}

/// Whether a proxy may stand between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To a service beside us.
    Direct,
    /// To a gateway: through `HTTPS_PROXY`, if there is one.
    ToGateway,
}

/// A response, and the connection that it is still read from.
#[derive(Debug)]
pub(crate) struct Answered {
    /// Head and body.
    pub(crate) response: Response<Incoming>,
    /// Give it back once the body was read to its end; dropping it closes the connection.
    pub(crate) lease: Lease,
}

/// A connection that is in use.
#[derive(Debug)]
pub(crate) struct Lease {
    pool: Arc<HttpPool>,
    sender: SendRequest<Body>,
}

/// A request without a response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SendError {
    /// No connection.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The server broke the connection or sent something that is no HTTP.
    #[error("the connection broke before a response: {0}")]
    Broken(hyper::Error),
}

#[derive(Debug)]
struct Idle {
    sender: SendRequest<Body>,
    until: Instant,
}

/// How long a connection is kept without a request; servers close theirs after a minute or two.
const IDLE_FOR: Duration = Duration::from_secs(20);

/// How many connections are kept.
const MOST_IDLE: usize = 32;

impl HttpPool {
    /// No connection yet.
    pub(crate) fn new(dialer: Dialer, authority: Authority, security: Security, way: Way) -> Arc<Self> {
        Arc::new(Self { dialer, authority, security, way, idle: Mutex::default() })
    }

    /// Sends a request. The caller sets the deadline; dropping the future gives the request up.
    ///
    /// A kept connection that turns out to be closed is replaced, if the request can be sent twice.
    pub(crate) async fn send(self: &Arc<Self>, request: Request<Body>) -> Result<Answered, SendError> {
        let mut request = request;
        while let Some(mut sender) = self.take_idle() {
            let spare = replayable(&request);
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(self.answered(response, sender)),
                Err(mut error) => match error.take_message().or(spare) {
                    Some(again) => request = again,
                    None => return Err(SendError::Broken(error.into_error())),
                },
            }
        }
        let mut sender = self.open().await?;
        let response = sender.send_request(request).await.map_err(SendError::Broken)?;
        Ok(self.answered(response, sender))
    }

    fn answered(self: &Arc<Self>, response: Response<Incoming>, sender: SendRequest<Body>) -> Answered {
        Answered { response, lease: Lease { pool: self.clone(), sender } }
    }

    async fn open(&self) -> Result<SendRequest<Body>, SendError> {
        let stream = match self.way {
            Way::Direct => self.dialer.service(&self.authority, self.security).await?,
            Way::ToGateway => self.dialer.gateway(&self.authority, self.security).await?,
        };
        let (sender, connection) = http1::Builder::new()
            .title_case_headers(true)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(SendError::Broken)?;
        // Ends by itself: when the sender is dropped, or the server closes.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "http connection ended");
            }
        });
        Ok(sender)
    }

    fn take_idle(&self) -> Option<SendRequest<Body>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        idle.retain(|kept| kept.until > now && kept.sender.is_ready());
        idle.pop().map(|kept| kept.sender)
    }

    fn keep(&self, sender: SendRequest<Body>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(Idle { sender, until: Instant::now() + IDLE_FOR });
        }
    }
}

impl Lease {
    /// The response was read to its end: the connection can serve another request.
    pub(crate) fn give_back(mut self) {
        tokio::spawn(async move {
            // The end of the body and the readiness of the connection are two steps of its task.
            if timeout(Duration::from_secs(1), self.sender.ready()).await.is_ok_and(|ready| ready.is_ok()) {
                self.pool.keep(self.sender);
            }
        });
    }
}

/// The same request again, if sending it twice does no harm (RFC 9110 9.2.2) and it has no body.
fn replayable(request: &Request<Body>) -> Option<Request<Body>> {
    use hyper::body::Body as _;
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE];
    if !safe.contains(request.method()) || !request.body().is_end_stream() {
        return None;
    }
    let mut again = Request::new(empty());
    *again.method_mut() = request.method().clone();
    *again.uri_mut() = request.uri().clone();
    *again.headers_mut() = request.headers().clone();
    Some(again)
}

/// No body.
pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body that is whole.
pub(crate) fn full(bytes: Bytes) -> Body {
    if bytes.is_empty() { empty() } else { Full::new(bytes).map_err(|never| match never {}).boxed_unsync() }
}

/// A body that comes piece by piece; an error breaks it off, the end of the channel ends it.
pub(crate) fn channel(pieces: mpsc::Receiver<Result<Bytes, BodyError>>) -> Body {
    let frames = futures_util::stream::unfold(pieces, |mut pieces| async {
        let piece = pieces.recv().await?;
        Some((piece.map(Frame::data), pieces))
    });
    StreamBody::new(frames).boxed_unsync()
}

/// A body that is read from a connection.
pub(crate) fn incoming(body: Incoming) -> Body {
    body.map_err(Into::into).boxed_unsync()
}

//! Serves one HTTP request: to the service, and its response back by the way that suits it.
//!
//! ```text
//!   request on the control channel ──► service ──► whole within 2 s, at most 64 KiB ──► control channel
//!                                                  anything else ─────────────────────► rendezvous
//!   request fetched by rendezvous ───► service ──────────────────────────────────────► the same rendezvous
//! ```

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

use super::{
    answer::{Answer, answer},
    authority::RendezvousAddress,
    control::Reply,
    dial::{DialError, OpenSocket},
    http_pool,
    http_request::own_answer,
    listener::Serving,
    response_route::{ResponseRoute, Way},
    streams,
};
use crate::{
    io::{FrameDialect, FrameStream, FrameStreamError, FrameWriter, Kind, Message, Piece},
    wire::{
        hybrid::{ControlMessage, Request},
        websocket::Close,
    },
};

/// The largest body on the control channel (hybrid page 5.3).
const MOST_ON_CONTROL: usize = 64 << 10;

/// The longest head of a response on the control channel (hybrid page 0, rule 4).
const LONGEST_HEAD: usize = 64 << 10;

/// The longest `request` text over a rendezvous. The gateway refuses heads above 64 KiB; JSON may double them.
const LONGEST_REQUEST: usize = 1 << 20;

/// Pieces of a request body that wait for a slow service, 64 KiB each at most.
const PIECES_WAITING: usize = 2;

/// For the echo of our close, and for the gateway to take the end of a response.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Why a response could not be delivered.
#[derive(Debug, thiserror::Error)]
enum ExchangeError {
    #[error("the rendezvous: {0}")]
    Dial(#[from] DialError),
    #[error("the rendezvous: {0}")]
    Frames(#[from] FrameStreamError),
    #[error("the service broke off its response: {0}")]
    ServiceBroke(http_pool::BodyError),
    #[error("the gateway sent no request over the rendezvous")]
    NoRequest,
    #[error(
        "the response is too large for the control channel, and the request names no address for another way"
    )]
    NoAddress,
    #[error("the sender left")]
    SenderGone,
    #[error("stopped")]
    Stopped,
}

/// Serves a request that came whole on the control channel.
pub(super) async fn serve(
    serving: Arc<Serving>,
    request: Request,
    body: Bytes,
    reply_to: mpsc::Sender<Reply>,
) {
    let _counted = serving.state.count();
    let id = request.id.clone().unwrap_or_default();
    let address = match request.address.as_deref().map(|address| serving.policy.check(address)).transpose() {
        Ok(address) => address,
        Err(error) => return serving.complain(&id, &error),
    };
    let served = async {
        let answer = answer(&serving, &request, address.as_ref(), http_pool::full(body)).await;
        deliver(&serving, answer, address.as_ref(), &reply_to).await
    };
    let served = tokio::select! {
        served = served => served,
        () = serving.cancel.cancelled() => Err(ExchangeError::Stopped),
    };
    report(&serving, &id, served);
}

/// Serves a request that has to be fetched (hybrid page 5.4 A).
pub(super) async fn serve_at(serving: Arc<Serving>, address: String) {
    let _counted = serving.state.count();
    let address = match serving.policy.check(&address) {
        Ok(address) => address,
        Err(error) => return serving.complain("", &error),
    };
    let served = tokio::select! {
        served = fetch_and_serve(&serving, &address) => served,
        () = serving.cancel.cancelled() => Err(ExchangeError::Stopped),
    };
    report(&serving, "", served);
}

/// A sender that left is nothing to complain about.
fn report(serving: &Serving, id: &str, served: Result<(), ExchangeError>) {
    match served {
        Ok(()) => {}
        Err(ExchangeError::SenderGone) => tracing::debug!(relay = %serving.endpoint, id, "the sender left"),
        Err(error) => serving.complain(id, &error),
    }
}

async fn fetch_and_serve(serving: &Serving, address: &RendezvousAddress) -> Result<(), ExchangeError> {
    let socket = streams::rendezvous(serving, address, None).await?;
    let mut frames = frames(socket);
    let text = match timeout(super::dial::HANDSHAKE_WITHIN, frames.message(LONGEST_REQUEST)).await {
        Ok(Ok(Message::Text(text))) => text,
        Ok(Err(error)) => return Err(error.into()),
        Ok(Ok(_)) | Err(_) => return Err(ExchangeError::NoRequest),
    };
    let Some(request) = std::str::from_utf8(&text).ok().and_then(|text| match ControlMessage::parse(text) {
        Ok(ControlMessage::Request(request)) => Some(request),
        _ => None,
    }) else {
        return Err(ExchangeError::NoRequest);
    };
    let (mut reader, writer) = frames.into_split();
    // The body goes to the service as it comes; a slow service makes the gateway wait.
    let (sender, receiver) = mpsc::channel::<Result<Bytes, http_pool::BodyError>>(PIECES_WAITING);
    let has_body = request.body == Some(true);
    let body = if has_body { http_pool::channel(receiver) } else { http_pool::empty() };
    let reading = async {
        let mut sender = has_body.then_some(sender);
        loop {
            match reader.next().await {
                Ok(Piece::Data { kind: Kind::Binary, fin, data, .. }) => {
                    if let Some(open) = &sender {
                        // A service that does not want the rest of a body makes this fail; the rest is passed over.
                        let wanted = data.is_empty() || open.send(Ok(data)).await.is_ok();
                        if fin || !wanted {
                            sender = None;
                        }
                    }
                }
                Ok(Piece::Data { .. }) => {}
                Ok(Piece::Close(close)) => {
                    // A gateway ends a body that it could not read to its end by closing (hybrid page 5.4).
                    if let Some(open) = sender.take() {
                        let _ = open.send(Err("the sender broke off its request".into())).await;
                    }
                    tracing::debug!(code = close.code, "the gateway closed the rendezvous");
                    return ExchangeError::SenderGone;
                }
                Err(error) => {
                    if let Some(open) = sender.take() {
                        let _ = open.send(Err("the gateway was lost".into())).await;
                    }
                    return error.into();
                }
            }
        }
    };
    let writing = async {
        let answer = answer(serving, &request, Some(address), body).await;
        send_streaming(writer, answer, Bytes::new()).await
    };
    tokio::select! {
        // First, so that a response which is out wins over the close that follows it.
        biased;
        written = writing => written?,
        error = reading => return Err(error),
    }
    await_close(reader).await;
    Ok(())
}

/// Sends an answer back by the way that suits it.
async fn deliver(
    serving: &Serving,
    mut answer: Answer,
    address: Option<&RendezvousAddress>,
    reply_to: &mpsc::Sender<Reply>,
) -> Result<(), ExchangeError> {
    let way = match collect(&mut answer).await {
        Ok(way) => way,
        Err(error) => {
            // Nothing has left yet, so the sender can be told.
            let id = &answer.head.request_id;
            tracing::warn!(id, %error, "the service broke off its response");
            let text = "the service behind the listener broke off its response";
            let (head, body) = own_answer(id, StatusCode::BAD_GATEWAY, text);
            let _ = reply_to.send(Reply { head, body }).await;
            return Ok(());
        }
    };
    match way {
        Way::Control(body) => {
            answer.head.body = !body.is_empty();
            let long = ControlMessage::Response(answer.head.clone()).to_json().len() > LONGEST_HEAD;
            if let (true, Some(address)) = (long, address) {
                let socket = streams::rendezvous(serving, address, None).await?;
                answer.body = http_pool::empty();
                return respond_at(socket, answer, body).await;
            }
            // Gone with its control channel: the gateway has told the sender already.
            let _ = reply_to.send(Reply { head: answer.head, body }).await;
            if let Some(lease) = answer.lease {
                lease.give_back();
            }
            Ok(())
        }
        Way::Rendezvous(beginning) => {
            let address = address.ok_or(ExchangeError::NoAddress)?;
            let socket = streams::rendezvous(serving, address, None).await?;
            respond_at(socket, answer, beginning).await
        }
    }
}

/// Reads the body until it is clear which way it goes.
async fn collect(answer: &mut Answer) -> Result<Way, http_pool::BodyError> {
    let mut route = ResponseRoute::new(MOST_ON_CONTROL, answer.length, now());
    loop {
        let frame = tokio::select! {
            frame = answer.body.frame() => frame,
            () = sleep_until(Instant::from_std(route.poll_timeout())) => {
                if let Some(way) = route.handle_timeout(now()) {
                    return Ok(way);
                }
                continue;
            }
        };
        match frame.transpose()? {
            Some(frame) => {
                let decided = frame.data_ref().and_then(|data| route.handle_data(data));
                if let Some(way) = decided {
                    return Ok(way);
                }
            }
            None => return Ok(route.handle_end()),
        }
    }
}

/// Sends an answer over a rendezvous of its own (hybrid page 5.4 B), and notices when the sender leaves.
async fn respond_at(socket: OpenSocket, answer: Answer, beginning: Bytes) -> Result<(), ExchangeError> {
    let (mut reader, writer) = frames(socket).into_split();
    let reading = async {
        loop {
            match reader.next().await {
                Ok(Piece::Close(_)) => return ExchangeError::SenderGone,
                Ok(Piece::Data { .. }) => {}
                Err(error) => return error.into(),
            }
        }
    };
    tokio::select! {
        biased;
        written = send_streaming(writer, answer, beginning) => written?,
        error = reading => return Err(error),
    }
    await_close(reader).await;
    Ok(())
}

/// Head, body, end and close. A body that breaks off leaves the connection without a close, which tells the gateway
/// to break off as well (hybrid page 0, rule 10).
async fn send_streaming(
    mut writer: FrameWriter,
    mut answer: Answer,
    beginning: Bytes,
) -> Result<(), ExchangeError> {
    answer.head.body = true;
    let head = ControlMessage::Response(answer.head).to_json();
    writer.send(Kind::Text, true, head.as_bytes()).await?;
    if !beginning.is_empty() {
        writer.send(Kind::Binary, false, &beginning).await?;
    }
    while let Some(frame) = answer.body.frame().await {
        let frame = frame.map_err(ExchangeError::ServiceBroke)?;
        if let Some(data) = frame.data_ref().filter(|data| !data.is_empty()) {
            writer.send(Kind::Binary, false, data).await?;
        }
    }
    writer.send(Kind::Binary, true, &[]).await?;
    writer.close(&Close::NORMAL).await?;
    if let Some(lease) = answer.lease {
        lease.give_back();
    }
    Ok(())
}

/// Waits for the gateway's side of the close.
async fn await_close(mut reader: crate::io::FrameReader) {
    let closing = async { while let Ok(Piece::Data { .. }) = reader.next().await {} };
    let _ = timeout(CLOSE_WITHIN, closing).await;
}

fn frames(socket: OpenSocket) -> FrameStream {
    FrameStream::new(socket.stream, socket.early, FrameDialect::hybrid_client())
}

/// The clock of the runtime, which tests can move.
fn now() -> std::time::Instant {
    Instant::now().into_std()
}

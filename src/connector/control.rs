//! Drives one control channel: reads invitations, writes responses, keeps it alive, renews its token, ends it.
//!
//! Reading and writing are two loops side by side: a gateway that is slow to read must not keep us from reading, or
//! both would wait for each other.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    time::{sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error as WsError, Message,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    endpoint::Token,
    keep_alive::{Due, KeepAlive},
};
use crate::wire::hybrid::{Accept, ControlMessage, RenewToken, Request, Response};

/// What a gateway asks of its listener.
#[derive(Debug)]
pub(crate) enum Invitation {
    /// A WebSocket sender waits.
    Stream(Accept),
    /// A request, with its whole body.
    Exchange(Request, Bytes),
    /// A request that has to be fetched from this address.
    ExchangeAt(String),
}

/// A response for the control channel: text and body leave back to back (hybrid page, rule 8).
#[derive(Debug)]
pub(crate) struct Reply {
    /// The head. Its `body` says whether `body` is sent.
    pub(crate) head: Response,
    /// At most 64 KiB.
    pub(crate) body: Bytes,
}

/// How a control channel ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ChannelEnd {
    /// We were told to stop.
    #[error("stopped")]
    Stopped,
    /// The gateway closed it.
    #[error("the gateway closed the control channel: {code} {reason}")]
    Closed {
        /// The close code; 1005 when there was none.
        code: u16,
        /// The gateway's words.
        reason: String,
    },
    /// The connection broke.
    #[error("the control channel was lost: {0}")]
    Lost(String),
    /// Nothing came for the whole time of silence.
    #[error("the gateway has been silent for {} seconds", .0.as_secs())]
    Silent(Duration),
}

/// The times of a control channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelTiming {
    /// A ping is sent this often.
    pub(crate) ping_every: Duration,
    /// After this long without any frame the gateway is dead.
    pub(crate) silence: Duration,
}

/// What a channel needs from outside.
pub(crate) struct ChannelContext<'a, F> {
    /// Where responses come from.
    pub(crate) replies: &'a mut mpsc::Receiver<Reply>,
    /// Called for each invitation; must not wait.
    pub(crate) on_invitation: F,
    /// Makes the next token and says when it is due, from now.
    pub(crate) next_token: &'a (dyn Fn() -> Option<(Token, Option<Instant>)> + Sync),
    /// When the token of the handshake is due to be replaced.
    pub(crate) renew_at: Option<Instant>,
    /// Ends the channel with close code 1000.
    pub(crate) stop: &'a CancellationToken,
    /// Ping and silence.
    pub(crate) timing: ChannelTiming,
}

enum Order {
    Ping,
    Renew(RenewToken),
    Close,
}

/// Text a gateway may send; 64 KiB by the protocol, more by leniency.
const LONGEST_MESSAGE: usize = 1 << 20;

/// One write may take this long before the gateway counts as lost.
const WRITE_DEADLINE: Duration = Duration::from_secs(30);

/// How long we wait for the echo of our close.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// A listener's control channel over a connection whose handshake is done; `early` came behind the head.
pub(crate) async fn channel<S>(stream: S, early: &[u8]) -> WebSocketStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = WebSocketConfig::default()
        .max_message_size(Some(LONGEST_MESSAGE))
        .max_frame_size(Some(LONGEST_MESSAGE));
    WebSocketStream::from_partially_read(stream, early.to_vec(), Role::Client, Some(config)).await
}

/// Runs the channel until it ends.
pub(crate) async fn run<S, F>(channel: WebSocketStream<S>, context: ChannelContext<'_, F>) -> ChannelEnd
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: FnMut(Invitation),
{
    let (mut sink, mut stream) = channel.split();
    // Pings, renewals and a close: a handful at most. `try_send` on a full channel drops a ping, which is right then.
    let (orders, mut ordered) = mpsc::channel(8);
    let ChannelContext { replies, mut on_invitation, next_token, mut renew_at, stop, timing } = context;

    let writing = async {
        loop {
            let messages = tokio::select! {
                Some(order) = ordered.recv() => {
                    let mut messages = Vec::new();
                    // Nothing leaves after a close, so what was answered before it goes first.
                    if matches!(order, Order::Close) {
                        while let Ok(reply) = replies.try_recv() {
                            messages.extend(messages_of(reply));
                        }
                    }
                    messages.push(message_of(order));
                    messages
                }
                Some(reply) = replies.recv() => messages_of(reply),
                else => return std::future::pending::<ChannelEnd>().await,
            };
            let write = async {
                for message in messages {
                    sink.feed(message).await?;
                }
                sink.flush().await
            };
            match timeout(WRITE_DEADLINE, write).await {
                Ok(Ok(())) => {}
                // The reading half knows how the channel ended.
                Ok(Err(WsError::ConnectionClosed | WsError::AlreadyClosed | WsError::Protocol(_))) => {
                    return std::future::pending().await;
                }
                Ok(Err(error)) => return ChannelEnd::Lost(error.to_string()),
                Err(_) => return ChannelEnd::Lost("the gateway does not read".to_owned()),
            }
        }
    };

    let reading = async {
        let mut alive = KeepAlive::new(timing.ping_every, timing.silence, now());
        let mut awaiting: Option<Request> = None;
        loop {
            let due = renew_at.map_or(alive.poll_timeout(), |at| at.min(alive.poll_timeout()));
            let message = tokio::select! {
                message = stream.next() => message,
                () = sleep_until(due.into()) => {
                    let at = now();
                    match alive.handle_timeout(at) {
                        Some(Due::Dead) => return ChannelEnd::Silent(timing.silence),
                        Some(Due::Ping) => { let _ = orders.try_send(Order::Ping); }
                        None => {}
                    }
                    if renew_at.is_some_and(|due| at >= due) {
                        renew_at = None;
                        if let Some((token, next)) = next_token() {
                            let _ = orders.try_send(Order::Renew(RenewToken { token: token.text }));
                            renew_at = next;
                        }
                    }
                    continue;
                }
                () = stop.cancelled() => {
                    let _ = orders.try_send(Order::Close);
                    let _ = timeout(CLOSE_DEADLINE, async { while let Some(Ok(_)) = stream.next().await {} }).await;
                    return ChannelEnd::Stopped;
                }
            };
            alive.handle_received(now());
            match message {
                Some(Ok(Message::Text(text))) => {
                    if let Some(request) = awaiting.take() {
                        tracing::warn!(id = request.id, "the gateway sent no body for a request; dropped it");
                    }
                    match ControlMessage::parse(&text) {
                        Ok(ControlMessage::Accept(accept)) => on_invitation(Invitation::Stream(accept)),
                        Ok(ControlMessage::Request(request)) => match (request.body, request.address.clone())
                        {
                            (Some(true), _) => awaiting = Some(request),
                            (Some(false), _) => on_invitation(Invitation::Exchange(request, Bytes::new())),
                            (None, Some(address)) => on_invitation(Invitation::ExchangeAt(address)),
                            (None, None) => tracing::warn!("the gateway sent a request without an address"),
                        },
                        Ok(_) => tracing::warn!("the gateway sent a message that only listeners send"),
                        Err(error) => tracing::debug!(%error, "unknown text on the control channel"),
                    }
                }
                Some(Ok(Message::Binary(body))) => {
                    // A binary message nobody announced is ignored (hybrid page, rule 9).
                    if let Some(request) = awaiting.take() {
                        on_invitation(Invitation::Exchange(request, body));
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    let end = match frame {
                        Some(frame) => ChannelEnd::Closed {
                            code: frame.code.into(),
                            reason: frame.reason.as_str().to_owned(),
                        },
                        None => ChannelEnd::Closed { code: 1005, reason: String::new() },
                    };
                    // Reading on is what sends the echo.
                    let _ = timeout(CLOSE_DEADLINE, async { while let Some(Ok(_)) = stream.next().await {} })
                        .await;
                    return end;
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return ChannelEnd::Lost(error.to_string()),
                None => return ChannelEnd::Lost("the gateway ended the connection".to_owned()),
            }
        }
    };

    // The biased order lets a close that was read win over the write error that follows from it.
    tokio::select! { biased; end = reading => end, end = writing => end }
}

/// The clock of the runtime, which tests can move.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn message_of(order: Order) -> Message {
    match order {
        Order::Ping => Message::Ping(Bytes::new()),
        Order::Renew(renewal) => Message::text(ControlMessage::RenewToken(renewal).to_json()),
        Order::Close => {
            Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: "the listener stops".into() }))
        }
    }
}

fn messages_of(reply: Reply) -> Vec<Message> {
    let with_body = reply.head.body;
    let mut messages = vec![Message::text(ControlMessage::Response(reply.head).to_json())];
    if with_body {
        messages.push(Message::Binary(reply.body));
    }
    messages
}

#[cfg(test)]
mod tests;

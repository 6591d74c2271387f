//! The task of one control channel: it reads and writes, and its rules decide.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Poll, ready},
    time::Instant,
};

use bytes::Bytes;
use futures_util::{Sink, SinkExt, StreamExt};
use hyper::upgrade::OnUpgrade;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message, Utf8Bytes,
        protocol::{CloseFrame, Role, WebSocketConfig},
    },
};

use super::{
    invite::{self, Base},
    leg::into_parts,
    reply::Asked,
};
use crate::{
    doors::{admit, listening::Listening},
    gateway::{
        core::{Core, Peer},
        meet::sleep_until,
    },
    io::{Stream, finish},
    relay::{ChannelCommand, ResponseHead},
    wire::hybrid::{ControlMessage, Response},
};

/// What a control channel knows about itself.
pub(crate) struct Opened {
    pub(crate) base: Base,
    pub(crate) asked: Asked,
    pub(crate) peer: Arc<Peer>,
}

/// Runs a control channel from its 101 to its end. The registration ends with it, however it ends.
pub(crate) async fn run(core: Arc<Core>, upgrade: OnUpgrade, listening: Listening, opened: Opened) {
    let shown = opened.asked.clone();
    let relay = listening.target.key.clone();
    tracing::info!(tracking_id = %shown.tracking_id, %relay, peer = %opened.peer.address, "listener on");
    let limit = core.settings.load().timeouts.handshake;
    let mut channel = Channel {
        core: Arc::clone(&core),
        listening,
        opened,
        queue: VecDeque::new(),
        awaited: None,
        ended: false,
    };
    if let Ok(Ok(upgraded)) = tokio::time::timeout(limit, upgrade).await {
        let (stream, early) = into_parts(upgraded);
        let config = config(&core);
        let socket =
            WebSocketStream::from_partially_read(stream, early.to_vec(), Role::Server, Some(config)).await;
        channel.serve(socket).await;
    }
    channel.listening.leave().await;
    tracing::info!(tracking_id = %shown.tracking_id, %relay, "listener off");
}

fn config(core: &Core) -> WebSocketConfig {
    let limits = &core.settings.load().limits;
    let largest = limits.control_message.max(limits.control_body);
    WebSocketConfig::default()
        .max_message_size(Some(largest))
        .max_frame_size(Some(largest))
        .read_buffer_size(4 << 10)
        .write_buffer_size(0)
        // One message and what precedes it; pongs for a peer that pings and does not read fill it no further.
        .max_write_buffer_size(largest.saturating_mul(2).saturating_add(MOST_PONGS))
}

/// Bytes of pongs kept while a listener reads nothing.
const MOST_PONGS: usize = 16 << 10;

/// Messages kept while a listener reads nothing; further invitations wait in its inbox, and beyond that they are refused.
/// Invitations whose senders left stay in the queue, so the limit on outstanding ones does not bound it.
const MOST_QUEUED: usize = 64;

struct Channel {
    core: Arc<Core>,
    listening: Listening,
    opened: Opened,
    /// Written in order and back to back: a request's text and its body (hybrid page 0, rule 8).
    queue: VecDeque<Message>,
    /// A response whose body message is due next.
    awaited: Option<Response>,
    /// The connection is to be cut.
    ended: bool,
}

impl Channel {
    async fn serve(&mut self, socket: WebSocketStream<Stream>) {
        let (mut sink, mut source) = socket.split();
        let draining = self.core.draining.clone();
        let mut drained = false;
        let mut unflushed = false;
        loop {
            self.carry_out().await;
            if self.ended {
                return;
            }
            let deadline = self.listening.rules.poll_timeout();
            let room = self.queue.len() < MOST_QUEUED;
            tokio::select! {
                // Reading goes on while writing waits, so that two sides with full buffers do not wait for each other.
                read = source.next() => match read {
                    Some(Ok(Message::Close(None))) => {
                        if let Ok(socket) = sink.reunite(source) {
                            self.answer_codeless_close(socket).await;
                        }
                        return;
                    }
                    Some(Ok(message)) => {
                        self.listening.rules.handle_received(Instant::now());
                        // tungstenite queues pongs and close echoes in the socket; they leave with the next flush.
                        unflushed |= matches!(message, Message::Ping(_) | Message::Close(_));
                        self.read(message);
                    }
                    Some(Err(error)) => {
                        if let Ok(socket) = sink.reunite(source) {
                            self.broken(error, socket).await;
                        }
                        return;
                    }
                    None => return,
                },
                written = write(&mut sink, &mut self.queue, &mut unflushed), if unflushed || !self.queue.is_empty() => {
                    if written.is_err() {
                        return;
                    }
                }
                heard = self.listening.hear(room) => self.ended |= !self.listening.handle(heard),
                () = draining.cancelled(), if !drained => {
                    drained = true;
                    self.listening.rules.handle_drain(Instant::now());
                }
                () = sleep_until(deadline) => self.listening.handle_timeout(),
            }
        }
    }

    /// 2.5: .NET reads the code of every close frame, and tungstenite would answer a close without a code by one without a
    /// code. Its answer is still inside it and stays there.
    async fn answer_codeless_close(&self, mut socket: WebSocketStream<Stream>) {
        const CLOSE_1000: [u8; 4] = [0x88, 0x02, 0x03, 0xe8];
        let stream = socket.get_mut();
        let answer = async {
            stream.write_all(&CLOSE_1000).await?;
            finish(stream).await
        };
        let limit = self.core.settings.load().timeouts.half_close;
        // Whoever closes does not have to wait for the answer.
        let _ = tokio::time::timeout(limit, answer).await;
    }

    /// Does what the rules want done.
    async fn carry_out(&mut self) {
        while let Some(command) = self.listening.next_command().await {
            match command {
                ChannelCommand::Deliver { invitation, request_id } => {
                    self.queue.extend(invite::messages(&self.opened.base, &invitation, &request_id));
                }
                // Of a one-way message, which nobody sends here.
                ChannelCommand::Recall { .. } => {}
                ChannelCommand::Ping => self.queue.push_back(Message::Ping(Bytes::new())),
                ChannelCommand::Close(reason) => self.close(reason.code(), &reason.to_string()),
                ChannelCommand::Drop => {
                    self.queue.clear();
                    self.ended = true;
                }
                // The listening itself has carried these out.
                ChannelCommand::Tell { .. } | ChannelCommand::Withdraw | ChannelCommand::Forget => {}
            }
        }
    }

    fn close(&mut self, code: u16, text: &str) {
        let reason = self.opened.asked.close_reason(text);
        self.queue.push_back(Message::Close(Some(CloseFrame {
            code: code.into(),
            reason: Utf8Bytes::from(reason),
        })));
    }

    fn read(&mut self, message: Message) {
        match (message, self.awaited.take()) {
            (Message::Text(text), None) => self.read_text(&text),
            (Message::Text(_), Some(_)) => {
                self.close(1002, "A body message was due after response");
            }
            (Message::Binary(body), Some(response)) => self.respond(response, body),
            // 0, rule 9: after `"body": false` Node still sends an empty binary message.
            (Message::Binary(_), None) => {}
            (_, awaited) => self.awaited = awaited,
        }
    }

    fn read_text(&mut self, text: &str) {
        match ControlMessage::parse(text) {
            Ok(ControlMessage::Response(response)) if response.body => self.awaited = Some(response),
            Ok(ControlMessage::Response(response)) => self.respond(response, Bytes::new()),
            Ok(ControlMessage::RenewToken(renewal)) => {
                let checked = admit::renew(&self.core, &self.listening.target, &renewal.token);
                self.listening.handle_renewed(checked);
            }
            // 2.2: never close for it.
            Ok(ControlMessage::Accept(_) | ControlMessage::Request(_)) | Err(_) => {
                tracing::debug!(tracking_id = %self.opened.asked.tracking_id, text = loggable(text), "unknown control message");
            }
        }
    }

    fn respond(&mut self, response: Response, body: Bytes) {
        let head = ResponseHead {
            status: response.status_code,
            description: response.status_description,
            headers: response.response_headers,
        };
        if let Err(error) =
            self.listening.rules.handle_response(&response.request_id, head, body, Instant::now())
        {
            tracing::debug!(tracking_id = %self.opened.asked.tracking_id, %error, "a response was dropped");
        }
    }

    /// The peer broke the protocol or vanished; the first is told so with a close code.
    async fn broken(&mut self, error: tungstenite::Error, mut socket: WebSocketStream<Stream>) {
        use tungstenite::Error as E;
        let (code, text) = match &error {
            E::Capacity(_) => (1009, "The message is larger than a control channel takes"),
            E::Protocol(_) => (1002, "The message breaks the WebSocket protocol"),
            E::Utf8(_) => (1007, "The text is not UTF-8"),
            _ => return,
        };
        tracing::debug!(tracking_id = %self.opened.asked.tracking_id, %error, "control channel closed");
        let reason = Utf8Bytes::from(self.opened.asked.close_reason(text));
        let limit = self.core.settings.load().timeouts.half_close;
        let close = async {
            socket.send(Message::Close(Some(CloseFrame { code: code.into(), reason }))).await.ok()?;
            finish(socket.get_mut()).await.ok()
        };
        let _ = tokio::time::timeout(limit, close).await;
    }
}

/// Writes everything in `queue` and flushes once. Dropped half-way, what is left is still in `queue`.
async fn write(
    sink: &mut (impl Sink<Message, Error = tungstenite::Error> + Unpin),
    queue: &mut VecDeque<Message>,
    unflushed: &mut bool,
) -> Result<(), tungstenite::Error> {
    std::future::poll_fn(|cx| {
        while !queue.is_empty() {
            ready!(sink.poll_ready_unpin(cx))?;
            if let Some(message) = queue.pop_front() {
                sink.start_send_unpin(message)?;
                *unflushed = true;
            }
        }
        ready!(sink.poll_flush_unpin(cx))?;
        *unflushed = false;
        Poll::Ready(Ok(()))
    })
    .await
}

/// What of an unknown text may stand in the log: its beginning (2.2), unless it may hold a token, as a `renewToken` that was
/// written in another way does.
fn loggable(text: &str) -> String {
    let small = text.to_ascii_lowercase();
    if small.contains("token") || small.contains("sharedaccess") {
        return "(not shown: it may hold a token)".to_owned();
    }
    text.chars().take(1024).collect()
}

#[cfg(test)]
mod tests {
    use super::loggable;

    #[test]
    fn an_unknown_text_is_logged_unless_it_may_hold_a_token() {
        assert_eq!(loggable("{\"news\":1}"), "{\"news\":1}");
        assert_eq!(loggable(&"\u{e9}".repeat(2000)).chars().count(), 1024);
        for text in [
            r#"{"renewToken":"SharedAccessSignature sr=a&sig=b"}"#,
            r#"{"renewToken":{"Token":"eyJ"}}"#,
            "SHAREDACCESSSIGNATURE sr=a",
        ] {
            assert!(loggable(text).starts_with("(not shown"), "{text}");
        }
    }
}

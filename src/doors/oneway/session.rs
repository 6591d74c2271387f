//! One session: envelopes in, answers out, several messages on their way at a time.

use std::{sync::Arc, time::Instant};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    task::JoinSet,
};

use super::{
    envelopes::{Envelopes, Incoming},
    listener::{self, Listener},
    replies::Replies,
    sender::{Answer, Sender},
};
use crate::{
    doors::listening::Heard,
    gateway::{
        core::{Core, Peer},
        meet::sleep_until,
    },
    io::finish,
    wire::{
        framing::{DecodeError, Policy},
        relayed::{OnewayReader, OnewayRequest, RelayFault},
    },
};

/// Bytes that may wait to be written; above it nothing more is read from the peer.
pub(super) const UNSENT: usize = 64 << 10;

/// Bytes read at a time.
const PIECE: usize = 4 << 10;

/// A session whose preamble is acknowledged.
pub(super) struct Session {
    pub(super) core: Arc<Core>,
    pub(super) peer: Arc<Peer>,
    read: BytesMut,
    envelopes: Envelopes,
    requests: OnewayReader,
    pub(super) replies: Replies,
    /// From its Connect on.
    pub(super) sender: Option<Sender>,
    /// Its messages that are on their way. Dropped with the session, they are taken back where that is possible.
    pub(super) postings: JoinSet<Answer>,
    /// From its Listen on.
    pub(super) listener: Option<Box<Listener>>,
    pub(super) stage: Stage,
    /// It came while the gateway drained already, and has said nothing yet: it is told so in answer to what it asks.
    late: bool,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Open,
    /// Nothing more is read; what is on its way is answered.
    Ending,
    /// The last word is queued.
    Closing,
    /// It ends without another word.
    Cut,
}

impl Session {
    pub(super) fn new(core: Arc<Core>, peer: Arc<Peer>, read: BytesMut, policy: Policy) -> Self {
        Self {
            late: core.draining.is_cancelled(),
            core,
            peer,
            read,
            envelopes: Envelopes::new(policy),
            requests: OnewayReader::new(),
            replies: Replies::default(),
            sender: None,
            postings: JoinSet::new(),
            listener: None,
            stage: Stage::Open,
        }
    }

    /// Serves it until it ends. A listener's registration ends with it, however it ends.
    pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin>(mut self, stream: S) {
        self.converse(stream).await;
        if let Some(listener) = self.listener.take() {
            listener.leave().await;
        }
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: S) {
        let (mut source, mut sink) = tokio::io::split(stream);
        let (draining, closing) = (self.core.draining.clone(), self.core.closing.clone());
        let mut heard_at = Instant::now();
        loop {
            self.work().await;
            if self.stage == Stage::Cut || (self.stage == Stage::Closing && !self.replies.sending.is_due()) {
                break;
            }
            let reads = self.takes_more();
            let sends = self.replies.sending.is_due();
            let waits = !self.postings.is_empty();
            let drains = self.stage == Stage::Open && !self.late;
            let deadline = self.deadline(heard_at);
            tokio::select! {
                // Reading goes on while writing waits, so that two sides with full buffers do not wait for each other.
                came = source.read_buf(&mut self.read), if reads => match came {
                    Ok(1..) => {
                        heard_at = Instant::now();
                        self.read.reserve(PIECE);
                    }
                    Ok(0) => self.handle_eof(),
                    Err(_) => return,
                },
                sent = self.replies.sending.advance(&mut sink), if sends => match sent {
                    Ok(()) => self.handle_sent(),
                    Err(_) => return,
                },
                Some(answer) = self.postings.join_next(), if waits => match answer {
                    Ok(answer) => self.answer(answer),
                    Err(error) => tracing::error!(%error, "a message was lost"),
                },
                heard = listener::hear(self.listener.as_deref_mut()) => self.handle_heard(heard),
                () = draining.cancelled(), if drains => self.drain(),
                () = closing.cancelled() => return,
                () = sleep_until(deadline) => if !self.handle_deadline(heard_at) {
                    tracing::debug!(peer = %self.peer.address, "a one-way session was silent for too long");
                    return;
                },
            }
        }
        let limit = self.core.settings.load().timeouts.half_close;
        let mut stream = source.unsplit(sink);
        let _ = tokio::time::timeout(limit, finish(&mut stream)).await;
    }

    /// Handles what was read and what the rules of a listener want, until there is nothing more to do.
    async fn work(&mut self) {
        loop {
            self.settle_listener().await;
            if !self.takes_more() {
                break;
            }
            match self.envelopes.next(&mut self.read) {
                Ok(None) => break,
                Ok(Some(Incoming::End)) => self.stage = Stage::Ending,
                Ok(Some(Incoming::Envelope(envelope))) => self.handle(&envelope).await,
                Err(error) => self.fail(&error),
            }
        }
        if self.stage == Stage::Ending && self.postings.is_empty() {
            self.replies.end();
            self.stage = Stage::Closing;
        }
        if self.read.is_empty() && self.postings.is_empty() {
            // Nothing is kept for a session that is idle.
            self.read = BytesMut::new();
        }
    }

    /// Whether one more message may be taken.
    fn takes_more(&self) -> bool {
        let in_flight = self.core.settings.load().limits.oneway_in_flight.max(1) as usize;
        self.stage == Stage::Open && self.postings.len() < in_flight && self.replies.sending.len() < UNSENT
    }

    async fn handle(&mut self, envelope: &[u8]) {
        self.late = false;
        match self.requests.read(envelope) {
            Ok(OnewayRequest::Connect(connect)) => self.handle_connect(connect).await,
            Ok(OnewayRequest::Listen(listen)) => self.handle_listen(*listen).await,
            Ok(OnewayRequest::Ping(ping)) => self.handle_ping(ping),
            Ok(OnewayRequest::Send(message)) => self.handle_send(message).await,
            Err(refused) => {
                let id = self.core.tracking_id(None);
                tracing::info!(tracking_id = %id, peer = %self.peer.address, error = %refused, "message refused");
                let text = refused.error.to_string();
                self.replies.fault(refused.error.fault(), &text, &id, refused.message_id.as_deref());
                self.core.metrics.oneway_messages.client_error.inc();
                if refused.error.ends_session() {
                    self.stage = Stage::Ending;
                }
            }
        }
    }

    /// What cannot be served on this session.
    pub(super) fn misplaced(&mut self, text: &str, relates_to: Option<&str>) {
        let id = self.core.tracking_id(None);
        tracing::info!(tracking_id = %id, peer = %self.peer.address, text, "message refused");
        self.replies.fault(RelayFault::InvalidRequest, text, &id, relates_to);
    }

    /// The bytes are no session any more.
    fn fail(&mut self, error: &DecodeError) {
        let id = self.core.tracking_id(None);
        tracing::info!(tracking_id = %id, peer = %self.peer.address, %error, "a one-way session broke off");
        self.stage = match error.fault() {
            Some(fault) => {
                self.replies.framing_fault(fault);
                Stage::Closing
            }
            None => Stage::Cut,
        };
    }

    /// An end without End is taken for one where .NET takes it for one (framing page 3.3).
    fn handle_eof(&mut self) {
        match self.envelopes.eof(&self.read) {
            Ok(_) => self.stage = Stage::Ending,
            Err(error) => self.fail(&error),
        }
    }

    fn handle_sent(&mut self) {
        let gone = self.replies.sending.gone();
        if let Some(listener) = &mut self.listener {
            listener.handle_sent(gone);
        }
    }

    fn handle_heard(&mut self, heard: Heard) {
        let Some(listener) = &mut self.listener else { return };
        if !listener.handle(heard) {
            self.stage = Stage::Cut;
        }
    }

    /// Whoever asks for more is to ask another gateway.
    fn drain(&mut self) {
        match &mut self.listener {
            Some(listener) => listener.drain(),
            None => self.stage = Stage::Ending,
        }
    }

    fn deadline(&self, heard_at: Instant) -> Option<Instant> {
        let silence = heard_at.checked_add(self.core.settings.load().timeouts.oneway_idle);
        let silence = silence.filter(|_| self.postings.is_empty());
        let rules = self.listener.as_ref().and_then(|listener| listener.poll_timeout());
        [silence, rules].into_iter().flatten().min()
    }

    /// Whether the session goes on.
    fn handle_deadline(&mut self, heard_at: Instant) -> bool {
        if let Some(listener) = &mut self.listener {
            listener.handle_timeout();
        }
        let idle = self.core.settings.load().timeouts.oneway_idle;
        !self.postings.is_empty() || heard_at.elapsed() < idle
    }
}

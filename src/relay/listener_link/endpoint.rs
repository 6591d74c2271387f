//! One listener's connection.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::incoming::Incoming;
use super::outgoing::Outgoing;
use super::output::Output;
use super::pair::{Half, Side};
use super::session::Session;
use super::{Condition, DeliveryId, GoneReason, LinkError, LinkEvent, LinkTerms, SendError, Violation};
use crate::wire::amqp::types::definitions::{AmqpError, Error};
use crate::wire::amqp::{Body, Item, decode};

/// More output than this must be taken before more input is looked at, so that a listener which asks and never reads costs no memory.
const FULL: usize = 64 << 10;

/// The server's side of one listener's AMQP connection.
///
/// A driver feeds it with [`handle_input`](Self::handle_input), then carries out every [`next_event`](Self::next_event), writes
/// what [`take_output`](Self::take_output) gives, hangs up when [`is_finished`](Self::is_finished), and waits for input or for
/// [`poll_timeout`](Self::poll_timeout). It keeps the bytes that were not used, at most one frame's, and needs no buffer while there are none.
/// It reads no more while more than a few frames of output wait to be written, or a listener that asks and never reads costs it memory; and when
/// output was taken it offers the bytes again that were left.
///
/// Nothing it says reaches a listener twice, and after [`LinkEvent::Gone`] there are no events.
#[derive(Debug)]
pub struct ListenerLink {
    pub(super) terms: Arc<LinkTerms>,
    pub(super) phase: Phase,
    pub(super) stage: Stage,
    pub(super) session: Option<Session>,
    /// The link on which we send.
    pub(super) in_half: Option<Half>,
    /// The link on which the listener sends.
    pub(super) out_half: Option<Half>,
    pub(super) outgoing: Outgoing,
    pub(super) incoming: Incoming,
    /// Names out of the open and the first attach; given up when both links are attached.
    pub(super) names: Option<Box<Names>>,
    /// Decided, perhaps held back still.
    pub(super) refusal: Option<Box<Held>>,
    /// On which link the last renewal came: the other one repeats it.
    pub(super) renewed_on: Option<Side>,
    /// The largest frame the listener takes, and we send.
    pub(super) max_frame: u32,
    /// After so much silence of ours an empty frame is due.
    pub(super) empty_every: Duration,
    pub(super) output: Output,
    events: VecDeque<LinkEvent>,
    /// Of the handshake, later of the farewell.
    pub(super) deadline: Option<Instant>,
    last_received: Instant,
    last_sent: Instant,
    is_gone: bool,
}

/// Where the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    SaslHeader,
    SaslInit,
    AmqpHeader,
    Open,
    /// The listener's open came and will be refused, but not yet.
    HeldOpen,
    Running,
    /// Our close is sent; everything but theirs is passed over. [AMQP 2.4.6]
    Closing,
    Done,
}

/// Where the listener is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// No attach has come.
    Absent,
    /// To be decided above, or refused after a while.
    Wanted,
    /// Accepted; the second attach may be missing.
    Accepted,
    Online,
    /// A detach was sent or came.
    Leaving,
}

#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) container_id: String,
    pub(super) hostname: Option<String>,
    /// Of the first attach: what its pair must have, too.
    pub(super) link: String,
    pub(super) address: String,
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) error: Option<LinkError>,
    pub(super) until: Instant,
    pub(super) sent: bool,
}

impl ListenerLink {
    /// A connection was accepted, and TLS or the WebSocket is up.
    pub fn new(terms: Arc<LinkTerms>, now: Instant) -> Self {
        Self {
            phase: Phase::SaslHeader,
            stage: Stage::Absent,
            session: None,
            in_half: None,
            out_half: None,
            outgoing: Outgoing::default(),
            incoming: Incoming::default(),
            names: None,
            refusal: None,
            renewed_on: None,
            max_frame: terms.frames.frame,
            empty_every: terms.empty_every,
            output: Output::default(),
            events: VecDeque::new(),
            deadline: now.checked_add(terms.handshake),
            last_received: now,
            last_sent: now,
            is_gone: false,
            terms,
        }
    }

    /// Bytes came. Says how many were used; the others must come again, with more behind them. None are used while output waits that
    /// is not taken.
    pub fn handle_input(&mut self, input: &[u8], now: Instant) -> usize {
        let mut used = 0;
        while self.phase != Phase::Done && self.output.len() < FULL {
            let terms = Arc::clone(&self.terms);
            match decode(&input[used..], &terms.frames) {
                Ok(None) => break,
                Ok(Some((item, len))) => {
                    used += len;
                    self.last_received = now;
                    let was_ready = self.is_ready();
                    if let Err(violation) = self.handle_item(item, now) {
                        self.misbehaved(violation, now);
                    }
                    if !was_ready && self.is_ready() {
                        self.say(LinkEvent::Ready);
                    }
                }
                Err(error) => {
                    // Where the next frame begins is not known any more, so the farewell is not waited for.
                    self.misbehaved(error.into(), now);
                    self.phase = Phase::Done;
                }
            }
        }
        self.stirred(now);
        if self.phase == Phase::Done { input.len() } else { used }
    }

    /// The bytes have ended.
    pub fn handle_eof(&mut self) {
        self.phase = Phase::Done;
        self.gone(GoneReason::Disconnected);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if self.phase != Phase::Done && due(self.deadline) {
            self.handle_deadline(now);
        }
        if due(self.refusal_at()) {
            self.send_refusal(now);
        }
        if due(self.silent_at()) {
            self.gone(GoneReason::Silent);
            let words = "no frame came within the idle time-out".to_owned();
            self.send_close(Some(Error::new(AmqpError::ResourceLimitExceeded, words, None)), now);
        }
        if due(self.empty_at()) {
            self.output.empty();
        }
        self.stirred(now);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let all = [self.deadline, self.refusal_at(), self.silent_at(), self.empty_at()];
        if self.phase == Phase::Done { None } else { all.into_iter().flatten().min() }
    }

    /// What happened next.
    pub fn next_event(&mut self) -> Option<LinkEvent> {
        let event = self.events.pop_front();
        if self.events.is_empty() {
            self.events = VecDeque::new();
        }
        event
    }

    /// Bytes for the listener, to be written in order; empty when there are none.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.output.take()
    }

    /// Whether the connection is to be dropped once the output is written.
    pub fn is_finished(&self) -> bool {
        self.phase == Phase::Done
    }

    /// Whether `send` would take a message.
    pub fn is_ready(&self) -> bool {
        self.check_send().is_ok()
    }

    /// How many messages were sent and neither settled nor forgotten.
    pub fn unsettled(&self) -> usize {
        self.outgoing.unsettled()
    }

    /// The answer to [`LinkEvent::Wanted`]: the listener may listen. [`LinkEvent::Online`] follows when both links are attached.
    pub fn accept(&mut self, now: Instant) {
        if self.phase == Phase::Running && self.stage == Stage::Wanted && self.refusal.is_none() {
            self.stage = Stage::Accepted;
            self.answer_attaches();
            self.stirred(now);
        }
    }

    /// The other answer to [`LinkEvent::Wanted`], sent after `LinkTerms::refusal`. It may be given before anything is wanted, too.
    pub fn refuse(&mut self, error: LinkError, now: Instant) {
        self.dismiss(Some(error), now);
    }

    /// Sends the listener away; with an error it is told why. One without error, or with a condition that is not final, makes it come back.
    pub fn detach(&mut self, error: Option<LinkError>, now: Instant) {
        self.dismiss(error, now);
    }

    /// Ends the connection. The reason is told, but the library shows it to nobody: prefer [`detach`](Self::detach).
    pub fn close(&mut self, error: Option<LinkError>, now: Instant) {
        let reason = error.as_ref().map(LinkError::to_amqp);
        self.gone(GoneReason::SentAway(error));
        self.send_close(reason, now);
        self.stirred(now);
    }

    /// Sends an envelope as one message. The outcome follows as [`LinkEvent::Delivered`].
    pub fn send(&mut self, envelope: Bytes, now: Instant) -> Result<DeliveryId, SendError> {
        self.check_send()?;
        let delivery = self.outgoing.begin(envelope)?;
        self.write_messages();
        self.stirred(now);
        Ok(delivery)
    }

    /// Nobody waits for the outcome of this message any more; should it come, nothing is said.
    pub fn forget(&mut self, delivery: DeliveryId) {
        self.outgoing.forget(delivery);
    }

    fn handle_item(&mut self, item: Item<'_>, now: Instant) -> Result<(), Violation> {
        match item {
            Item::Header(header) => self.handle_header(header),
            Item::Frame(frame) => match frame.body {
                Body::Empty => Ok(()),
                Body::Sasl(sasl) => self.handle_sasl(sasl),
                Body::Performative(performative, payload) => {
                    self.handle_performative(frame.channel, *performative, payload, now)
                }
            },
        }
    }

    fn handle_deadline(&mut self, now: Instant) {
        self.deadline = None;
        match (self.phase, self.stage) {
            (Phase::Running, Stage::Leaving) => {
                self.output.close(None);
                self.phase = Phase::Done;
            }
            (Phase::Running, stage) => {
                self.gone(GoneReason::HandshakeTimeout);
                let error = LinkError::new(Condition::Timeout, "the listener was not attached in time");
                if stage == Stage::Absent {
                    self.send_close(Some(error.to_amqp()), now);
                } else {
                    self.refusal = Some(Box::new(Held { error: Some(error), until: now, sent: false }));
                    self.send_refusal(now);
                }
            }
            _ => self.phase = Phase::Done,
        }
        self.gone(GoneReason::HandshakeTimeout);
    }

    fn check_send(&self) -> Result<(), SendError> {
        let session = self.session.as_ref().filter(|_| self.stage == Stage::Online);
        let session = session.filter(|_| self.phase == Phase::Running).ok_or(SendError::NotOnline)?;
        self.outgoing.check(session, self.terms.unsettled)
    }

    fn refusal_at(&self) -> Option<Instant> {
        let held = self.refusal.as_ref().filter(|held| !held.sent)?;
        let waits = (self.phase, self.stage) == (Phase::Running, Stage::Wanted);
        (waits || self.phase == Phase::HeldOpen).then_some(held.until)
    }

    fn silent_at(&self) -> Option<Instant> {
        let watched = matches!(self.phase, Phase::Running | Phase::HeldOpen);
        watched.then(|| self.last_received.checked_add(self.terms.silence)).flatten()
    }

    fn empty_at(&self) -> Option<Instant> {
        let open = self.phase == Phase::Running;
        open.then(|| self.last_sent.checked_add(self.empty_every)).flatten()
    }

    /// Output is a sign of life of ours.
    pub(super) fn stirred(&mut self, now: Instant) {
        if self.output.len() > 0 {
            self.last_sent = now;
        }
    }

    pub(super) fn half(&mut self, side: Side) -> &mut Option<Half> {
        match side {
            Side::In => &mut self.in_half,
            Side::Out => &mut self.out_half,
        }
    }

    pub(super) fn say(&mut self, event: LinkEvent) {
        if !self.is_gone {
            self.events.push_back(event);
        }
    }

    pub(super) fn gone(&mut self, reason: GoneReason) {
        self.say(LinkEvent::Gone(reason));
        self.is_gone = true;
    }
}

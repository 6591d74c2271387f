//! The connection of one listener: AMQP in and out, and its rules decide (2).

use std::{sync::Arc, time::Instant};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    handing::Handing,
    listen::{self, Registered, acquaintance},
};
use crate::{
    doors::{
        admit,
        listening::{Heard, Listening},
    },
    gateway::{
        clock::unix_now,
        core::{Core, Peer},
        meet::sleep_until,
    },
    io::{Sending, Stream},
    relay::{
        ChannelCommand, CloseReason, Malformed, Refusal,
        listener_link::{Condition, GoneReason, LinkError, LinkEvent, LinkTerms, ListenerLink},
    },
    wire::{hybrid::TrackingId, relayed::FaultReason},
};

/// Bytes that may wait to be written; above it nothing more is read from the listener.
const UNSENT: usize = 64 << 10;

/// Bytes read at a time; a link is idle nearly always, so its buffer is small.
const PIECE: usize = 2 << 10;

/// Serves a connection until it ends. The registration ends with it, however it ends.
pub(crate) async fn serve(core: Arc<Core>, stream: Stream, peer: Arc<Peer>) {
    let settings = core.settings.load_full();
    let terms = LinkTerms::new(core.id.to_string(), &settings.limits, &settings.timeouts);
    drop(settings);
    let link = ListenerLink::new(Arc::new(terms), Instant::now());
    let mut driver = Driver {
        id: core.tracking_id(None),
        late: core.draining.is_cancelled(),
        core: Arc::clone(&core),
        peer,
        link,
        handing: Handing::default(),
        registered: None,
        refused: false,
        cut: false,
    };
    driver.run(stream).await;
    if let Some(registered) = driver.registered.take() {
        let relay = registered.listening.target.key.clone();
        registered.listening.leave().await;
        tracing::info!(tracking_id = %driver.id, %relay, "WCF listener off");
    }
}

struct Driver {
    core: Arc<Core>,
    peer: Arc<Peer>,
    link: ListenerLink,
    /// What the log and the listener call this connection.
    id: TrackingId,
    handing: Handing,
    registered: Option<Box<Registered>>,
    /// It was told why it may not listen, or will be.
    refused: bool,
    /// It came while the gateway drained already.
    late: bool,
    /// The connection is to be cut.
    cut: bool,
}

impl Driver {
    async fn run(&mut self, stream: Stream) {
        let (mut source, mut sink) = tokio::io::split(stream);
        let mut read = BytesMut::with_capacity(PIECE);
        let mut unsent = Sending::default();
        let draining = self.core.draining.clone();
        let mut drained = false;
        loop {
            self.settle().await;
            unsent.push(&self.link.take_output());
            while unsent.len() < UNSENT && self.hand_over() {
                unsent.push(&self.link.take_output());
            }
            if unsent.len() < UNSENT && !read.is_empty() {
                // What was left because there was too much to say.
                let used = self.link.handle_input(&read, Instant::now());
                read.advance(used);
                if used > 0 {
                    continue;
                }
            }
            if self.cut || (self.link.is_finished() && !unsent.is_due()) {
                break;
            }
            let rules = self.listening().and_then(|listening| listening.rules.poll_timeout());
            let deadline = [self.link.poll_timeout(), rules].into_iter().flatten().min();
            let sends = unsent.is_due();
            let room = self.handing.has_room();
            tokio::select! {
                // Reading goes on while writing waits, so that two sides with full buffers do not wait for each other.
                came = source.read_buf(&mut read), if unsent.len() < UNSENT => match came {
                    Ok(1..) => {
                        let used = self.link.handle_input(&read, Instant::now());
                        read.advance(used);
                        read.reserve(PIECE);
                    }
                    Ok(0) | Err(_) => {
                        self.link.handle_eof();
                        self.settle().await;
                        return;
                    }
                },
                sent = unsent.advance(&mut sink), if sends => if sent.is_err() {
                    self.link.handle_eof();
                    self.settle().await;
                    return;
                },
                heard = hear(self.registered.as_deref_mut(), room) => {
                    self.cut |= self.listening().is_some_and(|listening| !listening.handle(heard));
                }
                () = draining.cancelled(), if !drained => {
                    drained = true;
                    self.drain().await;
                }
                () = self.core.closing.cancelled() => return,
                () = sleep_until(deadline) => {
                    let now = Instant::now();
                    self.link.handle_timeout(now);
                    self.rules(Listening::handle_timeout);
                }
            }
        }
        // The library leaves a connection open that was detached, so this side ends it (2.2).
        let limit = self.core.settings.load().timeouts.half_close;
        let _ = tokio::time::timeout(limit, sink.shutdown()).await;
    }

    fn rules(&mut self, handle: impl FnOnce(&mut Listening)) {
        if let Some(listening) = self.listening() {
            handle(listening);
        }
    }

    fn listening(&mut self) -> Option<&mut Listening> {
        self.registered.as_mut().map(|registered| &mut registered.listening)
    }

    /// Handles every event of the link and every command of the rules, until there is none.
    async fn settle(&mut self) {
        loop {
            while let Some(event) = self.link.next_event() {
                self.handle(event).await;
            }
            let Some(listening) = self.listening() else { return };
            let Some(command) = listening.next_command().await else { return };
            self.carry_out(command);
        }
    }

    async fn handle(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Wanted(request) => {
                if request.tracking_id.is_some() {
                    self.id = self.core.tracking_id(request.tracking_id.as_deref());
                }
                match listen::listen(&self.core, &self.peer, &request).await {
                    Ok(registered) => {
                        tracing::info!(tracking_id = %self.id, relay = %registered.listening.target.key, listener = %request.listener_type, peer = %self.peer.address, "WCF listener on");
                        self.registered = Some(Box::new(registered));
                        self.link.accept(Instant::now());
                    }
                    Err(refusal) => self.refuse(&refusal).await,
                }
            }
            LinkEvent::Malformed(bad) => self.refuse(&Malformed::Message(bad.to_string()).into()).await,
            LinkEvent::Renewed(token) => {
                if let Some(registered) = &mut self.registered {
                    registered.handle_token(&self.core, &token, &self.id);
                }
            }
            LinkEvent::Gone(reason) => {
                let (tracking_id, peer) = (&self.id, self.peer.address);
                match &reason {
                    GoneReason::Misbehaved(violation) => {
                        tracing::info!(%tracking_id, %peer, %violation, "WCF listener broke the protocol")
                    }
                    GoneReason::HandshakeTimeout if self.registered.is_some() => {
                        tracing::info!(%tracking_id, %peer, "WCF listener was not attached in time")
                    }
                    reason => tracing::debug!(%tracking_id, %peer, ?reason, "control link ended"),
                }
                self.rules(|listening| listening.rules.handle_closed(Instant::now()));
            }
            LinkEvent::Delivered { delivery, outcome } => {
                let Self { handing, registered, .. } = self;
                if let Some(registered) = registered {
                    handing.handle_delivered(delivery, &outcome, &mut registered.listening.rules);
                }
            }
            LinkEvent::Online | LinkEvent::Ready | LinkEvent::Message { .. } => {}
        }
    }

    async fn refuse(&mut self, refusal: &Refusal) {
        self.refused = true;
        self.core.metrics.handshake_failures.of(self.peer.door).inc();
        tracing::info!(tracking_id = %self.id, peer = %self.peer.address, %refusal, "WCF listener refused");
        admit::hold_back(&self.core, refusal, self.peer.address.ip()).await;
        let condition = Condition::of(refusal, acquaintance(refusal));
        let error = self.error(condition, &refusal.to_string());
        self.link.refuse(error, Instant::now());
    }

    /// What the listener is told: the words, and by which id the log knows it.
    fn error(&self, condition: Condition, text: &str) -> LinkError {
        let reason = FaultReason { text, tracking_id: self.id.as_str(), unix_seconds: unix_now().0 };
        LinkError::new(condition, reason.to_string())
    }

    fn carry_out(&mut self, command: ChannelCommand) {
        match command {
            ChannelCommand::Deliver { invitation, request_id } => self.handing.add(invitation, request_id),
            ChannelCommand::Recall { request_id } => self.handing.recall(&request_id, &mut self.link),
            ChannelCommand::Close(reason) => {
                tracing::info!(tracking_id = %self.id, peer = %self.peer.address, %reason, "WCF listener sent away");
                let error = told(reason).map(|(condition, text)| self.error(condition, text));
                self.link.detach(error, Instant::now());
            }
            ChannelCommand::Drop => self.cut = true,
            // The link itself looks after signs of life, the listening after the others.
            ChannelCommand::Ping
            | ChannelCommand::Tell { .. }
            | ChannelCommand::Withdraw
            | ChannelCommand::Forget => {}
        }
    }

    /// Hands the listener what comes next, if it takes it now.
    fn hand_over(&mut self) -> bool {
        let Self { core, handing, registered, link, .. } = self;
        registered.as_mut().is_some_and(|registered| handing.hand_over(core, registered, link))
    }

    async fn drain(&mut self) {
        if let Some(listening) = self.listening() {
            listening.rules.handle_drain(Instant::now());
        } else if self.late && !self.refused {
            // It is here already, and is told in the words that reach its program (2.2).
            self.refuse(&Refusal::Draining).await;
        } else if !self.refused {
            self.link.close(None, Instant::now());
        }
    }
}

/// What a listener is told that is sent away. Without an error, or with one that is not final, it comes again (2.3, 2.5).
fn told(reason: CloseReason) -> Option<(Condition, &'static str)> {
    match reason {
        CloseReason::Deleted => Some((Condition::RelayNotFound, "the relay was deleted")),
        CloseReason::Disabled => Some((Condition::EntityDisabled, "the relay was disabled")),
        CloseReason::Draining => Some((Condition::ConnectionForced, "the gateway is shutting down")),
        CloseReason::TokenExpired | CloseReason::RenewalRefused(_) => None,
    }
}

/// Waits for what the listener is told from elsewhere; for ever while there is none.
async fn hear(registered: Option<&mut Registered>, room: bool) -> Heard {
    match registered {
        Some(registered) => registered.listening.hear(room).await,
        None => std::future::pending().await,
    }
}

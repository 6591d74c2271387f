//! The connection of one listener: AMQP in and out, and its rules decide (2).

use std::{sync::Arc, time::Instant};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::listen::{self, Listening, acquaintance};
use crate::{
    doors::admit,
    gateway::{
        clock::unix_now,
        core::{Core, Peer},
        meet::sleep_until,
    },
    io::Stream,
    relay::{
        ChannelCommand, CloseReason, Refusal, ToListenerGateway,
        listener_link::{Condition, LinkError, LinkEvent, LinkTerms, ListenerLink},
    },
};

/// Bytes that may wait to be written; above it nothing more is read from the listener.
const UNSENT: usize = 64 << 10;

/// Bytes read at a time; a link is idle nearly always, so its buffer is small.
const PIECE: usize = 2 << 10;

/// Serves a connection until it ends. The registration ends with it, however it ends.
pub(crate) async fn serve(core: Arc<Core>, stream: Stream, peer: Peer) {
    let settings = core.settings.load_full();
    let terms = LinkTerms::new(core.id.to_string(), &settings.limits, &settings.timeouts);
    drop(settings);
    let local = stream.local_addr().map(|local| local.ip());
    let link = ListenerLink::new(Arc::new(terms), Instant::now());
    let mut driver = Driver { core: Arc::clone(&core), peer, local, link, listening: None, cut: false };
    driver.run(stream).await;
    if let Some(mut listening) = driver.listening.take() {
        listening.rules.handle_closed(Instant::now());
        let mut ending = Ending { core: Arc::clone(&core), listening, forgotten: false };
        ending.carry_out().await;
        core.metrics.active_listeners.dec();
        core.metrics.listener_disconnects.inc();
        tracing::info!(relay = %ending.listening.target.key, "WCF listener off");
        // Nobody waits for this: a gateway that drains may end without it.
        tokio::spawn(ending.linger());
    }
}

struct Driver {
    core: Arc<Core>,
    peer: Peer,
    local: Option<std::net::IpAddr>,
    link: ListenerLink,
    listening: Option<Box<Listening>>,
    /// The connection is to be cut.
    cut: bool,
}

impl Driver {
    async fn run(&mut self, stream: Stream) {
        let (mut source, mut sink) = tokio::io::split(stream);
        let mut read = BytesMut::with_capacity(PIECE);
        let mut unsent = BytesMut::new();
        let draining = self.core.draining.clone();
        let (mut drained, mut told_gone) = (false, false);
        loop {
            self.settle().await;
            unsent.extend_from_slice(&self.link.take_output());
            if unsent.len() < UNSENT && !read.is_empty() {
                // What was left because there was too much to say.
                let used = self.link.handle_input(&read, Instant::now());
                read.advance(used);
                if used > 0 {
                    continue;
                }
            }
            if self.cut || (self.link.is_finished() && unsent.is_empty()) {
                break;
            }
            if unsent.is_empty() {
                // Nothing is kept for a link that is idle.
                unsent = BytesMut::new();
            }
            let rules = self.listening.as_ref().and_then(|listening| listening.rules.poll_timeout());
            let deadline = [self.link.poll_timeout(), rules].into_iter().flatten().min();
            let gone = self.listening.as_ref().map(|listening| listening.target.token(&self.core));
            let room = self.link.is_ready();
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
                sent = sink.write_buf(&mut unsent), if !unsent.is_empty() => if sent.is_err() {
                    self.link.handle_eof();
                    self.settle().await;
                    return;
                },
                Some(message) = next_message(&mut self.listening), if room => {
                    self.rules(|listening| listening.rules.handle_message(message, Instant::now()));
                }
                () = cancelled(gone.as_ref()), if !told_gone => {
                    told_gone = true;
                    self.relay_is_gone();
                }
                () = draining.cancelled(), if !drained => {
                    drained = true;
                    self.drain();
                }
                () = self.core.closing.cancelled() => return,
                () = sleep_until(deadline) => {
                    let now = Instant::now();
                    self.link.handle_timeout(now);
                    self.rules(|listening| listening.rules.handle_timeout(now, unix_now()));
                }
            }
        }
        // The library leaves a connection open that was detached, so this side ends it (2.2).
        let limit = self.core.settings.load().timeouts.half_close;
        let _ = tokio::time::timeout(limit, sink.shutdown()).await;
    }

    fn rules(&mut self, handle: impl FnOnce(&mut Listening)) {
        if let Some(listening) = &mut self.listening {
            handle(listening);
        }
    }

    /// Handles every event of the link and every command of the rules, until there is none.
    async fn settle(&mut self) {
        loop {
            while let Some(event) = self.link.next_event() {
                self.handle(event).await;
            }
            let command = self.listening.as_mut().and_then(|listening| listening.rules.next_command());
            let Some(command) = command else { return };
            self.carry_out(command).await;
        }
    }

    async fn handle(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Wanted(request) => {
                match listen::listen(&self.core, &self.peer, &request, self.local).await {
                    Ok(listening) => {
                        self.core.metrics.active_listeners.inc();
                        tracing::info!(relay = %listening.target.key, listener = %request.listener_type, peer = %self.peer.address, "WCF listener on");
                        self.listening = Some(Box::new(listening));
                        self.link.accept(Instant::now());
                    }
                    Err(refusal) => self.refuse(&refusal).await,
                }
            }
            LinkEvent::Renewed(token) => {
                let core = Arc::clone(&self.core);
                self.rules(|listening| match admit::renew(&core, &listening.target, &token) {
                    Ok(expires) => listening.rules.handle_renewed(Ok(expires), Instant::now(), unix_now()),
                    // Told to its face this would end the service for good; the end of the old token sends it away (2.3).
                    Err(error) => {
                        tracing::info!(relay = %listening.target.key, %error, "a renewed token is refused")
                    }
                });
            }
            LinkEvent::Gone(reason) => {
                tracing::debug!(peer = %self.peer.address, ?reason, "control link ended");
                self.rules(|listening| listening.rules.handle_closed(Instant::now()));
            }
            // An invitation is answered by the listener that dials, not by its disposition.
            LinkEvent::Online
            | LinkEvent::Ready
            | LinkEvent::Delivered { .. }
            | LinkEvent::Message { .. } => {}
        }
    }

    async fn refuse(&mut self, refusal: &Refusal) {
        self.core.metrics.handshake_failures.of(self.peer.door).inc();
        tracing::info!(peer = %self.peer.address, %refusal, "WCF listener refused");
        admit::hold_back(&self.core, refusal, self.peer.address.ip()).await;
        let condition = Condition::of(refusal, acquaintance(refusal));
        self.link.refuse(LinkError::new(condition, refusal.to_string()), Instant::now());
    }

    async fn carry_out(&mut self, command: ChannelCommand) {
        match command {
            ChannelCommand::Deliver { invitation, .. } => {
                let Some(listening) = &self.listening else { return };
                match listening.invites.envelope(&self.core, &invitation) {
                    Ok(envelope) => {
                        // There was room when the message was taken.
                        if let Err(error) = self.link.send(envelope, Instant::now()) {
                            tracing::debug!(%error, "an invitation could not be sent");
                        }
                    }
                    Err(error) => tracing::error!(%error, "an invitation could not be written"),
                }
            }
            ChannelCommand::Ping | ChannelCommand::Recall { .. } => {}
            ChannelCommand::Close(reason) => self.link.detach(told(reason), Instant::now()),
            ChannelCommand::Drop => self.cut = true,
            ChannelCommand::Tell { message, .. } => self.core.switchboard.tell_meeting(message),
            ChannelCommand::Withdraw => {
                if let Some(listening) = &self.listening {
                    withdraw(&self.core, listening).await;
                }
            }
            // Said when the connection is gone: `Ending` asks for it.
            ChannelCommand::Forget => {}
        }
    }

    /// The relay was deleted or switched off, or the gateway has no more time.
    fn relay_is_gone(&mut self) {
        let Some(listening) = &mut self.listening else { return };
        if self.core.closing.is_cancelled() {
            self.cut = true;
        } else if admit::is_disabled(&self.core, &listening.target.key) {
            listening.rules.handle_disabled(Instant::now());
        } else {
            listening.rules.handle_deleted(Instant::now());
        }
    }

    fn drain(&mut self) {
        match &mut self.listening {
            Some(listening) => listening.rules.handle_drain(Instant::now()),
            None => self.link.close(None, Instant::now()),
        }
    }
}

/// What a listener is told that is sent away. Without an error, or with one that is not final, it comes again (2.3, 2.5).
fn told(reason: CloseReason) -> Option<LinkError> {
    let condition = match reason {
        CloseReason::Deleted => Condition::RelayNotFound,
        CloseReason::Disabled => Condition::EntityDisabled,
        CloseReason::Draining => Condition::ConnectionForced,
        CloseReason::TokenExpired | CloseReason::RenewalRefused(_) => return None,
    };
    Some(LinkError::new(condition, reason.to_string()))
}

async fn next_message(listening: &mut Option<Box<Listening>>) -> Option<ToListenerGateway> {
    match listening {
        Some(listening) => listening.inbox.recv().await,
        None => std::future::pending().await,
    }
}

async fn cancelled(token: Option<&tokio_util::sync::CancellationToken>) {
    match token {
        Some(token) => token.cancelled().await,
        None => std::future::pending().await,
    }
}

async fn withdraw(core: &Core, listening: &Listening) {
    if let Err(error) = core.registrations.withdraw(listening.listener).await {
        tracing::warn!(%error, "a registration could not be withdrawn; it ends with the lease");
    }
}

/// A listener whose connection is gone. Messages that were on their way are still answered, until the rules let go.
struct Ending {
    core: Arc<Core>,
    listening: Box<Listening>,
    forgotten: bool,
}

impl Ending {
    async fn carry_out(&mut self) {
        while let Some(command) = self.listening.rules.next_command() {
            match command {
                ChannelCommand::Tell { message, .. } => self.core.switchboard.tell_meeting(message),
                ChannelCommand::Withdraw => withdraw(&self.core, &self.listening).await,
                ChannelCommand::Forget => self.forgotten = true,
                ChannelCommand::Deliver { .. }
                | ChannelCommand::Recall { .. }
                | ChannelCommand::Ping
                | ChannelCommand::Close(_)
                | ChannelCommand::Drop => {}
            }
        }
    }

    async fn linger(mut self) {
        while !self.forgotten {
            let deadline = self.listening.rules.poll_timeout();
            tokio::select! {
                message = self.listening.inbox.recv() => match message {
                    Some(message) => self.listening.rules.handle_message(message, Instant::now()),
                    None => break,
                },
                () = sleep_until(deadline) => self.listening.rules.handle_timeout(Instant::now(), unix_now()),
            }
            self.carry_out().await;
        }
        self.core.switchboard.leave_channel(self.listening.listener);
    }
}

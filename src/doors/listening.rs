//! A listener that senders find, from its registration to its end, whatever protocol its control channel speaks.

use std::{sync::Arc, time::Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::admit::{self, Target};
use crate::{
    entity::UnixTime,
    gateway::{
        clock::{random_u128, unix_now},
        core::Core,
        live::{Entry, LiveListener},
        meet::sleep_until,
    },
    relay::{
        ChannelCommand, ChannelTerms, ControlChannel, ListenerId, Refusal, RefuseReason, Registered,
        Registration, Shapes, ToListenerGateway, ToSenderGateway, WcfTerms,
    },
    store::{Remedy, StoreError},
};

/// What a listener offers, and on which terms it may.
pub(crate) struct Offer {
    /// See [`Registration::tag`].
    pub(crate) tag: Option<String>,
    pub(crate) shapes: Shapes,
    /// Of a WCF listener.
    pub(crate) wcf: Option<WcfTerms>,
    pub(crate) terms: ChannelTerms,
}

/// A registered listener: its rules, and what they are told.
pub(crate) struct Listening {
    core: Arc<Core>,
    pub(crate) rules: ControlChannel,
    /// Messages from the gateways of senders.
    inbox: mpsc::Receiver<ToListenerGateway>,
    pub(crate) target: Target,
    /// Cancelled when the relay may not be used any more.
    relay_gone: CancellationToken,
    /// The rules know that.
    told_gone: bool,
    listener: ListenerId,
    /// Shown at the admin door as long as its connection lives.
    shown: Option<Entry<LiveListener>>,
    /// The rules have nothing more to remember.
    forgotten: bool,
}

/// What a listener is told from elsewhere.
pub(crate) enum Heard {
    Message(ToListenerGateway),
    RelayGone,
}

impl Listening {
    /// Registers a listener whose right was checked. From here on senders find it, and [`Listening::leave`] must end it.
    pub(crate) async fn register(
        core: &Arc<Core>,
        target: Target,
        offer: Offer,
        shown: LiveListener,
    ) -> Result<Self, Refusal> {
        let listener = ListenerId::new(random_u128());
        let registration = Registration {
            listener,
            gateway: core.id.clone(),
            relay: target.key.clone(),
            tag: offer.tag,
            shapes: offer.shapes,
            wcf: offer.wcf,
        };
        let expires = Some(shown.token_expires);
        let rules =
            ControlChannel::new(registration.clone(), expires, offer.terms, Instant::now(), unix_now());
        let inbox = core.switchboard.enter_channel(listener);
        let limit = core.settings.load().limits.listeners_per_relay;
        let registered = core.registrations.register(registration, core.lease, limit).await;
        if let Err(refusal) = refused(registered, limit) {
            core.switchboard.leave_channel(listener);
            return Err(refusal);
        }
        core.metrics.active_listeners.inc();
        Ok(Self {
            core: Arc::clone(core),
            rules,
            inbox,
            relay_gone: target.token(core),
            told_gone: false,
            target,
            listener,
            shown: Some(core.live.enter(shown)),
            forgotten: false,
        })
    }

    /// The next command that only the control channel itself can carry out: what concerns others is done here.
    pub(crate) async fn next_command(&mut self) -> Option<ChannelCommand> {
        while let Some(command) = self.rules.next_command() {
            match command {
                ChannelCommand::Tell { message, .. } => {
                    if matches!(message, ToSenderGateway::Refused { reason: RefuseReason::Busy, .. }) {
                        self.core.metrics.listener_overflows.inc();
                    }
                    self.core.switchboard.tell_meeting(message);
                }
                ChannelCommand::Withdraw => self.withdraw().await,
                ChannelCommand::Forget => self.forgotten = true,
                ChannelCommand::Deliver { .. }
                | ChannelCommand::Recall { .. }
                | ChannelCommand::Ping
                | ChannelCommand::Close(_)
                | ChannelCommand::Drop => return Some(command),
            }
        }
        None
    }

    /// What comes next from elsewhere; messages only where there is `room`. Dropping the future loses nothing.
    pub(crate) async fn hear(&mut self, room: bool) -> Heard {
        tokio::select! {
            Some(message) = self.inbox.recv(), if room => Heard::Message(message),
            () = self.relay_gone.cancelled(), if !self.told_gone => Heard::RelayGone,
            else => std::future::pending().await,
        }
    }

    /// Tells the rules, which say what the listener is told. `false`: the gateway has no more time, and the connection is to be cut.
    pub(crate) fn handle(&mut self, heard: Heard) -> bool {
        match heard {
            Heard::Message(message) => {
                self.rules.handle_message(message, Instant::now());
                true
            }
            Heard::RelayGone => {
                self.told_gone = true;
                self.handle_relay_gone()
            }
        }
    }

    /// The relay was deleted or switched off.
    fn handle_relay_gone(&mut self) -> bool {
        if self.core.closing.is_cancelled() {
            return false;
        }
        if admit::is_disabled(&self.core, &self.target.key) {
            self.rules.handle_disabled(Instant::now());
        } else {
            self.rules.handle_deleted(Instant::now());
        }
        true
    }

    /// Its token was renewed, or the new one was refused.
    pub(crate) fn handle_renewed(&mut self, checked: Result<UnixTime, crate::auth::AuthError>) {
        self.rules.handle_renewed(checked, Instant::now(), unix_now());
    }

    /// Time has passed.
    pub(crate) fn handle_timeout(&mut self) {
        self.rules.handle_timeout(Instant::now(), unix_now());
    }

    /// Its connection is gone. Messages that are on their way are still answered, until the rules let go.
    pub(crate) async fn leave(mut self) {
        self.rules.handle_closed(Instant::now());
        while self.next_command().await.is_some() {}
        self.core.metrics.active_listeners.dec();
        self.core.metrics.listener_disconnects.inc();
        self.shown = None;
        // Nobody waits for this: a gateway that drains may end without it.
        tokio::spawn(self.linger());
    }

    async fn linger(mut self) {
        while !self.forgotten {
            let deadline = self.rules.poll_timeout();
            tokio::select! {
                message = self.inbox.recv() => match message {
                    Some(message) => self.rules.handle_message(message, Instant::now()),
                    None => break,
                },
                () = sleep_until(deadline) => self.handle_timeout(),
            }
            while self.next_command().await.is_some() {}
        }
        self.core.switchboard.leave_channel(self.listener);
    }

    async fn withdraw(&self) {
        if let Err(error) = self.core.registrations.withdraw(self.listener).await {
            tracing::warn!(%error, "a registration could not be withdrawn; it ends with the lease");
        }
    }
}

fn refused(registered: Result<Registered, StoreError>, limit: u32) -> Result<(), Refusal> {
    match registered {
        Ok(Registered::Yes) => Ok(()),
        Ok(Registered::InUse) => Err(Refusal::Conflict),
        Ok(Registered::TooMany) => Err(Refusal::TooManyListeners { limit }),
        Err(error) if error.remedy() == Remedy::Retry => Err(Refusal::Overloaded),
        Err(StoreError::LeaseLost) => Err(Refusal::Draining),
        Err(error) => {
            tracing::error!(%error, "a listener cannot be registered");
            Err(Refusal::Internal)
        }
    }
}

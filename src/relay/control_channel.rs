//! One connected listener, at its own gateway.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::keep_alive::{KeepAlive, Sign};
use super::outstanding::{Attempt, Handed, Outstanding};
use super::token_end::TokenEnd;
use super::{
    ChannelTerms, CloseReason, GatewayId, Invitation, RefuseReason, Registration, ResponseHead,
    ToListenerGateway, ToSenderGateway, What,
};
use crate::auth::AuthError;
use crate::entity::UnixTime;

mod messages;

pub use messages::MessageOutcome;

/// One connected listener. It is registered before the first input, and leaves the store by
/// [`ChannelCommand::Withdraw`], which comes exactly once.
///
/// An invitation is handed over once, however often it comes. Its sender's gateway hears `Invited`, and after that
/// `Responded`, or `Refused { ListenerGone }` when the listener vanishes, or nothing. The machine outlives its
/// connection for a short while, so that an invitation which comes a second time then is not taken for one that
/// the listener never had; [`ChannelCommand::Forget`] ends it.
#[derive(Debug)]
pub struct ControlChannel {
    registration: Registration,
    terms: ChannelTerms,
    outstanding: Outstanding,
    keep_alive: KeepAlive,
    token: TokenEnd,
    state: State,
    commands: VecDeque<ChannelCommand>,
}

/// What the listener's gateway does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelCommand {
    /// Put the invitation on the control channel; a one-way message, as soon as the listener takes one. Of an exchange, `request_id` goes on the wire in place of
    /// `invitation.id`, in the message and in its address: it is that id, made unique if need be.
    Deliver {
        /// What to hand over.
        invitation: Arc<Invitation>,
        /// What the listener's `response` will name, and by which the outcome of a one-way message is told; a stream has its
        /// tracking id here.
        request_id: String,
    },
    /// Nobody waits for the one-way message of that name any more: take it back if it was not handed over, and forget it.
    Recall {
        /// As [`ChannelCommand::Deliver`] named it.
        request_id: String,
    },
    /// Send a sign of life and ask for one.
    Ping,
    /// Close in order, with a reason, then wait for the listener to do the same.
    Close(CloseReason),
    /// Cut the connection without another word.
    Drop,
    /// Send a message to a gateway, perhaps to this one.
    Tell {
        /// The sender's gateway.
        gateway: GatewayId,
        /// What to say.
        message: ToSenderGateway,
    },
    /// Take the registration out of the store.
    Withdraw,
    /// The last command: let go of this machine. Messages for the listener are answered with
    /// [`ToListenerGateway::refusal`] from now on.
    Forget,
}

/// How long a message between gateways may be on its way, at most. A listener that was handed anything is
/// remembered as long after it left.
const LINGER: Duration = Duration::from_secs(30);

/// A `response` that belongs to no outstanding request: drop it with its body, and log it (hybrid page 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("response to a request that is unknown, cancelled or answered")]
pub struct UnknownRequest;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// Exchanges go on; nothing new is taken.
    Draining {
        until: Option<Instant>,
    },
    /// The close was sent.
    Closing {
        until: Option<Instant>,
    },
    /// The connection is gone, and the machine lingers.
    Closed {
        until: Option<Instant>,
    },
    Forgotten,
}

impl ControlChannel {
    /// The listener is connected and registered. `token_expires`: when the token ends by which it may listen;
    /// `None` = it needed none.
    pub fn new(
        registration: Registration,
        token_expires: Option<UnixTime>,
        terms: ChannelTerms,
        now: Instant,
        unix: UnixTime,
    ) -> Self {
        Self {
            registration,
            terms,
            outstanding: Outstanding::default(),
            keep_alive: KeepAlive::new(terms.ping_every, terms.silence, now),
            token: TokenEnd::new(token_expires, terms.token_grace, now, unix),
            state: State::Open,
            commands: VecDeque::new(),
        }
    }

    /// A sender's gateway has something to say.
    pub fn handle_message(&mut self, message: ToListenerGateway, now: Instant) {
        match message {
            ToListenerGateway::Invite { meeting, attempt, listener, reply_to, invitation, within } => {
                let attempt = Attempt { meeting, number: attempt };
                if self.outstanding.knows(attempt) {
                    return;
                }
                match self.refusal(listener, &invitation.what) {
                    Some(reason) => {
                        // Another listener may be tried now, so a second copy must not be handed to this one.
                        self.outstanding.end(attempt);
                        self.refuse(attempt, reply_to, reason);
                    }
                    None => {
                        let until = within.and_then(|within| now.checked_add(within));
                        self.deliver(attempt, reply_to, invitation, until);
                    }
                }
            }
            ToListenerGateway::Settled { meeting, attempt, .. }
            | ToListenerGateway::Cancel { meeting, attempt, .. } => {
                // Also when it was not begun: its invitation may be on the way still.
                if let Some(handed) = self.outstanding.end(Attempt { meeting, number: attempt }) {
                    self.recall(handed);
                }
                self.close_if_drained(now);
            }
        }
    }

    /// The listener answered an exchange here, with all of the body.
    pub fn handle_response(
        &mut self,
        request_id: &str,
        response: ResponseHead,
        body: Bytes,
        now: Instant,
    ) -> Result<(), UnknownRequest> {
        let (attempt, handed) = self.outstanding.end_request(request_id).ok_or(UnknownRequest)?;
        let Attempt { meeting, number } = attempt;
        let message = ToSenderGateway::Responded { meeting, attempt: number, response, body };
        self.commands.push_back(ChannelCommand::Tell { gateway: handed.reply_to, message });
        self.close_if_drained(now);
        Ok(())
    }

    /// The listener showed a new token, and this is what it is worth.
    pub fn handle_renewed(&mut self, renewed: Result<UnixTime, AuthError>, now: Instant, unix: UnixTime) {
        match renewed {
            Ok(expires) => self.token = TokenEnd::new(Some(expires), self.terms.token_grace, now, unix),
            Err(error) => self.close(CloseReason::RenewalRefused(error), now),
        }
    }

    /// Anything at all came from the listener.
    pub fn handle_received(&mut self, now: Instant) {
        self.keep_alive.handle_received(now);
    }

    /// The connection is gone, in order or not.
    pub fn handle_closed(&mut self, now: Instant) {
        if !matches!(self.state, State::Closed { .. } | State::Forgotten) {
            self.withdraw();
            self.abandon(Whom::All);
            self.linger(now);
        }
    }

    /// The gateway stops. Exchanges that the listener has begun may end; a stream needs the channel no more.
    pub fn handle_drain(&mut self, now: Instant) {
        if self.state == State::Open {
            self.withdraw();
            self.state = State::Draining { until: now.checked_add(self.terms.drain) };
            self.close_if_drained(now);
        }
    }

    /// The relay was deleted.
    pub fn handle_deleted(&mut self, now: Instant) {
        self.close(CloseReason::Deleted, now);
    }

    /// The relay was switched off.
    pub fn handle_disabled(&mut self, now: Instant) {
        self.close(CloseReason::Disabled, now);
    }

    /// Time has passed, on both clocks.
    pub fn handle_timeout(&mut self, now: Instant, unix: UnixTime) {
        match self.state {
            State::Open | State::Draining { .. } => self.handle_live_timeout(now, unix),
            State::Closing { until } if until.is_some_and(|until| until <= now) => {
                self.commands.push_back(ChannelCommand::Drop);
                self.linger(now);
            }
            State::Closed { until } if until.is_some_and(|until| until <= now) => self.forget(),
            State::Closing { .. } | State::Closed { .. } | State::Forgotten => {}
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let own = match self.state {
            State::Open => None,
            State::Draining { until } => until,
            State::Closing { until } | State::Closed { until } => return until,
            State::Forgotten => return None,
        };
        let others =
            [self.outstanding.poll_timeout(), self.token.poll_timeout(), self.keep_alive.poll_timeout()];
        others.into_iter().chain([own]).flatten().min()
    }

    /// What to do next.
    pub fn next_command(&mut self) -> Option<ChannelCommand> {
        self.commands.pop_front()
    }

    /// Who it is.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// How many invitations the listener was handed that are not settled.
    pub fn outstanding(&self) -> usize {
        self.outstanding.len()
    }

    fn handle_live_timeout(&mut self, now: Instant, unix: UnixTime) {
        for handed in self.outstanding.expire(now) {
            self.recall(handed);
        }
        if self.token.is_reached(now, unix) {
            self.close(CloseReason::TokenExpired, now);
            return;
        }
        self.close_if_drained(now);
        if !self.is_live() {
            return;
        }
        match self.keep_alive.handle_timeout(now) {
            Sign::Well => {}
            Sign::Ask => self.commands.push_back(ChannelCommand::Ping),
            Sign::Dead => {
                self.withdraw();
                self.abandon(Whom::All);
                self.commands.push_back(ChannelCommand::Drop);
                self.linger(now);
            }
        }
    }

    /// Why an invitation to `listener` is not handed over, if so.
    fn refusal(&self, listener: super::ListenerId, what: &What) -> Option<RefuseReason> {
        let limit = self.terms.outstanding as usize;
        match self.state {
            State::Closing { .. } | State::Closed { .. } | State::Forgotten => {
                Some(RefuseReason::UnknownListener)
            }
            _ if listener != self.registration.listener => Some(RefuseReason::UnknownListener),
            State::Draining { .. } => Some(RefuseReason::Draining),
            State::Open if limit != 0 && self.outstanding.len() >= limit => Some(RefuseReason::Busy),
            State::Open if !self.has_room_for(what) => Some(RefuseReason::Busy),
            State::Open => None,
        }
    }

    fn deliver(
        &mut self,
        attempt: Attempt,
        reply_to: GatewayId,
        invitation: Arc<Invitation>,
        until: Option<Instant>,
    ) {
        let (request_id, of_exchange) = match &invitation.what {
            What::Stream => (invitation.id.clone(), None),
            What::Exchange(_) => {
                let id = self.outstanding.free_request_id(&invitation.id);
                (id.clone(), Some(id))
            }
            What::OneWay(_) => return self.deliver_message(attempt, reply_to, invitation, until),
        };
        let gateway = reply_to.clone();
        let handed = Handed { reply_to, request_id: of_exchange, message: None, until };
        self.outstanding.insert(attempt, handed);
        self.commands.push_back(ChannelCommand::Deliver { invitation, request_id });
        let Attempt { meeting, number } = attempt;
        let message = ToSenderGateway::Invited { meeting, attempt: number };
        self.commands.push_back(ChannelCommand::Tell { gateway, message });
    }

    fn refuse(&mut self, attempt: Attempt, gateway: GatewayId, reason: RefuseReason) {
        let Attempt { meeting, number } = attempt;
        let message = ToSenderGateway::Refused { meeting, attempt: number, reason };
        self.commands.push_back(ChannelCommand::Tell { gateway, message });
    }

    fn close_if_drained(&mut self, now: Instant) {
        let State::Draining { until } = self.state else { return };
        if self.outstanding.answerable() == 0 || until.is_some_and(|until| until <= now) {
            self.close(CloseReason::Draining, now);
        }
    }

    fn close(&mut self, reason: CloseReason, now: Instant) {
        if !self.is_live() {
            return;
        }
        self.withdraw();
        self.abandon(match reason {
            // The listener lives, and will dial for the streams it was handed.
            CloseReason::Draining => Whom::Answerable,
            _ => Whom::All,
        });
        self.commands.push_back(ChannelCommand::Close(reason));
        self.state = State::Closing { until: now.checked_add(self.terms.closing) };
    }

    fn linger(&mut self, now: Instant) {
        if self.outstanding.has_history() {
            self.state = State::Closed { until: now.checked_add(LINGER) };
        } else {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.commands.push_back(ChannelCommand::Forget);
        self.state = State::Forgotten;
    }

    fn withdraw(&mut self) {
        if self.state == State::Open {
            self.commands.push_back(ChannelCommand::Withdraw);
        }
    }

    /// Ends what is outstanding, and tells the senders' gateways that nothing will come of it.
    fn abandon(&mut self, whom: Whom) {
        for (attempt, handed) in self.outstanding.end_all() {
            if whom == Whom::All || handed.request_id.is_some() {
                let reason = match handed.message {
                    Some(message) if message.waits => RefuseReason::UnknownListener,
                    _ => RefuseReason::ListenerGone,
                };
                self.refuse(attempt, handed.reply_to, reason);
            }
        }
    }

    fn is_live(&self) -> bool {
        matches!(self.state, State::Open | State::Draining { .. })
    }
}

/// Who is told that the listener is gone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whom {
    All,
    /// Those whose answers would have come on the control channel.
    Answerable,
}

#[cfg(test)]
mod tests;

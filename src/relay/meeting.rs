//! One sender's wait for a listener, at the sender's gateway.

mod command;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

pub use command::MeetingCommand;

use super::{
    ExchangeRequest, GatewayId, Invitation, ListenerFilter, ListenerId, MeetingId, NoListener, Refusal,
    RefuseReason, Registration, ResponseHead, ToListenerGateway, ToSenderGateway, What, choose,
};

/// One sender's wait for a listener. It ends with exactly one of [`MeetingCommand::Join`],
/// [`MeetingCommand::Answer`] and [`MeetingCommand::Refuse`], or with none when the sender left first.
///
/// - A **stream**, and a request by address only, may be offered to several listeners under the same rendezvous
///   id; the first that dials has it. A listener that does not take a stream within `pass_over` is passed over,
///   but may still come.
/// - A request that travels **inside** the invitation is never offered to a second listener once a first one may
///   have seen it: doing it twice is worse than 502.
///
/// Messages that come late, twice, or for an attempt that is over change nothing.
#[derive(Debug)]
pub struct Meeting {
    terms: MeetingTerms,
    candidates: Vec<Registration>,
    /// What is left of the one random number. See [`Meeting::invite`].
    random: u64,
    /// In order; attempt 1 is the first.
    attempts: Vec<Attempt>,
    /// See [`Meeting::respond_by`].
    respond_by: Option<Instant>,
    state: State,
    commands: VecDeque<MeetingCommand>,
}

/// What a sender asks for, and how long it waits.
#[derive(Clone, Debug)]
pub struct MeetingTerms {
    /// Of this meeting alone.
    pub id: MeetingId,
    /// The sender's gateway: where answers go.
    pub gateway: GatewayId,
    /// Which listeners the sender will have.
    pub filter: ListenerFilter,
    /// What the listener is handed. Shared, because each attempt sends it.
    pub invitation: Arc<Invitation>,
    /// A stream: how long the sender waits in all. An exchange: how long a listener's gateway may take to say that
    /// the invitation is delivered. `Timeouts::accept`.
    pub accept: Duration,
    /// A stream: how long until one more listener is invited. `Timeouts::pass_over`.
    pub pass_over: Duration,
    /// An exchange: how long the sender waits for a response, or for the rendezvous of a request by address, in all.
    /// `None` = as long as the listener lives. `Timeouts::response`, or the relay's own.
    pub respond: Option<Duration>,
}

/// What became of the rendezvous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The listener came, and takes the sender.
    Accepted,
    /// The listener came to say no.
    Rejected {
        /// As the listener gave it, 100 to 999.
        status: u16,
        /// The listener's words.
        description: String,
    },
    /// The table has dropped its slot: somebody came to the wrong path or for the wrong action. The id is spent, so
    /// nobody can come any more.
    Spoiled,
}

#[derive(Debug)]
struct Attempt {
    listener: ListenerId,
    gateway: GatewayId,
    /// Something may still come of it.
    open: bool,
}

#[derive(Debug)]
enum State {
    Waiting {
        /// When the sender has waited long enough.
        whole: Option<Instant>,
        /// An exchange: when the listener's gateway must have said that the last invitation is delivered.
        invited: Option<Instant>,
        /// A stream: when to invite one more. `None` = as soon as there is one.
        pass_over: Option<Instant>,
    },
    Done,
}

impl Meeting {
    /// Invites one of `candidates`, or refuses at once. The rendezvous must be in the table before the first
    /// command is carried out. `random` decides every choice of this meeting.
    pub fn new(terms: MeetingTerms, candidates: Vec<Registration>, random: u64, now: Instant) -> Self {
        let after = |wait: Option<Duration>| wait.and_then(|wait| now.checked_add(wait));
        let (whole, respond_by) = match terms.invitation.what {
            What::Stream | What::OneWay(_) => (after(Some(terms.accept)), None),
            What::Exchange(_) => (after(terms.respond), after(terms.respond)),
        };
        let mut meeting = Self {
            terms,
            candidates,
            random,
            attempts: Vec::new(),
            respond_by,
            state: State::Waiting { whole, invited: None, pass_over: None },
            commands: VecDeque::new(),
        };
        if let Err(none) = meeting.invite(now) {
            meeting.give_up(Some(none.into()));
        }
        meeting
    }

    /// The relay's listeners have changed. Those tried before are not tried again.
    pub fn handle_candidates(&mut self, candidates: Vec<Registration>, now: Instant) {
        self.candidates = candidates;
        if self.is_stream() && matches!(self.state, State::Waiting { pass_over: None, .. }) {
            // Nobody new is no reason to end a wait that goes on.
            let _ = self.invite(now);
        }
    }

    /// A listener's gateway has something to say.
    pub fn handle_message(&mut self, message: ToSenderGateway, now: Instant) {
        if message.meeting() != self.terms.id || self.is_done() {
            return;
        }
        match message {
            ToSenderGateway::Invited { attempt, .. } => self.handle_invited(attempt),
            ToSenderGateway::Refused { attempt, reason, .. } => self.handle_refused(attempt, reason, now),
            ToSenderGateway::Responded { attempt, response, body, .. } => {
                self.handle_responded(attempt, response, body);
            }
            // Of a one-way message, which is no meeting.
            ToSenderGateway::Accepted { .. } => {}
        }
    }

    /// A listener dialled with the rendezvous id of this meeting; it is out of the table.
    pub fn handle_rendezvous(&mut self, arrival: Arrival, now: Instant) {
        if arrival == Arrival::Spoiled {
            // The table's clock may be a little ahead of ours: what ran out of time was not spoiled.
            self.handle_timeout(now);
        }
        if self.is_done() {
            return;
        }
        match arrival {
            Arrival::Accepted => {
                self.end_attempts(Ending::Settled);
                self.commands.push_back(MeetingCommand::Join);
            }
            Arrival::Rejected { status, description } => {
                self.end_attempts(Ending::Settled);
                // A status that is no answer must not become one (hybrid page 3.4).
                let status = if status < 200 { 502 } else { status };
                self.commands.push_back(MeetingCommand::Refuse(Refusal::Rejected { status, description }));
            }
            Arrival::Spoiled => {
                self.end_attempts(Ending::Cancelled);
                self.commands.push_back(MeetingCommand::Refuse(Refusal::ListenerMisbehaved));
            }
        }
        self.state = State::Done;
    }

    /// The sender left; it is told nothing any more.
    pub fn handle_sender_gone(&mut self) {
        if !self.is_done() {
            self.give_up(None);
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        let State::Waiting { whole, invited, pass_over } = &mut self.state else { return };
        if [*whole, *invited].into_iter().flatten().any(|deadline| deadline <= now) {
            self.give_up(Some(match self.terms.invitation.what {
                What::Stream | What::OneWay(_) => Refusal::ListenerDidNotAccept,
                What::Exchange(_) => Refusal::ListenerDidNotRespond,
            }));
        } else if pass_over.is_some_and(|deadline| deadline <= now) {
            *pass_over = None;
            // With nobody else to invite, the wait for those invited goes on.
            let _ = self.invite(now);
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { whole, invited, pass_over } => {
                [whole, invited, pass_over].into_iter().flatten().min()
            }
            State::Done => None,
        }
    }

    /// What to do next.
    pub fn next_command(&mut self) -> Option<MeetingCommand> {
        self.commands.pop_front()
    }

    /// Whether the outcome was given, or the sender left.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// When the response of an exchange is due, also after the meeting has ended: an [`Exchange`](super::Exchange)
    /// whose request went inside the invitation needs to know. `None` = it has no deadline.
    pub fn respond_by(&self) -> Option<Instant> {
        self.respond_by
    }

    /// Who came, once [`MeetingCommand::Join`] was given; `None` where several were invited, who all know the same rendezvous.
    pub fn joined(&self) -> Option<ListenerId> {
        match &self.attempts[..] {
            [only] => Some(only.listener),
            _ => None,
        }
    }

    fn handle_invited(&mut self, attempt: u32) {
        if attempt as usize != self.attempts.len() {
            return;
        }
        if let State::Waiting { invited, .. } = &mut self.state {
            *invited = None;
        }
    }

    fn handle_refused(&mut self, attempt: u32, reason: RefuseReason, now: Instant) {
        if !self.close_attempt(attempt) {
            return;
        }
        if reason == RefuseReason::ListenerGone && self.request_is_inline() {
            self.give_up(Some(Refusal::ListenerGone));
            return;
        }
        let still_open = self.attempts.iter().any(|attempt| attempt.open);
        let is_latest = attempt as usize == self.attempts.len();
        if still_open && !is_latest {
            return;
        }
        if self.invite(now).is_err() && !still_open {
            self.give_up(Some(match reason {
                RefuseReason::UnknownListener | RefuseReason::ListenerGone | RefuseReason::NotTaken => {
                    Refusal::NoListener
                }
                RefuseReason::Busy => Refusal::Overloaded,
                RefuseReason::Draining => Refusal::Draining,
            }));
        }
    }

    fn handle_responded(&mut self, attempt: u32, response: ResponseHead, body: Bytes) {
        if self.is_stream() || !self.close_attempt(attempt) {
            return;
        }
        self.commands.push_back(MeetingCommand::ForgetRendezvous);
        self.end_attempts(Ending::Settled);
        self.commands.push_back(if response.is_final() {
            MeetingCommand::Answer { response, body }
        } else {
            MeetingCommand::Refuse(Refusal::ListenerMisbehaved)
        });
        self.state = State::Done;
    }

    /// Invites one more listener. One random number orders them all: its remainder picks the first, and what is
    /// left of it picks the next.
    fn invite(&mut self, now: Instant) -> Result<(), NoListener> {
        let mut tried: Vec<ListenerId> = self.attempts.iter().map(|attempt| attempt.listener).collect();
        let MeetingTerms { id, gateway, filter, invitation, accept, pass_over, .. } = &self.terms;
        // One that can be handed this in no form is as good as tried.
        let shape = invitation.what.shape();
        let cannot = |each: &&Registration| each.shapes.has(shape) && !each.takes(&invitation.what);
        tried.extend(self.candidates.iter().filter(cannot).map(|each| each.listener));
        let chosen = choose(&self.candidates, filter, shape, &tried, self.random)?;
        self.random /= self.candidates.len() as u64;
        self.attempts.push(Attempt {
            listener: chosen.listener,
            gateway: chosen.gateway.clone(),
            open: true,
        });
        let State::Waiting { whole, invited, pass_over: next } = &mut self.state else { return Ok(()) };
        self.commands.push_back(MeetingCommand::Tell {
            gateway: chosen.gateway.clone(),
            message: ToListenerGateway::Invite {
                meeting: *id,
                attempt: self.attempts.len() as u32,
                listener: chosen.listener,
                reply_to: gateway.clone(),
                invitation: Arc::clone(invitation),
                within: whole.map(|whole| whole.saturating_duration_since(now)),
            },
        });
        match invitation.what {
            What::Stream | What::OneWay(_) => *next = now.checked_add(*pass_over),
            What::Exchange(_) => *invited = now.checked_add(*accept),
        }
        Ok(())
    }

    /// Ends the wait without a meeting. The sender is told why, if it is still there.
    fn give_up(&mut self, refusal: Option<Refusal>) {
        // First of all, so that nobody comes between.
        self.commands.push_back(MeetingCommand::ForgetRendezvous);
        self.end_attempts(Ending::Cancelled);
        self.commands.extend(refusal.map(MeetingCommand::Refuse));
        self.state = State::Done;
    }

    /// Tells the listeners' gateways of every open attempt that nothing is expected from it any more.
    fn end_attempts(&mut self, ending: Ending) {
        let meeting = self.terms.id;
        for (number, attempt) in (1..).zip(&mut self.attempts) {
            if std::mem::replace(&mut attempt.open, false) {
                let listener = attempt.listener;
                let message = match ending {
                    Ending::Settled => ToListenerGateway::Settled { meeting, attempt: number, listener },
                    Ending::Cancelled => ToListenerGateway::Cancel { meeting, attempt: number, listener },
                };
                let gateway = attempt.gateway.clone();
                self.commands.push_back(MeetingCommand::Tell { gateway, message });
            }
        }
    }

    /// Says whether it was open.
    fn close_attempt(&mut self, number: u32) -> bool {
        let index = (number as usize).checked_sub(1);
        let attempt = index.and_then(|index| self.attempts.get_mut(index));
        attempt.is_some_and(|attempt| std::mem::replace(&mut attempt.open, false))
    }

    fn is_stream(&self) -> bool {
        matches!(self.terms.invitation.what, What::Stream)
    }

    /// Whether an invited listener knows the request itself, and may have begun to carry it out.
    fn request_is_inline(&self) -> bool {
        matches!(self.terms.invitation.what, What::Exchange(ExchangeRequest::Inline { .. }))
    }
}

#[derive(Clone, Copy)]
enum Ending {
    Settled,
    Cancelled,
}

#[cfg(test)]
mod tests;

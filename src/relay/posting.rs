//! One one-way message on its way to one listener, or to all of them, at the sender's gateway. Relay page 3.2 and 3.4.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{
    GatewayId, Invitation, ListenerFilter, ListenerId, MeetingId, NoListener, Refusal, RefuseReason,
    Registration, ToListenerGateway, ToSenderGateway, choose,
};

/// One one-way message. It ends with exactly one of [`PostingCommand::Acknowledge`] and [`PostingCommand::Refuse`], or with
/// neither when the sender left first.
///
/// - To **one** listener: acknowledged when it accepted. When it was not handed any of the message, or gave it back, the next
///   one is asked. In every other case (its link was lost behind the first byte, or nothing was heard of it in time) nobody
///   else is asked, because doing a thing twice is worse than a fault: the sender does not know, and is told so.
/// - To **all**: acknowledged as soon as one accepted. The others keep what they are offered, each on its own.
///
/// Messages that come late, twice, or for an attempt that is over change nothing.
#[derive(Debug)]
pub struct Posting {
    terms: PostingTerms,
    candidates: Vec<Registration>,
    /// What is left of the one random number, as in a [`Meeting`](super::Meeting).
    random: u64,
    /// In order; attempt 1 is the first.
    attempts: Vec<Attempt>,
    /// After this no further listener is asked.
    ask_until: Option<Instant>,
    /// When those asked last must have accepted; `None` = done.
    until: Option<Instant>,
    done: bool,
    commands: VecDeque<PostingCommand>,
}

/// Who gets a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// One listener: `NetOnewayRelayBinding`.
    One,
    /// Every listener: `NetEventRelayBinding`.
    All,
}

/// What a sender wants to be delivered.
#[derive(Clone, Debug)]
pub struct PostingTerms {
    /// Of this posting alone; one of a meeting's, since gateways exchange the same messages for both.
    pub id: MeetingId,
    /// The sender's gateway: where answers go.
    pub gateway: GatewayId,
    /// The message. Shared, because each attempt sends it.
    pub invitation: Arc<Invitation>,
    /// To whom.
    pub spread: Spread,
    /// How long a listener may take, from when it was asked. The last one is asked within as long of the beginning, so the
    /// sender has its answer after twice this. `Timeouts::oneway`.
    pub wait: Duration,
}

/// What the sender's gateway does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostingCommand {
    /// Send a message to a gateway, perhaps to this one. One that cannot be sent at once comes back as
    /// [`ToListenerGateway::refusal`].
    Tell {
        /// Whose listener it concerns.
        gateway: GatewayId,
        /// What to say.
        message: ToListenerGateway,
    },
    /// The outcome: a listener has the message.
    Acknowledge,
    /// The outcome: it was not delivered, or nobody knows.
    Refuse(Refusal),
}

#[derive(Debug)]
struct Attempt {
    listener: ListenerId,
    gateway: GatewayId,
    /// Nothing was heard of it.
    open: bool,
    /// Its listener was handed the message and vanished.
    lost: bool,
}

impl Posting {
    /// Asks one of `candidates`, or all of them, or refuses at once. `random` decides every choice of this posting.
    pub fn new(terms: PostingTerms, candidates: Vec<Registration>, random: u64, now: Instant) -> Self {
        let ask_until = now.checked_add(terms.wait);
        let mut posting = Self {
            terms,
            candidates,
            random,
            attempts: Vec::new(),
            ask_until,
            until: None,
            done: false,
            commands: VecDeque::new(),
        };
        if let Err(none) = posting.ask(now) {
            posting.end(PostingCommand::Refuse(none.into()));
        }
        posting
    }

    /// The relay's listeners have changed. Those asked before are not asked again.
    pub fn handle_candidates(&mut self, candidates: Vec<Registration>) {
        self.candidates = candidates;
    }

    /// A listener's gateway has something to say.
    pub fn handle_message(&mut self, message: ToSenderGateway, now: Instant) {
        if message.meeting() != self.terms.id || self.done {
            return;
        }
        match message {
            ToSenderGateway::Accepted { attempt, .. } => {
                if self.close_attempt(attempt).is_some() {
                    self.end(PostingCommand::Acknowledge);
                }
            }
            ToSenderGateway::Refused { attempt, reason, .. } => self.handle_refused(attempt, reason, now),
            // Of a meeting, which this is not.
            ToSenderGateway::Invited { .. } | ToSenderGateway::Responded { .. } => {}
        }
    }

    /// The sender left; it is told nothing any more.
    pub fn handle_sender_gone(&mut self) {
        if !self.done {
            self.cancel();
            self.done = true;
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if !self.done && self.until.is_some_and(|until| until <= now) {
            self.cancel();
            self.end(PostingCommand::Refuse(Refusal::ListenerDidNotRespond));
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.until.filter(|_| !self.done)
    }

    /// What to do next.
    pub fn next_command(&mut self) -> Option<PostingCommand> {
        self.commands.pop_front()
    }

    /// Whether the outcome was given, or the sender left.
    pub fn is_done(&self) -> bool {
        self.done
    }

    fn handle_refused(&mut self, attempt: u32, reason: RefuseReason, now: Instant) {
        let Some(closed) = self.close_attempt(attempt) else { return };
        closed.lost = reason == RefuseReason::ListenerGone;
        if self.attempts.iter().any(|attempt| attempt.open) {
            return;
        }
        if self.attempts.iter().any(|attempt| attempt.lost) {
            self.end(PostingCommand::Refuse(Refusal::ListenerGone));
            return;
        }
        let may_ask =
            self.terms.spread == Spread::One && self.ask_until.is_none_or(|ask_until| now < ask_until);
        if !may_ask || self.ask(now).is_err() {
            self.end(PostingCommand::Refuse(match reason {
                RefuseReason::UnknownListener => Refusal::NoListener,
                RefuseReason::Busy => Refusal::Overloaded,
                RefuseReason::Draining => Refusal::Draining,
                RefuseReason::NotTaken => Refusal::MessageNotTaken,
                RefuseReason::ListenerGone => Refusal::ListenerGone,
            }));
        }
    }

    /// Asks one more listener, or all.
    fn ask(&mut self, now: Instant) -> Result<(), NoListener> {
        self.ask_one()?;
        if self.terms.spread == Spread::All {
            while self.ask_one().is_ok() {}
        }
        self.until = now.checked_add(self.terms.wait);
        Ok(())
    }

    fn ask_one(&mut self) -> Result<(), NoListener> {
        let tried: Vec<ListenerId> = self.attempts.iter().map(|attempt| attempt.listener).collect();
        let PostingTerms { id, gateway, invitation, wait, .. } = &self.terms;
        let filter = ListenerFilter::default();
        let chosen = choose(&self.candidates, &filter, invitation.what.shape(), &tried, self.random)?;
        self.random /= self.candidates.len() as u64;
        let (listener, to) = (chosen.listener, chosen.gateway.clone());
        self.attempts.push(Attempt { listener, gateway: to.clone(), open: true, lost: false });
        let message = ToListenerGateway::Invite {
            meeting: *id,
            attempt: self.attempts.len() as u32,
            listener,
            reply_to: gateway.clone(),
            invitation: Arc::clone(invitation),
            within: Some(*wait),
        };
        self.commands.push_back(PostingCommand::Tell { gateway: to, message });
        Ok(())
    }

    fn end(&mut self, outcome: PostingCommand) {
        self.commands.push_back(outcome);
        self.done = true;
    }

    /// Tells the listeners' gateways of every open attempt that nobody waits for it any more.
    fn cancel(&mut self) {
        let meeting = self.terms.id;
        for (attempt, each) in (1..).zip(&mut self.attempts) {
            if std::mem::replace(&mut each.open, false) {
                let message = ToListenerGateway::Cancel { meeting, attempt, listener: each.listener };
                self.commands.push_back(PostingCommand::Tell { gateway: each.gateway.clone(), message });
            }
        }
    }

    /// The attempt, if it was open.
    fn close_attempt(&mut self, number: u32) -> Option<&mut Attempt> {
        let index = (number as usize).checked_sub(1)?;
        let attempt = self.attempts.get_mut(index)?;
        std::mem::replace(&mut attempt.open, false).then_some(attempt)
    }
}

#[cfg(test)]
mod tests;

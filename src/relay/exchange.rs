//! One exchange on its rendezvous: who may be silent how long, and what the listener may say when.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{Refusal, ResponseHead};
use crate::entity::limits::Timeouts;

/// One exchange, from the moment its rendezvous was joined (hybrid page 5.4). It ends with [`ExchangeCommand::Done`];
/// before that the sender gets either [`ExchangeCommand::Refuse`], or [`ExchangeCommand::Start`] and then
/// [`ExchangeCommand::Finish`] or [`ExchangeCommand::AbortSender`], or it left first and gets nothing.
///
/// The machine sees no payload: the driver holds a piece of the body until the commands say what becomes of it.
#[derive(Debug)]
pub struct Exchange {
    terms: ExchangeTerms,
    state: State,
    commands: VecDeque<ExchangeCommand>,
}

/// How long the parties of an exchange may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangeTerms {
    /// From the end of the request to the listener's `response`; `None` = no deadline. `Timeouts::response`, or the relay's own.
    pub respond: Option<Duration>,
    /// Silence inside the response body, and of a listener that does not take the request body: `Timeouts::response_idle`.
    pub response_idle: Duration,
    /// Silence of the sender inside its request body: `Timeouts::request_idle`.
    pub request_idle: Duration,
}

impl ExchangeTerms {
    /// From the configuration; `relay` is the relay's own response deadline, which goes before. Zero = none.
    pub fn new(timeouts: &Timeouts, relay: Option<Duration>) -> Self {
        Self {
            respond: Some(relay.unwrap_or(timeouts.response)).filter(|respond| !respond.is_zero()),
            response_idle: timeouts.response_idle,
            request_idle: timeouts.request_idle,
        }
    }
}

/// Where the request is when the rendezvous was joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestBody {
    /// The listener had all of it inside the invitation, and dialled because its response is large (hybrid page 5.4, case B).
    Sent {
        /// When the response is due: [`Meeting::respond_by`](super::Meeting::respond_by).
        respond_by: Option<Instant>,
    },
    /// It goes over this rendezvous, beginning now (hybrid page 5.4, case A).
    Streamed,
}

/// What the driver of an exchange does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExchangeCommand {
    /// Answer the sender with this and no head: there is no response.
    Refuse(Refusal),
    /// Begin the response to the sender with this head.
    Start(ResponseHead),
    /// The piece just handled goes on to the sender.
    Pass,
    /// The response is complete.
    Finish,
    /// The response cannot be completed: break the sender's connection, so that it cannot take it for whole.
    AbortSender,
    /// Send a close frame on the rendezvous; if the listener closed first, this is the answer.
    CloseRendezvous {
        /// The close code.
        code: u16,
    },
    /// It is over.
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The next piece of the request body is the sender's to give.
    SenderOwes {
        until: Option<Instant>,
    },
    /// A piece of the request body is the listener's to take.
    ListenerOwes {
        until: Option<Instant>,
    },
    /// The listener has the whole request.
    AwaitingResponse {
        until: Option<Instant>,
    },
    InResponse {
        until: Option<Instant>,
    },
    Done,
}

impl Exchange {
    /// The rendezvous was joined.
    pub fn new(terms: ExchangeTerms, request: RequestBody, now: Instant) -> Self {
        let state = match request {
            RequestBody::Sent { respond_by } => State::AwaitingResponse { until: respond_by },
            RequestBody::Streamed => State::SenderOwes { until: now.checked_add(terms.request_idle) },
        };
        Self { terms, state, commands: VecDeque::new() }
    }

    /// The sender gave a piece of its request body, and the driver sets about writing it to the listener.
    pub fn handle_request_piece(&mut self, now: Instant) {
        if self.is_in_request() {
            self.state = State::ListenerOwes { until: now.checked_add(self.terms.response_idle) };
        }
    }

    /// The listener took that piece.
    pub fn handle_request_taken(&mut self, now: Instant) {
        if self.is_in_request() {
            self.state = State::SenderOwes { until: now.checked_add(self.terms.request_idle) };
        }
    }

    /// The listener took the end of the request.
    pub fn handle_request_end(&mut self, now: Instant) {
        if self.is_in_request() {
            let until = self.terms.respond.and_then(|respond| now.checked_add(respond));
            self.state = State::AwaitingResponse { until };
        }
    }

    /// The listener sent a text frame with `response`; `body` says whether a body follows. It may come before the
    /// request has ended. A second one breaks the protocol.
    pub fn handle_response(&mut self, response: ResponseHead, body: ResponseBody, now: Instant) {
        match self.state {
            State::SenderOwes { .. } | State::ListenerOwes { .. } | State::AwaitingResponse { .. }
                if response.is_final() =>
            {
                self.commands.push_back(ExchangeCommand::Start(response));
                self.state = State::InResponse { until: now.checked_add(self.terms.response_idle) };
                if body == ResponseBody::None {
                    self.finish(1000);
                }
            }
            _ => self.handle_nonsense(),
        }
    }

    /// The listener sent a piece of a binary message; `piece` says whether its message ends with it.
    pub fn handle_piece(&mut self, piece: Piece, now: Instant) {
        match &mut self.state {
            State::InResponse { until } => {
                *until = now.checked_add(self.terms.response_idle);
                self.commands.push_back(ExchangeCommand::Pass);
                if piece == Piece::Last {
                    self.finish(1000);
                }
            }
            _ => self.handle_nonsense(),
        }
    }

    /// The sender took a piece of the response.
    pub fn handle_piece_taken(&mut self, now: Instant) {
        if let State::InResponse { until } = &mut self.state {
            *until = now.checked_add(self.terms.response_idle);
        }
    }

    /// The listener sent what it may not send: a text frame that is no `response`, or one in the wrong place.
    pub fn handle_nonsense(&mut self) {
        self.fail(Refusal::ListenerMisbehaved, Some(1002));
    }

    /// The listener sent a close frame. Java ends its body so, by 1000 and without a last piece (hybrid page 0, rule 10).
    pub fn handle_close(&mut self, code: Option<u16>) {
        match self.state {
            State::InResponse { .. } if code == Some(1000) => self.finish(1000),
            _ => self.fail(Refusal::ListenerGone, Some(1000)),
        }
    }

    /// The rendezvous broke without a close frame.
    pub fn handle_lost(&mut self) {
        self.fail(Refusal::ListenerGone, None);
    }

    /// The sender's connection broke.
    pub fn handle_sender_gone(&mut self) {
        if self.state != State::Done {
            self.close(Some(1001));
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|deadline| deadline > now) {
            return;
        }
        let refusal = match self.state {
            State::SenderOwes { .. } => Refusal::SenderStalled,
            _ => Refusal::ListenerDidNotRespond,
        };
        self.fail(refusal, Some(1001));
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::SenderOwes { until }
            | State::ListenerOwes { until }
            | State::AwaitingResponse { until }
            | State::InResponse { until } => until,
            State::Done => None,
        }
    }

    /// What to do next.
    pub fn next_command(&mut self) -> Option<ExchangeCommand> {
        self.commands.pop_front()
    }

    fn is_in_request(&self) -> bool {
        matches!(self.state, State::SenderOwes { .. } | State::ListenerOwes { .. })
    }

    fn finish(&mut self, code: u16) {
        self.commands.push_back(ExchangeCommand::Finish);
        self.close(Some(code));
    }

    /// A sender that has a head already cannot be told what went wrong: it is cut off.
    fn fail(&mut self, refusal: Refusal, code: Option<u16>) {
        match self.state {
            State::Done => return,
            State::InResponse { .. } => self.commands.push_back(ExchangeCommand::AbortSender),
            _ => self.commands.push_back(ExchangeCommand::Refuse(refusal)),
        }
        self.close(code);
    }

    fn close(&mut self, code: Option<u16>) {
        self.commands.extend(code.map(|code| ExchangeCommand::CloseRendezvous { code }));
        self.commands.push_back(ExchangeCommand::Done);
        self.state = State::Done;
    }
}

/// Whether a body follows a `response`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseBody {
    /// `"body": false`, or nothing said.
    None,
    /// `"body": true`.
    Follows,
}

/// Whether a message ends with a piece of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// More of it comes.
    More,
    /// The FIN bit is set.
    Last,
}

#[cfg(test)]
mod tests;

//! The steps of a preamble as one value, for a driver that keeps it across reads.

use super::error::DecodeError;
use super::policy::Policy;
use super::preamble::{
    AwaitEncoding, AwaitEnd, AwaitMode, AwaitVersion, AwaitVia, Next, Opened, Preamble, Session,
};

/// Reads one preamble.
///
/// The driver keeps the bytes that no record has used yet and calls [`Self::read`] until it answers
/// [`PreambleEvent::Begun`]; what follows those bytes belongs to the session.
#[derive(Debug)]
pub struct PreambleReader(State);

/// What the reader came to.
#[derive(Debug)]
pub enum PreambleEvent {
    /// A record that alone decides nothing.
    Record,
    /// The encoding record is complete, so [`PreambleReader::preamble`] is known: look the Via up and authorise its
    /// sender now, before anything is answered.
    Opened,
    /// The preamble is over: by its end, by an Upgrade Request, or because its mode has no end. [`Session::encode`] writes
    /// it again, this last record included.
    Begun(Session),
}

#[derive(Debug)]
enum State {
    Version(AwaitVersion),
    Mode(AwaitMode),
    Via(AwaitVia),
    Encoding(AwaitEncoding),
    End(AwaitEnd),
    /// One answer was given for two events: a session without an end of the preamble.
    OneWay(Session),
    Over(DecodeError),
}

impl Default for PreambleReader {
    fn default() -> Self {
        Self::new()
    }
}

impl PreambleReader {
    /// A preamble begins.
    pub fn new() -> Self {
        Self(State::Version(AwaitVersion::new()))
    }

    /// Reads the next record of the preamble and says how many bytes it took. `Ok(None)`: the input ends inside it, read
    /// more and call again with the longer input.
    ///
    /// # Errors
    /// [`DecodeError`], which may have a fault to send; every later call gives the same one. After
    /// [`PreambleEvent::Begun`] there is nothing more to read and the answer is [`DecodeError::UnexpectedEof`].
    pub fn read(
        &mut self,
        input: &[u8],
        policy: &Policy,
    ) -> Result<Option<(PreambleEvent, usize)>, DecodeError> {
        let state = std::mem::replace(&mut self.0, State::Over(DecodeError::UnexpectedEof));
        let result = state.next(input, policy);
        match result {
            Ok((state, answer)) => {
                self.0 = state;
                Ok(answer)
            }
            Err(error) => {
                self.0 = State::Over(error.clone());
                Err(error)
            }
        }
    }

    /// What the preamble says, from [`PreambleEvent::Opened`] until [`PreambleEvent::Begun`] hands it over.
    pub fn preamble(&self) -> Option<&Preamble> {
        match &self.0 {
            State::End(step) => Some(step.preamble()),
            State::OneWay(session) => Some(&session.preamble),
            _ => None,
        }
    }

    /// Whether no record has been read yet: a stream may end here.
    pub fn at_start(&self) -> bool {
        matches!(self.0, State::Version(_))
    }
}

type Answer = Option<(PreambleEvent, usize)>;

impl State {
    fn next(self, input: &[u8], policy: &Policy) -> Result<(Self, Answer), DecodeError> {
        let record = |used| Some((PreambleEvent::Record, used));
        Ok(match self {
            Self::Version(step) => match step.next(input, policy)? {
                Next::More(step) => (Self::Version(step), None),
                Next::Step { step, used } => (Self::Mode(step), record(used)),
            },
            Self::Mode(step) => match step.next(input, policy)? {
                Next::More(step) => (Self::Mode(step), None),
                Next::Step { step, used } => (Self::Via(step), record(used)),
            },
            Self::Via(step) => match step.next(input, policy)? {
                Next::More(step) => (Self::Via(step), None),
                Next::Step { step, used } => (Self::Encoding(step), record(used)),
            },
            Self::Encoding(step) => match step.next(input, policy)? {
                Next::More(step) => (Self::Encoding(step), None),
                Next::Step { step: Opened::AwaitEnd(step), used } => {
                    (Self::End(step), Some((PreambleEvent::Opened, used)))
                }
                Next::Step { step: Opened::OneWay(session), used } => {
                    (Self::OneWay(session), Some((PreambleEvent::Opened, used)))
                }
            },
            Self::End(step) => match step.next(input, policy)? {
                Next::More(step) => (Self::End(step), None),
                Next::Step { step: session, used } => {
                    (Self::Over(DecodeError::UnexpectedEof), Some((PreambleEvent::Begun(session), used)))
                }
            },
            Self::OneWay(session) => {
                (Self::Over(DecodeError::UnexpectedEof), Some((PreambleEvent::Begun(session), 0)))
            }
            Self::Over(error) => return Err(error),
        })
    }
}

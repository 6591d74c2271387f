//! The records of one direction of a session in clear, after the preamble (framing page 3): what may come, what follows.

use super::decode;
use super::error::DecodeError;
use super::policy::FramingLimits;
use super::record::{Mode, Record, RecordType};

/// One direction of one session. It reads heads: whoever drives it moves [`Head::payload`] bytes before the next call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heads {
    side: Side,
    mode: Mode,
    state: State,
    /// Bytes of chunks announced so far.
    total: u64,
    limits: FramingLimits,
}

/// Who sends the direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Initiator,
    Receiver,
}

/// What a receiver may begin with, besides a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    /// The acknowledgement: no upgrade was asked for.
    Ack,
    /// The agreement to an upgrade that was asked for.
    Upgrade,
    /// Either: who sees this direction alone cannot know.
    Either,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Initiator: the preamble's end is still to come, inside a security layer that turned out to protect nothing.
    PreambleEnd,
    /// Receiver: nothing came yet.
    Answer(Answers),
    /// Receiver: it agreed to a security layer.
    Upgraded,
    /// Between records; `any`: at least one envelope came.
    Messages { any: bool },
    /// Inside an unsized envelope, between two chunks.
    Chunks,
    /// The one envelope of a singleton is over: End must follow.
    AfterEnvelope,
    /// The direction is over.
    Ended,
    /// The receiver refused: the session is over, and so is the connection.
    Faulted,
}

/// The head of a record or a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head<'a> {
    pub(super) kind: HeadKind<'a>,
    /// Bytes that follow the head and are not looked at.
    pub(super) payload: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadKind<'a> {
    Record(Record<'a>),
    Chunk(u32),
    /// The chunk of size 0 that ends an unsized envelope.
    Terminator,
}

/// How a direction ended, where a stream may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndOfStream {
    /// Between two sessions, before the first, or after a fault.
    Clean,
    /// After a complete envelope without End: .NET takes it for End (framing page 3.3).
    Tolerated,
    /// Inside what cannot be read: after an upgrade, or in singleton sized mode.
    Open,
}

impl Heads {
    /// What the initiator sends after the end of its preamble.
    pub(super) fn initiator(mode: Mode, limits: FramingLimits) -> Self {
        Self::new(Side::Initiator, mode, State::Messages { any: false }, limits)
    }

    /// What the initiator sends from the end of its preamble on.
    pub(super) fn initiator_at_preamble_end(mode: Mode, limits: FramingLimits) -> Self {
        Self::new(Side::Initiator, mode, State::PreambleEnd, limits)
    }

    /// What the receiver sends.
    pub(super) fn receiver(mode: Mode, answers: Answers, limits: FramingLimits) -> Self {
        Self::new(Side::Receiver, mode, State::Answer(answers), limits)
    }

    fn new(side: Side, mode: Mode, state: State, limits: FramingLimits) -> Self {
        Self { side, mode, state, total: 0, limits }
    }

    /// Reads the next head and says how many bytes it took. Nothing changes unless there is one.
    pub(super) fn next<'a>(&mut self, input: &'a [u8]) -> Result<Option<(Head<'a>, usize)>, DecodeError> {
        if self.state == State::Chunks {
            return self.chunk(input);
        }
        let Some((record, used)) = decode::record(input, self.expected(), &self.limits)? else {
            return Ok(None);
        };
        let mut payload = 0;
        self.state = match record {
            Record::SizedEnvelope { size } => {
                let max = self.limits.envelope;
                if max != 0 && u64::from(size) > max {
                    return Err(DecodeError::EnvelopeTooLarge { size, max });
                }
                payload = u64::from(size);
                State::Messages { any: true }
            }
            Record::UnsizedEnvelope => State::Chunks,
            Record::End if self.state == State::Faulted => State::Faulted,
            Record::End => State::Ended,
            Record::Fault(_) => State::Faulted,
            Record::UpgradeResponse => State::Upgraded,
            // PreambleEnd and PreambleAck; the others are expected in no state.
            _ => State::Messages { any: false },
        };
        Ok(Some((Head { kind: HeadKind::Record(record), payload }, used)))
    }

    /// [MC-NMF] 2.2.4.3: chunks mean nothing by themselves; one of size 0 ends the envelope.
    fn chunk<'a>(&mut self, input: &[u8]) -> Result<Option<(Head<'a>, usize)>, DecodeError> {
        let Some((size, used)) = decode::chunk_size(input)? else {
            return Ok(None);
        };
        let total = self.total + u64::from(size);
        let max = self.limits.envelope;
        if max != 0 && total > max {
            return Err(DecodeError::MessageTooLarge { size: total, max });
        }
        self.total = total;
        let kind = if size == 0 {
            self.state = State::AfterEnvelope;
            HeadKind::Terminator
        } else {
            HeadKind::Chunk(size)
        };
        Ok(Some((Head { kind, payload: u64::from(size) }, used)))
    }

    fn expected(&self) -> &'static [RecordType] {
        use RecordType::{
            End, Fault, PreambleAck, PreambleEnd, SizedEnvelope, UnsizedEnvelope, UpgradeResponse,
        };
        match (self.side, self.state, self.mode) {
            (_, State::PreambleEnd, _) => &[PreambleEnd],
            (_, State::Answer(Answers::Ack), _) => &[PreambleAck, Fault],
            (_, State::Answer(Answers::Upgrade), _) => &[UpgradeResponse, Fault],
            (_, State::Answer(Answers::Either), _) => &[PreambleAck, UpgradeResponse, Fault],
            (Side::Initiator, State::Messages { .. }, Mode::Singleton) => &[UnsizedEnvelope],
            (Side::Initiator, State::Messages { .. }, _) => &[SizedEnvelope, End],
            (Side::Receiver, State::Messages { .. }, Mode::Singleton) => &[UnsizedEnvelope, End, Fault],
            (Side::Receiver, State::Messages { .. }, _) => &[SizedEnvelope, End, Fault],
            (_, State::AfterEnvelope, _) => &[End],
            // .NET takes an End after a fault in duplex mode (framing page 3.2).
            (_, State::Faulted, Mode::Duplex) => &[End],
            (_, State::Faulted | State::Ended | State::Upgraded | State::Chunks, _) => &[],
        }
    }

    /// Whether this direction is over. After a fault it is not: the receiver closes, and its FIN is to be passed on.
    pub(super) fn ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Whether a security layer begins here.
    pub(super) fn upgraded(&self) -> bool {
        self.state == State::Upgraded
    }

    /// Whether a record begins here, so that a FIN cuts nothing.
    pub(super) fn between_records(&self) -> bool {
        self.state != State::Chunks
    }

    /// Whether an envelope may begin here, or a fault.
    pub(super) fn takes_envelope(&self) -> bool {
        matches!(self.state, State::Messages { .. })
    }

    /// The stream ended here, after a complete record and its payload (framing page 3.3).
    pub(super) fn eof(&self) -> Result<EndOfStream, DecodeError> {
        match (self.state, self.mode) {
            (State::Ended | State::Faulted | State::Answer(_), _) => Ok(EndOfStream::Clean),
            (State::Messages { any: true }, Mode::Duplex | Mode::Simplex) => Ok(EndOfStream::Tolerated),
            (State::Upgraded, _) => Ok(EndOfStream::Open),
            (State::Messages { .. } | State::Chunks | State::AfterEnvelope | State::PreambleEnd, _) => {
                Err(DecodeError::UnexpectedEof)
            }
        }
    }
}

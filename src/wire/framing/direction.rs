//! One direction of a connection, session after session: every record, for whoever wants to see them all.

use super::decode;
use super::encode;
use super::error::DecodeError;
use super::heads::{Answers, EndOfStream, HeadKind, Heads};
use super::policy::{FramingLimits, Policy};
use super::preamble::Protection;
use super::reader::{PreambleEvent, PreambleReader};
use super::record::{Mode, Record, RecordType};

/// A piece of a direction. The pieces of a stream, encoded one after the other, are the stream, but for overlong sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A record; the payload of a sized envelope follows.
    Record(Record<'a>),
    /// The head of a chunk of this many bytes, at least 1; its payload follows.
    Chunk(u32),
    /// The end of an unsized envelope.
    Terminator,
    /// Some of the payload of an envelope or a chunk: at least one byte, perhaps not all.
    Payload {
        /// The bytes.
        bytes: &'a [u8],
        /// Whether they are the last of it.
        last: bool,
    },
    /// Bytes that cannot be read: a security layer, or the one message of singleton sized mode.
    Opaque(&'a [u8]),
}

impl Piece<'_> {
    /// Appends the bytes of the piece.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Record(record) => encode::record(record, out),
            Self::Chunk(size) => encode::chunk_size(*size, out),
            Self::Terminator => encode::chunk_size(0, out),
            Self::Payload { bytes, .. } | Self::Opaque(bytes) => out.extend_from_slice(bytes),
        }
    }
}

/// What an initiator sends, read by the rules of a receiver.
#[derive(Debug)]
pub struct InitiatorDecoder {
    policy: Policy,
    part: InitiatorPart,
    payload: u64,
}

#[derive(Debug)]
enum InitiatorPart {
    Preamble(PreambleReader),
    Session(Heads),
    Opaque,
}

impl InitiatorDecoder {
    /// Reads by this policy.
    pub fn new(policy: Policy) -> Self {
        Self { policy, part: InitiatorPart::Preamble(PreambleReader::new()), payload: 0 }
    }

    /// Reads from behind a preamble in clear that said this mode.
    pub fn behind_preamble(mode: Mode, policy: Policy) -> Self {
        let part = InitiatorPart::Session(Heads::initiator(mode, policy.limits));
        Self { policy, part, payload: 0 }
    }

    /// Reads the next piece and says how many bytes it took. `Ok(None)`: the input ends inside it, read more and call again
    /// with the longer input.
    ///
    /// # Errors
    /// [`DecodeError`]; the stream is of no use after it.
    pub fn next<'a>(&mut self, input: &'a [u8]) -> Result<Option<(Piece<'a>, usize)>, DecodeError> {
        if input.is_empty() {
            return Ok(None);
        }
        if self.payload != 0 {
            return Ok(Some(take_payload(&mut self.payload, input)));
        }
        match &mut self.part {
            InitiatorPart::Preamble(reader) => {
                let Some((mut event, used)) = reader.read(input, &self.policy)? else {
                    return Ok(None);
                };
                if matches!(event, PreambleEvent::Opened) {
                    // The modes without an end of the preamble begin here.
                    if let Some((begun, _)) = reader.read(&[], &self.policy)? {
                        event = begun;
                    }
                }
                if let PreambleEvent::Begun(session) = event {
                    self.part = match session.protection {
                        Protection::Upgraded(_) => InitiatorPart::Opaque,
                        Protection::Clear => self.session(session.preamble.mode),
                    };
                }
                // The reader keeps values, not the bytes they came from.
                let record = decode::record(&input[..used], &RecordType::ALL, &self.policy.limits)?;
                Ok(record.map(|(record, _)| (Piece::Record(record), used)))
            }
            InitiatorPart::Session(heads) => {
                let answer = heads_piece(heads, &mut self.payload, input)?;
                if heads.ended() {
                    self.part = InitiatorPart::Preamble(PreambleReader::new());
                }
                Ok(answer)
            }
            InitiatorPart::Opaque => Ok(Some((Piece::Opaque(input), input.len()))),
        }
    }

    /// The stream ended, and no piece took the bytes of `rest`.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEof`] where it may not end.
    pub fn eof(&self, rest: &[u8]) -> Result<EndOfStream, DecodeError> {
        if !rest.is_empty() || self.payload != 0 {
            return Err(DecodeError::UnexpectedEof);
        }
        match &self.part {
            InitiatorPart::Preamble(reader) if reader.at_start() => Ok(EndOfStream::Clean),
            InitiatorPart::Preamble(_) => Err(DecodeError::UnexpectedEof),
            InitiatorPart::Session(heads) => heads.eof(),
            InitiatorPart::Opaque => Ok(EndOfStream::Open),
        }
    }

    fn session(&self, mode: Mode) -> InitiatorPart {
        match mode {
            Mode::SingletonSized => InitiatorPart::Opaque,
            mode => InitiatorPart::Session(Heads::initiator(mode, self.policy.limits)),
        }
    }
}

/// What a receiver sends, read by the rules of an initiator.
#[derive(Debug)]
pub struct ReceiverDecoder {
    limits: FramingLimits,
    mode: Mode,
    heads: Heads,
    payload: u64,
}

impl ReceiverDecoder {
    /// Reads the answers to sessions of this mode, which only the other direction says.
    pub fn new(mode: Mode, limits: FramingLimits) -> Self {
        Self { mode, heads: Heads::receiver(mode, Answers::Either, limits), limits, payload: 0 }
    }

    /// The mode of the sessions after the one that is being read.
    pub fn set_next_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// Reads the next piece and says how many bytes it took. `Ok(None)`: the input ends inside it, read more and call again
    /// with the longer input.
    ///
    /// # Errors
    /// [`DecodeError`]; the stream is of no use after it.
    pub fn next<'a>(&mut self, input: &'a [u8]) -> Result<Option<(Piece<'a>, usize)>, DecodeError> {
        if input.is_empty() {
            return Ok(None);
        }
        if self.payload != 0 {
            return Ok(Some(take_payload(&mut self.payload, input)));
        }
        if self.heads.upgraded() {
            return Ok(Some((Piece::Opaque(input), input.len())));
        }
        if self.heads.ended() {
            self.heads = Heads::receiver(self.mode, Answers::Either, self.limits);
        }
        heads_piece(&mut self.heads, &mut self.payload, input)
    }

    /// The stream ended, and no piece took the bytes of `rest`.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEof`] where it may not end.
    pub fn eof(&self, rest: &[u8]) -> Result<EndOfStream, DecodeError> {
        if !rest.is_empty() || self.payload != 0 {
            return Err(DecodeError::UnexpectedEof);
        }
        self.heads.eof()
    }
}

fn heads_piece<'a>(
    heads: &mut Heads,
    payload: &mut u64,
    input: &'a [u8],
) -> Result<Option<(Piece<'a>, usize)>, DecodeError> {
    Ok(heads.next(input)?.map(|(head, used)| {
        *payload = head.payload;
        let piece = match head.kind {
            HeadKind::Record(record) => Piece::Record(record),
            HeadKind::Chunk(size) => Piece::Chunk(size),
            HeadKind::Terminator => Piece::Terminator,
        };
        (piece, used)
    }))
}

fn take_payload<'a>(payload: &mut u64, input: &'a [u8]) -> (Piece<'a>, usize) {
    let here = usize::try_from(*payload).map_or(input.len(), |left| left.min(input.len()));
    *payload -= here as u64;
    (Piece::Payload { bytes: &input[..here], last: *payload == 0 }, here)
}

//! What an initiator sends, read by a receiver: framing page 3.1 and 3.2.

use viaduct::wire::framing::{
    DecodeError, EndOfStream, FramingLimits, InitiatorDecoder, Mode, Piece, Policy, PreambleEvent,
    PreambleReader, Record, Session,
};

use super::cut::{cut, ways};
use super::options::{bit, choose, options};

/// The longest Via with its token, and the same a few times over: as it came, encoded, and in messages of errors.
pub const MEMORY: usize = 1 << 20;

/// Every mode there is.
const MODES: [Mode; 4] = [Mode::Singleton, Mode::Duplex, Mode::Simplex, Mode::SingletonSized];

/// Options: policy and limits, two sizes of pieces.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([policy, first, second], stream) = options(input);
    let policy = self::policy(policy);
    let whole = decode(&policy, [stream].into_iter());
    for sizes in ways(stream.len(), [first, second]) {
        assert_eq!(whole, decode(&policy, cut(stream, sizes)), "cut by {sizes:?}");
    }
    whole.check(stream, &policy.limits);
    // Encoded it is a stream that says the same, in its shortest form.
    let again = decode(&policy, [&whole.encoded[..]].into_iter());
    assert_eq!((&again.encoded, again.heads), (&whole.encoded, whole.heads));
    if let Some(session) = begun(stream, &policy) {
        check_session(&session, &policy);
    }
}

fn policy(option: u8) -> Policy {
    let limits = limits(option);
    if bit(option, 0) {
        return Policy { limits, ..Policy::default() };
    }
    Policy { modes: MODES.to_vec(), ..Policy::relay(limits) }
}

/// The limits that an option chooses; shared with the other side.
pub(super) fn limits(option: u8) -> FramingLimits {
    FramingLimits {
        token: if bit(option, 1) { 600 } else { 0 },
        envelope: choose(option >> 2, [65_536, 300, 0]),
        via: if bit(option, 5) { 60 } else { 2048 },
        ..FramingLimits::default()
    }
}

/// What a decoder made of a stream.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Decoded {
    /// Its pieces, encoded again.
    pub(super) encoded: Vec<u8>,
    /// Pieces that are no payload; how payload is cut depends on the input.
    pub(super) heads: usize,
    /// Bytes used up.
    used: usize,
    /// The largest sized envelope, and all chunks of one unsized one.
    largest: u64,
    chunks: u64,
    /// The longest string of a record.
    longest: usize,
    end: Option<Result<EndOfStream, DecodeError>>,
}

impl Decoded {
    /// Takes the next piece, which used this much of that much input.
    pub(super) fn piece(&mut self, piece: &Piece<'_>, used: usize, available: usize) {
        assert!(used > 0 && used <= available, "{used} of {available} bytes");
        self.used += used;
        let before = self.encoded.len();
        piece.encode(&mut self.encoded);
        assert!(self.encoded.len() - before <= used, "a piece that grew: {piece:?}");
        match piece {
            Piece::Payload { .. } | Piece::Opaque(_) => return,
            Piece::Record(Record::SizedEnvelope { size }) => self.largest = self.largest.max((*size).into()),
            Piece::Record(Record::UnsizedEnvelope) => self.chunks = 0,
            Piece::Chunk(size) => {
                self.chunks += u64::from(*size);
                self.largest = self.largest.max(self.chunks);
            }
            Piece::Record(Record::Via(text)) => self.longest = self.longest.max(text.expose().len()),
            _ => {}
        }
        self.heads += 1;
    }

    /// The stream ended like this, with `rest` bytes in no piece.
    pub(super) fn end(mut self, end: Result<EndOfStream, DecodeError>) -> Self {
        if let Err(error) = &end {
            // They are shown and, perhaps, sent: none fails to be.
            assert!(!error.to_string().is_empty() && !error.class().is_empty());
            assert!(error.fault().is_none_or(|fault| fault.uri().ends_with(fault.name())));
        }
        self.end = Some(end);
        self
    }

    /// What holds of every stream.
    pub(super) fn check(&self, stream: &[u8], limits: &FramingLimits) {
        assert!(self.used <= stream.len());
        assert!(self.encoded.len() <= self.used);
        if self.encoded.len() == self.used {
            assert_eq!(self.encoded, stream[..self.used], "no size is overlong, so it is the same");
        }
        assert!(limits.envelope == 0 || self.largest <= limits.envelope);
        assert!(self.longest <= limits.via_on_the_wire());
        if let Some(Ok(_)) = self.end {
            assert_eq!(self.used, stream.len());
        }
    }
}

fn decode<'a>(policy: &Policy, pieces: impl Iterator<Item = &'a [u8]>) -> Decoded {
    let mut decoder = InitiatorDecoder::new(policy.clone());
    let (mut kept, mut decoded) = (Vec::new(), Decoded::default());
    for piece in pieces {
        kept.extend_from_slice(piece);
        let mut at = 0;
        loop {
            match decoder.next(&kept[at..]) {
                Ok(None) => break,
                Err(error) => return decoded.end(Err(error)),
                Ok(Some((piece, used))) => {
                    decoded.piece(&piece, used, kept.len() - at);
                    at += used;
                }
            }
        }
        kept.drain(..at);
    }
    let end = decoder.eof(&kept);
    decoded.end(end)
}

/// The first session of a stream, once its preamble is complete.
pub(super) fn begun(stream: &[u8], policy: &Policy) -> Option<Session> {
    let (mut reader, mut at, mut opened) = (PreambleReader::new(), 0, false);
    loop {
        match reader.read(&stream[at..], policy) {
            Ok(Some((event, used))) => {
                at += used;
                match event {
                    PreambleEvent::Record => assert!(reader.preamble().is_none()),
                    PreambleEvent::Opened => {
                        opened = true;
                        assert!(reader.preamble().is_some());
                    }
                    PreambleEvent::Begun(session) => {
                        assert!(opened);
                        return Some(session);
                    }
                }
            }
            Ok(None) => return None,
            Err(error) => {
                assert_eq!(reader.read(stream, policy).err(), Some(error), "an error stays");
                return None;
            }
        }
    }
}

/// What is sent on to a service says the same to it, and has no token in it.
fn check_session(session: &Session, policy: &Policy) {
    let mut sent = Vec::new();
    session.encode(session.preamble.via.as_str(), &mut sent);
    let again = begun(&sent, policy).expect("a preamble that was read can be read again");
    assert_eq!(again.protection, session.protection);
    let (one, other) = (&session.preamble, &again.preamble);
    assert_eq!((one.version, one.mode, &one.encoding), (other.version, other.mode, &other.encoding));
    assert_eq!(one.via.as_str(), other.via.as_str());
    assert!(other.via.token().is_none());
}

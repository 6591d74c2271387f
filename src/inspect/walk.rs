//! From the bytes of one direction to its records.

use std::fmt;

use super::payload::{Part, Payload};
use super::terms::Terms;
use crate::wire::framing::{
    DecodeError, EndOfStream, FramingLimits, InitiatorDecoder, Mode, Piece, Policy, ReceiverDecoder, Record,
    Upgrade,
};

/// The records of one direction, one after the other, with their offsets. After the last one [`Walk::ending`] says how the direction ends.
#[derive(Debug)]
pub struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the record begins that is being read.
    record_at: usize,
    side: Side,
    session: usize,
    ending: Option<Ending>,
}

#[derive(Debug)]
enum Side {
    Initiator {
        decoder: InitiatorDecoder,
        begun: bool,
    },
    Receiver {
        decoder: ReceiverDecoder,
        /// Of each session; that of the last one once they run out.
        modes: Vec<Mode>,
    },
}

/// A record and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'a> {
    /// Where it begins, in bytes from the beginning of the direction.
    pub offset: usize,
    /// Its bytes, those of an envelope and its chunks included.
    pub len: usize,
    /// Which session of the connection it is of, from 0.
    pub session: usize,
    /// What it is.
    pub item: Item<'a>,
}

/// What stands in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item<'a> {
    /// A record other than an envelope.
    Record(Record<'a>),
    /// An envelope of announced size.
    Sized(Payload<'a>),
    /// An envelope in chunks.
    Unsized(Payload<'a>),
    /// Bytes that cannot be read: a security layer, or the one message of singleton sized mode.
    Opaque(&'a [u8]),
}

/// How a direction ends. It prints itself as recordings name it: `clean`, `tolerated`, `open` or `error …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Where it may.
    At(EndOfStream),
    /// Where it must not, or nothing more can be read.
    Error {
        /// Why.
        error: DecodeError,
        /// Where the record begins that could not be read.
        offset: usize,
    },
}

impl<'a> Walk<'a> {
    /// What an initiator sent. Every mode and encoding is taken, envelopes may be of any size; strings have .NET's limits.
    pub fn initiator(bytes: &'a [u8]) -> Self {
        let policy = Policy {
            modes: vec![Mode::Singleton, Mode::Duplex, Mode::Simplex, Mode::SingletonSized],
            upgrades: vec![Upgrade::Tls, Upgrade::Negotiate],
            ..Policy::relay(LIMITS)
        };
        Self::new(bytes, Side::Initiator { decoder: InitiatorDecoder::new(policy), begun: false })
    }

    /// What a receiver sent in sessions of these terms, all of a mode with answers; where there are no more of them, the last ones go on.
    pub fn receiver(bytes: &'a [u8], terms: &[Terms]) -> Self {
        let modes: Vec<Mode> = terms.iter().map(|terms| terms.mode).collect();
        let first = modes.first().copied().unwrap_or(Mode::Duplex);
        let mut decoder = ReceiverDecoder::new(first, LIMITS);
        decoder.set_next_mode(nth_or_last(&modes, 1).unwrap_or(first));
        Self::new(bytes, Side::Receiver { decoder, modes })
    }

    fn new(bytes: &'a [u8], side: Side) -> Self {
        Self { bytes, at: 0, record_at: 0, side, session: 0, ending: None }
    }

    /// How the direction ends; `None` until the last record was given.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    fn piece(&mut self) -> Option<Piece<'a>> {
        let rest = &self.bytes[self.at..];
        let next = match &mut self.side {
            Side::Initiator { decoder, .. } => decoder.next(rest),
            Side::Receiver { decoder, .. } => decoder.next(rest),
        };
        let end = match next {
            Ok(Some((piece, used))) => {
                self.at += used;
                return Some(piece);
            }
            Ok(None) => match &self.side {
                Side::Initiator { decoder, .. } => decoder.eof(rest),
                Side::Receiver { decoder, .. } => decoder.eof(rest),
            },
            Err(error) => Err(error),
        };
        self.ending = Some(match end {
            Ok(end) => Ending::At(end),
            Err(error) => Ending::Error { error, offset: self.record_at },
        });
        None
    }

    /// The bytes behind a head that begins at `head`; `None` where not all of them came.
    fn part(&mut self, head: usize) -> Option<Part<'a>> {
        let offset = self.at;
        loop {
            if let Piece::Payload { last: true, .. } = self.piece()? {
                return Some(Part { head, offset, bytes: &self.bytes[offset..self.at] });
            }
        }
    }

    fn item(&mut self) -> Option<Item<'a>> {
        let head = self.at;
        Some(match self.piece()? {
            Piece::Record(Record::SizedEnvelope { .. }) => {
                let mut payload = Payload::default();
                payload.push(self.part(head)?);
                Item::Sized(payload)
            }
            Piece::Record(Record::UnsizedEnvelope) => {
                let mut payload = Payload::default();
                loop {
                    let head = self.at;
                    match self.piece()? {
                        Piece::Chunk(_) => payload.push(self.part(head)?),
                        _ => break Item::Unsized(payload),
                    }
                }
            }
            Piece::Record(record) => Item::Record(record),
            Piece::Opaque(bytes) => Item::Opaque(bytes),
            // Nothing but what `part` and the loop above have taken already.
            Piece::Payload { .. } | Piece::Chunk(_) | Piece::Terminator => return self.item(),
        })
    }

    /// Which session the record is of that was just read, and which the next one will be of.
    fn session_of(&mut self, item: &Item<'a>) -> usize {
        match (&mut self.side, item) {
            (Side::Initiator { begun, .. }, Item::Record(Record::Version(_))) => {
                self.session += usize::from(std::mem::replace(begun, true));
                self.session
            }
            (Side::Receiver { decoder, modes }, Item::Record(Record::End)) => {
                self.session += 1;
                if let Some(mode) = nth_or_last(modes, self.session + 1) {
                    decoder.set_next_mode(mode);
                }
                self.session - 1
            }
            _ => self.session,
        }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        if self.ending.is_some() {
            return None;
        }
        self.record_at = self.at;
        let item = self.item()?;
        let session = self.session_of(&item);
        Some(Found { offset: self.record_at, len: self.at - self.record_at, session, item })
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(EndOfStream::Clean) => out.write_str("clean"),
            Self::At(EndOfStream::Tolerated) => out.write_str("tolerated"),
            Self::At(EndOfStream::Open) => out.write_str("open"),
            Self::Error { error, .. } => write!(out, "error {}", error.class()),
        }
    }
}

fn nth_or_last(modes: &[Mode], index: usize) -> Option<Mode> {
    modes.get(index).or(modes.last()).copied()
}

/// .NET's limits for strings (framing page 1.2) with room for a token; none for envelopes, which are in memory already.
const LIMITS: FramingLimits =
    FramingLimits { via: 2048, token: 16 << 10, content_type: 256, upgrade: 256, fault: 256, envelope: 0 };

#[cfg(test)]
mod tests {
    use super::*;

    const SINGLETON: &[u8] = b"\0\x01\0\x01\x01\x02\rnet.tcp://h/e\x03\x07\x0c\x05\x03abc\x02de\0\x07";
    const DUPLEX: &[u8] = b"\0\x01\0\x01\x02\x02\rnet.tcp://h/e\x03\x08\x0c\x06\x02\0a\x07";

    #[test]
    fn a_connection_that_is_used_again_has_the_terms_of_each_session() {
        let sent = [SINGLETON, DUPLEX].concat();
        let terms = Terms::of_initiator(&sent);
        assert_eq!(terms.iter().map(|terms| terms.mode).collect::<Vec<_>>(), [Mode::Singleton, Mode::Duplex]);
        let sessions: Vec<_> = Walk::initiator(&sent).map(|found| found.session).collect();
        assert_eq!(sessions, [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);

        let answers = b"\x0b\x05\x01a\0\x07\x0b\x06\x01a\x07";
        let mut walk = Walk::receiver(answers, &terms);
        let found: Vec<_> = walk.by_ref().map(|found| (found.offset, found.len, found.session)).collect();
        assert_eq!(found, [(0, 1, 0), (1, 4, 0), (5, 1, 0), (6, 1, 1), (7, 3, 1), (10, 1, 1)]);
        assert_eq!(walk.ending().unwrap().to_string(), "clean");
    }

    #[test]
    fn an_envelope_that_is_cut_is_none_and_the_ending_says_where_it_began() {
        for cut in 26..31 {
            let mut walk = Walk::initiator(&SINGLETON[..cut]);
            assert_eq!(walk.by_ref().count(), 5, "{cut}");
            let error = DecodeError::UnexpectedEof;
            assert_eq!(walk.ending(), Some(&Ending::Error { error, offset: 23 }), "{cut}");
        }
    }

    #[test]
    fn every_cut_gives_records_that_cover_the_stream_without_a_gap() {
        let sent = [SINGLETON, DUPLEX].concat();
        for cut in 0..=sent.len() {
            let mut walk = Walk::initiator(&sent[..cut]);
            let mut at = 0;
            for found in walk.by_ref() {
                assert_eq!(found.offset, at);
                at += found.len;
            }
            match walk.ending() {
                Some(Ending::Error { offset, .. }) => assert_eq!(*offset, at),
                _ => assert_eq!(at, cut),
            }
        }
    }
}

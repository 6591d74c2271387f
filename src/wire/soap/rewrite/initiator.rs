//! What an initiator sends after a preamble in clear, with its envelopes readdressed.

use super::answer;
use super::coding::Coding;
use super::error::RewriteError;
use super::head::{Head, Known};
use super::route::ToRoute;
use super::session::SessionRewriter;
use crate::wire::follow::FollowError;
use crate::wire::framing::{
    DecodeError, FramingLimits, InitiatorDecoder, Mode, Piece, Policy, Protection, Record, Session, encode,
};
use crate::wire::int31;
use crate::wire::soap::Headers;

/// Bytes of an envelope with a string table. It is held as a whole: its ids may have to change up to its last byte, and its
/// size stands in front. .NET's services hold such an envelope too, of 65,536 bytes unless they are told otherwise.
pub const MAX_SESSION_ENVELOPE: u64 = 16 << 20;

/// Rewrites To in the envelopes of one session from the end of its preamble on, and keeps the order of its records as
/// [`crate::wire::framing::InitiatorFollower`] does: nothing passes that is not of this session.
///
/// Of an envelope without a string table only the head is held back, at most [`super::MAX_HEAD`]. What goes on is the same
/// however the bytes come, but for the borders of chunks in an unsized envelope whose To changes; an envelope whose To does
/// not change goes on byte for byte.
#[derive(Debug)]
pub struct InitiatorRewriter {
    route: ToRoute,
    mode: Mode,
    coding: Coding,
    /// The strings of the session, with [`Coding::Session`].
    session: SessionRewriter,
    decoder: InitiatorDecoder,
    /// The beginning of a head: a few bytes.
    partial: Vec<u8>,
    envelope: Envelope,
    /// Bytes of the current chunk that have not come.
    chunk: u32,
    over: Option<Result<(), Refused>>,
    /// Of the message that was refused.
    headers: Option<Headers>,
}

/// Where in an envelope the stream is.
#[derive(Debug)]
enum Envelope {
    /// Between records.
    Outside,
    /// Nothing of it has gone on.
    Held(Held),
    /// Its head has.
    Passing,
}

/// An envelope that is held back.
#[derive(Debug)]
struct Held {
    /// As it came, from its record on.
    raw: Vec<u8>,
    /// The size of a sized one.
    size: Option<u32>,
    /// Bytes of its payload so far.
    came: u64,
    reading: Reading,
}

#[derive(Debug)]
enum Reading {
    Whole(Vec<u8>),
    Head(Head),
}

/// How far a rewriter came with its input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rewritten {
    /// All of it was taken.
    All,
    /// The initiator's direction ended after `at` bytes of this input.
    Ended {
        /// Bytes of this input that belong to the session.
        at: usize,
    },
    /// Nothing more may go on; [`InitiatorRewriter::answer`] is for the initiator.
    Refused(Refused),
}

/// Why a session does not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Its records are wrong.
    #[error(transparent)]
    Framing(#[from] DecodeError),
    /// One of its envelopes.
    #[error(transparent)]
    Envelope(#[from] RewriteError),
}

impl InitiatorRewriter {
    /// For a session whose preamble was read; `None`: To cannot be found in its envelopes, because of an upgrade or of their
    /// encoding.
    pub fn new(session: &Session, limits: &FramingLimits, route: &ToRoute) -> Option<Self> {
        let coding = Coding::of(&session.preamble.encoding)?;
        let mode = session.preamble.mode;
        if session.protection != Protection::Clear || !matches!(mode, Mode::Singleton | Mode::Duplex) {
            return None;
        }
        Some(Self {
            route: route.clone(),
            mode,
            coding,
            session: SessionRewriter::new(route.clone()),
            decoder: InitiatorDecoder::behind_preamble(mode, Policy::relay(*limits)),
            partial: Vec::new(),
            envelope: Envelope::Outside,
            chunk: 0,
            over: None,
            headers: None,
        })
    }

    /// Takes the next bytes and appends to `out` what goes on; also before an end or a refusal.
    pub fn rewrite(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Rewritten {
        let mut at = 0;
        while at < bytes.len() && self.over.is_none() {
            match self.step(&bytes[at..], out) {
                Ok(used) => at += used,
                Err(refused) => self.over = Some(Err(refused)),
            }
        }
        match &self.over {
            None => Rewritten::All,
            Some(Ok(())) => Rewritten::Ended { at },
            Some(Err(refused)) => Rewritten::Refused(refused.clone()),
        }
    }

    /// The stream ended here.
    ///
    /// # Errors
    /// It ended inside a record; a session that ends between two is passed on as it is.
    pub fn eof(&self) -> Result<(), FollowError> {
        let between = self.partial.is_empty() && matches!(self.envelope, Envelope::Outside);
        if self.over == Some(Ok(())) || between { Ok(()) } else { Err(FollowError::UnexpectedEnd) }
    }

    /// What the initiator is told after a refusal, as records: a SOAP fault where it waits for a reply, else a framing fault,
    /// or nothing. May stand wherever the receiver's next envelope could.
    pub fn answer(&self) -> Vec<u8> {
        let Some(Err(refused)) = &self.over else { return Vec::new() };
        answer::records(refused, self.headers.as_ref(), self.mode, self.coding)
    }

    /// Takes the next head or some payload, and says how many bytes that were.
    fn step(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, Refused> {
        if self.partial.is_empty() {
            let Some((piece, used)) = self.decoder.next(bytes)? else {
                self.partial.extend_from_slice(bytes);
                return Ok(bytes.len());
            };
            self.handle(&piece, &bytes[..used], out)?;
            return Ok(used);
        }
        // The rest of a head whose beginning came before, byte by byte, so that nothing behind it is taken for a part of it.
        let mut head = std::mem::take(&mut self.partial);
        for (i, byte) in bytes.iter().enumerate() {
            head.push(*byte);
            if let Some((piece, _)) = self.decoder.next(&head)? {
                self.handle(&piece, &head, out)?;
                return Ok(i + 1);
            }
        }
        self.partial = head;
        Ok(bytes.len())
    }

    /// `raw`: the bytes of the piece.
    fn handle(&mut self, piece: &Piece<'_>, raw: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        match *piece {
            Piece::Record(Record::SizedEnvelope { size }) => self.begin(Some(size), raw)?,
            Piece::Record(Record::UnsizedEnvelope) => self.begin(None, raw)?,
            Piece::Chunk(size) => {
                self.chunk = size;
                match &mut self.envelope {
                    Envelope::Held(held) => held.chunk(raw),
                    Envelope::Outside | Envelope::Passing => out.extend_from_slice(raw),
                }
            }
            Piece::Payload { bytes, last } => {
                self.chunk = self.chunk.saturating_sub(bytes.len() as u32);
                self.payload(bytes, last && self.mode == Mode::Duplex, out)?;
            }
            Piece::Terminator => match std::mem::replace(&mut self.envelope, Envelope::Outside) {
                Envelope::Held(held) => {
                    self.whole(held, out)?;
                    out.extend_from_slice(raw);
                }
                Envelope::Outside | Envelope::Passing => out.extend_from_slice(raw),
            },
            Piece::Record(record) => {
                out.extend_from_slice(raw);
                if record == Record::End {
                    self.over = Some(Ok(()));
                }
            }
            Piece::Opaque(bytes) => out.extend_from_slice(bytes),
        }
        Ok(())
    }

    fn begin(&mut self, size: Option<u32>, raw: &[u8]) -> Result<(), Refused> {
        let reading = match self.coding {
            Coding::Session => Reading::Whole(Vec::new()),
            Coding::Binary => Reading::Head(Head::binary(&self.route)),
            Coding::Text(told) => Reading::Head(Head::text(&self.route, told)),
        };
        let held = Held { raw: raw.to_vec(), size, came: 0, reading };
        // Told before any of it comes.
        held.check(u64::from(size.unwrap_or(0)))?;
        self.envelope = Envelope::Held(held);
        Ok(())
    }

    /// Some bytes of an envelope; `last`: it ends with them.
    fn payload(&mut self, bytes: &[u8], last: bool, out: &mut Vec<u8>) -> Result<(), Refused> {
        let behind = if last { Envelope::Outside } else { Envelope::Passing };
        let mut held = match std::mem::replace(&mut self.envelope, behind) {
            Envelope::Held(held) => held,
            Envelope::Outside | Envelope::Passing => {
                out.extend_from_slice(bytes);
                return Ok(());
            }
        };
        held.came += bytes.len() as u64;
        held.check(held.came)?;
        match &mut held.reading {
            Reading::Whole(message) => {
                message.extend_from_slice(bytes);
                if last {
                    return self.whole(held, out);
                }
            }
            Reading::Head(head) => {
                held.raw.extend_from_slice(bytes);
                let mut rewritten = Vec::new();
                let known = head.push(bytes, &mut rewritten);
                if known.is_err() {
                    self.headers = head.headers().cloned();
                }
                match known? {
                    None if last => return self.whole(held, out),
                    None => {}
                    Some(Known::Same) => {
                        out.extend_from_slice(&held.raw);
                        return Ok(());
                    }
                    Some(Known::Changed) => return held.changed(&rewritten, self.chunk, out),
                }
            }
        }
        self.envelope = Envelope::Held(held);
        Ok(())
    }

    /// An envelope ended while it was held.
    fn whole(&mut self, held: Held, out: &mut Vec<u8>) -> Result<(), Refused> {
        let message = match &held.reading {
            Reading::Whole(message) => message,
            Reading::Head(_) => return Err(held.cut_off().into()),
        };
        let mut rewritten = Vec::new();
        let result = self.session.rewrite(message, &mut rewritten);
        if result.is_err() {
            self.headers = self.session.headers().cloned();
        }
        result?;
        if held.size.is_some() && rewritten == *message {
            // With a size that may be written longer than it need be.
            out.extend_from_slice(&held.raw);
            out.extend_from_slice(message);
            return Ok(());
        }
        held.changed(&rewritten, 0, out)
    }
}

impl Held {
    /// Whether an envelope of `size` bytes may be held.
    fn check(&self, size: u64) -> Result<(), RewriteError> {
        let max = MAX_SESSION_ENVELOPE;
        match self.reading {
            Reading::Whole(_) if size > max => Err(RewriteError::EnvelopeTooLarge { size, max }),
            _ => Ok(()),
        }
    }

    /// The head of a chunk came. An envelope that is held as a whole goes on as one chunk.
    fn chunk(&mut self, raw: &[u8]) {
        if let Reading::Head(_) = self.reading {
            self.raw.extend_from_slice(raw);
        }
    }

    /// Writes what came in its new form, and the head of what is left of the chunk it ended in.
    fn changed(&self, rewritten: &[u8], chunk: u32, out: &mut Vec<u8>) -> Result<(), Refused> {
        let int31 = |size: u64| {
            u32::try_from(size).ok().filter(|size| *size <= int31::MAX).ok_or(RewriteError::TooLarge)
        };
        let here = rewritten.len() as u64;
        match self.size {
            Some(size) => {
                let size = int31(u64::from(size) - self.came + here)?;
                encode::record(&Record::SizedEnvelope { size }, out);
                out.extend_from_slice(rewritten);
            }
            None => {
                encode::record(&Record::UnsizedEnvelope, out);
                if here > 0 {
                    encode::chunk_size(int31(here)?, out);
                    out.extend_from_slice(rewritten);
                }
                if chunk > 0 {
                    encode::chunk_size(chunk, out);
                }
            }
        }
        Ok(())
    }

    fn cut_off(self) -> RewriteError {
        match self.reading {
            Reading::Head(head) => head.cut_off(),
            Reading::Whole(_) => RewriteError::UnexpectedEof,
        }
    }
}

//! From the bytes of one direction to its records.

use std::io;

use serde_json::json;

use super::meaning;
use super::terms::Terms;
use crate::inspect::contents::contents;
use crate::inspect::ending::Ending;
use crate::inspect::entry::{Entry, View};
use crate::inspect::envelope::Envelopes;
use crate::inspect::feed::Feed;
use crate::inspect::opaque;
use crate::inspect::payload::{Part, Payload};
use crate::inspect::remarks::Destination;
use crate::inspect::row::Row;
use crate::inspect::said::{SESSIONS, Said};
use crate::inspect::walk::Walk;
use crate::wire::framing::{
    DecodeError, Encoding, EndOfStream, FramingLimits, InitiatorDecoder, Mode, Piece, Policy,
    ReceiverDecoder, Record, RecordType, Upgrade,
};

/// The records of one direction, one after the other, with their offsets.
pub(in crate::inspect) struct FramingWalk {
    side: Side,
    view: View,
    /// Which session of the connection is being read, from 0.
    session: usize,
    envelopes: Option<Envelopes>,
    /// The record before this place.
    last: Option<RecordType>,
    ending: Option<Ending>,
}

enum Side {
    Initiator {
        decoder: InitiatorDecoder,
        /// Of the session that is being read, once it has begun.
        terms: Option<Terms>,
        /// Where it goes.
        via: Option<Destination>,
    },
    Receiver {
        decoder: ReceiverDecoder,
        /// What is to be taken for the mode of sessions that nobody announced.
        mode: Mode,
    },
}

/// What one call of a decoder gave, without the bytes.
enum Step {
    Entry(Entry),
    Sized(Payload),
    Unsized(Payload),
    Chunk,
    Terminator,
    Payload { last: bool },
    Opaque,
}

impl FramingWalk {
    /// What an initiator sent. Every mode and encoding is taken, envelopes may be of any size; strings have .NET's limits.
    pub(in crate::inspect) fn initiator(view: View) -> Self {
        let policy = Policy {
            modes: vec![Mode::Singleton, Mode::Duplex, Mode::Simplex, Mode::SingletonSized],
            upgrades: vec![Upgrade::Tls, Upgrade::Negotiate],
            ..Policy::relay(LIMITS)
        };
        Self::new(Side::Initiator { decoder: InitiatorDecoder::new(policy), terms: None, via: None }, view)
    }

    /// What a receiver sent in the sessions whose terms were said; `mode`: what they have where nothing was said.
    pub(in crate::inspect) fn receiver(said: &Said, mode: Mode, view: View) -> Self {
        let first = terms_of(said, mode, 0).mode;
        let mut decoder = ReceiverDecoder::new(first, LIMITS);
        decoder.set_next_mode(terms_of(said, mode, 1).mode);
        Self::new(Side::Receiver { decoder, mode }, view)
    }

    fn new(side: Side, view: View) -> Self {
        Self { side, view, session: 0, envelopes: None, last: None, ending: None }
    }

    /// Reads the next piece from `input`, which begins at `offset`, and says how many bytes it took.
    fn step(
        &mut self,
        input: &[u8],
        offset: u64,
        said: &mut Said,
    ) -> Result<Option<(Step, usize)>, DecodeError> {
        let next = match &mut self.side {
            Side::Initiator { decoder, .. } => decoder.next(input),
            Side::Receiver { decoder, .. } => decoder.next(input),
        };
        let Some((piece, used)) = next? else { return Ok(None) };
        let bytes = &input[..used];
        let step = match piece {
            Piece::Record(Record::SizedEnvelope { .. }) => {
                self.last = Some(RecordType::SizedEnvelope);
                let mut payload = Payload::default();
                payload.part(offset, bytes);
                Step::Sized(payload)
            }
            Piece::Record(Record::UnsizedEnvelope) => {
                self.last = Some(RecordType::UnsizedEnvelope);
                Step::Unsized(Payload::default())
            }
            Piece::Record(record) => {
                let notes = self.note(&record, said);
                let mut rows = Vec::new();
                if self.view == View::Text {
                    rows.push(meaning::row(&record, offset, bytes));
                    rows.extend(notes);
                }
                Step::Entry(Entry::new(offset, meaning::value(&record), rows))
            }
            Piece::Chunk(_) => Step::Chunk,
            Piece::Terminator => Step::Terminator,
            Piece::Payload { last, .. } => Step::Payload { last },
            Piece::Opaque(_) => return Ok(Some((Step::Opaque, 0))),
        };
        Ok(Some((step, used)))
    }

    /// Notes what a record says about what follows it, and gives what is to be said about it.
    fn note(&mut self, record: &Record<'_>, said: &mut Said) -> Option<Row> {
        let again = self.last.replace(record.record_type()).is_some();
        match (&mut self.side, record) {
            (Side::Initiator { terms, via, .. }, Record::Version(_)) => {
                *terms = Some(Terms::of_mode(Mode::Duplex));
                *via = None;
                self.envelopes = None;
                self.session += usize::from(again);
                if self.view == View::Survey && said.terms.len() < SESSIONS {
                    said.terms.push(Terms::of_mode(Mode::Duplex));
                }
                let number = self.session + 1;
                return again.then(|| {
                    Row::note(format!("session {number} on this connection: the client's pool uses it again, all begins anew"))
                });
            }
            (Side::Initiator { terms: Some(terms), via, .. }, record) => {
                match record {
                    Record::Mode(mode) => terms.mode = *mode,
                    Record::KnownEncoding(known) => terms.encoding = Some(Encoding::Known(*known)),
                    Record::ExtensibleEncoding(text) => {
                        terms.encoding = Some(Encoding::Extensible((*text).to_owned()));
                    }
                    Record::Via(text) => *via = Some(Destination::new(text.without_token().0)),
                    _ => return None,
                }
                let index = said.terms.len().wrapping_sub(1);
                if self.view == View::Survey && index == self.session {
                    said.terms[index] = terms.clone();
                }
            }
            (Side::Receiver { decoder, mode }, Record::End) => {
                self.session += 1;
                self.envelopes = None;
                decoder.set_next_mode(terms_of(said, *mode, self.session + 1).mode);
            }
            _ => {}
        }
        None
    }

    /// The rest of an envelope whose head was read; `None` where not all of it came.
    fn envelope(
        &mut self,
        feed: &mut Feed<'_>,
        said: &mut Said,
        start: u64,
        mut payload: Payload,
        is_sized: bool,
    ) -> io::Result<Option<Entry>> {
        let mut inside = is_sized;
        loop {
            let offset = feed.offset();
            if feed.bytes().is_empty() && !feed.more()? && feed.gap() > 0 && inside {
                // Nothing looks at a payload, so that zeros do for the bytes that are missing.
                let zeros = &ZEROS[..feed.gap().min(ZEROS.len() as u64) as usize];
                let Ok(Some((Step::Payload { last }, used))) = self.step(zeros, offset, said) else {
                    return Ok(None);
                };
                feed.take_gap(used as u64);
                payload.miss(used as u64);
                if last && is_sized {
                    return Ok(Some(self.enveloped(start, &payload, is_sized, said)));
                }
                inside = !last;
                continue;
            }
            let step = match self.step(feed.bytes(), offset, said) {
                Ok(Some(step)) => step,
                Ok(None) if feed.more()? => continue,
                Ok(None) => return Ok(self.over(feed, start)),
                Err(error) => {
                    self.wrong(&error, start);
                    return Ok(None);
                }
            };
            let bytes = &feed.bytes()[..step.1];
            match step.0 {
                Step::Chunk => {
                    payload.part(offset, bytes);
                    inside = true;
                }
                Step::Payload { last } => {
                    payload.push(bytes);
                    inside = !last;
                }
                _ => {}
            }
            let done = match step.0 {
                Step::Payload { last } => last && is_sized,
                Step::Terminator => true,
                _ => false,
            };
            feed.take(step.1);
            if done {
                return Ok(Some(self.enveloped(start, &payload, is_sized, said)));
            }
        }
    }

    fn enveloped(&mut self, start: u64, payload: &Payload, is_sized: bool, said: &Said) -> Entry {
        let record = if is_sized {
            json!(["sized-envelope", payload.len()])
        } else {
            json!(["unsized-envelope", payload.sizes()])
        };
        let envelopes = match &mut self.envelopes {
            Some(envelopes) => envelopes,
            none => {
                let terms = match &self.side {
                    Side::Initiator { terms: Some(terms), .. } => terms.clone(),
                    Side::Initiator { .. } => Terms::of_mode(Mode::Duplex),
                    Side::Receiver { mode, .. } => terms_of(said, *mode, self.session),
                };
                none.insert(terms.envelopes())
            }
        };
        let via = match &mut self.side {
            Side::Initiator { via, .. } => via.as_mut(),
            Side::Receiver { .. } => None,
        };
        let (details, inner) = contents(payload, envelopes, self.view, via);
        let mut rows = Vec::new();
        if self.view == View::Text {
            if is_sized {
                let head = payload.parts().first().map(|part| part.head_bytes.as_slice()).unwrap_or_default();
                rows.push(Row::new(start, head, format!("SizedEnvelope, {} bytes", payload.len())));
                rows.extend(inner);
            } else {
                let text = format!("UnsizedEnvelope, {} bytes in chunks", payload.len());
                rows.push(Row::new(start, &[5], text));
                rows.extend(between(payload, inner));
                let last = payload.parts().last();
                let end = last.map_or(start + 1, |part| part.offset + part.len);
                rows.push(Row::new(end, &[0], "end of the chunks"));
            }
        }
        Entry { details, ..Entry::new(start, record, rows) }
    }

    /// The direction ended, or breaks off in a gap, and no piece took what is left of it.
    fn over(&mut self, feed: &Feed<'_>, start: u64) -> Option<Entry> {
        if feed.gap() > 0 {
            self.ending = Some(Ending::gap(start));
            return Some(opaque::lost(feed, self.view));
        }
        let end = match &self.side {
            Side::Initiator { decoder, .. } => decoder.eof(feed.bytes()),
            Side::Receiver { decoder, .. } => decoder.eof(feed.bytes()),
        };
        self.ending = Some(match end {
            Ok(EndOfStream::Clean) => Ending::clean(match self.last {
                None => "nothing was sent",
                Some(RecordType::Fault) => "after a fault, which ends the connection too",
                Some(_) => "after End",
            }),
            Ok(EndOfStream::Tolerated) => Ending::tolerated(
                "after a whole envelope and without End, which .NET accepts (Mono's services never send it)",
            ),
            Ok(EndOfStream::Open) => Ending::open(match self.last {
                Some(RecordType::UpgradeRequest | RecordType::UpgradeResponse) => {
                    "after an upgrade, and no security layer followed"
                }
                _ => "in what cannot be read from outside",
            }),
            Err(error) => {
                let why = match self.last {
                    Some(RecordType::PreambleAck) if feed.bytes().is_empty() => {
                        "the receiver closes after its Ack and without End (Mono's services do, after one-way calls)"
                    }
                    Some(RecordType::UpgradeRequest) if feed.bytes().is_empty() => {
                        "the initiator got no answer to its UpgradeRequest"
                    }
                    Some(RecordType::PreambleEnd) if feed.bytes().is_empty() => {
                        "the initiator closes before its first envelope"
                    }
                    _ => return self.cut_off(&error, start),
                };
                Ending::error(error.class(), why, start)
            }
        });
        None
    }

    fn cut_off(&mut self, error: &DecodeError, start: u64) -> Option<Entry> {
        self.wrong(error, start);
        None
    }

    fn wrong(&mut self, error: &DecodeError, start: u64) {
        self.ending = Some(Ending::error(error.class(), error.to_string(), start));
    }
}

impl Walk for FramingWalk {
    fn next(&mut self, feed: &mut Feed<'_>, said: &mut Said) -> io::Result<Option<Entry>> {
        if self.ending.is_some() {
            return Ok(None);
        }
        loop {
            let start = feed.offset();
            match self.step(feed.bytes(), start, said) {
                Err(error) => self.wrong(&error, start),
                Ok(None) if feed.more()? => continue,
                Ok(None) => return Ok(self.over(feed, start)),
                Ok(Some((Step::Opaque, _))) => {
                    self.last = None;
                    let entry = opaque::entry(feed, self.view)?;
                    self.over(feed, feed.offset());
                    return Ok(Some(entry));
                }
                Ok(Some((step, used))) => {
                    feed.take(used);
                    return match step {
                        Step::Entry(entry) => Ok(Some(entry)),
                        Step::Sized(payload) => self.envelope(feed, said, start, payload, true),
                        Step::Unsized(payload) => self.envelope(feed, said, start, payload, false),
                        // They follow the head of an envelope alone, where `envelope` takes them.
                        Step::Chunk | Step::Terminator | Step::Payload { .. } | Step::Opaque => continue,
                    };
                }
            }
            return Ok(None);
        }
    }

    fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }
}

/// Puts the heads of the chunks between the rows of their envelope.
fn between(payload: &Payload, envelope: Vec<Row>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut parts = payload.parts().iter().peekable();
    let row = |part: &Part| Row::new(part.head, &part.head_bytes, format!("chunk of {} bytes", part.len));
    for next in envelope {
        while let Some(part) = parts.next_if(|part| next.offset.is_some_and(|offset| part.head < offset)) {
            rows.push(row(part));
        }
        rows.push(next);
    }
    rows.extend(parts.map(row));
    rows
}

/// The terms of a session; of those after the last one that was said, the last ones go on.
fn terms_of(said: &Said, mode: Mode, session: usize) -> Terms {
    said.terms.get(session).or(said.terms.last()).cloned().unwrap_or(Terms::of_mode(mode))
}

/// .NET's limits for strings (framing page 1.2) with room for a token; none for envelopes, which are not kept whole.
const LIMITS: FramingLimits =
    FramingLimits { via: 2048, token: 16 << 10, content_type: 256, upgrade: 256, fault: 256, envelope: 0 };

/// Stands for bytes that a capture does not have.
static ZEROS: [u8; 4096] = [0; 4096];

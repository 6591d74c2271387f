//! One reply on its way to the sender.

use std::fmt;

use super::refusal::HttpRefusal;
use super::reply_envelope::ReplyEnvelope;
use super::reply_head::ReplyHead;
use super::terms::ReplyTerms;
use crate::relay::Refusal;
use crate::wire::binxml::{Dictionaries, Feed, Limits};
use crate::wire::framing::{DecodeError, FaultUri, FramingLimits, Mode, Piece, ReceiverDecoder, Record};

/// Translates one reply: framing bytes of the listener in, the parts of an HTTP response out, in memory that does not grow with it.
///
/// ```
/// use viaduct::bridge::http_binding::{BindingLimits, Reply, ReplyPart, ReplyTerms};
///
/// let mut reply = Reply::new(ReplyTerms { wants_body: true, limits: BindingLimits::default() });
/// let mut parts = Vec::new();
/// // The acknowledgement, then an envelope in one chunk: Body alone, and empty.
/// reply.push(b"\x0b\x05\x0a\x56\x02\x0b\x01s\x04", &mut parts).unwrap();
/// reply.push(b"\x56\x0e\x01\x01\x00\x07", &mut parts).unwrap();
/// let [ReplyPart::Accepted, ReplyPart::Head(head), ReplyPart::End] = &parts[..] else { panic!() };
/// assert_eq!(head.status, 202);
/// assert!(reply.is_ended());
/// ```
pub struct Reply {
    decoder: ReceiverDecoder,
    feed: Feed,
    envelope: ReplyEnvelope,
    /// The beginning of a head that is not whole yet.
    rest: Vec<u8>,
    stage: Stage,
    error: Option<HttpRefusal>,
}

/// What the sender gets, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplyPart {
    /// The listener took the session: the request is on its way to the service. The sender gets nothing of it.
    Accepted,
    /// The head.
    Head(ReplyHead),
    /// Some of the entity, never empty.
    Body(Vec<u8>),
    /// The response is whole.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Nothing, or the acknowledgement, came.
    Waiting,
    /// The envelope has begun.
    Envelope,
    /// The envelope is over.
    Whole,
    /// End came: the connection may serve again.
    Ended,
    /// Something came that does not belong there, behind the envelope or behind the End.
    Beyond,
}

impl Reply {
    /// A reply to a request that is on its way.
    pub fn new(terms: ReplyTerms) -> Self {
        let framing = FramingLimits { envelope: terms.limits.reply, ..FramingLimits::default() };
        Self {
            decoder: ReceiverDecoder::new(Mode::Singleton, framing),
            feed: Feed::new(Limits::default()),
            envelope: ReplyEnvelope::new(terms),
            rest: Vec::new(),
            stage: Stage::Waiting,
            error: None,
        }
    }

    /// Takes the next bytes of the listener and appends what the sender gets of them.
    ///
    /// # Errors
    /// The listener refused, or its reply is broken. Before a [`ReplyPart::Head`] the sender is told so ([`HttpRefusal::answer`]); behind one his
    /// connection has to be cut, or he would take the response for whole. Every later call fails the same way.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<ReplyPart>) -> Result<(), HttpRefusal> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let joined;
        let mut input = bytes;
        if !self.rest.is_empty() {
            self.rest.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.rest);
            input = &joined;
        }
        let mut used = 0;
        let read = self.read(input, &mut used, out);
        self.rest = input[used..].to_vec();
        if self.stage == Stage::Whole && read.is_err() {
            // The sender has all of it already. The connection serves no other.
            self.stage = Stage::Beyond;
            return Ok(());
        }
        read.inspect_err(|error| self.error = Some(error.clone()))
    }

    /// The listener closed its connection, after `sent` bytes of the request's entity had been sent.
    ///
    /// # Errors
    /// The reply is not whole.
    pub fn eof(&mut self, sent: u64) -> Result<(), HttpRefusal> {
        let error = match (self.stage, &self.error) {
            (_, Some(error)) => error.clone(),
            (Stage::Waiting, _) => HttpRefusal::Closed { sent },
            (Stage::Envelope, _) => HttpRefusal::ReplyCut,
            (Stage::Whole | Stage::Ended | Stage::Beyond, _) => return Ok(()),
        };
        self.error = Some(error.clone());
        Err(error)
    }

    /// Why there is no whole reply after the time that is given it.
    pub fn late(&self) -> HttpRefusal {
        match self.stage {
            // Perhaps an exception while it was written: 07 came without the end of the chunks (7.5).
            Stage::Envelope => HttpRefusal::ReplyStalled,
            _ => HttpRefusal::Relay(Refusal::ListenerDidNotRespond),
        }
    }

    /// Whether the response is whole.
    pub fn is_whole(&self) -> bool {
        self.stage >= Stage::Whole
    }

    /// Whether the session ended as it should, so that the connection may serve again.
    pub fn is_ended(&self) -> bool {
        self.stage == Stage::Ended && self.rest.is_empty() && self.error.is_none()
    }

    /// Bytes that are kept.
    pub fn kept(&self) -> usize {
        self.feed.kept() + self.rest.len()
    }

    fn read(&mut self, input: &[u8], used: &mut usize, out: &mut Vec<ReplyPart>) -> Result<(), HttpRefusal> {
        while *used < input.len() {
            if self.stage >= Stage::Ended {
                self.stage = Stage::Beyond;
                *used = input.len();
                return Ok(());
            }
            let Some((piece, size)) = self.decoder.next(&input[*used..]).map_err(framing)? else {
                return Ok(());
            };
            *used += size;
            self.piece(&piece, out)?;
        }
        Ok(())
    }

    fn piece(&mut self, piece: &Piece<'_>, out: &mut Vec<ReplyPart>) -> Result<(), HttpRefusal> {
        match piece {
            Piece::Record(Record::PreambleAck) => out.push(ReplyPart::Accepted),
            Piece::Record(Record::UnsizedEnvelope) => self.stage = Stage::Envelope,
            Piece::Record(Record::Fault(fault)) => return Err(fault_of(fault)),
            Piece::Record(Record::End) if self.stage == Stage::Waiting => return Err(HttpRefusal::NoReply),
            Piece::Record(Record::End) => self.stage = Stage::Ended,
            Piece::Payload { bytes, .. } => {
                self.feed.push(bytes);
                self.events(false, out)?;
            }
            Piece::Terminator => {
                self.feed.finish();
                self.events(true, out)?;
                // The End that has to follow says nothing that the sender has to wait for.
                self.stage = Stage::Whole;
                out.push(ReplyPart::End);
            }
            Piece::Chunk(_) => {}
            Piece::Record(_) | Piece::Opaque(_) => {
                return Err(HttpRefusal::ReplyForm("a security layer that nobody asked for"));
            }
        }
        Ok(())
    }

    fn events(&mut self, last: bool, out: &mut Vec<ReplyPart>) -> Result<(), HttpRefusal> {
        while let Some(event) = self.feed.next_event(Dictionaries::STATIC).map_err(HttpRefusal::ReplyXml)? {
            self.envelope.event(&event)?;
        }
        self.envelope.take(last, out);
        Ok(())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("stage", &self.stage)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// 7.5, last line: no such endpoint, or a refusal.
fn fault_of(fault: &str) -> HttpRefusal {
    match FaultUri::from_uri(fault) {
        Some(FaultUri::EndpointNotFound) => HttpRefusal::NoSuchEndpoint,
        _ => HttpRefusal::Faulted { fault: fault.to_owned() },
    }
}

fn framing(error: DecodeError) -> HttpRefusal {
    match error {
        DecodeError::MessageTooLarge { max, .. } => HttpRefusal::ReplyTooLarge { max },
        other => HttpRefusal::ReplyFraming(other),
    }
}

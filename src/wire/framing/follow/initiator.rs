//! The initiator's direction: what must never hold a second session.

use super::data::Data;
use super::handshake::{FrameKind, FrameReader, HandshakeAnswers};
use super::tls::Tls;
use super::walk::Walk;
use crate::wire::follow::{FollowError, Follower, Passage};
use crate::wire::framing::heads::Heads;
use crate::wire::framing::policy::FramingLimits;
use crate::wire::framing::preamble::{Protection, Session};
use crate::wire::framing::record::{Mode, Upgrade};

/// Follows what an initiator sends after its preamble: after the Preamble End, or after the Upgrade Request.
#[derive(Debug)]
pub struct InitiatorFollower(Kind);

#[derive(Debug)]
enum Kind {
    Clear(Walk<Heads>),
    Tls(Walk<Tls>),
    Negotiating(Negotiating),
    Data(Walk<Data>),
}

impl InitiatorFollower {
    pub(super) fn new(session: &Session, limits: &FramingLimits, answers: HandshakeAnswers) -> Self {
        let mode = session.preamble.mode;
        Self(match session.protection {
            Protection::Clear => Kind::Clear(Walk::new(Heads::initiator(mode, *limits))),
            Protection::Upgraded(Upgrade::Tls) => Kind::Tls(Walk::new(Tls)),
            Protection::Upgraded(Upgrade::Negotiate) => {
                Kind::Negotiating(Negotiating::new(mode, limits, answers))
            }
        })
    }
}

impl Follower for InitiatorFollower {
    fn follow(&mut self, bytes: &[u8]) -> Passage {
        if let Kind::Negotiating(negotiating) = &mut self.0
            && let Some(data) = negotiating.settle()
        {
            self.0 = Kind::Data(data);
        }
        match &mut self.0 {
            Kind::Clear(walk) => walk.follow(bytes),
            Kind::Tls(walk) => walk.follow(bytes),
            Kind::Data(walk) => walk.follow(bytes),
            Kind::Negotiating(negotiating) => negotiating.follow(bytes),
        }
    }

    fn eof(&mut self) -> Result<(), FollowError> {
        match &mut self.0 {
            Kind::Clear(walk) => walk.eof(),
            Kind::Tls(walk) => walk.eof(),
            Kind::Data(walk) => walk.eof(),
            Kind::Negotiating(negotiating) => negotiating.eof(),
        }
    }
}

/// A NegotiateStream handshake, until the receiver has said after which frame the data begin.
///
/// An initiator that waits for its turn never leaves a doubt. One that does not wait sends bytes that are a further frame
/// or data, depending on an answer that is still under way; to take the wrong one for granted would let it hide a
/// preamble in what looks like a long frame. So every reading that is still possible is walked at once: the handshake
/// goes on, or data began after one of the frames not yet answered. Bytes pass while no reading that holds a session
/// objects; the receiver's answers strike readings out until one is left.
#[derive(Debug)]
struct Negotiating {
    answers: HandshakeAnswers,
    mode: Mode,
    limits: FramingLimits,
    /// The handshake goes on; `None` once the bytes are no frames.
    frames: Option<FrameReader>,
    /// Frames that want an answer.
    sent: u32,
    /// The initiator said Done.
    done: bool,
    readings: Vec<Reading>,
    refused: Option<FollowError>,
}

/// Data began after frame number `after`.
#[derive(Debug)]
struct Reading {
    after: u32,
    walk: Walk<Data>,
}

/// Frames ahead of their answers. One is the rule; a few are no harm. Counted are frames and not the readings that are still
/// possible: how many those are at a time depends on how the bytes are cut.
const MAX_AHEAD: u32 = 4;

impl Negotiating {
    fn new(mode: Mode, limits: &FramingLimits, answers: HandshakeAnswers) -> Self {
        Self {
            answers,
            mode,
            limits: *limits,
            frames: Some(FrameReader::default()),
            sent: 0,
            done: false,
            readings: Vec::new(),
            refused: None,
        }
    }

    /// Strikes out what the receiver's answers have ruled out. Gives the walk of the data once they are known to have begun.
    fn settle(&mut self) -> Option<Walk<Data>> {
        let (answered, done) = self.answers.load();
        if done && self.refused.is_none() {
            if let Some(at) = self.readings.iter().position(|reading| reading.after == answered) {
                return Some(self.readings.swap_remove(at).walk);
            }
            // The receiver reads data where none can have begun: it will close, and nothing more may reach it.
            self.refused = Some(FollowError::UnexpectedEnd);
        }
        self.readings.retain(|reading| reading.after > answered);
        None
    }

    fn follow(&mut self, bytes: &[u8]) -> Passage {
        let (at, refused) = match self.refused.clone() {
            Some(error) => (0, Some(error)),
            None => self.advance(bytes),
        };
        match refused {
            Some(error) => {
                self.refused = Some(error.clone());
                Passage::Refused { at, error }
            }
            // Nothing is unseen while readings differ.
            None => Passage::All { unseen: 0 },
        }
    }

    /// Walks every reading, and says how much may pass and why no more.
    fn advance(&mut self, bytes: &[u8]) -> (usize, Option<FollowError>) {
        let (answered, _) = self.answers.load();
        let mut objections = Objections { at: bytes.len(), error: None };
        self.readings.retain_mut(|reading| reading.advance(bytes, 0, &mut objections));
        let mut at = 0;
        while let Some(frames) = &mut self.frames {
            match frames.read(&bytes[at..]) {
                Ok((used, Some(kind))) => {
                    at += used;
                    if let Some(mut reading) = self.frame_ended(kind)
                        && reading.advance(&bytes[at..], at, &mut objections)
                    {
                        self.readings.push(reading);
                    }
                    if self.sent.saturating_sub(answered) > MAX_AHEAD {
                        objections.raise(at, FollowError::Unexpected(bytes[at - 1]));
                        break;
                    }
                }
                Ok((_, None)) => break,
                Err(error) => {
                    // A receiver that still waits for frames closes on this: no session of its can follow.
                    self.frames = None;
                    if self.readings.is_empty() {
                        objections.raise(at, error);
                    }
                }
            }
        }
        if self.frames.is_none() && self.readings.is_empty() && objections.error.is_none() {
            objections.raise(at, FollowError::UnexpectedEnd);
        }
        (objections.at, objections.error)
    }

    fn frame_ended(&mut self, kind: FrameKind) -> Option<Reading> {
        match kind {
            // Nobody answers an error, and no data follow it: the handshake begins again or the connection ends.
            FrameKind::Error => return None,
            FrameKind::Done => self.done = true,
            FrameKind::InProgress => {}
        }
        self.sent = self.sent.saturating_add(1);
        let clear = Heads::initiator_at_preamble_end(self.mode, self.limits);
        let data = if self.done { Data::new(clear) } else { Data::may_finish(clear) };
        Some(Reading { after: self.sent, walk: Walk::new(data) })
    }

    fn eof(&mut self) -> Result<(), FollowError> {
        if let Some(error) = &self.refused {
            return Err(error.clone());
        }
        let between_frames = self.frames.as_ref().is_some_and(FrameReader::between_frames);
        if between_frames || self.readings.iter_mut().any(|reading| reading.walk.eof().is_ok()) {
            return Ok(());
        }
        Err(FollowError::UnexpectedEnd)
    }
}

impl Reading {
    /// Walks `bytes`, which begin at `start` of this input, and says whether the reading is still possible.
    fn advance(&mut self, bytes: &[u8], start: usize, objections: &mut Objections) -> bool {
        match self.walk.advance(bytes) {
            Passage::All { .. } => true,
            Passage::Ended { at } => {
                if at < bytes.len() {
                    objections.raise(start + at, FollowError::SecondSession);
                }
                true
            }
            // A receiver that reads so closes at its first byte of data, before any session: nothing to protect.
            Passage::Refused { .. } if !self.walk.layer().begun() => false,
            Passage::Refused { at, error } => {
                objections.raise(start + at, error);
                true
            }
        }
    }
}

/// The first place beyond which nothing may pass.
struct Objections {
    at: usize,
    error: Option<FollowError>,
}

impl Objections {
    fn raise(&mut self, at: usize, error: FollowError) {
        if self.error.is_none() || at < self.at {
            self.at = at;
            self.error = Some(error);
        }
    }
}

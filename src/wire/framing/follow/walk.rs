//! From head to head through a stream that is cut anywhere.

use crate::wire::follow::{FollowError, Passage};
use crate::wire::framing::heads::Heads;

/// A layer of records: a head says how much follows it.
pub(super) trait Layer {
    /// Reads the next head from input that is not empty and says how many bytes it took. `Ok(None)`: the input ends inside
    /// it. Only a head changes the layer, and input that has one begins with the same head however long it is.
    fn head(&mut self, input: &[u8]) -> Result<Option<(usize, Step)>, FollowError>;

    /// The stream ended after `partial`, the beginning of a head, with no payload left to come.
    fn eof(&self, partial: &[u8]) -> Result<(), FollowError> {
        if partial.is_empty() { Ok(()) } else { Err(FollowError::UnexpectedEnd) }
    }
}

/// What a head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// This many bytes follow and need not be looked at.
    Payload(u64),
    /// The direction is over.
    Ended,
}

/// Walks one direction.
#[derive(Debug)]
pub(super) struct Walk<L> {
    layer: L,
    /// The beginning of a head: a few bytes, at most those of a fault.
    partial: Vec<u8>,
    /// Bytes to pass before the next head.
    payload: u64,
    over: Option<Over>,
}

#[derive(Debug)]
enum Over {
    Ended,
    Refused(FollowError),
}

impl<L: Layer> Walk<L> {
    pub(super) fn new(layer: L) -> Self {
        Self { layer, partial: Vec::new(), payload: 0, over: None }
    }

    pub(super) fn layer(&self) -> &L {
        &self.layer
    }

    /// Whether the bytes so far end behind a head. (Behind its payload as well, if what was announced as unseen has come.)
    pub(super) fn between_heads(&self) -> bool {
        self.partial.is_empty() && self.over.is_none()
    }

    /// As [`crate::wire::follow::Follower::follow`]: the unseen bytes are not to be shown.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> Passage {
        let passage = self.advance(bytes);
        self.payload = 0;
        passage
    }

    /// Walks on. What is announced as unseen is to be shown next.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Passage {
        match &self.over {
            Some(Over::Ended) => return Passage::Ended { at: 0 },
            Some(Over::Refused(error)) => return Passage::Refused { at: 0, error: error.clone() },
            None => {}
        }
        let mut at = 0;
        loop {
            let left = bytes.len() - at;
            let here = usize::try_from(self.payload).map_or(left, |payload| payload.min(left));
            self.payload -= here as u64;
            at += here;
            if at == bytes.len() {
                return Passage::All { unseen: self.payload };
            }
            let step = if self.partial.is_empty() {
                self.whole(&bytes[at..], &mut at)
            } else {
                self.piecewise(&bytes[at..], &mut at)
            };
            match step {
                Ok(Some(Step::Payload(payload))) => self.payload = payload,
                Ok(Some(Step::Ended)) => {
                    self.over = Some(Over::Ended);
                    return Passage::Ended { at };
                }
                Ok(None) => return Passage::All { unseen: 0 },
                Err(error) => {
                    self.over = Some(Over::Refused(error.clone()));
                    return Passage::Refused { at, error };
                }
            }
        }
    }

    /// The next head from bytes that begin with it.
    fn whole(&mut self, bytes: &[u8], at: &mut usize) -> Result<Option<Step>, FollowError> {
        match self.layer.head(bytes)? {
            Some((used, step)) => {
                *at += used;
                Ok(Some(step))
            }
            None => {
                self.partial.extend_from_slice(bytes);
                Ok(None)
            }
        }
    }

    /// The next head from bytes whose beginning came before. They are added one at a time, so that none that follows the
    /// head is taken for a part of it. Of a head that turns out wrong none of these bytes pass.
    fn piecewise(&mut self, bytes: &[u8], at: &mut usize) -> Result<Option<Step>, FollowError> {
        for (i, byte) in bytes.iter().enumerate() {
            self.partial.push(*byte);
            // While a layer cannot be told yet, the beginning of one head may turn out to be several, and some payload.
            while let Some((used, step)) = self.layer.head(&self.partial)? {
                self.partial.drain(..used);
                let (left, step) = match step {
                    Step::Ended => (self.partial.len(), Step::Ended),
                    Step::Payload(payload) => {
                        let here = usize::try_from(payload)
                            .map_or(self.partial.len(), |n| n.min(self.partial.len()));
                        self.partial.drain(..here);
                        (0, Step::Payload(payload - here as u64))
                    }
                };
                if self.partial.len() == left {
                    *at += i + 1 - left;
                    self.partial = Vec::new();
                    return Ok(Some(step));
                }
            }
        }
        Ok(None)
    }

    /// As [`crate::wire::follow::Follower::eof`].
    pub(super) fn eof(&mut self) -> Result<(), FollowError> {
        match &self.over {
            Some(Over::Ended) => Ok(()),
            Some(Over::Refused(error)) => Err(error.clone()),
            None if self.payload != 0 => Err(FollowError::UnexpectedEnd),
            None => self.layer.eof(&self.partial),
        }
    }
}

/// Framing records in clear.
impl Layer for Heads {
    fn head(&mut self, input: &[u8]) -> Result<Option<(usize, Step)>, FollowError> {
        Ok(self
            .next(input)?
            .map(|(head, used)| (used, if self.ended() { Step::Ended } else { Step::Payload(head.payload) })))
    }

    // More is allowed than .NET does: a service that closes without End (Mono, always) is passed on as it is, and the
    // initiator judges. Only a record that was cut is an error here.
    fn eof(&self, partial: &[u8]) -> Result<(), FollowError> {
        if partial.is_empty() && self.between_records() { Ok(()) } else { Err(FollowError::UnexpectedEnd) }
    }
}

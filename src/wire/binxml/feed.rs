//! Reading a document that comes piece by piece.

use super::cursor::Stop;
use super::decoder::Decoder;
use super::dictionaries::Dictionaries;
use super::error::DecodeError;
use super::limits::Limits;
use crate::wire::xml::Event;

/// Bytes that are left behind before the rest is moved to the front.
const STALE: usize = 4096;

/// Unread bytes from which the reader waits for an eighth more before it tries a record again.
const PATIENT: usize = 4096;

/// A pull reader that is fed. It keeps what was pushed and not read, and at most [`Limits::record`] of one record: text that is longer comes in several
/// events, everything else is refused.
///
/// The events are the same however the bytes were cut, apart from how much text is in each.
#[derive(Debug)]
pub struct Feed {
    buffer: Vec<u8>,
    decoder: Decoder<Box<str>>,
    ended: bool,
    /// Nothing that was read is let go.
    keeps: bool,
    /// How many bytes there have to be before it is worth trying again.
    wait_for: usize,
    over: Option<Result<(), DecodeError>>,
}

impl Feed {
    /// Begins to read a document.
    pub fn new(limits: Limits) -> Self {
        let decoder = Decoder::new(limits, false);
        Self { buffer: Vec::new(), decoder, ended: false, keeps: false, wait_for: 0, over: None }
    }

    /// Begins to read a document of which [`Self::document`] keeps all, so that places in it stay good. Whoever pushes bounds it.
    pub fn keeping(limits: Limits) -> Self {
        Self { keeps: true, ..Self::new(limits) }
    }

    /// More of the document.
    pub fn push(&mut self, bytes: &[u8]) {
        let (tag, rest) = self.decoder.needs();
        let stale = rest - tag.len();
        let unread = self.buffer.len() - rest;
        if !self.keeps && stale > 0 && (unread == 0 || stale >= STALE.max(unread)) {
            let kept = tag.len();
            self.buffer.copy_within(tag, 0);
            self.buffer.copy_within(rest.., kept);
            self.buffer.truncate(kept + unread);
            self.decoder.moved();
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The document has ended with what was pushed.
    pub fn finish(&mut self) {
        self.ended = true;
    }

    /// The next event. `None`: push more and call again, or, after [`Self::finish`], the document is over.
    ///
    /// # Errors
    /// The document is malformed, or exceeds a limit. Every later call fails the same way.
    pub fn next_event<'e>(
        &'e mut self,
        dictionaries: Dictionaries<'e>,
    ) -> Result<Option<Event<'e>>, DecodeError> {
        if let Some(result) = self.over {
            return result.map(|()| None);
        }
        let unread = self.buffer.len() - self.decoder.needs().1;
        if !self.ended && unread < self.wait_for {
            return Ok(None);
        }
        self.wait_for = 0;
        // Looked at before, because an event lends from the decoder.
        let (finished, max) = (self.decoder.finish(&self.buffer), self.decoder.limits.record);
        let mut event = Event::End;
        let result = match self.decoder.next(&self.buffer, dictionaries, &mut event) {
            Ok(()) => return Ok(Some(event)),
            Err(Stop::Bad(error)) => Err(error),
            Err(Stop::More) if self.ended => finished,
            Err(Stop::More) if unread > max => Err(DecodeError::RecordTooLong { max }),
            Err(Stop::More) => {
                if unread >= PATIENT {
                    self.wait_for = unread + unread / 8;
                }
                return Ok(None);
            }
        };
        self.over = Some(result);
        result.map(|()| None)
    }

    /// How many elements are open.
    pub fn depth(&self) -> u32 {
        self.decoder.depth()
    }

    /// Where the next record begins, in bytes from the start of what is kept.
    pub fn position(&self) -> usize {
        self.decoder.at
    }

    /// What is kept: all that was pushed, with [`Self::keeping`].
    pub fn document(&self) -> &[u8] {
        &self.buffer
    }

    /// Bytes that are kept.
    pub fn kept(&self) -> usize {
        self.buffer.len()
    }
}

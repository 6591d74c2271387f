//! A sender's message made fit for a listener, wcf-relay page 3.4.

use super::error::MessageError;
use super::limits::MAX_MESSAGE;
use super::read::check_size;
use crate::wire::binxml::{Ids, Writer};
use crate::wire::xml::{Event, Runtime};

/// Writes the events of a sender's message, of whatever encoding they come from, as the message inside an
/// [`super::OnewaySend`]: binary without a session. Strings of the session's dictionary become inline ones, typed values
/// and prefixes stay, so that a signature still holds.
#[derive(Debug)]
pub(super) struct Reencoder {
    writer: Writer<'static>,
    out: Vec<u8>,
}

impl Reencoder {
    pub(super) fn new() -> Self {
        Self { writer: Writer::new(Ids::Static, Runtime::Framework), out: Vec::new() }
    }

    /// Writes the next event.
    ///
    /// # Errors
    /// [`MessageError::TooLarge`] as soon as there is too much: a few bytes may stand for a string of the session each.
    pub(super) fn event(&mut self, event: &Event<'_>) -> Result<(), MessageError> {
        if let Event::Text(value) | Event::Attribute { value, .. } = event {
            check_size(value)?;
        }
        self.writer.event(event)?;
        self.writer.take(&mut self.out);
        self.check()
    }

    /// The message.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, MessageError> {
        self.out.append(&mut self.writer.finish()?);
        if self.out.len() > MAX_MESSAGE {
            return Err(MessageError::TooLarge { max: MAX_MESSAGE });
        }
        Ok(self.out)
    }

    fn check(&self) -> Result<(), MessageError> {
        // What the writer still holds is one start tag or one text.
        if self.out.len() > MAX_MESSAGE {
            return Err(MessageError::TooLarge { max: MAX_MESSAGE });
        }
        Ok(())
    }
}

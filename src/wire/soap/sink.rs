//! Where events go.

use crate::wire::binxml::Writer;
use crate::wire::xml::{Event, ReencodeError, TextWriter, XmlError};

/// A writer of events, whatever bytes it makes of them.
pub trait Sink {
    /// Why it does not write an event.
    type Error;

    /// Writes one event.
    ///
    /// # Errors
    /// What the event says cannot stand here.
    fn event(&mut self, event: &Event<'_>) -> Result<(), Self::Error>;
}

impl Sink for TextWriter {
    type Error = XmlError;

    fn event(&mut self, event: &Event<'_>) -> Result<(), XmlError> {
        Self::event(self, event)
    }
}

impl Sink for Writer<'_> {
    type Error = ReencodeError;

    fn event(&mut self, event: &Event<'_>) -> Result<(), ReencodeError> {
        Ok(Self::event(self, event)?)
    }
}

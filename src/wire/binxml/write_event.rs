//! Writing what was read.
//!
//! Who has read a document knows its declarations, so they are written where they stood among the others, also those that say what an outer one says;
//! whoever makes a document has the writer add what is missing.

use super::error::DecodeError;
use super::reader::Reader;
use super::write_error::WriteError;
use super::writer::Writer;
use crate::wire::xml::{Event, Name};

/// Why a document was not copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] DecodeError),
    /// What was read cannot be written there.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Writer<'_> {
    /// Writes what a reader has read: of binary XML or of text.
    ///
    /// # Errors
    /// The events are not those of one document.
    pub fn event(&mut self, event: &Event<'_>) -> Result<(), WriteError> {
        match event {
            Event::Start(name) => {
                self.before_element()?;
                self.read_tag(name)
            }
            Event::Namespace { prefix, uri } => {
                self.in_tag()?;
                self.scope.declared(prefix, *uri, self.depth)
            }
            Event::Attribute { name, value } => {
                self.in_tag()?;
                if !name.prefix.is_empty() {
                    self.scope.needed(name.prefix, name.namespace, self.depth)?;
                    self.open_attribute(name.prefix, name.local)?;
                } else {
                    self.start_attribute(None, name.local, name.namespace)?;
                }
                self.value(value)?;
                self.end_attribute()
            }
            // White space around the root: no writer of Microsoft's writes any.
            Event::Text(value) if self.depth == 0 => {
                if value.is_blank() {
                    Ok(())
                } else {
                    Err(WriteError::RootText)
                }
            }
            Event::Text(value) => self.value(value),
            Event::Comment(comment) => self.comment(comment),
            Event::End => self.end_element(),
        }
    }

    pub(super) fn read_tag(&mut self, name: &Name<'_>) -> Result<(), WriteError> {
        self.scope.needed(name.prefix, name.namespace, self.depth + 1)?;
        self.open_tag(name.prefix, name.local)
    }

    /// Copies the next event of a reader, or all of an array; `false` at the end of the document.
    ///
    /// A reader shows an array as the elements it stands for. Copied it stays an array, as .NET's `WriteNode` leaves it one.
    ///
    /// # Errors
    /// The document cannot be read, or not be written here.
    pub fn copy(&mut self, reader: &mut Reader<'_>) -> Result<bool, CopyError> {
        let Some(event) = reader.next_event()? else { return Ok(false) };
        let event = *event;
        match (event, reader.begun_array()) {
            (Event::Start(name), Some(items)) => {
                self.begin_array(&name)?;
                while reader.is_in_tag() {
                    if let Some(event) = reader.next_event()? {
                        self.event(event)?;
                    }
                }
                self.end_array(&items)?;
                reader.skip_array();
            }
            _ => self.event(&event)?,
        }
        Ok(true)
    }
}

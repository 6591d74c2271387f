//! Reading what stands in one element.

use super::error::DecodeError;
use super::reader::Reader;
use crate::wire::xml::{Content, Event, NotA, Value};

/// Why the content of an element was not read as a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// The document is malformed.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The content is no value of the wanted type.
    #[error(transparent)]
    NotA(#[from] NotA),
    /// The element has a child element where a value was wanted, or there is no element.
    #[error("a child element where a value was expected")]
    ChildElement,
    /// The text is longer than [`super::Limits::string_content`].
    #[error("text of more than {max} characters")]
    StringTooLong {
        /// Characters.
        max: usize,
    },
    /// The bytes are more than [`super::Limits::array`].
    #[error("value of more than {max} bytes")]
    BytesTooLong {
        /// Bytes.
        max: usize,
    },
}

impl<'a> Reader<'a> {
    /// Reads the rest of the innermost element, up to and with its end: its text, comments left out. Attributes of its start tag that were not read are
    /// passed.
    ///
    /// # Errors
    /// The document is malformed, the element has a child, or the text is longer than the limit.
    pub fn content(&mut self) -> Result<Content<'a>, ContentError> {
        let (mut content, mut characters, mut bytes) = (Content::new(), 0usize, 0usize);
        while let Some(event) = self.next_event()? {
            match *event {
                Event::End => return Ok(content),
                Event::Start(_) => return Err(ContentError::ChildElement),
                Event::Comment(_) | Event::Namespace { .. } | Event::Attribute { .. } => {}
                Event::Text(value) => {
                    match value {
                        Value::Bytes(more) => bytes = bytes.saturating_add(more.len()),
                        Value::Utf16(text) => {
                            characters = characters.saturating_add(text.as_bytes().len() / 2);
                        }
                        // .NET counts UTF-16 units; no text has more of them than bytes.
                        Value::Chars(text) if text.is_ascii() => {
                            characters = characters.saturating_add(text.len());
                        }
                        Value::Chars(text) => {
                            characters = characters.saturating_add(text.encode_utf16().count());
                        }
                        Value::Dictionary(text) => characters = characters.saturating_add(text.text.len()),
                        _ => {}
                    }
                    let limits = self.limits();
                    if characters > limits.string_content {
                        return Err(ContentError::StringTooLong { max: limits.string_content });
                    }
                    if bytes > limits.array {
                        return Err(ContentError::BytesTooLong { max: limits.array });
                    }
                    content.push(value);
                }
            }
        }
        Err(ContentError::ChildElement)
    }

    /// Passes the rest of the innermost element, up to and with its end.
    ///
    /// # Errors
    /// The document is malformed.
    pub fn skip(&mut self) -> Result<(), DecodeError> {
        let depth = self.depth();
        while self.depth() >= depth {
            if self.next_event()?.is_none() {
                break;
            }
        }
        Ok(())
    }
}

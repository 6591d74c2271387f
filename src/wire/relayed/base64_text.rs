//! Bytes in the text of an element, in whatever records they came.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::MessageError;
use crate::wire::xml::Value;

/// Collects the bytes of one element: those of binary records, and what base64 stands for, one after the other. Records
/// may end anywhere (binary XML page 4.6).
#[derive(Default)]
pub(super) struct Base64Text {
    bytes: Vec<u8>,
    /// Base64 that has not been decoded, without white space.
    text: String,
}

impl Base64Text {
    /// Takes the next value; there may be `max` bytes in all.
    pub(super) fn push(&mut self, value: &Value<'_>, max: usize) -> Result<(), MessageError> {
        match value {
            Value::Bytes(more) => {
                self.decode()?;
                self.bytes.extend_from_slice(more);
            }
            other => {
                let space = |char: &char| !matches!(char, ' ' | '\t' | '\r' | '\n');
                self.text.extend(other.text().chars().filter(space));
            }
        }
        if self.bytes.len() + self.text.len() / 4 * 3 > max {
            return Err(MessageError::TextTooLong { max });
        }
        Ok(())
    }

    /// All the bytes.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, MessageError> {
        self.decode()?;
        Ok(self.bytes)
    }

    fn decode(&mut self) -> Result<(), MessageError> {
        let text = std::mem::take(&mut self.text);
        STANDARD.decode_vec(text, &mut self.bytes).map_err(|_| MessageError::BadValue("base64"))
    }
}

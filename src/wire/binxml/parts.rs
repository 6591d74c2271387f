//! Long text in parts, so that a reader which is fed need not keep all of it.

use super::cursor::{Cursor, Parse, Stop};
use super::error::DecodeError;
use super::text_record;
use crate::wire::xml::{Utf16, Value};

/// Bytes that a part has at least, unless it is the last of its text.
const LEAST: usize = 4096;

/// A text of which some is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    form: Form,
    left: usize,
    /// Whether the text ends its element.
    pub(super) ends: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Chars,
    Bytes,
    Utf16,
}

impl Parts {
    /// Begins a text at its type; `None`: it is of a kind that is short.
    pub(super) fn begin(cursor: &mut Cursor<'_>) -> Parse<Option<Self>> {
        let kind = cursor.byte()?;
        let (form, first) = match kind & !1 {
            0x98 | 0x9a | 0x9c => (Form::Chars, 0x98),
            0x9e | 0xa0 | 0xa2 => (Form::Bytes, 0x9e),
            0xb6 | 0xb8 | 0xba => (Form::Utf16, 0xb6),
            _ => return Ok(None),
        };
        let left = text_record::length((kind & !1) - first, cursor)?;
        if form == Form::Utf16 && left % 2 == 1 {
            return Err(DecodeError::OddUtf16.into());
        }
        Ok(Some(Self { form, left, ends: kind & 1 == 1 }))
    }

    /// The next part. A part of bytes that is not the last has a multiple of three of them, so that the base64 of all joins.
    pub(super) fn next<'i>(&mut self, cursor: &mut Cursor<'i>) -> Parse<Value<'i>> {
        let rest = cursor.input.get(cursor.at..).unwrap_or_default();
        let all = rest.len() >= self.left;
        if !all && rest.len() < LEAST {
            return Err(Stop::More);
        }
        let most = &rest[..rest.len().min(self.left)];
        let (value, size) = match self.form {
            Form::Bytes => {
                let size = if all { most.len() } else { most.len() - most.len() % 3 };
                (Value::Bytes(&most[..size]), size)
            }
            Form::Utf16 => {
                let whole = if all { most } else { &most[..whole_utf16(most)] };
                (Value::Utf16(Utf16::new(whole).ok_or(DecodeError::BadUtf16)?), whole.len())
            }
            Form::Chars => {
                let whole = match std::str::from_utf8(most) {
                    Ok(text) => text,
                    Err(error) if !all && error.error_len().is_none() => {
                        std::str::from_utf8(&most[..error.valid_up_to()]).unwrap_or_default()
                    }
                    Err(_) => return Err(DecodeError::BadUtf8.into()),
                };
                (Value::Chars(whole), whole.len())
            }
        };
        cursor.at += size;
        self.left -= size;
        Ok(value)
    }

    /// Whether there is no more of it.
    pub(super) fn is_over(&self) -> bool {
        self.left == 0
    }
}

/// How much of it has no half of a unit or of a surrogate pair at its end.
fn whole_utf16(bytes: &[u8]) -> usize {
    let size = bytes.len() & !1;
    let last = bytes[..size].last_chunk().map(|unit| u16::from_le_bytes(*unit));
    if last.is_some_and(|unit| matches!(unit, 0xd800..=0xdbff)) { size - 2 } else { size }
}

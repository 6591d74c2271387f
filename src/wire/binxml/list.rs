//! Several values in one text, [MC-NBFX] 2.3.1.19.

use super::cursor::{Cursor, Parse};
use super::dictionaries::Dictionaries;
use super::error::DecodeError;
use super::text_record;
use crate::wire::xml::Value;

const START: u8 = 0xa4;
const END: u8 = 0xa6;

/// A list of values, read as it is walked. Nobody was seen sending one.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    /// The records of the items, checked.
    items: &'a [u8],
    dictionaries: Dictionaries<'a>,
}

impl<'a> List<'a> {
    /// The values. None of them is a list.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + 'a {
        let mut cursor = Cursor::new(self.items, 0);
        let dictionaries = self.dictionaries;
        std::iter::from_fn(move || {
            let kind = cursor.byte().ok()?;
            text_record::value(kind, &mut cursor, dictionaries).ok()
        })
    }

    /// Reads and checks the items, and says where the list ends.
    #[cold]
    pub(super) fn read(mut cursor: Cursor<'a>, dictionaries: Dictionaries<'a>) -> Parse<(Self, usize)> {
        let start = cursor.at;
        while let Some(kind) = item(&mut cursor)? {
            text_record::value(kind, &mut cursor, dictionaries)?;
        }
        let items = &cursor.input[start..cursor.at - 1];
        Ok((Self { items, dictionaries }, cursor.at))
    }

    /// The types of items that were checked, without their values.
    pub(super) fn kinds(items: &'a [u8]) -> impl Iterator<Item = u8> + 'a {
        let mut cursor = Cursor::new(items, 0);
        std::iter::from_fn(move || {
            let kind = cursor.byte().ok()?;
            text_record::skip(kind, &mut cursor).ok()?;
            Some(kind)
        })
    }

    pub(super) fn skip(cursor: &mut Cursor<'_>) -> Parse<()> {
        while let Some(kind) = item(cursor)? {
            text_record::skip(kind, cursor)?;
        }
        Ok(())
    }
}

/// The type of the next item; `None` at the end mark.
fn item(cursor: &mut Cursor<'_>) -> Parse<Option<u8>> {
    match cursor.byte()? {
        END => Ok(None),
        START => Err(DecodeError::NestedList.into()),
        kind @ 0x80..=0xbc if kind & 1 == 0 => Ok(Some(kind)),
        kind => Err(DecodeError::BadRecord(kind).into()),
    }
}

impl PartialEq for List<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

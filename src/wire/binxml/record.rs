//! Records one by one, as they stand, for those who show or copy them: nothing is resolved and nothing is lost but overlong lengths.

use super::cursor::{Cursor, Parse, Stop};
use super::error::DecodeError;
use super::list::List;
use super::record_type::RecordType;
use super::text_record;
use crate::wire::int31;

/// One record, [MC-NBFX] 2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record<'a> {
    /// The end of an element.
    EndElement,
    /// A comment.
    Comment(&'a str),
    /// The mark of an array: an element without content and [`Record::Items`] follow.
    Array,
    /// A start tag.
    Element {
        /// Its type, which tells a prefix of one letter.
        kind: RecordType,
        /// The prefix where the type does not tell it.
        prefix: &'a str,
        /// The local name.
        local: RawString<'a>,
    },
    /// An attribute.
    Attribute {
        /// Its type, which tells a prefix of one letter.
        kind: RecordType,
        /// The prefix where the type does not tell it.
        prefix: &'a str,
        /// The local name.
        local: RawString<'a>,
        /// Its value, a record of its own.
        value: RawText<'a>,
    },
    /// A declaration.
    Xmlns {
        /// Its type.
        kind: RecordType,
        /// The prefix, empty for the default namespace.
        prefix: &'a str,
        /// The namespace.
        uri: RawString<'a>,
    },
    /// A text.
    Text(RawText<'a>),
    /// The items of an array.
    Items {
        /// The type of each of them.
        kind: RecordType,
        /// How many there are.
        count: u32,
        /// Their bytes.
        items: &'a [u8],
    },
}

/// A string as it stands: inline, or an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawString<'a> {
    /// The string.
    Inline(&'a str),
    /// An id of the static dictionary (even) or of the session (odd).
    Id(u32),
}

/// A text record as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawText<'a> {
    /// Its type.
    pub kind: RecordType,
    /// What follows the type and, where there is one, the length; of a list the records of its items.
    pub payload: &'a [u8],
}

/// Takes a document apart into records. Their order is not looked at, apart from arrays.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    cursor: Cursor<'a>,
    array: InArray,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InArray {
    No,
    /// Its mark was there.
    Tag,
    /// The end of its element was there.
    Items,
}

impl<'a> Records<'a> {
    /// Begins at the first record of a document.
    pub fn new(document: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(document, 0), array: InArray::No }
    }

    /// Where the next record begins.
    pub fn position(&self) -> usize {
        self.cursor.at
    }

    /// The next record; `None` at the end of the input.
    ///
    /// # Errors
    /// The record is malformed or cut off.
    pub fn next_record(&mut self) -> Result<Option<Record<'a>>, DecodeError> {
        if self.cursor.at == self.cursor.input.len() {
            return Ok(None);
        }
        let mut cursor = self.cursor;
        let record = read(&mut cursor, self.array).map_err(|stop| match stop {
            Stop::More => DecodeError::Eof,
            Stop::Bad(error) => error,
        })?;
        self.cursor = cursor;
        self.array = match (record, self.array) {
            (Record::Array, _) => InArray::Tag,
            (Record::EndElement, InArray::Tag) => InArray::Items,
            (Record::Element { .. } | Record::Attribute { .. } | Record::Xmlns { .. }, InArray::Tag) => {
                InArray::Tag
            }
            _ => InArray::No,
        };
        Ok(Some(record))
    }
}

fn read<'a>(cursor: &mut Cursor<'a>, array: InArray) -> Parse<Record<'a>> {
    let kind = RecordType(cursor.byte()?);
    if array == InArray::Items {
        let size = text_record::item_size(kind.0).ok_or(DecodeError::BadArray)?;
        let count = cursor.int31()?;
        let items = (count as usize).checked_mul(size).ok_or(Stop::More)?;
        return Ok(Record::Items { kind, count, items: cursor.take(items)? });
    }
    Ok(match kind {
        RecordType::END_ELEMENT => Record::EndElement,
        RecordType::COMMENT => Record::Comment(cursor.string()?),
        RecordType::ARRAY => Record::Array,
        _ if kind.is_xmlns() => {
            let prefix = if kind.0 & 1 == 1 { cursor.string()? } else { "" };
            Record::Xmlns { kind, prefix, uri: string(kind.0 < 0x0a, cursor)? }
        }
        _ if kind.is_attribute() => {
            let (prefix, local) = name(kind, cursor)?;
            let value = RecordType(cursor.byte()?);
            if !value.is_text() || value.ends_element() {
                return Err(DecodeError::BadRecord(value.0).into());
            }
            Record::Attribute { kind, prefix, local, value: text(value, cursor)? }
        }
        _ if kind.is_element() => {
            let (prefix, local) = name(kind, cursor)?;
            Record::Element { kind, prefix, local }
        }
        _ => Record::Text(text(kind, cursor)?),
    })
}

fn name<'a>(kind: RecordType, cursor: &mut Cursor<'a>) -> Parse<(&'a str, RawString<'a>)> {
    let prefix = if has_prefix(kind) { cursor.string()? } else { "" };
    Ok((prefix, string(is_inline(kind), cursor)?))
}

/// Whether the prefix stands in the record, for elements and attributes.
fn has_prefix(kind: RecordType) -> bool {
    matches!(kind.0, 0x05 | 0x07 | 0x41 | 0x43)
}

/// Whether the local name stands in the record, for elements and attributes.
fn is_inline(kind: RecordType) -> bool {
    matches!(kind.0, 0x04 | 0x05 | 0x26..=0x3f | 0x40 | 0x41 | 0x5e..=0x77)
}

fn string<'a>(inline: bool, cursor: &mut Cursor<'a>) -> Parse<RawString<'a>> {
    Ok(if inline { RawString::Inline(cursor.string()?) } else { RawString::Id(cursor.int31()?) })
}

fn text<'a>(kind: RecordType, cursor: &mut Cursor<'a>) -> Parse<RawText<'a>> {
    if matches!(kind.0, 0xa5 | 0xa7) {
        return Err(DecodeError::BadRecord(kind.0).into());
    }
    let mut all = *cursor;
    text_record::skip(kind.0 & !1, cursor)?;
    let record = all.take(cursor.at - all.at)?;
    let payload = match width(kind) {
        Some(width) => &record[width..],
        None if kind == RecordType::START_LIST_TEXT => &record[..record.len() - 1],
        None => record,
    };
    Ok(RawText { kind, payload })
}

/// Bytes of the length in front of the payload.
fn width(kind: RecordType) -> Option<usize> {
    match kind.0 & !1 {
        0x98 | 0x9e | 0xb6 => Some(1),
        0x9a | 0xa0 | 0xb8 => Some(2),
        0x9c | 0xa2 | 0xba => Some(4),
        _ => None,
    }
}

impl Record<'_> {
    /// Appends the record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::EndElement => out.push(RecordType::END_ELEMENT.0),
            Self::Comment(comment) => {
                out.push(RecordType::COMMENT.0);
                RawString::Inline(comment).encode(out);
            }
            Self::Array => out.push(RecordType::ARRAY.0),
            Self::Element { kind, prefix, local } => encode_name(*kind, prefix, *local, out),
            Self::Attribute { kind, prefix, local, value } => {
                encode_name(*kind, prefix, *local, out);
                value.encode(out);
            }
            Self::Xmlns { kind, prefix, uri } => {
                out.push(kind.0);
                if kind.0 & 1 == 1 {
                    RawString::Inline(prefix).encode(out);
                }
                uri.encode(out);
            }
            Self::Text(text) => text.encode(out),
            Self::Items { kind, count, items } => {
                out.push(kind.0);
                int31::encode(*count, out);
                out.extend_from_slice(items);
            }
        }
    }

    /// Calls `name` with the name of the record, and of those within it: the value of an attribute, the items of a list.
    pub fn names(&self, mut name: impl FnMut(std::fmt::Arguments<'_>)) {
        match self {
            Self::EndElement => name(format_args!("EndElement")),
            Self::Comment(_) => name(format_args!("Comment")),
            Self::Array => name(format_args!("Array")),
            Self::Element { kind, .. } | Self::Xmlns { kind, .. } => name(format_args!("{kind}")),
            Self::Attribute { kind, value, .. } => {
                name(format_args!("{kind}"));
                value.names(&mut name);
            }
            Self::Text(text) => text.names(&mut name),
            Self::Items { kind, count, .. } => name(format_args!("{kind}[{count}]")),
        }
    }
}

fn encode_name(kind: RecordType, prefix: &str, local: RawString<'_>, out: &mut Vec<u8>) {
    out.push(kind.0);
    if has_prefix(kind) {
        RawString::Inline(prefix).encode(out);
    }
    local.encode(out);
}

impl RawString<'_> {
    fn encode(self, out: &mut Vec<u8>) {
        match self {
            Self::Inline(text) => {
                int31::encode(text.len() as u32, out);
                out.extend_from_slice(text.as_bytes());
            }
            Self::Id(id) => int31::encode(id, out),
        }
    }
}

impl RawText<'_> {
    fn encode(self, out: &mut Vec<u8>) {
        out.push(self.kind.0);
        if let Some(width) = width(self.kind) {
            out.extend_from_slice(&(self.payload.len() as u32).to_le_bytes()[..width]);
        }
        out.extend_from_slice(self.payload);
        if self.kind == RecordType::START_LIST_TEXT {
            out.push(RecordType::END_LIST_TEXT.0);
        }
    }

    fn names(self, name: &mut impl FnMut(std::fmt::Arguments<'_>)) {
        name(format_args!("{}", self.kind));
        if self.kind == RecordType::START_LIST_TEXT {
            for kind in List::kinds(self.payload) {
                name(format_args!("{}", RecordType(kind)));
            }
            name(format_args!("{}", RecordType::END_LIST_TEXT));
        }
    }
}

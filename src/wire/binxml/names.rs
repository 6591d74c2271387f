//! Names in the forms that elements and attributes have, read or passed.

use std::collections::HashSet;

use super::cursor::{Cursor, Parse, utf8};
use super::dictionaries::Dictionaries;
use super::error::DecodeError;
use super::text_record;
use crate::wire::xml::Str;

/// The distinct names of a document, where their size is limited.
#[derive(Debug, Default)]
pub(super) struct Names {
    seen: HashSet<Box<str>>,
    size: usize,
}

impl Names {
    /// Counts a name that was not there before.
    pub(super) fn count(&mut self, name: &str, max: usize) -> Result<(), DecodeError> {
        if self.seen.contains(name) {
            return Ok(());
        }
        self.size += name.len();
        if self.size > max {
            return Err(DecodeError::NameTableFull { max });
        }
        self.seen.insert(name.into());
        Ok(())
    }
}

#[inline(always)]
pub(super) fn letter(index: u8) -> &'static str {
    let index = usize::from(index);
    "abcdefghijklmnopqrstuvwxyz".get(index..=index).unwrap_or_default()
}

/// Attributes have the same forms of names as elements.
#[inline(always)]
pub(super) fn attribute_form(kind: u8) -> u8 {
    if kind < 0x08 { kind - 0x04 } else { kind - 0x08 }
}

/// A name or prefix, refused by its length before all of it is there.
#[inline(always)]
pub(super) fn short<'i>(cursor: &mut Cursor<'i>, max: usize) -> Parse<&'i str> {
    let size = cursor.int31()? as usize;
    if size > max {
        return Err(DecodeError::NameTooLong { max }.into());
    }
    utf8(cursor.take(size)?)
}

#[inline(always)]
pub(super) fn declaration<'i>(
    kind: u8,
    cursor: &mut Cursor<'i>,
    dictionaries: Dictionaries<'i>,
    max: usize,
) -> Parse<(&'i str, Str<'i>)> {
    let prefix = if kind & 1 == 1 { short(cursor, max)? } else { "" };
    let uri =
        if kind < 0x0a { Str::plain(short(cursor, max)?) } else { dictionaries.string(cursor.int31()?)? };
    Ok((prefix, uri))
}

#[inline(always)]
pub(super) fn skip_name(form: u8, cursor: &mut Cursor<'_>) -> Parse<()> {
    if matches!(form, 1 | 3) {
        skip_string(cursor)?;
    }
    if matches!(form, 2..=29) { cursor.int31().map(|_| ()) } else { skip_string(cursor) }
}

#[inline(always)]
fn skip_string(cursor: &mut Cursor<'_>) -> Parse<()> {
    let size = cursor.int31()?;
    cursor.take(size as usize).map(|_| ())
}

/// Passes an attribute or a declaration.
#[inline(always)]
pub(super) fn skip_attribute(cursor: &mut Cursor<'_>) -> Parse<()> {
    let kind = cursor.byte()?;
    match kind {
        0x08 => skip_string(cursor),
        0x09 => {
            skip_string(cursor)?;
            skip_string(cursor)
        }
        0x0a => cursor.int31().map(|_| ()),
        0x0b => {
            skip_string(cursor)?;
            cursor.int31().map(|_| ())
        }
        _ => {
            skip_name(attribute_form(kind), cursor)?;
            let value = cursor.byte()?;
            text_record::skip(value, cursor)
        }
    }
}

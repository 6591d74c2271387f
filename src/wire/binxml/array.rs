//! Arrays: many elements of one start tag, each with one value ([MC-NBFX] 2.2.3).

use super::cursor::{Cursor, Parse, Stop};
use super::decoder::{Decoder, State};
use super::dictionaries::Dictionaries;
use super::error::DecodeError;
use super::names::{skip_attribute, skip_name};
use super::text_record;
use crate::wire::xml::Event;

/// An array whose items are being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Array {
    tag_at: usize,
    tag_end: usize,
    kind: u8,
    /// Whether no item has been read.
    begun: bool,
    left: u32,
    next: usize,
}

/// The items of an array as they stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawItems<'a> {
    /// Their type.
    pub(super) kind: u8,
    /// How many there are.
    pub(super) count: u32,
    /// Their bytes.
    pub(super) items: &'a [u8],
}

impl<S: AsRef<str> + Default> Decoder<S> {
    /// The items of the array that is being read, if none of them has been; of input that is all there.
    pub(super) fn begun_array<'i>(&self, input: &'i [u8]) -> Option<RawItems<'i>> {
        let array = self.array.filter(|array| array.begun)?;
        let size = text_record::item_size(array.kind)? * array.left as usize;
        let items = input.get(array.next..)?.get(..size)?;
        Some(RawItems { kind: array.kind, count: array.left, items })
    }

    /// Passes what is left of an array whose start tag has been read, its end included.
    pub(super) fn skip_array(&mut self) {
        if let Some(array) = self.array.take() {
            let size = text_record::item_size(array.kind).unwrap_or_default();
            self.at = array.next + size * array.left as usize;
            self.state = State::Content;
            self.depth -= 1;
            self.scope.close(self.depth);
        }
    }

    /// Reads what stands between the mark of an array and its items, [MC-NBFX] 2.2.3, and says where the start tag is.
    #[cold]
    pub(super) fn begin_array(&mut self, mut cursor: Cursor<'_>) -> Parse<usize> {
        if self.depth == 0 {
            // DIFFERS: .NET reads it as several roots, and a document without any; both are none.
            return Err(DecodeError::MultipleRoots.into());
        }
        let tag_at = cursor.at;
        let kind = cursor.byte()?;
        if !matches!(kind, 0x40..=0x77) {
            return Err(DecodeError::BadArray.into());
        }
        skip_name(kind - 0x40, &mut cursor)?;
        let mut attributes = 0;
        while matches!(cursor.peek()?, 0x04..=0x3f) {
            skip_attribute(&mut cursor)?;
            attributes += 1;
            if attributes > self.limits.attributes {
                return Err(DecodeError::TooManyAttributes { max: self.limits.attributes }.into());
            }
            if cursor.at - tag_at > self.limits.start_tag {
                return Err(DecodeError::StartTagTooLong { max: self.limits.start_tag }.into());
            }
        }
        let tag_end = cursor.at;
        if cursor.byte()? != 0x01 {
            return Err(DecodeError::BadArray.into());
        }
        let kind = cursor.byte()?;
        let size = text_record::item_size(kind).ok_or(DecodeError::BadArray)?;
        let count = cursor.int31()?;
        if count == 0 {
            return Err(DecodeError::BadArray.into());
        }
        let left = cursor.input.len() - cursor.at;
        if self.whole && u64::from(count) * size as u64 > left as u64 {
            return Err(Stop::More);
        }
        let max = self.limits.array_items;
        self.array_items = self
            .array_items
            .checked_add(count)
            .filter(|items| *items <= max)
            .ok_or(DecodeError::ArrayTooLong { max })?;
        self.at = cursor.at;
        self.array = Some(Array { tag_at, tag_end, kind, begun: true, left: count, next: cursor.at });
        Ok(tag_at)
    }

    /// Where the element of the next item is read, or what follows the array.
    #[cold]
    pub(super) fn next_item(&mut self) -> usize {
        match self.array {
            Some(Array { tag_at, left: 1.., .. }) => tag_at,
            Some(Array { next, .. }) => {
                self.at = next;
                self.array = None;
                next
            }
            None => self.at,
        }
    }

    #[inline(never)]
    pub(super) fn item<'e>(&mut self, input: &'e [u8], event: &mut Event<'e>) -> Parse<()> {
        let Some(array) = &mut self.array else { return Err(DecodeError::BadArray.into()) };
        let mut cursor = Cursor::new(input, array.next);
        let value = text_record::value(array.kind & !1, &mut cursor, Dictionaries::NONE)?;
        array.next = cursor.at;
        array.left -= 1;
        array.begun = false;
        self.at = cursor.at;
        self.state = State::End;
        *event = Event::Text(value);
        Ok(())
    }

    /// Which input is still needed: that before the second number is not, apart from the first range.
    pub(super) fn needs(&self) -> (std::ops::Range<usize>, usize) {
        match self.array {
            Some(array) => (array.tag_at..array.tag_end + 1, array.next),
            None => (0..0, self.at),
        }
    }

    /// The input is now what [`Self::needs`] told, one directly after the other.
    pub(super) fn moved(&mut self) {
        let (tag, rest) = self.needs();
        if let Some(array) = &mut self.array {
            if let State::Tag { end, .. } = &mut self.state {
                *end -= tag.start;
                self.at -= tag.start;
            } else {
                self.at = tag.len();
            }
            array.tag_at = 0;
            array.tag_end -= tag.start;
            array.next = tag.len();
        } else {
            if let State::Tag { end, .. } = &mut self.state {
                *end -= rest;
            }
            self.at = 0;
        }
    }
}

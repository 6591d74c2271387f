//! Bytes on their way out, in the pieces in which Microsoft's writer makes them.
//!
//! An element's end is merged into its last text when the type byte of that text is still in the writer's buffer of 512 bytes. The buffer is emptied
//! when a piece that is asked for does not fit, so what pieces are asked for can be seen in the bytes (binary XML page, section 8).

use super::record_type::RecordType;
use crate::wire::int31;
use crate::wire::xml::Runtime;

/// Bytes of the buffer.
const SIZE: usize = 512;

/// Bytes of UTF-8 that a UTF-16 unit may take.
const UTF8: usize = 3;

/// UTF-16 units that are written at a time as UTF-8, and as UTF-16.
const CHUNK: usize = SIZE / UTF8;
const WIDE_CHUNK: usize = SIZE / 2;

#[derive(Debug)]
pub(super) struct WriteBuffer {
    pub(super) out: Vec<u8>,
    /// Where the buffer begins in `out`; below zero when its start was taken away.
    flushed: isize,
    /// Where the type of the last text stands, if nothing came after it and the buffer still has it.
    text_at: Option<usize>,
    runtime: Runtime,
}

impl WriteBuffer {
    pub(super) fn new(out: Vec<u8>, runtime: Runtime) -> Self {
        Self { flushed: out.len() as isize, out, text_at: None, runtime }
    }

    /// Moves to `out` what will not be changed any more.
    pub(super) fn take(&mut self, out: &mut Vec<u8>) {
        let end = self.text_at.unwrap_or(self.out.len());
        out.extend(self.out.drain(..end));
        self.flushed -= end as isize;
        self.text_at = self.text_at.map(|_| 0);
    }

    /// Asks for `size` bytes of the buffer.
    #[inline]
    fn reserve(&mut self, size: usize) {
        if self.out.len() as isize - self.flushed + size as isize > SIZE as isize {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.flushed = self.out.len() as isize;
        self.text_at = None;
    }

    /// The type of a record that is no text.
    #[inline]
    pub(super) fn node(&mut self, kind: RecordType) {
        self.byte(kind.0);
        self.text_at = None;
    }

    #[inline]
    pub(super) fn byte(&mut self, byte: u8) {
        self.reserve(1);
        self.out.push(byte);
    }

    /// The type of a text whose payload comes in other pieces.
    pub(super) fn text_node(&mut self, kind: RecordType) {
        self.reserve(1);
        self.text_at = Some(self.out.len());
        self.out.push(kind.0);
    }

    /// A text of fixed size.
    pub(super) fn fixed<const N: usize>(&mut self, kind: RecordType, payload: [u8; N]) {
        self.reserve(1 + N);
        self.text_at = Some(self.out.len());
        self.out.push(kind.0);
        self.out.extend_from_slice(&payload);
    }

    /// The end of an element: merged into the text before it where that can be.
    pub(super) fn end_element(&mut self) {
        match self.text_at.take() {
            Some(at) => self.out[at] |= 1,
            None => self.node(RecordType::END_ELEMENT),
        }
    }

    /// The text before is not merged with an end.
    pub(super) fn seal(&mut self) {
        self.text_at = None;
    }

    #[inline]
    pub(super) fn int31(&mut self, value: u32) {
        self.reserve(int31::MAX_LEN);
        int31::encode(value, &mut self.out);
    }

    /// A name, prefix, namespace or comment.
    pub(super) fn name(&mut self, text: &str) {
        let units = units(text);
        if units < 128 / UTF8 {
            self.reserve(1 + units * UTF8);
            self.out.push(text.len() as u8);
            self.out.extend_from_slice(text.as_bytes());
        } else {
            self.int31(text.len() as u32);
            self.utf8(text, units);
        }
    }

    /// Characters of a text, as UTF-8 or UTF-16 by what is shorter.
    pub(super) fn chars(&mut self, text: &str) {
        let units = units(text);
        let wide = text.len() / 2 > units;
        if units <= usize::from(u8::MAX) / UTF8 {
            self.reserve(2 + units * UTF8);
            self.text_at = Some(self.out.len());
            let (kind, size) = if wide {
                (RecordType::UNICODE_CHARS8_TEXT, units * 2)
            } else {
                (RecordType::CHARS8_TEXT, text.len())
            };
            self.out.extend_from_slice(&[kind.0, size as u8]);
            if wide {
                self.out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
            } else {
                self.out.extend_from_slice(text.as_bytes());
            }
        } else if wide {
            self.sized(RecordType::UNICODE_CHARS8_TEXT, units * 2);
            self.utf16(text, units);
        } else {
            self.sized(RecordType::CHARS8_TEXT, text.len());
            self.utf8(text, units);
        }
    }

    /// Type and length of a text; `kind` is the type for lengths of one byte.
    fn sized(&mut self, kind: RecordType, size: usize) {
        let (step, width) = match size {
            0..=0xff => (0, 1),
            0x100..=0xffff => (2, 2),
            _ => (4, 4),
        };
        self.reserve(match self.runtime {
            Runtime::Net8 => 1 + width,
            Runtime::Framework => 5,
        });
        self.text_at = Some(self.out.len());
        self.out.push(kind.0 + step);
        self.out.extend_from_slice(&(size as u32).to_le_bytes()[..width]);
    }

    fn utf8(&mut self, text: &str, mut units: usize) {
        let mut rest = text;
        while units > CHUNK {
            let (size, taken) = chunk(rest, CHUNK);
            self.reserve(taken * UTF8);
            self.out.extend_from_slice(&rest.as_bytes()[..size]);
            rest = &rest[size..];
            units -= taken;
        }
        if units > 0 {
            self.reserve(units * UTF8);
            self.out.extend_from_slice(rest.as_bytes());
        }
    }

    fn utf16(&mut self, text: &str, mut units: usize) {
        let mut rest = text;
        while units > WIDE_CHUNK {
            let (size, taken) = chunk(rest, WIDE_CHUNK);
            self.reserve(taken * 2);
            self.out.extend(rest[..size].encode_utf16().flat_map(u16::to_le_bytes));
            rest = &rest[size..];
            units -= taken;
        }
        if units > 0 {
            self.reserve(units * 2);
            self.out.extend(rest.encode_utf16().flat_map(u16::to_le_bytes));
        }
    }

    /// A text of bytes in two parts: what an earlier call left over, and what is new.
    pub(super) fn bytes(&mut self, before: &[u8], bytes: &[u8]) {
        self.sized(RecordType::BYTES8_TEXT, before.len() + bytes.len());
        self.block(before);
        self.block(bytes);
    }

    /// Bytes of a payload; many of them bypass the buffer.
    pub(super) fn block(&mut self, bytes: &[u8]) {
        if bytes.len() < SIZE {
            self.reserve(bytes.len());
            self.out.extend_from_slice(bytes);
        } else {
            self.bypass(bytes);
        }
    }

    /// Bytes that never are in the buffer.
    pub(super) fn bypass(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
        self.flush();
    }

    /// Items of `N` bytes that are written one by one.
    pub(super) fn items<const N: usize>(&mut self, bytes: &[u8]) {
        for item in bytes.as_chunks::<N>().0 {
            self.reserve(N);
            self.out.extend_from_slice(item);
        }
    }
}

/// Bytes and UTF-16 units of the first `max` units of a text that has more; a surrogate pair stays whole.
fn chunk(text: &str, max: usize) -> (usize, usize) {
    if let Some(head) = text.as_bytes().get(..max)
        && head.is_ascii()
    {
        return (max, max);
    }
    let (mut size, mut taken) = (0, 0);
    for char in text.chars() {
        if taken + char.len_utf16() > max {
            break;
        }
        size += char.len_utf8();
        taken += char.len_utf16();
    }
    (size, taken)
}

/// UTF-16 units of a text.
fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

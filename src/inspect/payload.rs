//! The bytes of an envelope, and where in the stream they stand.

use std::borrow::Cow;

/// An envelope as it stands in the stream: whole, or in chunks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payload<'a> {
    parts: Vec<Part<'a>>,
}

/// Bytes that follow each other in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// Where the head in front of them (the record's, or the chunk's) begins.
    pub(super) head: usize,
    /// Where they begin.
    pub(super) offset: usize,
    pub(super) bytes: &'a [u8],
}

impl<'a> Payload<'a> {
    pub(super) fn push(&mut self, part: Part<'a>) {
        self.parts.push(part);
    }

    pub(super) fn parts(&self) -> &[Part<'a>] {
        &self.parts
    }

    /// The envelope, without what divides it into chunks.
    pub fn bytes(&self) -> Cow<'a, [u8]> {
        match self.parts[..] {
            [] => Cow::Borrowed(&[]),
            [part] => Cow::Borrowed(part.bytes),
            _ => self.parts.iter().flat_map(|part| part.bytes).copied().collect(),
        }
    }

    /// Bytes of the envelope.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.bytes.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where byte `at` of the envelope stands in the stream; `None` beyond its end.
    pub fn offset(&self, at: usize) -> Option<usize> {
        let mut before = 0;
        for part in &self.parts {
            if at - before < part.bytes.len() {
                return Some(part.offset + at - before);
            }
            before += part.bytes.len();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_chunks_keep_their_places() {
        let mut payload = Payload::default();
        payload.push(Part { head: 10, offset: 11, bytes: b"abc" });
        payload.push(Part { head: 14, offset: 15, bytes: b"de" });
        assert_eq!(&*payload.bytes(), b"abcde");
        assert_eq!(payload.offset(2), Some(13));
        assert_eq!(payload.offset(3), Some(15));
        assert_eq!(payload.offset(5), None);
    }
}

//! The bytes of an envelope or a body, and where in the stream they stand.

/// What a record or a message carries: in one piece, or in chunks. The first [`KEPT`] bytes of it are at hand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Payload {
    bytes: Vec<u8>,
    len: u64,
    missing: u64,
    parts: Vec<Part>,
}

/// Bytes of a payload that are kept, and so the largest envelope that is decoded: 16 MiB.
pub(super) const KEPT: usize = 16 << 20;

/// Chunks that are kept apart; all others count as one.
const PARTS: usize = 1 << 16;

/// Bytes that follow each other in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Where the head in front of them (the record's, or the chunk's) begins.
    pub(super) head: u64,
    /// The head's first bytes.
    pub(super) head_bytes: Vec<u8>,
    /// Where they begin.
    pub(super) offset: u64,
    /// How many came before them.
    before: u64,
    pub(super) len: u64,
}

impl Payload {
    /// A payload of one piece that begins at `offset`.
    pub(super) fn at(offset: u64) -> Self {
        let mut payload = Self::default();
        payload.part(offset, &[]);
        payload
    }

    /// The next bytes come in a part of their own, whose head begins at `head`.
    pub(super) fn part(&mut self, head: u64, head_bytes: &[u8]) {
        if self.parts.len() < PARTS {
            let (offset, head_bytes) = (head + head_bytes.len() as u64, head_bytes.to_vec());
            self.parts.push(Part { head, head_bytes, offset, before: self.len, len: 0 });
        }
    }

    /// More bytes of the last part.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = if self.bytes.len() as u64 == self.len { KEPT - self.bytes.len() } else { 0 };
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.grow(bytes.len() as u64);
    }

    /// Bytes of the last part that nobody has.
    pub(super) fn miss(&mut self, count: u64) {
        self.missing += count;
        self.grow(count);
    }

    fn grow(&mut self, count: u64) {
        self.len += count;
        if let Some(part) = self.parts.last_mut() {
            part.len += count;
        }
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Bytes of each part.
    pub(super) fn sizes(&self) -> Vec<u64> {
        self.parts.iter().map(|part| part.len).collect()
    }

    /// The bytes at hand, without what divides them into chunks: up to the first that is missing or not kept.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes in all.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Bytes that were sent and that a capture does not have.
    pub(super) fn missing(&self) -> u64 {
        self.missing
    }

    /// Where byte `at` stands in the stream; `None` beyond the end.
    pub(super) fn offset(&self, at: usize) -> Option<u64> {
        let at = at as u64;
        let part = &self.parts[self.parts.partition_point(|part| part.before <= at).checked_sub(1)?];
        // An empty part stands where the next one does.
        (at - part.before < part.len).then(|| part.offset + at - part.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_chunks_keep_their_places() {
        let mut payload = Payload::default();
        payload.part(10, b"\x03");
        payload.push(b"ab");
        payload.push(b"c");
        payload.part(14, b"\x02");
        payload.push(b"de");
        assert_eq!(payload.bytes(), b"abcde");
        assert_eq!(payload.sizes(), [3, 2]);
        assert_eq!(payload.offset(2), Some(13));
        assert_eq!(payload.offset(3), Some(15));
        assert_eq!(payload.offset(5), None);
    }

    #[test]
    fn what_is_behind_a_gap_is_counted_and_not_kept() {
        let mut payload = Payload::at(0);
        payload.push(b"ab");
        payload.miss(3);
        payload.push(b"cd");
        assert_eq!((payload.bytes(), payload.len(), payload.missing()), (&b"ab"[..], 7, 3));
    }

    #[test]
    fn what_is_too_large_is_counted_and_not_kept() {
        let mut payload = Payload::at(0);
        let piece = vec![1; KEPT / 2 + 1];
        for _ in 0..3 {
            payload.push(&piece);
        }
        assert_eq!((payload.bytes().len(), payload.len()), (KEPT, 3 * piece.len() as u64));
    }
}

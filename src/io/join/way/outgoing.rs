//! What is kept after a short write.

/// Bytes a socket did not take.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    at: usize,
}

impl Outgoing {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn left(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    /// What is kept is at most what one read turned into, and a few control frames: nothing is read while something is kept.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn advance(&mut self, by: usize) {
        self.at += by;
        if self.at == self.bytes.len() {
            *self = Self::default();
        }
    }
}

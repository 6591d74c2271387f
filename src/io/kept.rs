//! Bytes that wait for the other end of a pipe.

/// Bytes that a socket did not take, or that a reader had no room for. Owns no memory while it is empty.
#[derive(Debug, Default)]
pub(super) struct Kept {
    bytes: Vec<u8>,
    at: usize,
}

impl Kept {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn left(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owns_nothing_once_all_of_it_is_gone() {
        let mut kept = Kept::default();
        kept.push(b"ab");
        kept.push(b"cd");
        kept.advance(3);
        assert_eq!(kept.left(), b"d");
        kept.advance(1);
        assert!(kept.is_empty());
        assert_eq!(kept.bytes.capacity(), 0);
    }
}

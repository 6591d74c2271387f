//! The bytes of a direction at hand, in a buffer that holds what was read and not yet taken.

use std::io;

use super::source::{Arrived, Source};

/// A window on one direction. Whoever walks it takes bytes from its front and asks for more behind them.
pub(super) struct Feed<'s> {
    source: Box<dyn Source + 's>,
    buffer: Vec<u8>,
    /// Bytes of the buffer that were taken.
    taken: usize,
    /// Where in the direction the first byte that was not taken stands.
    offset: u64,
    /// What follows the buffer, once that is not bytes.
    after: Option<Arrived>,
}

impl<'s> Feed<'s> {
    pub(super) fn new(source: Box<dyn Source + 's>) -> Self {
        Self { source, buffer: Vec::new(), taken: 0, offset: 0, after: None }
    }

    /// Bytes that were read and not taken.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.taken..]
    }

    /// Where the first of them stands.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes bytes.
    pub(super) fn take(&mut self, count: usize) {
        self.taken += count;
        self.offset += count as u64;
    }

    /// Reads more behind the bytes at hand. `false`: a gap or the end stands there.
    pub(super) fn more(&mut self) -> io::Result<bool> {
        if self.after.is_some() {
            return Ok(false);
        }
        self.buffer.drain(..self.taken);
        self.taken = 0;
        match self.source.read(&mut self.buffer)? {
            Arrived::Bytes => Ok(true),
            other => {
                self.after = Some(other);
                Ok(false)
            }
        }
    }

    /// Reads until there are `count` bytes; fewer where a gap or the end stands before them.
    pub(super) fn at_least(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.bytes().len() < count && self.more()? {}
        Ok(self.bytes())
    }

    /// The size of the gap that follows the bytes at hand; 0: none does.
    pub(super) fn gap(&self) -> u64 {
        match self.after {
            Some(Arrived::Gap(size)) => size,
            _ => 0,
        }
    }

    /// Takes some of the gap, which is at the front: no bytes are left before it.
    pub(super) fn take_gap(&mut self, count: u64) {
        let left = self.gap().saturating_sub(count);
        self.offset += count;
        self.after = (left > 0).then_some(Arrived::Gap(left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::FromReader;

    struct WithGap(u8);

    impl Source for WithGap {
        fn read(&mut self, into: &mut Vec<u8>) -> io::Result<Arrived> {
            self.0 += 1;
            Ok(match self.0 {
                1 | 3 => {
                    into.push(self.0);
                    Arrived::Bytes
                }
                2 => Arrived::Gap(5),
                _ => Arrived::End,
            })
        }
    }

    #[test]
    fn offsets_count_what_was_taken_and_what_is_missing() {
        let mut feed = Feed::new(Box::new(WithGap(0)));
        assert_eq!(feed.at_least(2).unwrap(), [1]);
        assert_eq!(feed.gap(), 5);
        feed.take(1);
        feed.take_gap(2);
        assert_eq!((feed.offset(), feed.gap()), (3, 3));
        feed.take_gap(3);
        assert_eq!(feed.at_least(1).unwrap(), [3]);
        assert_eq!(feed.offset(), 6);
        feed.take(1);
        assert!(!feed.more().unwrap());
        assert_eq!(feed.gap(), 0);
    }

    #[test]
    fn a_long_direction_needs_a_buffer_of_one_piece() {
        let bytes = vec![7u8; 1 << 20];
        let mut feed = Feed::new(Box::new(FromReader(&bytes[..])));
        let mut seen = 0;
        while feed.more().unwrap() {
            seen += feed.bytes().len();
            feed.take(feed.bytes().len());
            assert!(feed.buffer.capacity() <= 256 << 10);
        }
        assert_eq!(seen, bytes.len());
    }
}

//! What comes, compared with what was recorded, as it comes.

use super::ids::Ids;
use crate::inspect::Direction;

/// One direction that is being received.
#[derive(Debug)]
pub struct Comparison {
    direction: Direction,
    /// Without secrets.
    expected: Vec<u8>,
    found: Vec<u8>,
    /// Bytes of `found` that are as expected.
    equal: usize,
}

/// Bytes that are kept of what came beyond what was recorded.
const SURPLUS: usize = 64 << 10;

impl Comparison {
    /// Expects these bytes, from which secrets were taken.
    pub fn new(direction: Direction, expected: Vec<u8>) -> Self {
        Self { direction, expected, found: Vec::new(), equal: 0 }
    }

    /// Takes the next bytes that came, without secrets as well. `ids`, where ids are not compared, learns those that came.
    ///
    /// # Errors
    /// The offset of the first byte that differs, or of the first one too many.
    pub fn push(&mut self, bytes: &[u8], ids: Option<&mut Ids>) -> Result<(), usize> {
        let from = self.equal;
        let room = (self.expected.len() + SURPLUS).saturating_sub(self.found.len());
        self.found.extend_from_slice(&bytes[..bytes.len().min(room)]);
        while self.equal < self.found.len() {
            let at = self.equal;
            let found = self.found[at];
            match self.expected.get(at) {
                Some(expected) if *expected == found => {}
                Some(expected)
                    if ids.as_ref().is_some_and(|ids| ids.allow(self.direction, at, *expected, found)) => {}
                _ => return Err(at),
            }
            self.equal += 1;
        }
        if let Some(ids) = ids {
            ids.learn(self.direction, &self.expected, &self.found, from);
        }
        Ok(())
    }

    /// How many bytes came, all as expected.
    pub fn equal(&self) -> usize {
        self.equal
    }

    /// What came.
    pub fn found(&self) -> &[u8] {
        &self.found
    }

    /// What was expected.
    pub fn expected(&self) -> &[u8] {
        &self.expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_that_differs_is_named_however_it_comes() {
        for cut in 0..6 {
            let mut comparison = Comparison::new(Direction::ReceiverToInitiator, b"abcdef".to_vec());
            let (one, other) = b"abcxef".split_at(cut);
            let result = comparison.push(one, None).and_then(|()| comparison.push(other, None));
            assert_eq!(result, Err(3));
            assert_eq!(comparison.equal(), 3);
        }
    }

    #[test]
    fn what_comes_too_much_is_a_difference() {
        let mut comparison = Comparison::new(Direction::ReceiverToInitiator, b"ab".to_vec());
        assert_eq!(comparison.push(b"ab", None), Ok(()));
        assert_eq!(comparison.push(b"c", None), Err(2));
    }
}

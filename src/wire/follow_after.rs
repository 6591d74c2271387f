//! A follower that begins behind bytes somebody else has judged.

use super::follow::{FollowError, Follower, Passage};

/// Lets the first bytes of a stream pass and follows what comes behind them: a preamble that was read, judged and written
/// anew stands before the records that are walked.
#[derive(Debug)]
pub struct After<F> {
    left: usize,
    follower: F,
}

impl<F: Follower> After<F> {
    /// `left` bytes pass unseen.
    pub fn new(left: usize, follower: F) -> Self {
        Self { left, follower }
    }
}

impl<F: Follower> Follower for After<F> {
    fn follow(&mut self, bytes: &[u8]) -> Passage {
        let passed = self.left.min(bytes.len());
        self.left -= passed;
        if self.left > 0 {
            return Passage::All { unseen: 0 };
        }
        match self.follower.follow(&bytes[passed..]) {
            all @ Passage::All { .. } => all,
            Passage::Ended { at } => Passage::Ended { at: at + passed },
            Passage::Refused { at, error } => Passage::Refused { at: at + passed, error },
        }
    }

    fn eof(&mut self) -> Result<(), FollowError> {
        if self.left > 0 { Err(FollowError::UnexpectedEnd) } else { self.follower.eof() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends behind the first `.`.
    struct Sentence;

    impl Follower for Sentence {
        fn follow(&mut self, bytes: &[u8]) -> Passage {
            bytes
                .iter()
                .position(|b| *b == b'.')
                .map_or(Passage::All { unseen: 0 }, |at| Passage::Ended { at: at + 1 })
        }

        fn eof(&mut self) -> Result<(), FollowError> {
            Ok(())
        }
    }

    #[test]
    fn what_stands_before_is_not_looked_at() {
        for cut in 0..=7 {
            let mut follower = After::new(4, Sentence);
            let (first, second) = b"a.b.cd.".split_at(cut);
            let mut passed = 0;
            for part in [first, second] {
                match follower.follow(part) {
                    Passage::All { .. } => passed += part.len(),
                    Passage::Ended { at } => passed += at,
                    Passage::Refused { .. } => panic!(),
                }
            }
            assert_eq!(passed, 7, "cut at {cut}");
        }
        assert_eq!(After::new(1, Sentence).eof(), Err(FollowError::UnexpectedEnd));
    }
}

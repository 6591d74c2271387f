//! What follows a NegotiateStream handshake: data frames, [MS-NNS] 2.2.2, or framing records in clear.
//!
//! The level of protection is agreed inside the handshake, so only the bytes tell. A data frame begins with its size,
//! little-endian, 5 to 65,536; in clear the initiator goes on with the end of the preamble (`0C`), the receiver with its
//! answer (`0B`, `08`). Both readings are kept until one of them is impossible, at the fourth byte at the latest. None that
//! is kept can hide a session from the other: what could be a data frame of that size is no beginning of a session with
//! an envelope in clear (its third byte, the size of an envelope or a chunk, would be 0), and what is a beginning in clear
//! has a size that .NET refuses.

use super::walk::{Layer, Step};
use crate::wire::follow::FollowError;
use crate::wire::framing::heads::Heads;

/// One direction after its handshake.
#[derive(Debug)]
pub(super) struct Data {
    reading: Reading,
    clear: Heads,
    /// The initiator has not said Done itself, and may still do so, with an empty token.
    may_finish: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Reading {
    Unknown,
    Frames,
    Clear,
}

/// Sizes of data frames: .NET refuses 4 and less, and more than 65,536 (framing page 4.2).
const SIZES: std::ops::RangeInclusive<u32> = 5..=65_536;

/// A Done with an empty token. As a data frame it would have 276 bytes, of which the first is 0, and no security mechanism
/// begins its tokens so.
const EMPTY_DONE: [u8; 5] = [0x14, 1, 0, 0, 0];

impl Data {
    /// `clear` reads the records if nothing protects them.
    pub(super) fn new(clear: Heads) -> Self {
        Self { reading: Reading::Unknown, clear, may_finish: false }
    }

    /// As [`Self::new`], for an initiator whose own Done may still come.
    pub(super) fn may_finish(clear: Heads) -> Self {
        Self { may_finish: true, ..Self::new(clear) }
    }

    /// Whether anything was read that may belong to a session, so that a further one may follow it.
    pub(super) fn begun(&self) -> bool {
        self.reading != Reading::Unknown
    }

    fn first_head(&mut self, input: &[u8]) -> Result<Option<(usize, Step)>, FollowError> {
        match frame(input) {
            Frame::Impossible { at } => {
                let read = self.reads_in_clear(&input[..at]);
                if self.reads_in_clear(&input[..1]) {
                    self.reading = Reading::Clear;
                }
                if read { self.clear.head(input) } else { Err(wrong(input)) }
            }
            Frame::Partial => Ok(None),
            Frame::Size(_) if self.may_finish && input.len() < 5 && EMPTY_DONE.starts_with(input) => Ok(None),
            Frame::Size(_) if self.may_finish && input.starts_with(&EMPTY_DONE) => {
                self.may_finish = false;
                Ok(Some((EMPTY_DONE.len(), Step::Payload(0))))
            }
            Frame::Size(size) => {
                self.reading = Reading::Frames;
                Ok(Some((4, Step::Payload(u64::from(size)))))
            }
        }
    }

    /// Whether these first bytes are framing records, as far as they go, and go at most one byte beyond an End: the byte
    /// that told the readings apart has not passed yet, any before it may have.
    fn reads_in_clear(&self, mut bytes: &[u8]) -> bool {
        let mut clear = self.clear.clone();
        while !bytes.is_empty() {
            match clear.next(bytes) {
                Err(_) => return false,
                Ok(None) => return true,
                Ok(Some((head, used))) => {
                    let payload = usize::try_from(head.payload).unwrap_or(usize::MAX);
                    bytes = &bytes[used..];
                    if clear.ended() {
                        return bytes.len() <= 1;
                    }
                    bytes = bytes.get(payload..).unwrap_or_default();
                }
            }
        }
        true
    }
}

impl Layer for Data {
    fn head(&mut self, input: &[u8]) -> Result<Option<(usize, Step)>, FollowError> {
        match self.reading {
            Reading::Unknown => self.first_head(input),
            Reading::Clear => self.clear.head(input),
            Reading::Frames => match frame(input) {
                Frame::Impossible { .. } => Err(wrong(input)),
                Frame::Partial => Ok(None),
                Frame::Size(size) => Ok(Some((4, Step::Payload(u64::from(size))))),
            },
        }
    }

    fn eof(&self, partial: &[u8]) -> Result<(), FollowError> {
        match self.reading {
            Reading::Clear => Layer::eof(&self.clear, partial),
            Reading::Unknown if self.reads_in_clear(partial) => Ok(()),
            _ if partial.is_empty() => Ok(()),
            _ => Err(FollowError::UnexpectedEnd),
        }
    }
}

/// The first four bytes as the head of a data frame.
enum Frame {
    Size(u32),
    Partial,
    /// Whatever follows, the first `at` bytes are none.
    Impossible {
        at: usize,
    },
}

fn frame(input: &[u8]) -> Frame {
    let mut size = 0;
    for (i, byte) in input.iter().take(4).enumerate() {
        size |= u32::from(*byte) << (8 * i);
        if size > *SIZES.end() || (i == 3 && size < *SIZES.start()) {
            return Frame::Impossible { at: i + 1 };
        }
    }
    if input.len() < 4 { Frame::Partial } else { Frame::Size(size) }
}

fn wrong(input: &[u8]) -> FollowError {
    match input[0] {
        0x00 => FollowError::SecondSession,
        other => FollowError::Unexpected(other),
    }
}

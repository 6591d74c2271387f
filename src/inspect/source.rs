//! Where the bytes of a direction come from: a file, standard input, the segments of a capture.

use std::io::{self, Read};

/// The bytes of one direction, in order, from its beginning.
pub trait Source {
    /// Appends some of the next bytes, or says what stands there in place of bytes.
    ///
    /// # Errors
    /// Those of reading.
    fn read(&mut self, into: &mut Vec<u8>) -> io::Result<Arrived>;
}

/// What the next place of a direction holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrived {
    /// At least one byte, which was appended.
    Bytes,
    /// So many bytes that were sent and that a capture does not have.
    Gap(u64),
    /// Nothing more.
    End,
}

/// Bytes that are read at a time: 64 KiB.
pub(super) const PIECE: u64 = 64 << 10;

/// All that a reader gives.
#[derive(Debug)]
pub struct FromReader<R>(pub R);

impl<R: Read> Source for FromReader<R> {
    fn read(&mut self, into: &mut Vec<u8>) -> io::Result<Arrived> {
        match self.0.by_ref().take(PIECE).read_to_end(into)? {
            0 => Ok(Arrived::End),
            _ => Ok(Arrived::Bytes),
        }
    }
}

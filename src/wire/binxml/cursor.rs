//! Reading bytes off a slice that may end anywhere.

use super::error::DecodeError;
use crate::wire::int31;

/// Why parsing stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The input ends here: read more, or say that it ended too early.
    More,
    /// Nothing that follows can help.
    Bad(DecodeError),
}

impl From<DecodeError> for Stop {
    fn from(error: DecodeError) -> Self {
        Self::Bad(error)
    }
}

pub(super) type Parse<T> = Result<T, Stop>;

/// A place in the input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) input: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    #[inline(always)]
    pub(super) fn new(input: &'a [u8], at: usize) -> Self {
        Self { input, at }
    }

    /// The next byte, which stays.
    #[inline(always)]
    pub(super) fn peek(&self) -> Parse<u8> {
        self.input.get(self.at).copied().ok_or(Stop::More)
    }

    #[inline(always)]
    pub(super) fn byte(&mut self) -> Parse<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    #[inline(always)]
    pub(super) fn take(&mut self, size: usize) -> Parse<&'a [u8]> {
        let rest = self.input.get(self.at..).ok_or(Stop::More)?;
        let taken = rest.get(..size).ok_or(Stop::More)?;
        self.at += size;
        Ok(taken)
    }

    #[inline(always)]
    pub(super) fn array<const N: usize>(&mut self) -> Parse<[u8; N]> {
        let rest = self.input.get(self.at..).ok_or(Stop::More)?;
        let taken = rest.first_chunk().ok_or(Stop::More)?;
        self.at += N;
        Ok(*taken)
    }

    /// [MC-NBFX] 2.1.2.
    #[inline(always)]
    pub(super) fn int31(&mut self) -> Parse<u32> {
        let first = self.peek()?;
        if first < 0x80 {
            self.at += 1;
            return Ok(u32::from(first));
        }
        let rest = self.input.get(self.at..).ok_or(Stop::More)?;
        let (value, size) = long_int31(rest)?;
        self.at += size;
        Ok(value)
    }

    /// A length of four bytes, which has 31 bits.
    #[inline(always)]
    pub(super) fn long_length(&mut self) -> Parse<usize> {
        let length = i32::from_le_bytes(self.array()?);
        usize::try_from(length).map_err(|_| DecodeError::BadLength.into())
    }

    /// A string of [MC-NBFX] 2.1.3: its length in bytes and UTF-8.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Parse<&'a str> {
        let size = self.int31()?;
        let bytes = self.take(size as usize)?;
        utf8(bytes)
    }
}

#[inline(always)]
pub(super) fn utf8(bytes: &[u8]) -> Parse<&str> {
    std::str::from_utf8(bytes).map_err(|_| DecodeError::BadUtf8.into())
}

/// A number of more than one byte, and how many bytes it took.
fn long_int31(input: &[u8]) -> Parse<(u32, usize)> {
    match int31::decode(input) {
        Ok(Some(read)) => Ok(read),
        Ok(None) => Err(Stop::More),
        Err(int31::NotInt31) => Err(DecodeError::BadInt31.into()),
    }
}

//! The strings that a session has been sent: [MC-NBFSE] 2.1.

use super::cursor::{Cursor, Stop, utf8};
use super::error::DecodeError;

/// The strings of one direction of one session, as its reader knows them. They begin anew with each preamble.
///
/// Every message of the session has to pass through [`Self::read`], in order, also one that is refused for another reason: the next message may use
/// its strings.
#[derive(Debug, Clone)]
pub struct SessionTable {
    text: String,
    ends: Vec<usize>,
    max_bytes: usize,
    max_entries: usize,
    left: usize,
    failed: Option<DecodeError>,
}

impl SessionTable {
    /// Bytes of strings, with their lengths, that .NET takes in a session (`MaxSessionSize`).
    pub const DEFAULT_BYTES: usize = 2048;

    /// Entries that a session may have, unless it is told otherwise; an empty one costs a byte.
    pub const DEFAULT_ENTRIES: usize = 2048;

    /// A session without strings so far, which takes what .NET takes.
    pub fn new() -> Self {
        Self::with_limits(Self::DEFAULT_BYTES, Self::DEFAULT_ENTRIES)
    }

    /// A session that takes `bytes` of strings (their lengths included) in at most `entries`.
    pub fn with_limits(bytes: usize, entries: usize) -> Self {
        Self {
            text: String::new(),
            ends: Vec::new(),
            max_bytes: bytes,
            max_entries: entries,
            left: bytes,
            failed: None,
        }
    }

    /// Reads the string table in front of a message and says where its document begins.
    ///
    /// # Errors
    /// [`DecodeError::BadStringTable`], [`DecodeError::BadUtf8`] or [`DecodeError::SessionTooLarge`]. The session is lost then: this message and each
    /// later one is refused with the same error, as .NET does.
    pub fn read(&mut self, message: &[u8]) -> Result<usize, DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.read_table(message).map_err(|stop| {
            let error = match stop {
                Stop::More | Stop::Bad(DecodeError::BadInt31) => DecodeError::BadStringTable,
                Stop::Bad(error) => error,
            };
            self.failed = Some(error);
            error
        })
    }

    fn read_table(&mut self, message: &[u8]) -> Result<usize, Stop> {
        let mut cursor = Cursor::new(message, 0);
        let size = cursor.int31()? as usize;
        let table = cursor.take(size)?;
        if size > self.left {
            return Err(DecodeError::SessionTooLarge { max: self.max_bytes }.into());
        }
        let mut strings = Cursor::new(table, 0);
        while strings.at < table.len() {
            let length = strings.int31()? as usize;
            let string = utf8(strings.take(length)?)?;
            if self.ends.len() == self.max_entries {
                return Err(DecodeError::SessionTooLarge { max: self.max_entries }.into());
            }
            self.text.push_str(string);
            self.ends.push(self.text.len());
        }
        self.left -= size;
        Ok(cursor.at)
    }

    /// The string of entry `index`, whose id is `2 * index + 1`.
    #[inline]
    pub fn string(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.text.get(start..end)
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none yet.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl Default for SessionTable {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_counts_all_messages_of_the_session() {
        let mut table = SessionTable::with_limits(6, 10);
        assert_eq!(table.read(b"\x04\x03abc\x40"), Ok(5));
        assert_eq!(table.read(b"\x02\x01d"), Ok(3));
        assert_eq!(table.string(1), Some("d"));
        assert_eq!(table.read(b"\x00"), Ok(1));
        assert_eq!(table.read(b"\x01\x00"), Err(DecodeError::SessionTooLarge { max: 6 }));
    }

    #[test]
    fn an_error_ends_the_session() {
        let mut table = SessionTable::new();
        assert_eq!(table.read(b"\x05ab"), Err(DecodeError::BadStringTable));
        assert_eq!(table.read(b"\x00"), Err(DecodeError::BadStringTable));
    }

    #[test]
    fn empty_strings_are_counted_as_entries() {
        let mut table = SessionTable::with_limits(100, 2);
        assert_eq!(table.read(b"\x03\x00\x00\x00"), Err(DecodeError::SessionTooLarge { max: 2 }));
    }
}

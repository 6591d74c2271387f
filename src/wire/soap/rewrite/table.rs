//! The string table of a session as its receiver gets it.

use crate::wire::int31;

/// How much of the session's table is left, and what its ids are.
#[derive(Debug)]
pub(super) struct SentTable {
    left: usize,
    len: u32,
}

impl SentTable {
    /// A table of at most `max` bytes, lengths of entries included.
    pub(super) fn new(max: usize) -> Self {
        Self { left: max, len: 0 }
    }

    /// Appends an entry to the table of one message and gives it an id; `None`: it does not fit, and nothing fits after it, as
    /// .NET's writer has it.
    pub(super) fn add(&mut self, text: &str, entries: &mut Vec<u8>) -> Option<u32> {
        let start = entries.len();
        int31::encode(u32::try_from(text.len()).ok()?, entries);
        entries.extend_from_slice(text.as_bytes());
        let cost = entries.len() - start;
        if cost > self.left {
            entries.truncate(start);
            self.left = 0;
            return None;
        }
        self.left -= cost;
        self.len += 1;
        Some(2 * self.len - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_closes_the_table() {
        let (mut table, mut entries) = (SentTable::new(6), Vec::new());
        assert_eq!(table.add("ab", &mut entries), Some(1));
        assert_eq!(table.add("abc", &mut entries), None);
        assert_eq!(table.add("", &mut entries), None);
        assert_eq!(entries, b"\x02ab");
    }
}

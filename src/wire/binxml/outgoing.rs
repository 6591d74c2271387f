//! The strings that a session sends: [MC-NBFSE] 2.1.

use std::collections::HashMap;

use crate::wire::int31;

/// The strings of one direction of one session, as its writer knows them. They begin anew with each preamble.
///
/// A [`super::Writer`] adds strings for its message alone; they stay when the message is finished, and are gone when it is dropped.
#[derive(Debug, Clone)]
pub struct OutgoingTable {
    ids: HashMap<Box<str>, u32>,
    strings: Vec<Box<str>>,
    /// Bytes left; 0 for good as soon as a string did not fit.
    left: usize,
    sent: usize,
    left_when_sent: usize,
}

impl OutgoingTable {
    /// A session without strings so far, that sends at most `bytes` of them, their lengths included: what the peer takes.
    pub fn new(bytes: usize) -> Self {
        Self { ids: HashMap::new(), strings: Vec::new(), left: bytes, sent: 0, left_when_sent: bytes }
    }

    /// The strings that were sent, or will be with the message that is being written.
    pub fn strings(&self) -> impl ExactSizeIterator<Item = &str> {
        self.strings.iter().map(AsRef::as_ref)
    }

    /// The id of a string, which becomes part of the table if it fits. When one does not, none does any more, however short: so does .NET.
    pub(super) fn id(&mut self, text: &str) -> Option<u32> {
        if let Some(id) = self.ids.get(text) {
            return Some(*id);
        }
        let cost = cost(text);
        if cost > self.left {
            self.left = 0;
            return None;
        }
        self.left -= cost;
        let id = self.strings.len() as u32 * 2 + 1;
        self.ids.insert(text.into(), id);
        self.strings.push(text.into());
        Some(id)
    }

    /// The table in front of the message: what it added.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let new = &self.strings[self.sent..];
        int31::encode(new.iter().map(|string| cost(string)).sum::<usize>() as u32, out);
        for string in new {
            int31::encode(string.len() as u32, out);
            out.extend_from_slice(string.as_bytes());
        }
    }

    /// The message will be sent.
    pub(super) fn commit(&mut self) {
        self.sent = self.strings.len();
        self.left_when_sent = self.left;
    }

    /// The message will not be sent.
    pub(super) fn roll_back(&mut self) {
        for string in self.strings.drain(self.sent..) {
            self.ids.remove(&string);
        }
        self.left = self.left_when_sent;
    }
}

impl Default for OutgoingTable {
    /// A session that sends what .NET takes ([`super::SessionTable::DEFAULT_BYTES`]).
    fn default() -> Self {
        Self::new(super::session::SessionTable::DEFAULT_BYTES)
    }
}

fn cost(text: &str) -> usize {
    let mut length = Vec::with_capacity(int31::MAX_LEN);
    int31::encode(text.len() as u32, &mut length);
    length.len() + text.len()
}

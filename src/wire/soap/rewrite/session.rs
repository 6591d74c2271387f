//! To in a session with a string table, [MC-NBFSE].

use super::binary::{chars_with_end, find, only_id};
use super::error::RewriteError;
use super::recode::{Becomes, recode, uses};
use super::route::ToRoute;
use super::table::SentTable;
use crate::wire::binxml::{Dictionaries, RecordType, SessionTable};
use crate::wire::int31;
use crate::wire::soap::Headers;

/// Rewrites To in every message that one side of a session sends, in order.
///
/// Where To is an entry of the table that its own message brings and nothing else in that message means the same entry, the
/// entry is replaced, and all later messages stay as they are; else the text goes into the envelope. The table that the service
/// gets stays below its limit also where the new address is longer: entries that do not fit go into the envelopes, too.
#[derive(Debug)]
pub struct SessionRewriter {
    route: ToRoute,
    /// The strings as the client has them.
    strings: SessionTable,
    /// What each of them is for the service.
    entries: Vec<Entry>,
    sent: SentTable,
    /// Whether ids and strings are the same on both sides.
    same: bool,
    failed: Option<RewriteError>,
    /// Of the last message whose headers were read.
    headers: Option<Headers>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Its id in the table that the service gets, if it is there.
    id: Option<u32>,
    /// The service has the new To in its place.
    replaced: bool,
}

impl SessionRewriter {
    /// A session begins. Its table has .NET's limit on both sides.
    pub fn new(route: ToRoute) -> Self {
        Self::with_limits(route, SessionTable::DEFAULT_BYTES, SessionTable::DEFAULT_BYTES)
    }

    /// A session whose client may bring `taken` bytes of strings, and whose service takes `sent`.
    pub fn with_limits(route: ToRoute, taken: usize, sent: usize) -> Self {
        Self {
            route,
            strings: SessionTable::with_limits(taken, SessionTable::DEFAULT_ENTRIES),
            entries: Vec::new(),
            sent: SentTable::new(sent),
            same: true,
            failed: None,
            headers: None,
        }
    }

    /// Appends the next message, string table included, with its To rewritten.
    ///
    /// # Errors
    /// [`RewriteError`]; nothing has been appended, and the session cannot go on: every later call gives the same error.
    pub fn rewrite(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<Headers, RewriteError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = self.message(message, out);
        self.failed = result.as_ref().err().cloned();
        result
    }

    /// The headers of the message that was taken last, also of one that was refused for them.
    pub fn headers(&self) -> Option<&Headers> {
        self.headers.as_ref()
    }

    fn message(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<Headers, RewriteError> {
        self.headers = None;
        let old = self.strings.len();
        let begins = self.strings.read(message)?;
        let document = &message[begins..];
        let found = find(document, Dictionaries::session(&self.strings))?;
        self.headers = Some(found.headers.clone());
        let new_to = self.route.judge_headers(&found.headers)?;
        // The content of To, and the entry that it is.
        let to = found.to.filter(|_| new_to.is_some());
        let to_entry = to.as_ref().and_then(|to| only_id(&document[to.clone()])).and_then(entry_of);
        let mut table = Vec::new();
        for index in old..self.strings.len() {
            let replace = new_to.as_ref().filter(|_| {
                to_entry == Some(index) && uses(document, id_of(index)).is_ok_and(|uses| uses == 1)
            });
            let text = replace.map_or_else(|| self.strings.string(index), |new| Some(new.as_str()));
            let id = self.sent.add(text.unwrap_or_default(), &mut table);
            let replaced = replace.is_some() && id.is_some();
            self.same &= id == Some(id_of(index)) && !replaced;
            self.entries.push(Entry { id, replaced });
        }
        let mut written = Vec::with_capacity(document.len() + 64);
        match (to, new_to) {
            (Some(to), Some(new)) => {
                self.records(&document[..to.start], &mut written)?;
                match to_entry.and_then(|index| self.entries.get(index)) {
                    Some(Entry { id: Some(id), replaced: true }) => {
                        written.push(RecordType::DICTIONARY_TEXT.with_end().0);
                        int31::encode(*id, &mut written);
                    }
                    _ => chars_with_end(&new, &mut written),
                }
                self.records(&document[to.end..], &mut written)?;
            }
            _ => self.records(document, &mut written)?,
        }
        int31::encode(u32::try_from(table.len()).map_err(|_| RewriteError::TooLarge)?, out);
        out.extend_from_slice(&table);
        out.extend_from_slice(&written);
        Ok(found.headers)
    }

    /// Copies records, with the service's ids where those differ.
    fn records(&self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), RewriteError> {
        if self.same {
            out.extend_from_slice(piece);
            return Ok(());
        }
        let dictionaries = Dictionaries::session(&self.strings);
        let becomes = |id: u32| {
            let Some(index) = entry_of(id) else { return Ok(Becomes::Id(id)) };
            match self.entries.get(index) {
                Some(Entry { id: Some(id), replaced: false }) => Ok(Becomes::Id(*id)),
                // The string itself: the service does not have it.
                _ => dictionaries.string(id).map(|string| Becomes::Inline(string.text)),
            }
        };
        Ok(recode(piece, &becomes, out)?)
    }
}

/// The entry of an odd id.
fn entry_of(id: u32) -> Option<usize> {
    (id & 1 == 1).then_some((id / 2) as usize)
}

/// The id of an entry.
fn id_of(index: usize) -> u32 {
    2 * index as u32 + 1
}

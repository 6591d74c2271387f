//! What differs from run to run: message ids, timestamps, the date of an HTTP answer.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::recording::Recording;
use super::shown::envelopes;
use crate::inspect::Direction;
use crate::inspect::scrub::Protocol;

/// Where the ids of a recording stand, and which ids came in their places.
#[derive(Debug, Clone, Default)]
pub struct Ids {
    /// For each direction, by where they begin.
    places: [BTreeMap<usize, Place>; 2],
    /// Ids of the recording and those that came instead.
    instead: HashMap<[u8; 16], [u8; 16]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    len: usize,
    form: Form,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Sixteen bytes, in .NET's order.
    Raw,
    /// Eight, four, four, four and twelve digits, so many bytes each.
    Text { width: usize },
    /// Compared character by character: a digit for a digit, a letter for a letter.
    Shape,
}

/// Bytes of an id in its longest form, UTF-16.
const LONGEST: usize = 72;

/// The elements whose text is an id or a time.
const ID_ELEMENTS: [&str; 3] = ["MessageID", "RelatesTo", "ActivityId"];
const TIME_ELEMENTS: [&str; 2] = ["Created", "Expires"];

impl Ids {
    /// Finds them.
    pub fn of(recording: &Recording) -> Self {
        let documents = match recording.protocol() {
            Protocol::NetTcp => envelopes(recording),
            // In text they can be found where they stand.
            Protocol::Http => Direction::BOTH
                .map(|direction| String::from_utf8_lossy(recording.bytes(direction)).into_owned())
                .to_vec(),
        };
        let mut ids = BTreeSet::new();
        let mut times = BTreeSet::new();
        for document in &documents {
            for text in ID_ELEMENTS.iter().flat_map(|name| texts(document, name)) {
                ids.extend(guid(text));
            }
            times.extend(TIME_ELEMENTS.iter().flat_map(|name| texts(document, name)).map(str::to_owned));
        }
        let mut found = Self::default();
        for (index, direction) in Direction::BOTH.into_iter().enumerate() {
            let bytes = recording.bytes(direction);
            let places = &mut found.places[index];
            let mut add = |text: &[u8], form: Form| {
                for at in occurrences(bytes, text) {
                    places.insert(at, Place { len: text.len(), form });
                }
            };
            for id in &ids {
                add(&raw(*id), Form::Raw);
                for text in [hex(*id), hex(*id).to_uppercase()] {
                    add(text.as_bytes(), Form::Text { width: 1 });
                    add(&wide(&text), Form::Text { width: 2 });
                }
            }
            for time in times.iter().filter(|time| !time.is_empty()) {
                add(time.as_bytes(), Form::Shape);
                add(&wide(time), Form::Shape);
            }
            if recording.protocol() == Protocol::Http {
                for range in dates(bytes) {
                    places.insert(range.start, Place { len: range.len(), form: Form::Shape });
                }
            }
        }
        found
    }

    /// Whether `found` may stand where `expected` does.
    pub(super) fn allow(&self, direction: Direction, offset: usize, expected: u8, found: u8) -> bool {
        let Some((_, place)) = self.at(direction, offset) else { return false };
        match place.form {
            Form::Raw => true,
            Form::Text { .. } => is_digit(expected) && is_digit(found),
            Form::Shape => {
                (expected.is_ascii_digit() && found.is_ascii_digit())
                    || (expected.is_ascii_alphabetic() && found.is_ascii_alphabetic())
            }
        }
    }

    /// `found` came where `expected` was recorded, both from the beginning of the direction; from `from` on it is new. Ids that are whole are
    /// remembered.
    pub(super) fn learn(&mut self, direction: Direction, expected: &[u8], found: &[u8], from: usize) {
        let new = self.places[index(direction)].range(from.saturating_sub(LONGEST)..found.len());
        for (start, place) in new {
            let range = *start..*start + place.len;
            let (Some(was), Some(is)) = (expected.get(range.clone()), found.get(range)) else { continue };
            if let (Some(was), Some(is)) = (place.form.read(was), place.form.read(is))
                && was != is
            {
                self.instead.insert(was, is);
            }
        }
    }

    /// Puts the ids that came in the places of those of the recording, in bytes that are about to be sent and begin at `start`.
    pub fn substitute(&self, direction: Direction, start: usize, bytes: &mut [u8]) {
        for (at, place) in self.places[index(direction)].range(start..start + bytes.len()) {
            let at = at - start;
            let Some(bytes) = bytes.get_mut(at..at + place.len) else { continue };
            if let Some(id) = place.form.read(bytes).and_then(|id| self.instead.get(&id)) {
                place.form.write(*id, bytes);
            }
        }
    }

    /// Where a send may be cut without cutting an id: `end`, or further on.
    pub fn whole(&self, direction: Direction, end: usize) -> usize {
        self.at(direction, end)
            .map_or(end, |(start, place)| if start < end { start + place.len } else { end })
    }

    fn at(&self, direction: Direction, offset: usize) -> Option<(usize, &Place)> {
        let (start, place) = self.places[index(direction)].range(..=offset).next_back()?;
        (offset < start + place.len).then_some((*start, place))
    }
}

impl Form {
    fn read(self, bytes: &[u8]) -> Option<[u8; 16]> {
        match self {
            Self::Raw => bytes.try_into().ok().map(raw),
            Self::Text { width } => {
                let text: String = bytes.iter().step_by(width).copied().map(char::from).collect();
                guid(&text)
            }
            Self::Shape => None,
        }
    }

    fn write(self, id: [u8; 16], bytes: &mut [u8]) {
        match self {
            Self::Raw => bytes.copy_from_slice(&raw(id)),
            Self::Text { width } => {
                let is_upper = bytes.iter().any(u8::is_ascii_uppercase);
                let text = if is_upper { hex(id).to_uppercase() } else { hex(id) };
                for (place, byte) in bytes.iter_mut().step_by(width).zip(text.bytes()) {
                    *place = byte;
                }
            }
            Self::Shape => {}
        }
    }
}

fn index(direction: Direction) -> usize {
    usize::from(direction == Direction::ReceiverToInitiator)
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

/// The texts of the elements of this local name. Elements inside have none of their own.
fn texts<'d>(document: &'d str, name: &str) -> Vec<&'d str> {
    let mut found = Vec::new();
    for (at, _) in document.match_indices(name) {
        let is_start = document[..at].ends_with([':', '<']) && !document[..at].ends_with("</");
        let tag = &document[at + name.len()..];
        if let (true, Some(end)) = (is_start && tag.starts_with(['>', ' ']), tag.find('>'))
            && let Some(text) = tag[end + 1..].split('<').next()
        {
            found.push(text.trim());
        }
    }
    found
}

/// The id in `urn:uuid:…` or in bare digits, in the order in which they are written.
fn guid(text: &str) -> Option<[u8; 16]> {
    let text = text.get(text.len().checked_sub(36)?..)?;
    uuid::Uuid::try_parse(text).ok().map(uuid::Uuid::into_bytes)
}

fn hex(id: [u8; 16]) -> String {
    uuid::Uuid::from_bytes(id).hyphenated().to_string()
}

/// .NET's order of bytes from that of the text, and back: [MS-DTYP] 2.3.4.2.
fn raw(id: [u8; 16]) -> [u8; 16] {
    uuid::Uuid::from_bytes(id).to_bytes_le()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn occurrences(bytes: &[u8], text: &[u8]) -> Vec<usize> {
    let Ok(finder) = aho_corasick::AhoCorasick::new([text]) else { return Vec::new() };
    finder.find_iter(bytes).map(|found| found.start()).collect()
}

/// The values of `Date` headers.
fn dates(bytes: &[u8]) -> Vec<Range<usize>> {
    let Ok(finder) = aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).build(["\ndate: "])
    else {
        return Vec::new();
    };
    let values = finder.find_iter(bytes).map(|found| {
        let len = bytes[found.end()..].iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        found.end()..len.map_or(bytes.len(), |len| found.end() + len)
    });
    values.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "047b6e8b-576f-4319-814e-9edfdb7df9c0";
    const THEIRS: &str = "871799f1-0f24-4a2c-9cd2-6be2219f834e";

    fn http(id: &str) -> Recording {
        let body = format!("<a:MessageID>urn:uuid:{id}</a:MessageID>");
        Recording {
            c2s: format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes(),
            s2c: format!("HTTP/1.1 200 OK\r\nDate: Wed, 25 Nov 2026 01:02:03 GMT\r\n\r\n{id}").into_bytes(),
            ..Recording::default()
        }
    }

    #[test]
    fn an_id_that_came_instead_is_sent_back_in_its_place() {
        let (recorded, live) = (http(OURS), http(THEIRS));
        let mut ids = Ids::of(&recorded);
        let there = Direction::InitiatorToReceiver;
        let at = recorded.c2s.len() - "</a:MessageID>".len() - 1;
        assert!(ids.allow(there, at, recorded.c2s[at], live.c2s[at]));
        assert!(!ids.allow(there, 0, b'P', b'G'));
        ids.learn(there, &recorded.c2s, &live.c2s, 0);
        let mut answer = recorded.s2c.clone();
        ids.substitute(Direction::ReceiverToInitiator, 0, &mut answer);
        assert_eq!(answer, live.s2c);
    }

    #[test]
    fn a_date_is_compared_by_its_shape() {
        let recorded = http(OURS);
        let ids = Ids::of(&recorded);
        let back = Direction::ReceiverToInitiator;
        let date = recorded.s2c.windows(3).position(|three| three == b"Wed").unwrap();
        assert!(ids.allow(back, date, b'W', b'S'));
        assert!(!ids.allow(back, date, b'W', b'1'));
        assert!(ids.allow(back, date + 5, b'2', b'0'));
        assert!(!ids.allow(back, 0, b'H', b'h'));
    }

    #[test]
    fn ids_in_binary_stand_in_dotnets_order() {
        let id = guid(&format!("urn:uuid:{OURS}")).unwrap();
        assert_eq!(raw(id)[..4], [0x8b, 0x6e, 0x7b, 0x04]);
        assert_eq!(raw(raw(id)), id);
    }
}

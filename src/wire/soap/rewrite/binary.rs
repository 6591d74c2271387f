//! To in one document of binary XML.

use std::ops::Range;

use super::error::RewriteError;
use super::route::ToRoute;
use crate::wire::binxml::{Dictionaries, Limits, Reader, RecordType};
use crate::wire::int31;
use crate::wire::soap::{HeaderReader, Headers, Place, SoapLimits};
use crate::wire::xml::Event;

/// The headers of a document and where the content of To stands: from its first record to the one that ends the element,
/// which is included.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) headers: Headers,
    pub(super) to: Option<Range<usize>>,
}

/// Looks for To among the events of a document.
#[derive(Debug)]
pub(super) struct Finder {
    headers: HeaderReader,
    depth: usize,
    content: Option<usize>,
    to: Option<Range<usize>>,
}

/// What an event means for the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing yet.
    Nothing,
    /// The To that counts ends here: [`Finder::end_of_to`] wants to know where.
    EndOfTo,
    /// The body begins: all is known.
    Body,
}

impl Finder {
    pub(super) fn new() -> Self {
        Self { headers: HeaderReader::new(SoapLimits::default()), depth: 0, content: None, to: None }
    }

    /// Takes the next event, whose record begins at `before`.
    pub(super) fn event(&mut self, event: &Event<'_>, before: usize) -> Result<Seen, RewriteError> {
        let place = self.headers.event(event)?;
        match event {
            Event::Start(_) => self.depth += 1,
            Event::End => self.depth -= 1,
            _ => {}
        }
        match (place, event) {
            (Place::Body, _) => return Ok(Seen::Body),
            (Place::To, Event::Start(_)) if self.depth == 3 => self.content = None,
            (Place::To, Event::Start(_)) => return Err(RewriteError::NotAnAddress),
            (Place::To, Event::Text(_) | Event::Comment(_)) => self.content = self.content.or(Some(before)),
            // One that is for somebody else does not count.
            (Place::To, Event::End) if self.headers.has_to() && self.to.is_none() => {
                self.content = self.content.or(Some(before));
                return Ok(Seen::EndOfTo);
            }
            _ => {}
        }
        Ok(Seen::Nothing)
    }

    /// The record that ended To ended at `after`.
    pub(super) fn end_of_to(&mut self, after: usize) {
        self.to = self.content.map(|begins| begins..after);
    }

    /// What the headers say, once the body has begun.
    pub(super) fn headers(&self) -> Option<&Headers> {
        self.headers.headers()
    }

    /// Where To stands, once the body has begun.
    pub(super) fn to(&self) -> Option<Range<usize>> {
        self.to.clone()
    }
}

/// Reads a document up to its body.
pub(super) fn find(document: &[u8], dictionaries: Dictionaries<'_>) -> Result<Found, RewriteError> {
    let mut reader = Reader::new(document, dictionaries, Limits::default());
    let mut finder = Finder::new();
    loop {
        let before = reader.position();
        let Some(event) = reader.next_event()? else { return Err(RewriteError::UnexpectedEof) };
        match finder.event(event, before)? {
            Seen::Nothing => {}
            Seen::EndOfTo => finder.end_of_to(reader.position()),
            Seen::Body => break,
        }
    }
    let headers = finder.headers.into_headers().ok_or(RewriteError::UnexpectedEof)?;
    Ok(Found { headers, to: finder.to })
}

/// The id that is all of To's content, if that is one.
pub(super) fn only_id(content: &[u8]) -> Option<u32> {
    let (kind, rest) = content.split_first()?;
    let (id, used) = int31::decode(rest).ok().flatten()?;
    let with_end = *kind == RecordType::DICTIONARY_TEXT.with_end().0 && used == rest.len();
    let then_end =
        *kind == RecordType::DICTIONARY_TEXT.0 && rest.get(used..) == Some(&[RecordType::END_ELEMENT.0]);
    (with_end || then_end).then_some(id)
}

/// Appends a text record that ends its element.
pub(super) fn chars_with_end(text: &str, out: &mut Vec<u8>) {
    let len = text.len();
    if let Ok(len) = u8::try_from(len) {
        out.extend_from_slice(&[RecordType::CHARS8_TEXT.with_end().0, len]);
    } else if let Ok(len) = u16::try_from(len) {
        out.push(RecordType::CHARS16_TEXT.with_end().0);
        out.extend_from_slice(&len.to_le_bytes());
    } else {
        out.push(RecordType::CHARS32_TEXT.with_end().0);
        out.extend_from_slice(&(len as u32).to_le_bytes());
    }
    out.extend_from_slice(text.as_bytes());
}

/// Appends a whole message without string table (encoding 7, `application/soap+msbin1`) with its To rewritten.
///
/// # Errors
/// [`RewriteError`]; nothing has been appended.
pub fn rewrite_binary(message: &[u8], route: &ToRoute, out: &mut Vec<u8>) -> Result<Headers, RewriteError> {
    let found = find(message, Dictionaries::STATIC)?;
    match (route.judge_headers(&found.headers)?, found.to) {
        (Some(new), Some(to)) => {
            out.extend_from_slice(&message[..to.start]);
            chars_with_end(&new, out);
            out.extend_from_slice(&message[to.end..]);
        }
        _ => out.extend_from_slice(message),
    }
    Ok(found.headers)
}

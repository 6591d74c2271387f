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

/// Reads a document up to its body.
pub(super) fn find(document: &[u8], dictionaries: Dictionaries<'_>) -> Result<Found, RewriteError> {
    let mut reader = Reader::new(document, dictionaries, Limits::default());
    let mut headers = HeaderReader::new(SoapLimits::default());
    let (mut to, mut content) = (None, None);
    loop {
        let before = reader.position();
        let Some(&event) = reader.next_event()? else { return Err(RewriteError::UnexpectedEof) };
        match headers.event(&event)? {
            Place::Body => break,
            Place::To => match event {
                Event::Start(_) if reader.depth() == 3 => content = None,
                Event::Start(_) => return Err(RewriteError::NotAnAddress),
                Event::Namespace { .. } | Event::Attribute { .. } => {}
                Event::Text(_) | Event::Comment(_) => content = content.or(Some(before)),
                // One that is for somebody else does not count.
                Event::End if headers.has_to() && to.is_none() => {
                    to = Some(content.unwrap_or(before)..reader.position());
                }
                Event::End => {}
            },
            Place::Outside | Place::Header => {}
        }
    }
    let headers = headers.into_headers().ok_or(RewriteError::UnexpectedEof)?;
    Ok(Found { headers, to })
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

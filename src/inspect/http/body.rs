//! The body of a message: from the bytes of the connection, and what is in it.

use std::io;

use serde_json::{Value, json};

use super::head::{Framing, Head};
use crate::inspect::contents::contents;
use crate::inspect::entry::{Details, View};
use crate::inspect::envelope::Envelopes;
use crate::inspect::feed::Feed;
use crate::inspect::form::{Compression, Form};
use crate::inspect::media::MediaType;
use crate::inspect::payload::Payload;
use crate::inspect::row::Row;
use crate::inspect::secrets;

/// A body as far as it came.
pub(super) struct Body {
    pub(super) payload: Payload,
    framing: Framing,
    pub(super) end: BodyEnd,
}

/// How a body ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BodyEnd {
    /// As its head says.
    Whole,
    /// The connection ended in it.
    Cut,
    /// The capture lost what is needed to find its end.
    Lost,
    /// Its chunks cannot be read.
    Malformed,
}

/// The longest line with the size of a chunk, or trailer, RFC 9112 7.1.
const LINE: usize = 16 << 10;

/// Reads a body.
pub(super) fn read(feed: &mut Feed<'_>, framing: Framing) -> io::Result<Body> {
    let (payload, end) = match framing {
        Framing::None | Framing::Upgraded => (Payload::default(), BodyEnd::Whole),
        Framing::Length(len) => {
            let mut payload = Payload::at(feed.offset());
            let end = bytes(feed, &mut payload, len)?;
            (payload, end)
        }
        Framing::Close => {
            let mut payload = Payload::at(feed.offset());
            bytes(feed, &mut payload, u64::MAX)?;
            (payload, BodyEnd::Whole)
        }
        Framing::Chunked => chunks(feed)?,
    };
    Ok(Body { payload, framing, end })
}

fn bytes(feed: &mut Feed<'_>, payload: &mut Payload, mut left: u64) -> io::Result<BodyEnd> {
    while left > 0 {
        let here = feed.bytes().len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if here > 0 {
            payload.push(&feed.bytes()[..here]);
            feed.take(here);
            left -= here as u64;
        } else if !feed.more()? {
            let gap = feed.gap().min(left);
            if gap == 0 {
                return Ok(BodyEnd::Cut);
            }
            feed.take_gap(gap);
            payload.miss(gap);
            left -= gap;
        }
    }
    Ok(BodyEnd::Whole)
}

fn chunks(feed: &mut Feed<'_>) -> io::Result<(Payload, BodyEnd)> {
    let mut payload = Payload::default();
    loop {
        let (line, size) = match httparse::parse_chunk_size(feed.bytes()) {
            Ok(httparse::Status::Complete((line, size))) => (line, size),
            Ok(httparse::Status::Partial) if feed.bytes().len() <= LINE && feed.more()? => continue,
            Ok(httparse::Status::Partial) if feed.gap() > 0 => return Ok((payload, BodyEnd::Lost)),
            Ok(httparse::Status::Partial) if feed.bytes().len() <= LINE => {
                return Ok((payload, BodyEnd::Cut));
            }
            Ok(httparse::Status::Partial) | Err(_) => return Ok((payload, BodyEnd::Malformed)),
        };
        if size > 0 {
            payload.part(feed.offset(), &feed.bytes()[..line]);
        }
        feed.take(line);
        let end = if size > 0 { bytes(feed, &mut payload, size)? } else { BodyEnd::Whole };
        if end != BodyEnd::Whole {
            return Ok((payload, end));
        }
        // A line break behind each chunk; trailers and an empty line behind the last.
        loop {
            let end = match line_end(feed.bytes()) {
                Some(end) => end,
                None if feed.bytes().len() > LINE => return Ok((payload, BodyEnd::Malformed)),
                None if feed.more()? => continue,
                None if feed.gap() > 0 => return Ok((payload, BodyEnd::Lost)),
                None => return Ok((payload, BodyEnd::Cut)),
            };
            let is_empty = end <= 2;
            if size > 0 && !is_empty {
                return Ok((payload, BodyEnd::Malformed));
            }
            feed.take(end);
            if is_empty {
                break;
            }
        }
        if size == 0 {
            return Ok((payload, BodyEnd::Whole));
        }
    }
}

fn line_end(bytes: &[u8]) -> Option<usize> {
    bytes.iter().take(LINE).position(|byte| *byte == b'\n').map(|at| at + 1)
}

impl Body {
    /// As JSON has it.
    pub(super) fn value(&self) -> Value {
        match self.framing {
            Framing::Chunked => json!(["http-body", self.payload.sizes()]),
            _ => json!(["http-body", self.payload.len()]),
        }
    }

    /// What is in it, by what its head says.
    pub(super) fn show(&self, head: &Head, view: View) -> (Details, Vec<Row>) {
        let content_type = head.field("content-type").unwrap_or_default();
        let mut rows = Vec::new();
        let title = |text: String| {
            let first = self.payload.parts().first();
            let offset = first.map_or(0, |part| part.head);
            Row::new(offset, first.map(|part| &part.head_bytes[..]).unwrap_or_default(), text)
        };
        if view == View::Text {
            let len = self.payload.len();
            let how = match (self.framing, self.payload.sizes().len()) {
                (Framing::Chunked, 1) => " in 1 chunk".to_owned(),
                (Framing::Chunked, count) => format!(" in {count} chunks"),
                _ => String::new(),
            };
            let what = if content_type.is_empty() { "without a content type" } else { content_type };
            rows.push(title(format!("body, {len} bytes{how}: {what}")));
        }
        let mut form = form(content_type, self.payload.bytes());
        if let Some(coding) = head.field("content-encoding").and_then(Compression::of) {
            form = form.map(|inner| Form::Compressed(coding, Box::new(inner)));
        }
        let (details, inner) = match form {
            Some(form) => contents(&self.payload, &mut Envelopes::new(Some(form), false), view, None),
            None => text(self.payload.bytes(), view),
        };
        rows.extend(inner);
        if view == View::Text && self.end == BodyEnd::Cut {
            rows.push(Row::warning("the connection ends in this body"));
        }
        (details, rows)
    }
}

/// How an envelope in a body is written; `None`: the body is no XML.
fn form(content_type: &str, body: &[u8]) -> Option<Form> {
    if content_type.is_empty() {
        return None;
    }
    match Form::of_content_type(content_type) {
        // RFC 7303 4.2: `+xml` behind whatever it is.
        Form::Other(_) if MediaType::parse(content_type).media.ends_with("+xml") => {
            Some(Form::of_content_type("application/xml"))
        }
        Form::Other(_) => None,
        _ if body.is_empty() => None,
        form => Some(form),
    }
}

/// The beginning of a body that is text.
fn text(body: &[u8], view: View) -> (Details, Vec<Row>) {
    const SHOWN: usize = 400;
    let mut details = Details::default();
    let mut rows = Vec::new();
    let text = String::from_utf8_lossy(body);
    let odd =
        |char: char| char == char::REPLACEMENT_CHARACTER || (char.is_control() && !char.is_whitespace());
    if !text.is_empty() && !text.contains(odd) {
        // Cut after what is hidden is gone, so that no half of a secret stands at the end.
        let text = secrets::text(&text);
        let shown: String = text.chars().take(SHOWN).collect();
        let more = if shown.len() < text.len() { "…" } else { "" };
        match view {
            View::Text => rows.push(Row::text(format!("  {}{more}", shown.trim_start_matches('\u{feff}')))),
            View::Json => details.text = Some(format!("{shown}{more}")),
            View::Xml | View::Survey => {}
        }
    }
    (details, rows)
}

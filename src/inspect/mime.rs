//! MIME packages, RFC 2046 5.1: what MTOM puts around an envelope and its attachments.

use std::ops::Range;

use super::entry::MimePart;
use super::form::MimeType;
use super::media::MediaType;

/// The parts of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) parts: Vec<Part>,
    /// Which of them is the envelope.
    pub(super) root: usize,
}

/// A part: its header fields, and where its body stands in the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Range<usize>,
}

/// Why a package cannot be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotMime {
    #[error("header fields of a MIME package are malformed")]
    Headers,
    #[error("a MIME package names no boundary")]
    NoBoundary,
    #[error("a MIME package has no part")]
    NoPart,
}

/// Header fields of one part that are read, and parts of one package.
const FIELDS: usize = 32;
const PARTS: usize = 1024;

/// Takes a package apart. Over net.tcp its MIME header fields stand in front of it (framing page 2.1), over HTTP in the message's head.
pub(super) fn package(bytes: &[u8], mime: Option<&MimeType>) -> Result<Package, NotMime> {
    let mut from = 0;
    let own;
    let mime = match mime {
        Some(mime) => mime,
        None => {
            let (headers, len) = headers(bytes)?;
            from = len;
            let content_type = field(&headers, "content-type").ok_or(NotMime::NoBoundary)?;
            own = MimeType::of(&MediaType::parse(content_type)).ok_or(NotMime::NoBoundary)?;
            &own
        }
    };
    let delimiter = format!("--{}", mime.boundary);
    let mut parts = Vec::new();
    let mut borders = Borders { bytes, from, delimiter: delimiter.as_bytes() };
    let Some(mut border) = borders.next() else { return Err(NotMime::NoPart) };
    while !bytes[border.end..].starts_with(b"--") && parts.len() < PARTS {
        let start = border.end + line_end(&bytes[border.end..]);
        let (headers, len) = headers(&bytes[start..])?;
        let next = borders.next();
        let end = next.as_ref().map_or(bytes.len(), |next| next.start);
        parts.push(Part { headers, body: (start + len).min(end)..end });
        let Some(next) = next else { break };
        border = next;
    }
    let root = mime.start.as_ref().and_then(|start| {
        let id = |part: &Part| field(&part.headers, "content-id").map(str::to_owned);
        parts.iter().position(|part| id(part).as_ref() == Some(start))
    });
    if parts.is_empty() { Err(NotMime::NoPart) } else { Ok(Package { parts, root: root.unwrap_or(0) }) }
}

impl Part {
    /// What its content type says.
    pub(super) fn content_type(&self) -> Option<&str> {
        field(&self.headers, "content-type")
    }

    pub(super) fn shown(&self) -> MimePart {
        MimePart { headers: self.headers.clone(), bytes: self.body.len() }
    }
}

/// Where each delimiter stands, the line break before it included.
struct Borders<'a> {
    bytes: &'a [u8],
    from: usize,
    delimiter: &'a [u8],
}

impl Iterator for Borders<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let found = find(&self.bytes[self.from..], self.delimiter)?;
            let (at, end) = (self.from + found, self.from + found + self.delimiter.len());
            self.from = end;
            match &self.bytes[..at] {
                [] => return Some(0..end),
                [.., b'\r', b'\n'] => return Some(at - 2..end),
                [.., b'\n'] => return Some(at - 1..end),
                _ => {}
            }
        }
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

fn line_end(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1)
}

/// Header fields up to the empty line, and the bytes they took.
fn headers(bytes: &[u8]) -> Result<(Vec<(String, String)>, usize), NotMime> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    match httparse::parse_headers(bytes, &mut fields) {
        Ok(httparse::Status::Complete((len, fields))) => {
            let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
            Ok((fields.iter().map(|field| (field.name.to_owned(), text(field.value))).collect(), len))
        }
        _ => Err(NotMime::Headers),
    }
}

fn field<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: &str = "MIME-Version: 1.0\r\nContent-Type: multipart/related; type=\"application/xop+xml\";\
        boundary=\"uuid:1+id=1\";start=\"<root>\"\r\n\r\n\
        --uuid:1+id=1\r\nContent-ID: <other>\r\n\r\n\x01\r\n--no\r\n\
        --uuid:1+id=1\r\nContent-ID: <root>\r\nContent-Type: application/xop+xml;charset=utf-8\r\n\r\n<a/>\r\n\
        --uuid:1+id=1--\r\n";

    #[test]
    fn parts_are_found_and_the_root_is_the_one_that_is_named() {
        let package = package(PACKAGE.as_bytes(), None).unwrap();
        let bodies: Vec<&str> = package.parts.iter().map(|part| &PACKAGE[part.body.clone()]).collect();
        assert_eq!(bodies, ["\x01\r\n--no", "<a/>"]);
        assert_eq!(package.root, 1);
        assert_eq!(package.parts[1].content_type(), Some("application/xop+xml;charset=utf-8"));
    }

    #[test]
    fn every_cut_is_an_answer() {
        for cut in 0..PACKAGE.len() {
            if let Ok(package) = package(&PACKAGE.as_bytes()[..cut], None) {
                assert!(package.parts.iter().all(|part| part.body.end <= cut));
            }
        }
        assert_eq!(package(b"Content-Type: text/xml\r\n\r\n", None), Err(NotMime::NoBoundary));
    }
}

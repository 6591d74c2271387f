//! Status, reason and headers of a response, from the headers of a reply (7.5).

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::body_format::BodyFormat;
use super::content_type::with_utf8;
use super::refusal::HttpRefusal;
use crate::wire::hybrid::{is_hop_by_hop, latin1_encode, split_set_cookie};

/// The head of a response. It holds no header of framing: that is the door's.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplyHead {
    /// 200 to 999.
    pub status: StatusCode,
    /// The service's own reason phrase: printable ASCII, or bytes of ISO-8859-1.
    pub reason: Option<Vec<u8>>,
    /// The headers.
    pub headers: HeaderMap,
}

/// What the content of the body says about the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// The type where the service named none.
    pub(super) content_type: &'static str,
    /// Whether it is a SOAP fault.
    pub(super) fault: bool,
}

/// The headers of a reply as they come.
#[derive(Debug, Default)]
pub(super) struct HeadParts {
    status: Option<u16>,
    reason: Option<String>,
    lines: Vec<(String, String)>,
    pub(super) format: Option<BodyFormat>,
}

impl HeadParts {
    /// `StatusCode`: a decimal number; 0 says nothing.
    pub(super) fn set_status(&mut self, text: &str) -> Result<(), HttpRefusal> {
        self.status = match text.trim().parse() {
            Ok(0) => None,
            Ok(status @ 200..=999) => Some(status),
            _ => return Err(HttpRefusal::ReplyForm("a status that no response can have")),
        };
        Ok(())
    }

    /// `FaultReason`.
    pub(super) fn set_reason(&mut self, text: &str) {
        self.reason = Some(text.trim().to_owned());
    }

    /// A header.
    pub(super) fn push(&mut self, name: &str, text: &str) {
        self.lines.push((name.to_owned(), text.trim().to_owned()));
    }

    /// The head; without content there is nothing to know.
    pub(super) fn head(&self, known: Option<Known>) -> ReplyHead {
        let usual = match known {
            None => StatusCode::ACCEPTED,
            Some(Known { fault: true, .. }) => StatusCode::INTERNAL_SERVER_ERROR,
            Some(_) => StatusCode::OK,
        };
        let status = self.status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(usual);
        let mut headers = self.headers();
        if let Some(known) = known {
            let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let named = named.map(|named| self.with_our_charset(named));
            let value = named.unwrap_or_else(|| known.content_type.to_owned());
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(header::CONTENT_TYPE, value);
            }
        }
        let reason = self.reason.as_deref().filter(|reason| !reason.is_empty());
        ReplyHead { status, reason: reason.map(|reason| latin1_encode(&clean(reason))), headers }
    }

    /// What was an element is written as UTF-8, whatever the service thought.
    fn with_our_charset(&self, named: &str) -> String {
        match self.format {
            None | Some(BodyFormat::Default | BodyFormat::Xml | BodyFormat::Json) => with_utf8(named),
            Some(BodyFormat::Raw | BodyFormat::WrappedSoap11 | BodyFormat::WrappedSoap12) => named.to_owned(),
        }
    }

    fn headers(&self) -> HeaderMap {
        let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
        let lists = self.lines.iter().filter(|(name, _)| is(name, "Connection"));
        let named: Vec<&str> = lists.flat_map(|(_, list)| list.split(',')).map(str::trim).collect();
        let mut headers = HeaderMap::new();
        for (name, text) in &self.lines {
            // The library passes whatever the service set, also what frames the message (7.5).
            let ours = is(name, "Content-Length") || is_hop_by_hop(name);
            if ours || named.iter().any(|other| is(name, other)) {
                continue;
            }
            let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
            let texts = if name == header::SET_COOKIE { split_set_cookie(text) } else { vec![text.as_str()] };
            for text in texts {
                if let Ok(value) = HeaderValue::from_bytes(&latin1_encode(&clean(text))) {
                    // Full at some ten thousand names, which the limit of headers does not let come.
                    let _ = headers.try_append(&name, value);
                }
            }
        }
        headers
    }
}

/// RFC 9110 5.5: no control character but the tab stands in a value, so that nothing a listener says can end a line.
fn clean(text: &str) -> String {
    text.chars()
        .map(|char| if char != '\t' && (char < ' ' || char == '\u{7f}') { ' ' } else { char })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OCTETS: Option<Known> = Some(Known { content_type: "application/octet-stream", fault: false });

    fn parts(lines: &[(&str, &str)]) -> HeadParts {
        let mut parts = HeadParts::default();
        lines.iter().for_each(|(name, text)| parts.push(name, text));
        parts
    }

    fn pairs(head: &ReplyHead) -> Vec<(&str, &[u8])> {
        head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
    }

    #[test]
    fn a_listener_cannot_end_a_line_or_frame_the_entity() {
        let said = parts(&[
            ("Content-Length", "9999"),
            ("transfer-encoding", "chunked"),
            ("Connection", "close, X-Hop"),
            ("X-Hop", "1"),
            ("Keep-Alive", "1"),
            ("X-A", "a\r\nSet-Cookie: b\0"),
            ("X\r\nInjected", "1"),
            ("", "1"),
            ("X-Accent", "h\u{e9}\u{20ac}"),
            ("Content-Type", "text/plain"),
        ]);
        let mut said = said;
        said.set_reason("Fine\r\nX: y");
        let head = said.head(OCTETS);
        assert_eq!(
            pairs(&head),
            [("x-a", &b"a  Set-Cookie: b "[..]), ("x-accent", b"h\xe9?"), ("content-type", b"text/plain"),]
        );
        assert_eq!(head.reason.as_deref(), Some(&b"Fine  X: y"[..]));
    }

    // fixtures/relay/v2.7.5/http-basic-status-headers.
    #[test]
    fn cookies_become_lines_of_their_own() {
        let head = parts(&[("Set-Cookie", "a=1; path=/,b=2")]).head(None);
        assert_eq!(pairs(&head), [("set-cookie", &b"a=1; path=/"[..]), ("set-cookie", b"b=2")]);
    }

    #[test]
    fn the_status_is_the_services_or_the_usual_one() {
        let fault = Some(Known { content_type: "text/xml; charset=utf-8", fault: true });
        for (said, known, status) in [
            (None, None, 202),
            (None, OCTETS, 200),
            (None, fault, 500),
            (Some("0"), OCTETS, 200),
            (Some(" 201 "), OCTETS, 201),
            (Some("400"), fault, 400),
            (Some("204"), None, 204),
        ] {
            let mut parts = HeadParts::default();
            said.into_iter().for_each(|said| parts.set_status(said).unwrap());
            assert_eq!(parts.head(known).status.as_u16(), status, "{said:?}");
        }
        for wrong in ["", "x", "100", "199", "1000", "-1", "200 OK"] {
            assert!(HeadParts::default().set_status(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_element_is_announced_in_the_charset_it_is_written_in() {
        let mut said = parts(&[("Content-Type", "text/xml; charset=utf-16")]);
        said.format = Some(BodyFormat::Xml);
        assert_eq!(said.head(OCTETS).headers["content-type"], "text/xml; charset=utf-8");
        said.format = Some(BodyFormat::Raw);
        assert_eq!(said.head(OCTETS).headers["content-type"], "text/xml; charset=utf-16");
    }
}

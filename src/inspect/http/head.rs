//! The head of a request or a response.

use serde_json::{Value, json};

use crate::inspect::row::{Row, cut};
use crate::inspect::secrets;

/// A head that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) start: Start,
    /// Of HTTP/1.
    minor: u8,
    /// In the order of the message.
    fields: Vec<Field>,
    /// Bytes of it, the empty line included.
    pub(super) len: usize,
}

/// What the first line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Start {
    Request { method: String, target: String },
    Response { status: u16, reason: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    name: String,
    value: String,
    /// Where its name begins in the head.
    at: usize,
}

/// How long the body after a head is, RFC 9112 6.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    None,
    Length(u64),
    Chunked,
    /// Up to the end of the connection.
    Close,
    /// The connection is no longer HTTP.
    Upgraded,
}

/// The largest head, and its fields.
pub(super) const LARGEST: usize = 64 << 10;
const FIELDS: usize = 128;

/// Why a head cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoHead {
    #[error("no head of HTTP: {0}")]
    Malformed(httparse::Error),
    #[error("a head of more than {LARGEST} bytes")]
    TooLarge,
}

impl Head {
    /// The head at the start of `bytes`; `None`: it goes on.
    pub(super) fn parse(bytes: &[u8], is_request: bool) -> Result<Option<Self>, NoHead> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let (status, start, minor, fields) = if is_request {
            let mut request = httparse::Request::new(&mut fields);
            let status = request.parse(bytes).map_err(NoHead::Malformed)?;
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            (
                status,
                Start::Request { method: text(request.method), target: text(request.path) },
                request.version,
                request.headers,
            )
        } else {
            let mut response = httparse::Response::new(&mut fields);
            let status = response.parse(bytes).map_err(NoHead::Malformed)?;
            let reason = response.reason.unwrap_or_default().to_owned();
            (
                status,
                Start::Response { status: response.code.unwrap_or_default(), reason },
                response.version,
                response.headers,
            )
        };
        let httparse::Status::Complete(len) = status else {
            return if bytes.len() > LARGEST { Err(NoHead::TooLarge) } else { Ok(None) };
        };
        let fields = fields.iter().map(|field| Field {
            name: field.name.to_owned(),
            value: String::from_utf8_lossy(field.value).into_owned(),
            at: (field.name.as_ptr() as usize).wrapping_sub(bytes.as_ptr() as usize),
        });
        Ok(Some(Self { start, minor: minor.unwrap_or(1), fields: fields.collect(), len }))
    }

    /// The value of the first field of this name.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))?;
        Some(field.value.trim())
    }

    fn has_token(&self, name: &str, token: &str) -> bool {
        let is = |value: &str| value.trim().eq_ignore_ascii_case(token);
        self.fields
            .iter()
            .filter(|field| field.name.eq_ignore_ascii_case(name))
            .any(|field| field.value.split(',').any(is))
    }

    /// How long its body is. `answers_head`: it is the response to a HEAD; `answers_connect`: to a CONNECT.
    pub(super) fn framing(&self, answers_head: bool, answers_connect: bool) -> Framing {
        let chunked = self.has_token("transfer-encoding", "chunked");
        let length = self.field("content-length").and_then(|length| length.parse().ok());
        match &self.start {
            Start::Request { .. } if chunked => Framing::Chunked,
            Start::Request { .. } => length.map_or(Framing::None, Framing::Length),
            Start::Response { status: 101, .. } => Framing::Upgraded,
            Start::Response { status: 200..300, .. } if answers_connect => Framing::Upgraded,
            Start::Response { status: 100..200 | 204 | 304, .. } => Framing::None,
            Start::Response { .. } if answers_head => Framing::None,
            Start::Response { .. } if chunked => Framing::Chunked,
            Start::Response { .. } => length.map_or(Framing::Close, Framing::Length),
        }
    }

    /// Whether the answer may make the connection something else than HTTP.
    pub(super) fn asks_for_more(&self) -> bool {
        matches!(&self.start, Start::Request { method, .. } if method == "CONNECT") || self.is_websocket()
    }

    /// Whether it is about an upgrade to WebSocket, RFC 6455 4.
    pub(super) fn is_websocket(&self) -> bool {
        self.has_token("upgrade", "websocket")
    }

    /// The first line as JSON has it, secrets left out.
    pub(super) fn value(&self) -> Value {
        match &self.start {
            Start::Request { method, target } => json!(["http-request", method, secrets::text(target)]),
            Start::Response { status, reason } => json!(["http-response", status, reason]),
        }
    }

    /// The fields, secrets left out.
    pub(super) fn shown(&self) -> Vec<(String, String)> {
        self.fields
            .iter()
            .map(|field| (field.name.clone(), secrets::field(&field.name, &field.value)))
            .collect()
    }

    /// A row for each line of `bytes`, which is the head. Only bytes that are no secret are shown.
    pub(super) fn rows(&self, offset: u64, bytes: &[u8]) -> Vec<Row> {
        let (line, hex) = match &self.start {
            Start::Request { method, target } => (
                format!("{method} {} HTTP/1.{}", cut(&secrets::text(target)), self.minor),
                &bytes[..method.len().min(bytes.len())],
            ),
            Start::Response { status, reason } => {
                (format!("HTTP/1.{} {status} {reason}", self.minor), &bytes[..bytes.len().min(12)])
            }
        };
        let mut rows = vec![Row::new(offset, hex, line)];
        for (field, (name, value)) in self.fields.iter().zip(self.shown()) {
            let hex = &bytes[field.at..field.at + field.name.len()];
            rows.push(Row::new(offset + field.at as u64, hex, format!("  {name}: {}", cut(&value))));
        }
        rows.extend(self.remarks().into_iter().map(Row::note));
        rows
    }

    /// What is to be said about it.
    fn remarks(&self) -> Vec<&'static str> {
        let mut remarks = Vec::new();
        match &self.start {
            Start::Response { status: 100, .. } => remarks.push("the client may send its body"),
            Start::Response { status: 101, .. } if self.is_websocket() => {
                remarks.push("from here on the connection is a WebSocket");
            }
            Start::Response { status: 202, .. } => {
                remarks.push("taken, and nothing is answered: a one-way operation");
            }
            Start::Response { status: 401 | 407, .. } => {
                remarks.push("the client has to authenticate, or its token was refused");
            }
            _ => {}
        }
        if self.has_token("expect", "100-continue") {
            remarks.push("the client waits with its body until the server wants it");
        }
        remarks
    }
}

/// Whether a request begins with these bytes: a method, RFC 9110 9, and a space.
pub(in crate::inspect) fn begins_request(first: &[u8]) -> bool {
    const METHODS: [&str; 10] =
        ["GET ", "POST ", "PUT ", "HEAD ", "DELETE ", "OPTIONS ", "PATCH ", "CONNECT ", "TRACE ", "MERGE "];
    METHODS.iter().any(|method| first.starts_with(method.as_bytes()))
}

/// Whether a response begins with these bytes.
pub(in crate::inspect) fn begins_response(first: &[u8]) -> bool {
    first.starts_with(b"HTTP/1.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Head {
        Head::parse(text.as_bytes(), begins_request(text.as_bytes())).unwrap().unwrap()
    }

    #[test]
    fn bodies_are_as_long_as_rfc_9112_says() {
        let framing = |text: &str| head(text).framing(false, false);
        assert_eq!(
            framing("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\nContent-Length: 3\r\n\r\n"),
            Framing::Chunked
        );
        assert_eq!(framing("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n"), Framing::Length(3));
        assert_eq!(framing("GET / HTTP/1.1\r\n\r\n"), Framing::None);
        assert_eq!(framing("HTTP/1.1 200 OK\r\n\r\n"), Framing::Close);
        assert_eq!(framing("HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n"), Framing::None);
        assert_eq!(framing("HTTP/1.1 101 Go\r\n\r\n"), Framing::Upgraded);
        let ok = head("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
        assert_eq!(ok.framing(true, false), Framing::None);
        assert_eq!(ok.framing(false, true), Framing::Upgraded);
    }

    #[test]
    fn rows_show_no_byte_of_a_secret() {
        let text = "GET /p?token=AAAA HTTP/1.1\r\nCookie: AAAA\r\nAuthorization: Bearer AAAA\r\n\r\n";
        let shown = format!(
            "{:?}{:?}{}",
            head(text).rows(0, text.as_bytes()),
            head(text).shown(),
            head(text).value()
        );
        assert!(!shown.contains("AAAA") && !shown.contains("41 41"), "{shown}");
    }

    #[test]
    fn a_head_that_goes_on_for_ever_is_refused() {
        let text = format!("GET /{}", "a".repeat(LARGEST));
        assert_eq!(Head::parse(text.as_bytes(), true), Err(NoHead::TooLarge));
        assert_eq!(Head::parse(b"GET / HT", true), Ok(None));
        assert!(matches!(Head::parse(b"\0\x01", true), Err(NoHead::Malformed(_))));
    }
}

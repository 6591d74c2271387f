//! The messages of one direction of HTTP/1.1, where they begin and end. RFC 9112.

/// Who sent them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    Client,
    Server,
}

/// All of a direction, up to what is none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Messages {
    /// Where each of them ends.
    pub(super) ends: Vec<usize>,
    /// The methods, of a client.
    pub(super) methods: Vec<String>,
}

const HEADERS: usize = 256;

/// What a head says about its message.
struct Head {
    method: Option<String>,
    len: usize,
    body: Body,
    /// Whether no answer is complete with it (1xx).
    is_interim: bool,
    /// Whether something else than HTTP follows.
    is_last: bool,
}

enum Body {
    Len(usize),
    Chunks,
    Rest,
}

impl Messages {
    /// Takes a direction apart. A server's has to be told the methods of its requests.
    pub(super) fn of(sender: Sender, bytes: &[u8], methods: &[String]) -> Self {
        let mut found = Self::default();
        let mut asked = methods.iter();
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let head = match sender {
                Sender::Client => request(rest),
                Sender::Server => response(rest, asked.as_slice().first().map_or("", String::as_str)),
            };
            let Some(head) = head else { break };
            if !head.is_interim {
                asked.next();
            }
            let start = at + head.len;
            let body = match head.body {
                Body::Len(len) => len,
                Body::Chunks => chunked(&bytes[start..]),
                Body::Rest => bytes.len() - start,
            };
            let end = start.saturating_add(body).min(bytes.len());
            found.ends.push(end);
            found.methods.extend(head.method);
            if head.is_last {
                break;
            }
            at = end;
        }
        found
    }
}

fn request(bytes: &[u8]) -> Option<Head> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(len) = request.parse(bytes).ok()? else { return None };
    let body = body(request.headers)?.unwrap_or(Body::Len(0));
    let method = request.method.map(str::to_owned);
    let is_last = method.as_deref() == Some("CONNECT");
    Some(Head { method, len, body, is_interim: false, is_last })
}

fn response(bytes: &[u8], method: &str) -> Option<Head> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(len) = response.parse(bytes).ok()? else { return None };
    let code = response.code?;
    let is_last = code == 101 || (method == "CONNECT" && code < 300);
    let is_interim = code < 200 && code != 101;
    let body = match code {
        _ if is_last || method == "HEAD" => Body::Len(0),
        100..200 | 204 | 304 => Body::Len(0),
        _ => body(response.headers)?.unwrap_or(Body::Rest),
    };
    Some(Head { method: None, len, body, is_interim, is_last })
}

/// The length that headers announce, if they do; `None` for one that is none.
fn body(headers: &[httparse::Header<'_>]) -> Option<Option<Body>> {
    let value = |name: &str| headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    if value("transfer-encoding").is_some() {
        return Some(Some(Body::Chunks));
    }
    let Some(length) = value("content-length") else { return Some(None) };
    let length = std::str::from_utf8(length.value).ok()?.trim().parse().ok()?;
    Some(Some(Body::Len(length)))
}

/// Bytes of a chunked body, with its trailers; all of them where it goes wrong.
fn chunked(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let Some(line) = bytes[at..].iter().position(|byte| *byte == b'\n') else { return bytes.len() };
        let text = String::from_utf8_lossy(&bytes[at..at + line]);
        let size = usize::from_str_radix(text.split(';').next().unwrap_or_default().trim(), 16);
        at += line + 1;
        match size {
            Ok(0) => break,
            Ok(size) if size < bytes.len() - at => at = (at + size + 2).min(bytes.len()),
            _ => return bytes.len(),
        }
    }
    loop {
        let Some(line) = bytes[at..].iter().position(|byte| *byte == b'\n') else { return bytes.len() };
        at += line + 1;
        if line <= 1 {
            return at;
        }
    }
}

//! One direction of HTTP/1.1: heads, bodies, and the WebSocket that a connection may become, RFC 9112.

use std::collections::VecDeque;

use super::envelope::{Envelope, Form};
use super::frames::Frames;
use super::scanner::Scanner;

/// Walks the messages of one direction as they come.
#[derive(Debug)]
pub(super) struct Http {
    state: State,
    /// The head that is being read, as it came.
    head: Vec<u8>,
    /// Heads, and what cannot be told apart.
    run: Scanner,
    body: Envelope,
    /// The line in front of a chunk.
    line: Vec<u8>,
}

/// Which side it is, which decides what a head is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    Client,
    Server,
}

/// What one direction says about the other.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// The methods that wait for their answers.
    methods: VecDeque<Method>,
    /// Whether the server has made a WebSocket of the connection.
    websocket: bool,
    /// Whether it has made something else of it.
    tunnel: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Head,
    Connect,
    Other,
}

#[derive(Debug)]
enum State {
    Head,
    Fixed(u64),
    ChunkLine,
    Chunk(u64),
    /// The line's end behind a chunk.
    ChunkEnd,
    /// Fields behind the last chunk, and the empty line.
    Trailers,
    /// A body to the end of the stream.
    Rest,
    Frames(Box<Frames>),
    /// No HTTP, or no more of it.
    Run,
}

/// A head that is longer is none that is looked into.
const LONGEST_HEAD: usize = 64 << 10;
const LONGEST_LINE: usize = 4 << 10;
const HEADERS: usize = 256;
/// Requests that are sent ahead of their answers.
const MOST_TURNS: usize = 1024;

impl Http {
    pub(super) fn new() -> Self {
        Self {
            state: State::Head,
            head: Vec::new(),
            run: Scanner::new(),
            body: Envelope::new(),
            line: Vec::new(),
        }
    }

    /// Takes secrets out of the next bytes of the direction.
    pub(super) fn scrub(&mut self, sender: Sender, mut bytes: &mut [u8], turns: &mut Turns) {
        while !bytes.is_empty() {
            let used = match &mut self.state {
                State::Head if self.head.is_empty() && turns.websocket => {
                    self.state = State::Frames(Box::new(Frames::new()));
                    0
                }
                State::Head if self.head.is_empty() && turns.tunnel => {
                    self.state = State::Run;
                    0
                }
                State::Head => self.head(sender, bytes, turns),
                State::Fixed(left) | State::Chunk(left) => {
                    let size = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    self.body.scrub(&mut bytes[..size]);
                    *left -= size as u64;
                    if *left == 0 {
                        self.state = match self.state {
                            State::Chunk(_) => State::ChunkEnd,
                            _ => State::Head,
                        };
                    }
                    size
                }
                State::ChunkLine | State::ChunkEnd | State::Trailers => {
                    self.line(&mut bytes[0]);
                    1
                }
                State::Rest => {
                    self.body.scrub(bytes);
                    return;
                }
                State::Frames(frames) => {
                    frames.scrub(bytes);
                    return;
                }
                State::Run => {
                    self.run.scan(bytes);
                    return;
                }
            };
            bytes = &mut bytes[used..];
        }
    }

    /// Takes bytes up to the end of the head.
    fn head(&mut self, sender: Sender, bytes: &mut [u8], turns: &mut Turns) -> usize {
        for (index, byte) in bytes.iter_mut().enumerate() {
            let original = *byte;
            self.run.scan(std::slice::from_mut(byte));
            // RFC 9112 2.2: an empty line in front of a request is passed over.
            if self.head.is_empty() && matches!(original, b'\r' | b'\n') {
                continue;
            }
            self.head.push(original);
            if original == b'\n' && (self.head.ends_with(b"\n\r\n") || self.head.ends_with(b"\n\n")) {
                let head = std::mem::take(&mut self.head);
                self.state = match sender {
                    Sender::Client => self.after_request(&head, turns),
                    Sender::Server => self.after_response(&head, turns),
                }
                .unwrap_or(State::Run);
                self.run.boundary();
                return index + 1;
            }
            if self.head.len() >= LONGEST_HEAD {
                self.head.clear();
                self.state = State::Run;
                return index + 1;
            }
        }
        bytes.len()
    }

    fn after_request(&mut self, head: &[u8], turns: &mut Turns) -> Option<State> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        request.parse(head).ok().filter(httparse::Status::is_complete)?;
        turns.methods.push_back(match request.method? {
            "HEAD" => Method::Head,
            "CONNECT" => Method::Connect,
            _ => Method::Other,
        });
        if turns.methods.len() > MOST_TURNS {
            return None;
        }
        let body = Body::of(request.headers)?;
        Some(self.begin(body, State::Head))
    }

    fn after_response(&mut self, head: &[u8], turns: &mut Turns) -> Option<State> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        response.parse(head).ok().filter(httparse::Status::is_complete)?;
        let code = response.code?;
        if code == 101 {
            let websocket =
                value(response.headers, "upgrade").is_some_and(|to| to.eq_ignore_ascii_case(b"websocket"));
            turns.websocket = websocket;
            turns.tunnel = !websocket;
            return Some(if websocket { State::Frames(Box::new(Frames::new())) } else { State::Run });
        }
        if code < 200 {
            return Some(State::Head);
        }
        let method = turns.methods.pop_front().unwrap_or(Method::Other);
        match method {
            Method::Connect if code < 300 => {
                turns.tunnel = true;
                Some(State::Run)
            }
            Method::Head => Some(State::Head),
            _ if matches!(code, 204 | 304) => Some(State::Head),
            _ => {
                let body = Body::of(response.headers)?;
                Some(self.begin(body, State::Rest))
            }
        }
    }

    fn begin(&mut self, body: Body, without_length: State) -> State {
        self.body.begin(body.form);
        match body.length {
            Length::None => without_length,
            Length::Fixed(0) => State::Head,
            Length::Fixed(length) => State::Fixed(length),
            Length::Chunks => State::ChunkLine,
        }
    }

    /// A byte of a line of the chunked coding, RFC 9112 7.1.
    fn line(&mut self, byte: &mut u8) {
        let original = *byte;
        self.run.scan(std::slice::from_mut(byte));
        if original != b'\n' {
            self.line.push(original);
            if self.line.len() > LONGEST_LINE {
                self.state = State::Run;
            }
            return;
        }
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        self.state = match self.state {
            State::ChunkEnd => State::ChunkLine,
            State::Trailers if text.is_empty() => State::Head,
            State::Trailers => State::Trailers,
            _ => match u64::from_str_radix(text.split(';').next().unwrap_or_default().trim(), 16) {
                Ok(0) => State::Trailers,
                Ok(size) => State::Chunk(size),
                Err(_) => State::Run,
            },
        };
    }
}

struct Body {
    form: Form,
    length: Length,
}

enum Length {
    None,
    Fixed(u64),
    Chunks,
}

impl Body {
    /// `None` for a length that is none.
    fn of(headers: &[httparse::Header<'_>]) -> Option<Self> {
        let form = match value(headers, "content-type").map(String::from_utf8_lossy) {
            Some(content_type) => Form::of_content_type(&content_type),
            None => Form::Run,
        };
        let length = match (value(headers, "transfer-encoding"), value(headers, "content-length")) {
            (Some(_), _) => Length::Chunks,
            (None, Some(length)) => Length::Fixed(std::str::from_utf8(length).ok()?.trim().parse().ok()?),
            (None, None) => Length::None,
        };
        Some(Self { form, length })
    }
}

fn value<'h>(headers: &[httparse::Header<'h>], name: &str) -> Option<&'h [u8]> {
    headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
}

//! HTTP/1.1 as bytes: libraries hide the reason phrase, the spelling of header names and how a body was framed.

use std::fmt::Write as _;

use crate::{Gateway, Wire};

/// A request, written exactly as put together.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    chunk: Option<usize>,
}

impl Request {
    /// A request; `Host` is added when it is sent, unless it is there.
    pub fn new(method: &str, target: &str) -> Self {
        let (method, target) = (method.to_owned(), target.to_owned());
        Self { method, target, headers: Vec::new(), body: Vec::new(), chunk: None }
    }

    /// `GET`.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// `POST` of a body with its `Content-Length`.
    pub fn post(target: &str, body: &[u8]) -> Self {
        Self::new("POST", target).body(body)
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Gives it a body, announced by `Content-Length`.
    pub fn body(mut self, body: &[u8]) -> Self {
        self.headers.push(("Content-Length".to_owned(), body.len().to_string()));
        body.clone_into(&mut self.body);
        self
    }

    /// Gives it a body in chunks of `size`.
    pub fn chunks(mut self, body: &[u8], size: usize) -> Self {
        self.headers.push(("Transfer-Encoding".to_owned(), "chunked".to_owned()));
        body.clone_into(&mut self.body);
        self.chunk = Some(size);
        self
    }

    /// The head as it goes to a gateway dialled as `authority`.
    fn head(&self, authority: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.headers.iter().any(|(name, _)| name == "Host") {
            write!(head, "Host: {authority}\r\n").expect("a string takes any text");
        }
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").expect("a string takes any text");
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Sends it on a connection of its own and reads the answer.
    pub fn to(self, gateway: &Gateway) -> Answer {
        self.on(&mut gateway.connect())
    }

    /// Sends it on `wire` and reads the answer.
    pub fn on(self, wire: &mut Wire) -> Answer {
        let method = self.method.clone();
        self.send(wire);
        Answer::read(wire, &method)
    }

    /// Sends it on `wire`; [`Answer::read`] takes the answer.
    pub fn send(self, wire: &mut Wire) {
        let mut bytes = self.head(&wire.authority());
        match self.chunk {
            None => bytes.extend_from_slice(&self.body),
            Some(size) => {
                for chunk in self.body.chunks(size) {
                    bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    bytes.extend_from_slice(chunk);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
            }
        }
        // A gateway may refuse before it has read a whole body; the answer tells.
        let _ = wire.try_send(&bytes);
    }
}

/// An answer as it stood on the wire.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The reason phrase, exactly (Latin-1 bytes as characters).
    pub reason: String,
    /// Header lines in order, names as spelled.
    pub headers: Vec<(String, String)>,
    /// The body, freed of its framing.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads the answer to a request of `method`; `100 Continue` is passed over.
    pub fn read(wire: &mut Wire, method: &str) -> Self {
        loop {
            let mut answer = Self::read_head(wire);
            if answer.status == 100 {
                continue;
            }
            // RFC 9112 6.3: these end with their head; a 205 is framed like any other.
            let empty = method == "HEAD" || matches!(answer.status, 101 | 204 | 304);
            if !empty {
                answer.read_body(wire);
            }
            return answer;
        }
    }

    /// Reads a head, leaving what follows on the wire.
    pub fn read_head(wire: &mut Wire) -> Self {
        Self::try_read_head(wire).expect("an answer, not an end of the connection")
    }

    /// Reads a head; nothing if the connection ended before its first byte.
    pub fn try_read_head(wire: &mut Wire) -> Option<Self> {
        let end = loop {
            if let Some(end) = wire.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            match wire.fill() {
                Ok(1..) => {}
                Ok(0) if wire.unread.is_empty() => return None,
                Err(error) if wire.unread.is_empty() && crate::connect::was_cut(&error) => return None,
                other => panic!("{other:?} inside a response head: {:?}", latin1(&wire.unread)),
            }
        };
        let head = latin1(&wire.receive(end + 4));
        let mut lines = head.trim_end_matches("\r\n").split("\r\n");
        let status_line = lines.next().expect("split yields at least one piece");
        let rest =
            status_line.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("status line {status_line:?}"));
        let (status, reason) = rest.split_once(' ').unwrap_or_else(|| panic!("status line {status_line:?}"));
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("header line {line:?}"));
            (name.to_owned(), value.trim().to_owned())
        });
        Some(Self {
            status: status.parse().unwrap_or_else(|_| panic!("status line {status_line:?}")),
            reason: reason.to_owned(),
            headers: headers.collect(),
            body: Vec::new(),
        })
    }

    fn read_body(&mut self, wire: &mut Wire) {
        if self.header("Transfer-Encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            loop {
                let line = receive_line(wire);
                let size = usize::from_str_radix(&line, 16).unwrap_or_else(|_| panic!("chunk size {line:?}"));
                self.body.extend_from_slice(&wire.receive(size));
                assert_eq!(receive_line(wire), "", "the end of a chunk, and no trailers");
                if size == 0 {
                    return;
                }
            }
        } else if let Some(length) = self.header("Content-Length") {
            self.body = wire.receive(length.parse().expect("a length"));
        } else {
            self.body = wire.receive_to_end();
        }
    }

    /// The value of a header, whatever its spelling; two lines of the name fail the test.
    pub fn header(&self, name: &str) -> Option<&str> {
        let values = self.all(name);
        assert!(values.len() < 2, "{name} stands twice in {self:?}");
        values.first().copied()
    }

    /// All values of a header, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.headers.iter().filter(|(spelled, _)| spelled.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| value.as_str()).collect()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", latin1(&self.body)))
    }
}

fn receive_line(wire: &mut Wire) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.extend_from_slice(&wire.receive(1));
    }
    latin1(&line[..line.len() - 2])
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

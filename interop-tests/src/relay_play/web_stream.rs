//! The web stream: a byte stream of two HTTP requests, for a library whose proxy knows no WebSocket. Relay page 1.5.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::SocketAddr;

use crate::connect::Transport;
use crate::{Answer, Gateway, Wire};

use super::recording::Recording;
use super::substitute::find;

/// What the library writes and wants back, twice, before it uses a stream in clear.
const ECHO: [u8; 4] = [1, 2, 3, 4];

/// The recorded requests of one stream.
pub(super) struct Recorded {
    pub(super) create: Vec<u8>,
    pub(super) up: Vec<u8>,
    pub(super) down: Vec<u8>,
}

/// A stream that is open.
pub(super) struct WebStream {
    up: Wire,
    down: Wire,
    /// The body of the answer, freed of HTTP's chunks.
    body: Vec<u8>,
    /// What its frames carried.
    data: VecDeque<u8>,
    /// The answer came to its end.
    ended: bool,
}

impl Recorded {
    /// The recorded stream for another role.
    pub(super) fn for_role(recording: &Recording, role: &str) -> Self {
        let of = |stream: &str| {
            let head = recording.sent(stream);
            let at = find(&head, b"connection\r\n").expect("the role of the recorded stream");
            [&head[..at], role.as_bytes(), &head[at + b"connection".len()..]].concat()
        };
        Self { create: of("003-80"), up: of("004-80"), down: of("005-80") }
    }

    /// Creates the stream at the door `http`, opens both directions at the addresses that the gateway gives, and checks that it echoes.
    pub(super) fn open(&self, gateway: &Gateway) -> WebStream {
        self.open_with(&|| Wire::tcp(gateway.door("http")), None, true)
    }

    /// The same at the door `https`, where there is no echo.
    pub(super) fn open_https(&self, gateway: &Gateway, host: &str) -> WebStream {
        self.open_with(&|| Wire::tls(gateway.door("https"), host, gateway.authority()), None, false)
    }

    /// The same as [`Recorded::open`] through a proxy, which is told whole addresses.
    pub(super) fn open_through(&self, proxy: SocketAddr, gateway: &Gateway) -> WebStream {
        self.open_with(&|| Wire::tcp(proxy), Some(gateway.door("http")), true)
    }

    fn open_with(&self, dial: &dyn Fn() -> Wire, proxied: Option<SocketAddr>, echoes: bool) -> WebStream {
        let addressed = |head: &[u8], uri: &str| addressed(head, uri, proxied.is_some());
        let mut wire = dial();
        match proxied {
            None => wire.send(&self.create),
            Some(door) => {
                let (head, body) = split(&self.create);
                wire.send(&[&*addressed(head, &format!("http://{door}/")), body].concat());
            }
        }
        let created = Answer::read(&mut wire, "POST");
        assert_eq!(created.status, 201, "{created:?}");
        let at =
            |name: &str| created.header(name).unwrap_or_else(|| panic!("no {name}: {created:?}")).to_owned();
        let (down, up) = (at("X-WSENDPT1"), at("X-WSENDPT2"));

        let (head, body) = split(&self.up);
        let mut up_wire = dial();
        up_wire.send(&addressed(head, &up));
        let mut down_wire = dial();
        down_wire.send(&addressed(split(&self.down).0, &down));
        let answer = Answer::try_read_head(&mut down_wire).expect("an answer");
        assert_eq!(answer.status, 200, "{answer:?}");
        let chunked =
            answer.header("Transfer-Encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        assert!(chunked, "{answer:?}");

        let mut stream =
            WebStream { up: up_wire, down: down_wire, body: Vec::new(), data: VecDeque::new(), ended: false };
        // Both echoes as they were recorded, a chunk each.
        let recorded = frame(&ECHO);
        for number in 0..if echoes { 2 } else { 0 } {
            let echo = &body[number * recorded.len()..(number + 1) * recorded.len()];
            assert_eq!(echo, recorded, "the recorded stream begins with the echo");
            stream.up.send(echo);
            let mut came = [0; 4];
            stream.read_exact(&mut came).expect("the echo");
            assert_eq!(came, ECHO);
        }
        stream
    }
}

impl WebStream {
    /// A connection on top of it.
    pub(super) fn into_wire(self) -> Wire {
        let socket = self.down.handle();
        Wire::over(self, socket)
    }

    /// Takes whole chunks and whole frames of what came.
    fn unpack(&mut self) {
        while let Some((from, to)) = chunk(&self.down.unread) {
            self.ended |= from == to;
            self.body.extend_from_slice(&self.down.unread[from..to]);
            self.down.unread.drain(..to + 2);
        }
        while let Some(length) =
            self.body.first_chunk().map(|length| usize::from(u16::from_le_bytes(*length)))
        {
            if self.body.len() < 2 + length {
                return;
            }
            // A frame of length 0 is a sign of life.
            self.data.extend(self.body.drain(..2 + length).skip(2));
        }
    }
}

impl Read for WebStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.unpack();
            if !self.data.is_empty() {
                return self.data.read(buffer);
            }
            // The last chunk ends the answer; its connection may go on.
            if self.ended || self.down.fill()? == 0 {
                return Ok(0);
            }
        }
    }
}

impl Transport for WebStream {
    /// The body of the request comes to its end.
    fn finish(&mut self) -> bool {
        // The gateway may have hung up.
        let _ = self.up.try_send(b"0\r\n\r\n");
        true
    }
}

impl Write for WebStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.chunks(65_533) {
            self.up.try_send(&frame(piece))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A frame of the stream in a chunk of its own.
fn frame(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("a piece").to_le_bytes();
    [format!("{:X}\r\n", bytes.len() + 2).as_bytes(), &length, bytes, b"\r\n"].concat()
}

/// Where the first chunk's data begin and end; nothing when it is not all there. The last one is empty.
fn chunk(bytes: &[u8]) -> Option<(usize, usize)> {
    let line = find(bytes, b"\r\n")?;
    let size = std::str::from_utf8(&bytes[..line]).expect("a size");
    let size = usize::from_str_radix(size, 16).unwrap_or_else(|_| panic!("chunk size {size:?}"));
    let (from, to) = (line + 2, line + 2 + size);
    (bytes.len() >= to + 2).then_some((from, to))
}

fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(find(bytes, b"\r\n\r\n").expect("a head") + 4)
}

/// A recorded head for the address that the gateway gave.
fn addressed(head: &[u8], uri: &str, whole: bool) -> Vec<u8> {
    let (authority, path) =
        uri.split_once("://").and_then(|(_, rest)| rest.split_once('/')).expect("an absolute URI");
    let head = std::str::from_utf8(head).expect("a head is text");
    let lines = head.split("\r\n").enumerate().map(|(number, line)| {
        if number == 0 {
            let method = line.split(' ').next().unwrap_or_default();
            match whole {
                true => format!("{method} {uri} HTTP/1.1"),
                false => format!("{method} /{path} HTTP/1.1"),
            }
        } else if line.starts_with("Host: ") {
            format!("Host: {authority}")
        } else {
            line.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\r\n").into_bytes()
}

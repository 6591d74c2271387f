//! WebSocket as frames: libraries hide fragment borders, pings and how a connection ended. RFC 6455.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::connect::was_cut;
use crate::{Answer, Gateway, Request, Wire};

const CLIENT_KEY: &str = "AAECAwQFBgcICQoLDA0ODw==";

/// One frame as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whether it ends its message.
    pub fin: bool,
    /// 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong.
    pub opcode: u8,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// What the peer said, put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A close frame: code and reason, if it had any.
    Close(Option<(u16, String)>),
    /// The connection ended in order (FIN) without a close frame of its own.
    Ended,
    /// The connection was reset.
    Cut,
}

/// The connection was reset: no close frame, no FIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut;

/// The client's end of a WebSocket.
pub struct WebSocket {
    wire: Wire,
    /// The gateway's answer to the handshake.
    pub handshake: Answer,
}

impl WebSocket {
    /// Opens `/$hc/{path_and_query}`; a refusal fails the test.
    pub fn open(gateway: &Gateway, path_and_query: &str) -> Self {
        Self::open_with(gateway, path_and_query, &[])
    }

    /// As [`WebSocket::open`], with more headers.
    pub fn open_with(gateway: &Gateway, path_and_query: &str, headers: &[(&str, &str)]) -> Self {
        let target = format!("/$hc/{path_and_query}");
        match Self::try_open(gateway.connect(), &target, headers) {
            Ok(socket) => socket,
            Err(answer) => panic!("{target} was refused: {answer:?}"),
        }
    }

    /// Opens `target` on `wire`, or returns the refusal.
    pub fn try_open(mut wire: Wire, target: &str, headers: &[(&str, &str)]) -> Result<Self, Answer> {
        Self::ask(&mut wire, target, headers);
        Self::answered(wire)
    }

    /// Sends the handshake alone; [`WebSocket::answered`] reads the answer.
    pub fn ask(wire: &mut Wire, target: &str, headers: &[(&str, &str)]) {
        let request = Request::get(target)
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", CLIENT_KEY);
        headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send(wire);
    }

    /// Reads the answer to a handshake, which may be a refusal.
    pub fn answered(mut wire: Wire) -> Result<Self, Answer> {
        let handshake = Answer::read(&mut wire, "GET");
        if handshake.status != 101 {
            return Err(handshake);
        }
        let digest = Sha1::digest(format!("{CLIENT_KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
        assert_eq!(handshake.header("Sec-WebSocket-Accept"), Some(STANDARD.encode(digest).as_str()));
        Ok(Self { wire, handshake })
    }

    /// Sends one frame, masked as a client must.
    pub fn send_frame(&mut self, fin: bool, opcode: u8, payload: &[u8]) {
        self.try_send_frame(fin, opcode, payload).expect("the gateway takes a frame");
    }

    /// Sends one frame, or says why the gateway did not take it.
    pub fn try_send_frame(&mut self, fin: bool, opcode: u8, payload: &[u8]) -> std::io::Result<()> {
        let mut bytes = Vec::with_capacity(payload.len() + 14);
        push_frame(&mut bytes, fin, opcode, payload);
        self.wire.try_send(&bytes)
    }

    /// Sends a message as fragments of `size` bytes, many to a write.
    pub fn send_fragments(&mut self, opcode: u8, payload: &[u8], size: usize) {
        let mut bytes = Vec::with_capacity(payload.len() * 2);
        let count = payload.len().div_ceil(size);
        for (index, fragment) in payload.chunks(size).enumerate() {
            push_frame(&mut bytes, index + 1 == count, if index == 0 { opcode } else { 0 }, fragment);
        }
        self.wire.send(&bytes);
    }

    /// Sends a text message in one frame.
    pub fn send_text(&mut self, text: &str) {
        self.send_frame(true, 1, text.as_bytes());
    }

    /// Sends a binary message in one frame.
    pub fn send_binary(&mut self, bytes: &[u8]) {
        self.send_frame(true, 2, bytes);
    }

    /// Sends a close frame.
    pub fn send_close(&mut self, code: u16, reason: &str) {
        let payload = [&code.to_be_bytes(), reason.as_bytes()].concat();
        self.send_frame(true, 8, &payload);
    }

    /// The next frame, pings answered and passed over; nothing at the end, `Err` after a reset.
    pub fn frame(&mut self) -> Result<Option<Frame>, Cut> {
        loop {
            let frame = match self.raw_frame() {
                Ok(Some(frame)) => frame,
                end => return end,
            };
            match frame.opcode {
                9 => {
                    // The gateway may be gone by now; the next read tells.
                    let _ = self.try_send_frame(true, 10, &frame.payload);
                }
                10 => {}
                _ => return Ok(Some(frame)),
            }
        }
    }

    /// The next frame of any kind.
    pub fn raw_frame(&mut self) -> Result<Option<Frame>, Cut> {
        if !self.want(2)? {
            return Ok(None);
        }
        let head = [self.wire.unread[0], self.wire.unread[1]];
        assert_eq!(head[0] & 0x70, 0, "no extension was negotiated");
        assert_eq!(head[1] & 0x80, 0, "a server does not mask");
        let extended = match head[1] {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        self.want(2 + extended)?;
        let length = match extended {
            0 => usize::from(head[1]),
            _ => self.wire.unread[2..2 + extended].iter().fold(0, |n, byte| n << 8 | usize::from(*byte)),
        };
        let shortest = match extended {
            0 => 0,
            2 => 126,
            _ => 1 << 16,
        };
        assert!(length >= shortest, "a length of {length} took {extended} more bytes");
        self.want(2 + extended + length)?;
        self.wire.unread.drain(..2 + extended);
        let payload = self.wire.unread.drain(..length).collect();
        Ok(Some(Frame { fin: head[0] & 0x80 != 0, opcode: head[0] & 0x0f, payload }))
    }

    /// The next message.
    pub fn message(&mut self) -> Message {
        let mut whole: Option<Frame> = None;
        loop {
            let frame = match self.frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => return Message::Ended,
                Err(Cut) => return Message::Cut,
            };
            if frame.opcode == 8 {
                let payload = frame.payload;
                let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                return Message::Close(
                    code.map(|code| (code, String::from_utf8_lossy(&payload[2..]).into_owned())),
                );
            }
            let message = match whole.as_mut() {
                None => whole.insert(frame),
                Some(message) => {
                    assert_eq!(frame.opcode, 0, "a message began inside another");
                    message.payload.extend_from_slice(&frame.payload);
                    message.fin = frame.fin;
                    message
                }
            };
            if message.fin {
                let message = whole.take().expect("it was just there");
                return match message.opcode {
                    1 => Message::Text(String::from_utf8(message.payload).expect("UTF-8")),
                    2 => Message::Binary(message.payload),
                    opcode => panic!("a message of opcode {opcode}"),
                };
            }
        }
    }

    /// The next message, which must be text.
    pub fn text(&mut self) -> String {
        match self.message() {
            Message::Text(text) => text,
            other => panic!("text was due, not {other:?}"),
        }
    }

    /// The next message, which must be binary.
    pub fn binary(&mut self) -> Vec<u8> {
        match self.message() {
            Message::Binary(bytes) => bytes,
            other => panic!("a binary message was due, not {other:?}"),
        }
    }

    /// The connection below, for what no frame can say.
    pub fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// Drops the connection with a reset and no close frame.
    pub fn abort(self) {
        self.wire.abort();
    }

    /// How long the next reads may take.
    pub fn set_patience(&self, time: Duration) {
        self.wire.set_patience(time);
    }

    /// Reads until `length` bytes are there; `false` at an end before the first.
    fn want(&mut self, length: usize) -> Result<bool, Cut> {
        while self.wire.unread.len() < length {
            match self.wire.fill() {
                Ok(0) if self.wire.unread.is_empty() => return Ok(false),
                Ok(0) => panic!("the stream ended inside a frame: {:02x?}", self.wire.unread),
                Ok(_) => {}
                Err(error) if was_cut(&error) => return Err(Cut),
                Err(error) => panic!("no frame came: {error}"),
            }
        }
        Ok(true)
    }
}

fn push_frame(bytes: &mut Vec<u8>, fin: bool, opcode: u8, payload: &[u8]) {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    bytes.push(u8::from(fin) << 7 | opcode);
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | length as u8),
        length @ 126..65_536 => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

//! The library's WebSocket: its request and its frames as they were recorded, and what its frame reader takes. Relay page 1.4.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::{Answer, Gateway, Wire};

use super::substitute::find;
use super::talk::Line;

const BINARY: u8 = 2;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PONG: u8 = 10;

/// What one frame from the gateway may hold: a buffer of the library, which for connections a program may have made smaller.
const BUFFER: usize = 64 << 10;
const SMALL_BUFFER: usize = 8 << 10;

/// A recorded direction of a WebSocket.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    /// The request or the answer that opened it.
    head: Vec<u8>,
    frames: VecDeque<Frame>,
}

/// One frame as it was sent.
#[derive(Clone, Debug)]
struct Frame {
    raw: Vec<u8>,
    opcode: u8,
    payload: Vec<u8>,
}

impl Recorded {
    /// Reads head and frames. The last frame may have been cut; it is left out then.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let end = find(bytes, b"\r\n\r\n").expect("a head") + 4;
        let (head, mut rest) = bytes.split_at(end);
        let mut frames = VecDeque::new();
        while let Some((frame, length)) = frame(rest) {
            rest = &rest[length..];
            frames.push_back(frame);
        }
        Self { head: head.to_vec(), frames }
    }

    /// What all data frames carry.
    pub(super) fn payload(&self) -> Vec<u8> {
        let data = self.frames.iter().filter(|frame| matches!(frame.opcode, TEXT | BINARY));
        data.flat_map(|frame| frame.payload.clone()).collect()
    }

    /// Sends the recorded request and checks the answer as the library does.
    pub(super) fn upgrade(self, mut wire: Wire) -> WebSocketLine {
        wire.send(&self.head);
        let head = String::from_utf8(self.head).expect("a request is text");
        let sent = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|value| value.strip_prefix(": ")).unwrap_or_else(|| panic!("no {name} in {head}"))
        };
        let answer = Answer::read(&mut wire, "GET");
        assert_eq!(answer.status, 101, "{answer:?}");
        let accept =
            Sha1::digest(format!("{}258EAFA5-E914-47DA-95CA-C5AB0DC85B11", sent("Sec-WebSocket-Key")));
        assert_eq!(answer.header("Sec-WebSocket-Accept"), Some(&*STANDARD.encode(accept)));
        assert_eq!(answer.header("Sec-WebSocket-Protocol"), Some(sent("Sec-WebSocket-Protocol")));
        for (name, value) in [("Connection", "upgrade"), ("Upgrade", "websocket")] {
            let told = answer.header(name).map(str::to_ascii_lowercase);
            assert_eq!(told.as_deref(), Some(value), "the library takes no other {name}");
        }
        let buffer = if sent("Sec-WebSocket-Protocol") == "wsrelayedamqp" { BUFFER } else { SMALL_BUFFER };
        WebSocketLine { wire, frames: self.frames, made: false, buffer }
    }
}

/// One direction of the library, and its frame reader.
pub(super) struct WebSocketLine {
    wire: Wire,
    /// What the library sends and has not sent yet.
    frames: VecDeque<Frame>,
    /// Frames are made of what is said, each of what is said at once, as the library makes them.
    made: bool,
    /// What one frame from the gateway may hold.
    buffer: usize,
}

impl WebSocketLine {
    /// Opens a WebSocket that carries what was recorded on another port.
    pub(super) fn dial(gateway: &Gateway, host: &str, protocol: &str) -> Self {
        Self::on(Wire::tls(gateway.door("https"), host, gateway.authority()), host, protocol)
    }

    /// The same on a connection that is there.
    pub(super) fn on(wire: Wire, host: &str, protocol: &str) -> Self {
        let head = format!(
            "GET /$servicebus/websocket HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\nSec-WebSocket-Protocol: {protocol}\r\n\
             Sec-WebSocket-Version: 13\r\n\r\n"
        );
        let recorded = Recorded { head: head.into_bytes(), frames: VecDeque::new() };
        Self { made: true, ..recorded.upgrade(wire) }
    }
}

/// A frame of the library: whole, and masked with zeros.
fn made(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(length).expect("a frame of less than 64 KiB").to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend_from_slice(payload);
    frame
}

impl Line for WebSocketLine {
    /// The bytes must be what the next recorded frames carry, whole frames.
    fn say(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        if self.made {
            return bytes.chunks(32 << 10).try_for_each(|piece| self.wire.try_send(&made(BINARY, piece)));
        }
        while !bytes.is_empty() {
            let frame = self.frames.pop_front().expect("the library sends no more frames");
            bytes = bytes
                .strip_prefix(&*frame.payload)
                .unwrap_or_else(|| panic!("the next frame carries {:02x?}, not {bytes:02x?}", frame.payload));
            self.wire.try_send(&frame.raw)?;
        }
        Ok(())
    }

    /// Appends what one frame carries; each is read as a whole.
    fn hear(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        loop {
            let Some((frame, length)) = frame(&self.wire.unread) else {
                if self.wire.fill()? == 0 {
                    assert!(self.wire.unread.is_empty(), "the connection ended inside a frame");
                    return Ok(0);
                }
                continue;
            };
            self.wire.unread.drain(..length);
            assert_eq!(frame.raw[0] & 0xf0, 0x80, "the library knows no fragments");
            assert_eq!(frame.raw[1] & 0x80, 0, "the library takes a masked frame for an end");
            match frame.opcode {
                PONG => {}
                TEXT | BINARY => {
                    let length = frame.payload.len();
                    assert!((1..=self.buffer).contains(&length), "a frame of {length} bytes ends the link");
                    into.extend_from_slice(&frame.payload);
                    return Ok(length);
                }
                CLOSE => return Ok(0),
                opcode => panic!("a frame of opcode {opcode} ends the link"),
            }
        }
    }

    fn set_patience(&self, time: Duration) {
        self.wire.set_patience(time);
    }

    /// Says goodbye with a close frame if the library did, and ends our direction.
    fn finish(&mut self) {
        if self.made {
            let _ = self.wire.try_send(&made(CLOSE, &[]));
        }
        for frame in std::mem::take(&mut self.frames) {
            assert_eq!(frame.opcode, CLOSE, "the library has more to say");
            // The gateway may be gone by now.
            let _ = self.wire.try_send(&frame.raw);
        }
        self.wire.finish();
    }

    fn has_frames(&self) -> bool {
        true
    }
}

/// The first frame and its length; nothing when it is not all there.
fn frame(bytes: &[u8]) -> Option<(Frame, usize)> {
    let [first, second] = *bytes.first_chunk()?;
    let (length, mut at) = match second & 0x7f {
        126 => (usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)), 4),
        127 => (u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?) as usize, 10),
        length => (usize::from(length), 2),
    };
    let mut mask = [0; 4];
    if second & 0x80 != 0 {
        mask = *bytes.get(at..)?.first_chunk()?;
        at += 4;
    }
    let masked = bytes.get(at..at + length)?;
    let payload = masked.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    let length = at + length;
    Some((Frame { raw: bytes[..length].to_vec(), opcode: first & 0x0f, payload }, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay_play::Recording;

    #[test]
    fn reads_the_frames_of_a_recorded_sender() {
        let recorded = Recorded::read(&Recording::open("v2.4.2/ws-nettcp-v2.4.2").sent("004-443"));

        let lengths: Vec<usize> = recorded.frames.iter().map(|frame| frame.payload.len()).collect();
        assert_eq!(lengths, [4, 1018, 50, 215, 215, 1], "length and message in frames of their own");
        assert!(recorded.head.starts_with(b"GET /$servicebus/websocket HTTP/1.1\r\n"));
    }
}

//! One direction of a WebSocket: payloads without their masks, RFC 6455 5.

use super::scanner::Scanner;
use crate::wire::websocket::{FrameHead, apply_mask, rotate_mask};

/// Walks the frames of one direction as they come.
#[derive(Debug)]
pub(super) struct Frames {
    state: State,
    /// Of data, which goes on from frame to frame: a secret may be cut by a border.
    data: Scanner,
    control: Scanner,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Head {
        bytes: [u8; FrameHead::MAX],
        len: usize,
    },
    Payload {
        left: u64,
        mask: Option<[u8; 4]>,
        is_control: bool,
    },
    /// No frames, or compressed ones: bytes as they come.
    Run,
}

const HEAD: State = State::Head { bytes: [0; FrameHead::MAX], len: 0 };

impl Frames {
    pub(super) fn new() -> Self {
        Self { state: HEAD, data: Scanner::new(), control: Scanner::new() }
    }

    /// Takes secrets out of the next bytes of the direction.
    pub(super) fn scrub(&mut self, mut bytes: &mut [u8]) {
        while let [first, ..] = bytes {
            let byte = *first;
            let used = match &mut self.state {
                State::Head { bytes: head, len } => {
                    head[*len] = byte;
                    *len += 1;
                    match FrameHead::decode(&head[..*len]) {
                        Ok(None) => {}
                        Ok(Some((head, _))) => self.begin(head),
                        Err(_) => self.state = State::Run,
                    }
                    1
                }
                State::Payload { left, mask, is_control } => {
                    let size = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    let scanner = if *is_control { &mut self.control } else { &mut self.data };
                    let payload = &mut bytes[..size];
                    if let Some(key) = mask {
                        apply_mask(payload, *key);
                        scanner.scan(payload);
                        apply_mask(payload, *key);
                        *key = rotate_mask(*key, size);
                    } else {
                        scanner.scan(payload);
                    }
                    *left -= size as u64;
                    if *left == 0 {
                        self.state = HEAD;
                    }
                    size
                }
                State::Run => {
                    self.data.scan(bytes);
                    return;
                }
            };
            bytes = &mut bytes[used..];
        }
    }

    fn begin(&mut self, head: FrameHead) {
        let is_control = head.opcode.is_control();
        if is_control {
            self.control.boundary();
        }
        self.state = match head.len {
            0 => HEAD,
            left => State::Payload { left, mask: head.mask, is_control },
        };
    }
}

//! One direction of a splice between two legs of which at least one speaks WebSocket.
//!
//! A driver reads what is there into a buffer behind [`HEADROOM`] free bytes and hands it over; the reframer turns it, in the same buffer, into what
//! the other leg is sent: heads anew, payloads unmasked (and masked again) in one pass over memory. It holds no payload at all between calls: a frame's
//! head goes out with its full length as soon as it is known, its payload as it comes. Only an incomplete head or control frame is kept.
//!
//! What it does to data frames (hybrid page 0, rules 5, 6 and 11, and 3.5):
//! - a frame larger than the other leg takes is split, FIN on the last piece, which is never empty because the frame's length is known;
//! - fragments of one message that lie in the buffer together are sent as one frame while that fits;
//! - an empty frame that ends no message is dropped: it says nothing, and a .NET stream would take it for the end;
//! - the first bytes stand in a frame of their own, where the other leg wants it so;
//! - any other frame keeps its border, so that a message of one frame arrives in one frame.
//!
//! Pings are answered (the answers wait in [`Reframer::take_replies`]), pongs swallowed, a close is reported and ends the direction.

mod merge;
mod resume;

use std::ops::Range;

use super::{
    Close, FrameDialect, FrameError, FrameHead, MaskKeys, OpCode, Role,
    control::push_control,
    mask::{apply_mask, combine, rotate_mask, transfer},
};

/// Bytes that must be free before the input in the driver's buffer: room for what was kept of the last read, and for heads that grow.
pub const HEADROOM: usize = 1024;

/// Whether [`Reframer::reframe`] should stop where a control frame may be put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Go on to the end of the input.
    No,
    /// Stop at the first border between two frames of the output.
    BetweenFrames,
}

/// What one call made of its input.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// What to send, a part of the buffer.
    pub output: Range<usize>,
    /// Input to hand over again once `output` is sent: heads needed more room, or a pause was asked for.
    pub rest: Range<usize>,
    /// Why the direction ends after `output`; what came after it is void.
    pub event: Option<Event>,
}

/// The end of a direction.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// The peer closed its side, as it said it; see [`Close::relayed`].
    Close(Close),
    /// The peer broke the protocol.
    Violation(FrameError),
}

/// One direction of a splice: frames or bytes of one leg in, frames or bytes for the other out.
#[derive(Debug)]
pub struct Reframer {
    from: Option<FrameDialect>,
    to: Option<FrameDialect>,
    keys: MaskKeys,
    /// The start of a head or of a control frame whose end has not come yet.
    held: Vec<u8>,
    /// Pongs for the leg that the input comes from, ready to send.
    replies: Vec<u8>,
    ended: bool,
    /// Bytes yet to be sent in a frame of their own.
    alone: usize,
    input: Input,
    output: Output,
}

/// The frame that the input is in.
#[derive(Clone, Copy, Debug)]
struct Input {
    /// Payload bytes yet to come.
    left: u64,
    /// Its key, rotated to the next byte; zeros where it has none.
    key: [u8; 4],
    /// Whether it ends its message.
    fin: bool,
    /// Text or binary: the kind of its message.
    kind: OpCode,
    /// What the next output frame is to hold instead of this frame alone.
    merged: Option<Merged>,
}

/// Several fragments that lie in the buffer together and go out as one frame.
#[derive(Clone, Copy, Debug)]
struct Merged {
    len: u64,
    fin: bool,
}

/// The frame that the output is in.
#[derive(Debug)]
struct Output {
    /// Payload bytes that its head promised and that are yet to be sent.
    left: u64,
    key: [u8; 4],
    /// A message was begun and not ended: the next frame continues it.
    open: bool,
    /// The end of the input's message was already sent with an earlier fragment; the frame that says it is not sent again.
    said_fin: bool,
}

/// Where in the buffer the output of one call stands.
struct Cursor {
    start: usize,
    at: usize,
}

/// Replies kept while they cannot be sent; of more, only the latest are (RFC 6455 5.5.3 asks for no other).
const MAX_REPLIES: usize = 2048;

impl Reframer {
    /// A direction from a leg that speaks `from` to one that speaks `to`; `None` is plain bytes. `keys` mask what goes to a server.
    pub const fn new(from: Option<FrameDialect>, to: Option<FrameDialect>, keys: MaskKeys) -> Self {
        Self {
            from,
            to,
            keys,
            held: Vec::new(),
            replies: Vec::new(),
            ended: false,
            alone: match to {
                Some(to) => to.first_alone,
                None => 0,
            },
            input: Input { left: 0, key: [0; 4], fin: true, kind: OpCode::Binary, merged: None },
            output: Output { left: 0, key: [0; 4], open: false, said_fin: false },
        }
    }

    /// Whether a control frame may be sent now: nothing of a data frame is outstanding.
    pub const fn between_frames(&self) -> bool {
        self.output.left == 0
    }

    /// Whether the direction has ended, by a close frame or a violation.
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// Takes the pongs that the input's leg is owed, encoded as frames for it.
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    /// A close frame for the leg that the output goes to. Send it only [between frames](Self::between_frames).
    pub fn encode_close(&mut self, close: &Close) -> Vec<u8> {
        self.encode_control(OpCode::Close, &close.encode())
    }

    /// An empty ping for the leg that the output goes to.
    pub fn encode_ping(&mut self) -> Vec<u8> {
        self.encode_control(OpCode::Ping, &[])
    }

    fn encode_control(&mut self, opcode: OpCode, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(to) = self.to {
            push_control(&mut out, to.role, &mut self.keys, opcode, payload);
        }
        out
    }

    /// Turns `buf[input]` into output in the same buffer. `input` begins at [`HEADROOM`] or behind, or is the `rest` of the last call.
    ///
    /// Call again with `rest` until it is empty; each call makes progress, unless `pause` stopped it at once.
    pub fn reframe(&mut self, buf: &mut [u8], input: Range<usize>, pause: Pause) -> Step {
        let end = input.end;
        let mut at = input.start - self.held.len();
        if !self.held.is_empty() {
            buf[at..input.start].copy_from_slice(&self.held);
            self.held = Vec::new();
        }
        let mut out = None;
        let mut event = None;
        while at < end && !self.ended {
            if pause == Pause::BetweenFrames && self.between_frames() {
                break;
            }
            if self.input.left > 0 {
                let moved = self.payload(buf, at..end, &mut out);
                if moved == 0 {
                    break;
                }
                at += moved;
                continue;
            }
            let before = self.input;
            match self.next_frame(&buf[at..end]) {
                Ok(Some(Frame::Data { head, empty: true })) => {
                    if self.passes_empty() && !self.begin(buf, at + head, &mut out) {
                        self.input = before;
                        break;
                    }
                    at += head;
                }
                Ok(Some(Frame::Data { head, empty: false })) => at += head,
                Ok(Some(Frame::Control { opcode, key, payload })) => {
                    let payload = at + payload.start..at + payload.end;
                    at = payload.end;
                    apply_mask(&mut buf[payload.clone()], key);
                    event = self.control(opcode, &buf[payload]);
                }
                Ok(None) => {
                    self.held = buf[at..end].to_vec();
                    at = end;
                }
                Err(error) => event = Some(Event::Violation(error)),
            }
            self.ended = event.is_some();
        }
        if self.ended {
            at = end;
        }
        let output = out.map_or(0..0, |out: Cursor| out.start..out.at);
        Step { output, rest: at..end, event }
    }

    /// Reads what stands before a payload and, for a data frame, enters it. `Ok(None)`: its end has not come yet.
    fn next_frame(&mut self, bytes: &[u8]) -> Result<Option<Frame>, FrameError> {
        let Some(from) = self.from else {
            // Bytes: what is there is one message, or as many as the other leg needs.
            let largest = self.to.map_or(usize::MAX, |to| to.largest_frame);
            self.input.left = bytes.len().min(largest) as u64;
            return Ok(Some(Frame::Data { head: 0, empty: false }));
        };
        let Some((head, size)) = decode(bytes, from.role)? else {
            return Ok(None);
        };
        if head.opcode.is_control() {
            let payload = size..size + head.len as usize;
            let whole = payload.end <= bytes.len();
            let key = head.mask.unwrap_or_default();
            return Ok(whole.then_some(Frame::Control { opcode: head.opcode, key, payload }));
        }
        // RFC 6455 5.4: fragments of one message follow one another, nothing but control frames between them.
        match (head.opcode, self.input.fin) {
            (OpCode::Continuation, true) => return Err(FrameError::NothingToContinue),
            (OpCode::Continuation, false) => {}
            (_, false) => return Err(FrameError::MessageNotEnded),
            (kind, true) => {
                self.input.kind = kind;
                self.output.said_fin = false;
            }
        }
        self.input.fin = head.fin;
        self.input.left = head.len;
        self.input.key = head.mask.unwrap_or_default();
        if let Some(to) = self.to
            && self.between_frames()
            && self.alone == 0
            && head.len > 0
        {
            self.input.merged = merge::merge(head, &bytes[size..], from.role, to);
        }
        Ok(Some(Frame::Data { head: size, empty: head.len == 0 }))
    }

    /// Moves payload of the input's frame to the output; 0 means that there is no room for a head.
    fn payload(&mut self, buf: &mut [u8], available: Range<usize>, out: &mut Option<Cursor>) -> usize {
        let at = available.start;
        let mut len = available.len().min(usize::try_from(self.input.left).unwrap_or(usize::MAX));
        let mut key = self.input.key;
        if self.to.is_some() {
            if self.output.left == 0 && !self.begin(buf, at, out) {
                return 0;
            }
            len = len.min(usize::try_from(self.output.left).unwrap_or(usize::MAX));
            key = combine(key, self.output.key);
            self.output.left -= len as u64;
            self.output.key = rotate_mask(self.output.key, len);
        }
        let out = out.get_or_insert(Cursor { start: at, at });
        transfer(buf, at..at + len, out.at, key);
        out.at += len;
        self.input.left -= len as u64;
        self.input.key = rotate_mask(self.input.key, len);
        len
    }

    /// Writes the head of the next output frame, before input that begins at `at`; false means that there is no room before it.
    fn begin(&mut self, buf: &mut [u8], at: usize, out: &mut Option<Cursor>) -> bool {
        let Some(to) = self.to else {
            return true;
        };
        let (len, fin) = match self.input.merged {
            Some(Merged { len, fin }) => (len, fin),
            None => {
                let largest =
                    if self.alone > 0 { self.alone.min(to.largest_frame) } else { to.largest_frame };
                let len = self.input.left.min(largest as u64);
                (len, self.input.fin && len == self.input.left)
            }
        };
        let whole = !to.borders || !to.may_fragment;
        let opcode = match self.input.kind {
            _ if !to.borders => OpCode::Binary,
            _ if self.output.open && !whole => OpCode::Continuation,
            kind => kind,
        };
        let mask = (to.role == Role::Client).then(|| self.keys.next_key());
        let head = FrameHead { fin: fin || whole, opcode, mask, len };
        let size = head.encoded_len();
        let out = out.get_or_insert_with(|| {
            // The first head stands right before its payload, which then need not move. Where every head grows, start lower.
            let start = if self.grows() { 0 } else { at - size };
            Cursor { start, at: start }
        });
        if out.at + size > at {
            return false;
        }
        head.encode(&mut buf[out.at..]);
        out.at += size;
        self.alone = self.alone.saturating_sub(usize::try_from(len).unwrap_or(usize::MAX));
        self.input.merged = None;
        self.output = Output { left: len, key: mask.unwrap_or_default(), open: !head.fin, said_fin: fin };
        true
    }

    /// Whether heads are longer in the output than in the input: no mask came, one has to go.
    fn grows(&self) -> bool {
        self.from.is_some_and(|from| from.role == Role::Client)
            && self.to.is_some_and(|to| to.role == Role::Client)
    }

    /// Whether the empty frame just entered is to be sent: only one that ends a message, and only where nothing sent before said so.
    fn passes_empty(&self) -> bool {
        let Some(to) = self.to else {
            return false;
        };
        to.borders && self.input.fin && !self.output.said_fin && self.between_frames()
    }

    /// Acts on a control frame.
    fn control(&mut self, opcode: OpCode, payload: &[u8]) -> Option<Event> {
        match opcode {
            OpCode::Ping => {
                if self.replies.len() + FrameHead::MAX + payload.len() > MAX_REPLIES {
                    self.replies.clear();
                }
                if let Some(from) = self.from {
                    push_control(&mut self.replies, from.role, &mut self.keys, OpCode::Pong, payload);
                }
                None
            }
            OpCode::Close => Some(match Close::decode(payload) {
                Ok(close) => Event::Close(close),
                Err(error) => Event::Violation(error),
            }),
            OpCode::Pong | OpCode::Continuation | OpCode::Text | OpCode::Binary => None,
        }
    }
}

/// What [`Reframer::next_frame`] found; ranges and sizes count from the frame's first byte.
enum Frame {
    Data { head: usize, empty: bool },
    Control { opcode: OpCode, key: [u8; 4], payload: Range<usize> },
}

/// The head at the start of `bytes`, its mask as RFC 6455 5.1 wants it from the peer of a `role`.
fn decode(bytes: &[u8], role: Role) -> Result<Option<(FrameHead, usize)>, FrameError> {
    let decoded = FrameHead::decode(bytes)?;
    if let Some((head, _)) = decoded {
        match (role, head.mask) {
            (Role::Server, None) => return Err(FrameError::Unmasked),
            (Role::Client, Some(_)) => return Err(FrameError::Masked),
            (Role::Server, Some(_)) | (Role::Client, None) => {}
        }
    }
    Ok(decoded)
}

//! Frames of one leg turned into those of another, and the head and close payload by themselves. Hybrid page 0 and 3.5.

use viaduct::wire::websocket::{
    Close, Event, FrameDialect, FrameHead, HEADROOM, MaskKeys, OpCode, Pause, Reframer, Role, apply_mask,
    rotate_mask,
};

use super::cut::{cut, ways};
use super::options::{bit, choose, options};

/// The buffer of a piece with its headroom, and what came out of it, twice.
pub const MEMORY: usize = 2 << 20;

/// Options: the legs, the largest frame, two sizes of pieces, the mask of what stands unmasked in the rest.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([legs, largest, first, second], stream) = options(input);
    head(stream);
    close(stream);
    let largest = choose(largest, [65_536, 100, 7, 1, 126]);
    let from = leg(legs, largest);
    let to = leg(legs >> 3, largest);
    let whole = run(from, to, [stream].into_iter(), Pause::No);
    let said = whole.said(to);
    check_output(&said, to);
    for sizes in ways(stream.len(), [first, second]) {
        for pause in [Pause::No, Pause::BetweenFrames] {
            let cut = run(from, to, cut(stream, sizes), pause);
            assert_eq!(whole.event, cut.event, "cut by {sizes:?}");
            assert_eq!(whole.replies, cut.replies, "cut by {sizes:?}");
            let cut = cut.said(to);
            check_output(&cut, to);
            // Bytes have no borders of their own.
            if from.is_some() && to.is_none_or(|to| to.borders && to.may_fragment) {
                assert_eq!(messages(&said), messages(&cut), "cut by {sizes:?}");
            } else {
                assert_eq!(bytes(&said), bytes(&cut), "cut by {sizes:?}");
            }
        }
    }
    let sent = match from {
        None => vec![Frame { fin: true, opcode: OpCode::Binary, payload: stream.to_vec(), whole: true }],
        Some(from) => frames(stream, from.role == Role::Server),
    };
    assert_eq!(bytes(&sent), bytes(&said), "payload is what it was");
    if let (Some(_), Some(to)) = (from, to)
        && to.borders
        && to.may_fragment
    {
        check_messages(&messages(&sent), &messages(&said));
    }
}

/// The end of a leg: plain bytes, or frames of one kind.
fn leg(option: u8, largest_frame: usize) -> Option<FrameDialect> {
    let role = if bit(option, 0) { Role::Client } else { Role::Server };
    match option >> 1 & 3 {
        0 | 1 => Some(FrameDialect { role, largest_frame, ..FrameDialect::hybrid_server() }),
        2 => {
            let wcf = FrameDialect { role, ..FrameDialect::wcf_server(largest_frame) };
            Some(if bit(option, 3) { wcf.with_first_byte_alone() } else { wcf })
        }
        _ => None,
    }
}

/// A head that is read is written the same; a key is its own inverse, wherever it begins.
fn head(bytes: &[u8]) {
    let answer = FrameHead::decode(bytes);
    for len in 0..bytes.len().min(FrameHead::MAX + 1) {
        match FrameHead::decode(&bytes[..len]) {
            Ok(None) => {}
            decided => assert_eq!(decided, answer, "{len} bytes decide otherwise"),
        }
    }
    let Ok(Some((head, size))) = answer else { return };
    let mut encoded = [0; FrameHead::MAX];
    head.encode(&mut encoded);
    assert_eq!((head.encoded_len(), &encoded[..size]), (size, &bytes[..size]));
    if let Some(key) = head.mask {
        let mut payload = bytes.to_vec();
        let (one, other) = payload.split_at_mut(size);
        apply_mask(one, key);
        apply_mask(other, rotate_mask(key, size));
        apply_mask(&mut payload, key);
        assert_eq!(payload, bytes);
    }
}

fn close(payload: &[u8]) {
    let Ok(close) = Close::decode(&payload[..payload.len().min(125)]) else { return };
    assert_eq!(close.encode(), payload[..payload.len().min(125)]);
    let _ = close.is_failure();
    let relayed = close.clone().relayed();
    assert_eq!(relayed.clone().relayed(), relayed);
    assert!(!matches!(relayed.code, None | Some(..=999 | 1004..=1006 | 1015 | 5000..)));
    let cut = Close::new(1000, &close.reason);
    assert!(cut.encode().len() <= 125 && close.reason.starts_with(&cut.reason));
}

/// What came out, and why it ended.
struct Outcome {
    output: Vec<u8>,
    replies: Vec<u8>,
    event: Option<Event>,
}

fn run<'a>(
    from: Option<FrameDialect>,
    to: Option<FrameDialect>,
    pieces: impl Iterator<Item = &'a [u8]>,
    pause: Pause,
) -> Outcome {
    // A frame's key says nothing, and the answers to pings take some of them: zeros make the outcomes comparable.
    let mut reframer = Reframer::new(from, to, MaskKeys::new(7));
    let mut outcome = Outcome { output: Vec::new(), replies: Vec::new(), event: None };
    let mut buf = Vec::new();
    for piece in pieces {
        buf.clear();
        buf.resize(HEADROOM, 0xaa);
        buf.extend_from_slice(piece);
        let (mut rest, mut pause) = (HEADROOM..buf.len(), pause);
        while !rest.is_empty() {
            let step = reframer.reframe(&mut buf, rest.clone(), pause);
            if step.rest == rest {
                assert!(pause == Pause::BetweenFrames && reframer.between_frames(), "no progress");
                pause = Pause::No;
            }
            assert!(step.output.end <= step.rest.start || step.rest.is_empty());
            outcome.output.extend_from_slice(&buf[step.output]);
            for reply in frames(&reframer.take_replies(), from.is_some_and(|from| from.role == Role::Client))
            {
                assert_eq!(reply.opcode, OpCode::Pong);
                outcome.replies.extend_from_slice(&reply.payload);
                outcome.replies.push(b'|');
            }
            assert_eq!(reframer.ended(), outcome.event.is_some() || step.event.is_some());
            outcome.event = outcome.event.or(step.event);
            rest = step.rest;
        }
    }
    outcome
}

impl Outcome {
    /// The frames of the output; of bytes, one of all of them.
    fn said(&self, to: Option<FrameDialect>) -> Vec<Frame> {
        match to {
            None => {
                vec![Frame { fin: true, opcode: OpCode::Binary, payload: self.output.clone(), whole: true }]
            }
            Some(to) => frames(&self.output, to.role == Role::Client),
        }
    }
}

/// What a peer is sent keeps to its dialect.
fn check_output(said: &[Frame], to: Option<FrameDialect>) {
    let Some(to) = to else { return };
    for frame in said {
        assert!(!frame.opcode.is_control());
        assert!(frame.payload.len() <= to.largest_frame);
        assert!(to.may_fragment || (frame.fin || !frame.whole) && frame.opcode != OpCode::Continuation);
        assert!(to.borders || frame.opcode == OpCode::Binary);
    }
}

/// A frame as its receiver sees it. The last of a stream may lack some of its payload.
#[derive(Debug, Clone, PartialEq)]
struct Frame {
    fin: bool,
    opcode: OpCode,
    payload: Vec<u8>,
    whole: bool,
}

/// The frames of a stream up to the first that is wrong, or a close. Written apart from the code under test, but for the heads.
fn frames(mut stream: &[u8], masked: bool) -> Vec<Frame> {
    let (mut frames, mut open) = (Vec::new(), false);
    while let Ok(Some((head, size))) = FrameHead::decode(stream) {
        if head.mask.is_some() != masked || head.opcode == OpCode::Close {
            break;
        }
        let available = stream.len() - size;
        let len = usize::try_from(head.len).map_or(available, |len| len.min(available));
        let mut payload = stream[size..size + len].to_vec();
        if let Some(key) = head.mask {
            for (byte, mask) in payload.iter_mut().zip(key.iter().cycle()) {
                *byte ^= mask;
            }
        }
        if !head.opcode.is_control() {
            if (head.opcode == OpCode::Continuation) != open {
                break;
            }
            open = !head.fin;
        } else if (len as u64) < head.len {
            break;
        }
        // Of one that has not come whole the end is not known to anybody.
        let whole = len as u64 == head.len;
        frames.push(Frame { fin: head.fin && whole, opcode: head.opcode, payload, whole });
        stream = &stream[size + len..];
    }
    frames
}

/// Kind, payload and whether it has ended, of each message.
fn messages(frames: &[Frame]) -> Vec<(OpCode, Vec<u8>, bool)> {
    let mut messages: Vec<(OpCode, Vec<u8>, bool)> = Vec::new();
    for frame in frames.iter().filter(|frame| !frame.opcode.is_control()) {
        match messages.last_mut() {
            Some((_, payload, ended)) if !*ended => {
                assert_eq!(frame.opcode, OpCode::Continuation);
                payload.extend_from_slice(&frame.payload);
                *ended = frame.fin;
            }
            _ => {
                assert_ne!(frame.opcode, OpCode::Continuation);
                messages.push((frame.opcode, frame.payload.clone(), frame.fin));
            }
        }
    }
    messages
}

/// All payload of data frames.
fn bytes(frames: &[Frame]) -> Vec<u8> {
    let data = frames.iter().filter(|frame| !frame.opcode.is_control());
    data.flat_map(|frame| frame.payload.iter().copied()).collect()
}

/// The messages that came go out; of one that has not ended an empty beginning may still be kept.
fn check_messages(sent: &[(OpCode, Vec<u8>, bool)], said: &[(OpCode, Vec<u8>, bool)]) {
    let kept = sent.last().is_some_and(|(_, payload, ended)| !ended && payload.is_empty());
    let expected = if kept && said.len() < sent.len() { &sent[..sent.len() - 1] } else { sent };
    assert_eq!(said, expected);
}

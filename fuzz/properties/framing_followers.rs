//! The followers that walk beside a splice: what may pass of a session, and that no second one hides in it. Framing page 4.3.

use viaduct::wire::follow::{FollowError, Follower, Passage};
use viaduct::wire::framing::{
    DecodeError, FramingLimits, InitiatorDecoder, InitiatorFollower, Piece, Policy, ReceiverDecoder,
    ReceiverFollower, Record, RecordType, followers,
};

use super::cut::ways;
use super::framing_initiator::begun;
use super::options::{bit, choose, options};

/// A follower keeps the beginning of a head alone, at most a fault's, in a few readings at a time.
pub const MEMORY: usize = 1 << 20;

/// A whole preamble of another session, which must not reach a service unseen.
const OTHER: &[u8] = b"\x00\x01\x00\x01\x02\x02\x11net.tcp://h/other\x03\x08\x0c";

/// As much of a wrong head may have passed before the byte that makes it wrong: that of a fault.
const WRONG_HEAD: usize = 264;

/// Options: the session, the handshake that a service answers, two sizes of pieces.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([kind, service, first, second], stream) = options(input);
    let sizes = [first, second];
    for side in Side::BOTH {
        let whole = follow(kind, side, stream, [usize::MAX / 2; 2]);
        for sizes in ways(stream.len(), sizes) {
            let cut = follow(kind, side, stream, sizes.map(usize::from));
            match (&whole, &cut) {
                // Right heads that came with the beginning of the wrong one may not have passed either.
                (Followed::Refused(at, _), Followed::Refused(cut_at, _)) => {
                    assert!(at.abs_diff(*cut_at) <= WRONG_HEAD, "{whole:?} {cut:?}");
                }
                _ => assert_eq!(whole, cut, "{side:?} cut by {sizes:?}"),
            }
        }
        let upgraded = side == Side::Receiver && stream.first() == Some(&(RecordType::UpgradeResponse as u8));
        if preamble(kind).1 == Layer::Clear && !upgraded {
            let decoded = decode(kind, side, stream);
            assert!(agree(&whole, &decoded), "{side:?} {whole:?} {decoded:?}");
        }
    }
    if preamble(kind).1 == Layer::Negotiate {
        let frames = usize::from(service % 3) + 1;
        negotiate(stream, sizes, frames, bit(service, 2), service >> 4);
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Initiator,
    Receiver,
}

impl Side {
    const BOTH: [Self; 2] = [Self::Initiator, Self::Receiver];
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Layer {
    Clear,
    Tls,
    Negotiate,
}

/// The preamble of each kind of session, with what protects it.
fn preamble(kind: u8) -> (Vec<u8>, Layer) {
    let kinds: [(u8, &[u8], Layer); 6] = [
        (2, b"\x0c", Layer::Clear),
        (1, b"\x0c", Layer::Clear),
        (2, b"\x09\x15application/negotiate", Layer::Negotiate),
        (1, b"\x09\x15application/negotiate", Layer::Negotiate),
        (2, b"\x09\x13application/ssl-tls", Layer::Tls),
        (1, b"\x09\x13application/ssl-tls", Layer::Tls),
    ];
    let (mode, end, layer) = choose(kind, kinds);
    ([&[0, 1, 0, 1, mode], &b"\x02\x0dnet.tcp://h/e\x03\x08"[..], end].concat(), layer)
}

fn limits() -> FramingLimits {
    FramingLimits { envelope: 70_000, ..FramingLimits::default() }
}

fn pair(kind: u8) -> (InitiatorFollower, ReceiverFollower) {
    let session = begun(&preamble(kind).0, &Policy::relay(limits())).expect("the preamble is right");
    followers(&session, &limits())
}

#[derive(Debug, PartialEq)]
enum Followed {
    /// Everything passed, and the stream may or may not end there.
    All(Result<(), FollowError>),
    Ended(usize),
    Refused(usize, FollowError),
}

fn follow(kind: u8, side: Side, stream: &[u8], sizes: [usize; 2]) -> Followed {
    let (mut initiator, mut receiver) = pair(kind);
    match side {
        Side::Initiator => followed(&mut initiator, stream, sizes),
        Side::Receiver => followed(&mut receiver, stream, sizes),
    }
}

fn followed(follower: &mut dyn Follower, stream: &[u8], sizes: [usize; 2]) -> Followed {
    let (mut at, mut sizes) = (0, sizes.into_iter().cycle());
    while at < stream.len() {
        let end = stream.len().min(at + sizes.next().unwrap_or(1).max(1));
        match follower.follow(&stream[at..end]) {
            Passage::All { unseen } => {
                let next = end as u64 + unseen;
                if next > stream.len() as u64 {
                    return Followed::All(Err(FollowError::UnexpectedEnd));
                }
                at = next as usize;
            }
            Passage::Ended { at: here } => {
                assert!(here <= end - at);
                assert_eq!(follower.follow(OTHER), Passage::Ended { at: 0 });
                return Followed::Ended(at + here);
            }
            Passage::Refused { at: here, error } => {
                assert!(here <= end - at);
                assert_eq!(follower.follow(OTHER), Passage::Refused { at: 0, error: error.clone() });
                return Followed::Refused(at + here, error);
            }
        }
    }
    Followed::All(follower.eof())
}

/// How a decoder reads the same session: the place of its End, or of the record that is wrong.
#[derive(Debug)]
enum Decoded {
    All,
    Ended(usize),
    Refused(usize, DecodeError),
}

fn decode(kind: u8, side: Side, stream: &[u8]) -> Decoded {
    let (preamble, _) = preamble(kind);
    let session = begun(&preamble, &Policy::relay(limits())).expect("the preamble is right");
    let bytes = if side == Side::Initiator { [&preamble, stream].concat() } else { stream.to_vec() };
    let start = bytes.len() - stream.len();
    let mut initiator = InitiatorDecoder::new(Policy::relay(limits()));
    let mut receiver = ReceiverDecoder::new(session.preamble.mode, limits());
    let (mut at, mut faulted) = (0, false);
    loop {
        let rest = &bytes[at..];
        let next = if side == Side::Initiator { initiator.next(rest) } else { receiver.next(rest) };
        faulted |= matches!(next, Ok(Some((Piece::Record(Record::Fault(_)), _))));
        match next {
            // After a fault it ends nothing: the receiver closes.
            Ok(Some((Piece::Record(Record::End), used))) if !faulted => {
                return Decoded::Ended(at + used - start);
            }
            Ok(Some((_, used))) => at += used,
            Ok(None) => return Decoded::All,
            Err(error) => return Decoded::Refused(at - start, error),
        }
    }
}

/// A follower of records in clear sees what a decoder sees.
fn agree(followed: &Followed, decoded: &Decoded) -> bool {
    match (followed, decoded) {
        (Followed::All(_), Decoded::All) => true,
        (Followed::Ended(one), Decoded::Ended(other)) => one == other,
        (Followed::Refused(one, FollowError::Framing(error)), Decoded::Refused(other, decoded)) => {
            one == other && same(error, decoded)
        }
        _ => false,
    }
}

/// The decoder does not know whether an upgrade was asked for, so it would have taken the answer to one as well.
fn same(one: &DecodeError, other: &DecodeError) -> bool {
    match (one, other) {
        (
            DecodeError::UnexpectedRecord { found: one, .. },
            DecodeError::UnexpectedRecord { found: other, .. },
        ) => one == other,
        (one, other) => one == other,
    }
}

/// A service that agrees to a negotiated layer after `frames` of the initiator's frames, each answered up to `late` pieces later, never
/// gets to see the other preamble that follows the stream.
fn negotiate(stream: &[u8], sizes: [u8; 2], frames: usize, protected: bool, late: u8) {
    let stream = [stream, OTHER].concat();
    let (mut initiator, mut receiver) = pair(2);
    assert_eq!(receiver.follow(&[0x0a]), Passage::All { unseen: 0 });
    let (mut at, mut reached, mut answered, mut waits) = (0, Vec::new(), 0, late);
    let mut sizes = sizes.into_iter().cycle();
    while at < stream.len() {
        let end = stream.len().min(at + usize::from(sizes.next().unwrap_or(1)).max(1));
        match initiator.follow(&stream[at..end]) {
            Passage::All { unseen } => {
                let end = stream.len().min(end + usize::try_from(unseen).unwrap_or(usize::MAX / 2));
                reached.extend_from_slice(&stream[at..end]);
                at = end;
            }
            Passage::Ended { at: here } | Passage::Refused { at: here, .. } => {
                reached.extend_from_slice(&stream[at..at + here]);
                break;
            }
        }
        while answered < frames && whole_frames(&reached) > answered {
            if waits > 0 {
                waits -= 1;
                break;
            }
            answered += 1;
            let kind = if answered == frames { 0x14 } else { 0x16 };
            assert_eq!(receiver.follow(&[kind, 1, 0, 0, 0]), Passage::All { unseen: 0 });
        }
    }
    assert!(!second_session(&reached, frames, protected), "{reached:02x?}");
}

/// How many frames that want an answer begin these bytes.
fn whole_frames(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while let [kind @ 0x14..=0x16, _, _, high, low, rest @ ..] = bytes {
        let Some(rest) = rest.get(usize::from(u16::from_be_bytes([*high, *low]))..) else { break };
        count += usize::from(*kind != 0x15);
        bytes = rest;
    }
    count
}

/// What a service makes of the bytes that reached it: whether it has read a second preamble. It takes the handshake for over
/// after `frames` of the initiator's frames, and then reads data frames or framing in clear.
fn second_session(mut bytes: &[u8], frames: usize, protected: bool) -> bool {
    for _ in 0..frames {
        loop {
            let [kind @ 0x14..=0x16, _, _, high, low, rest @ ..] = bytes else { return false };
            let size = usize::from(u16::from_be_bytes([*high, *low]));
            let Some(rest) = rest.get(size..) else { return false };
            bytes = rest;
            if *kind != 0x15 {
                break;
            }
        }
    }
    // The path of the other preamble begins at its 19th byte.
    let reached = |bytes: &[u8]| bytes.starts_with(&OTHER[..19]);
    if protected {
        // Which frame holds the End nobody can see: a session may be over after any.
        while let [a, b, c, d, rest @ ..] = bytes {
            let size = u32::from_le_bytes([*a, *b, *c, *d]);
            let Some(rest) = rest.get(size as usize..).filter(|_| (5..=65_536).contains(&size)) else {
                return false;
            };
            bytes = rest;
            if reached(bytes) {
                return true;
            }
        }
        return false;
    }
    let Some((0x0c, mut bytes)) = bytes.split_first().map(|(first, rest)| (*first, rest)) else {
        return false;
    };
    loop {
        match bytes {
            [0x07, rest @ ..] => return reached(rest),
            [0x06, size @ 1..0x80, rest @ ..] => bytes = rest.get(usize::from(*size)..).unwrap_or_default(),
            _ => return false,
        }
    }
}

//! Message framing under any bytes: no panic, the same result however they are cut, and no second session slips through.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::collection::vec;
use proptest::prelude::*;
use viaduct::wire::follow::{FollowError, Follower, Passage};
use viaduct::wire::framing::{
    DecodeError, EndOfStream, FramingLimits, InitiatorDecoder, InitiatorFollower, Mode, Policy,
    PreambleEvent, PreambleReader, ReceiverDecoder, ReceiverFollower, Record, RecordType, Session, Via,
    decode, encode, followers, with_token,
};

const OTHER: &[u8] = b"\x00\x01\x00\x01\x02\x02\x11net.tcp://h/other\x03\x08\x0c";
const MODES: [Mode; 4] = [Mode::Singleton, Mode::Duplex, Mode::Simplex, Mode::SingletonSized];

fn limits() -> FramingLimits {
    FramingLimits { token: 100, envelope: 70_000, ..FramingLimits::default() }
}

fn preamble(mode: u8, end: &[u8]) -> Vec<u8> {
    [&[0, 1, 0, 1, mode], &b"\x02\x0dnet.tcp://h/e\x03\x08"[..], end].concat()
}

fn session(stream: &[u8]) -> Session {
    let (mut reader, mut at) = (PreambleReader::new(), 0);
    loop {
        let (event, used) = reader.read(&stream[at..], &Policy::relay(limits())).unwrap().unwrap();
        at += used;
        if let PreambleEvent::Begun(session) = event {
            return session;
        }
    }
}

fn pair(kind: usize) -> (InitiatorFollower, ReceiverFollower) {
    let end: [&[u8]; 4] =
        [b"\x0c", b"\x0c", b"\x09\x13application/ssl-tls", b"\x09\x15application/negotiate"];
    let mode = if kind == 0 { 1 } else { 2 };
    followers(&session(&preamble(mode, end[kind])), &limits())
}

/// Pieces that make up what peers send, well formed by themselves and in any order.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![0u16..40, 250u16..300];
    let frame = (0x14u8..0x17, token, any::<u8>()).prop_map(|(kind, size, fill)| {
        let [high, low] = size.to_be_bytes();
        let mut frame = vec![kind, 1, 0, high, low];
        frame.resize(5 + usize::from(size), fill);
        frame
    });
    let size = prop_oneof![Just(5u32), 20..30u32, Just(276), Just(277), Just(278), Just(0x0105)];
    let data = (size, any::<u8>()).prop_map(|(size, first)| {
        let mut frame = size.to_le_bytes().to_vec();
        frame.resize(4 + size as usize, 0x16);
        frame[4] = first;
        frame
    });
    let tls = (0x14u8..0x18, 0u16..40).prop_map(|(kind, size)| {
        let [high, low] = size.to_be_bytes();
        let mut record = vec![kind, 3, 3, high, low];
        record.resize(5 + usize::from(size), 0);
        record
    });
    let sized = (1u8..120).prop_map(|size| [vec![6, size], vec![size; usize::from(size)]].concat());
    let unsized_ =
        (1u8..120).prop_map(|size| [vec![5, size], vec![size; usize::from(size)], vec![0]].concat());
    prop_oneof![
        4 => frame,
        4 => data,
        2 => tls,
        2 => sized,
        2 => unsized_,
        1 => Just(vec![0x0a]),
        2 => Just(vec![0x0b]),
        2 => Just(vec![0x0c]),
        2 => Just(vec![0x07]),
        1 => Just([&[8, 8], &b"urn:oops"[..]].concat()),
        2 => Just(vec![0x0c, 0x07]),
        2 => Just(vec![0x0c, 0x06, 1, 0xaa, 0x07]),
        1 => Just(preamble(2, b"\x0c")),
        1 => Just(preamble(1, b"\x0c")),
        2 => Just(OTHER.to_vec()),
        1 => vec(any::<u8>(), 0..6),
    ]
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    vec(piece(), 0..9).prop_map(|pieces| pieces.concat())
}

fn cut<'a>(mut rest: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, left) = rest.split_at(rest.len().min((*size).max(1)));
        pieces.push(piece);
        rest = left;
    }
    pieces
}

type Decoded = (Vec<u8>, usize, Result<EndOfStream, DecodeError>);

/// The bytes of the pieces, how many were no payload, and how it ended.
fn decoded(initiator: Option<Mode>, pieces: &[&[u8]]) -> Decoded {
    let mut decoder = match initiator {
        None => Either::Initiator(InitiatorDecoder::new(Policy {
            modes: MODES.to_vec(),
            ..Policy::relay(limits())
        })),
        Some(mode) => Either::Receiver(ReceiverDecoder::new(mode, limits())),
    };
    let (mut kept, mut encoded, mut heads) = (Vec::new(), Vec::new(), 0);
    for piece in pieces {
        kept.extend_from_slice(piece);
        let mut at = 0;
        loop {
            let answer = match &mut decoder {
                Either::Initiator(decoder) => decoder.next(&kept[at..]),
                Either::Receiver(decoder) => decoder.next(&kept[at..]),
            };
            match answer {
                Ok(None) => break,
                Err(error) => return (encoded, heads, Err(error)),
                Ok(Some((piece, used))) => {
                    assert!(used > 0 && used <= kept.len() - at);
                    at += used;
                    piece.encode(&mut encoded);
                    heads += usize::from(!format!("{piece:?}").starts_with(['P', 'O']));
                }
            }
        }
        kept.drain(..at);
    }
    let end = match &decoder {
        Either::Initiator(decoder) => decoder.eof(&kept),
        Either::Receiver(decoder) => decoder.eof(&kept),
    };
    (encoded, heads, end)
}

enum Either {
    Initiator(InitiatorDecoder),
    Receiver(ReceiverDecoder),
}

#[derive(Debug, PartialEq)]
enum Followed {
    /// Everything passed, and the stream may or may not end there.
    All(Result<(), FollowError>),
    Ended(usize),
    Refused(usize, FollowError),
}

fn followed(follower: &mut dyn Follower, stream: &[u8], sizes: &[usize]) -> Followed {
    let (mut at, mut sizes) = (0, sizes.iter().cycle());
    while at < stream.len() {
        let end = stream.len().min(at + sizes.next().copied().unwrap_or(1).max(1));
        match follower.follow(&stream[at..end]) {
            Passage::All { unseen } => {
                let next = end as u64 + unseen;
                if next > stream.len() as u64 {
                    return Followed::All(Err(FollowError::UnexpectedEnd));
                }
                at = next as usize;
            }
            Passage::Ended { at: here } => {
                assert_eq!(follower.follow(OTHER), Passage::Ended { at: 0 });
                return Followed::Ended(at + here);
            }
            Passage::Refused { at: here, error } => {
                assert_eq!(follower.follow(OTHER), Passage::Refused { at: 0, error: error.clone() });
                return Followed::Refused(at + here, error);
            }
        }
    }
    Followed::All(follower.eof())
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn decoders_give_the_same_however_the_bytes_are_cut(
        preambled in any::<bool>(), stream in stream(), sizes in vec(1usize..50, 1..8), mode in 0usize..4,
    ) {
        let stream = if preambled { [preamble(2, b"\x0c"), stream].concat() } else { stream };
        for side in [None, Some(MODES[mode])] {
            let whole = decoded(side, &[&stream]);
            prop_assert!(stream.starts_with(&whole.0));
            prop_assert_eq!(&whole, &decoded(side, &cut(&stream, &[1])));
            prop_assert_eq!(&whole, &decoded(side, &cut(&stream, &sizes)));
        }
    }

    #[test]
    fn followers_give_the_same_however_the_bytes_are_cut(
        kind in 0usize..4, stream in stream(), sizes in vec(1usize..50, 1..8),
    ) {
        for side in [0, 1] {
            let run = |sizes: &[usize]| {
                let (mut initiator, mut receiver) = pair(kind);
                if side == 0 { followed(&mut initiator, &stream, sizes) } else { followed(&mut receiver, &stream, sizes) }
            };
            let whole = run(&[usize::MAX / 2]);
            for cut in [run(&[1]), run(&sizes)] {
                match (&whole, &cut) {
                    // Of a wrong head as much may have passed as came before the byte that made it wrong.
                    (Followed::Refused(at, _), Followed::Refused(cut_at, _)) => {
                        prop_assert!(at <= cut_at && cut_at - at <= 264, "{:?} {:?}", whole, cut);
                    }
                    _ => prop_assert_eq!(&whole, &cut),
                }
            }
        }
    }

    #[test]
    fn no_second_session_reaches_a_service_behind_a_negotiated_layer(
        pieces in vec(piece(), 1..8), sizes in vec(1usize..400, 1..8), frames in 1usize..4, protected in any::<bool>(),
        late in 0usize..4,
    ) {
        let stream = [pieces.concat(), OTHER.to_vec()].concat();
        let (mut initiator, mut receiver) = pair(3);
        prop_assert_eq!(receiver.follow(&[0x0a]), Passage::All { unseen: 0 });
        let (mut at, mut reached, mut answered, mut waits, mut sizes) = (0, Vec::new(), 0, late, sizes.iter().cycle());
        while at < stream.len() {
            let end = stream.len().min(at + sizes.next().copied().unwrap_or(1));
            match initiator.follow(&stream[at..end]) {
                Passage::All { unseen } => {
                    let end = stream.len().min(end + unseen as usize);
                    reached.extend_from_slice(&stream[at..end]);
                    at = end;
                }
                Passage::Ended { at: here } | Passage::Refused { at: here, .. } => {
                    reached.extend_from_slice(&stream[at..at + here]);
                    break;
                }
            }
            // The service answers each frame it has whole, some time later.
            while answered < frames && whole_frames(&reached) > answered {
                if waits > 0 {
                    waits -= 1;
                    break;
                }
                answered += 1;
                let kind = if answered == frames { 0x14 } else { 0x16 };
                prop_assert_eq!(receiver.follow(&[kind, 1, 0, 0, 0]), Passage::All { unseen: 0 });
            }
        }
        prop_assert!(!second_session(&reached, frames, protected), "{:02x?}", reached);
    }

    #[test]
    fn records_come_back(text in "[ -~]{1,40}", number in any::<u8>(), size in 1u32..=0x7fff_ffff) {
        for record in [
            Record::ExtensibleEncoding(&text), Record::Fault(&text), Record::UpgradeRequest(&text),
            Record::SizedEnvelope { size }, Record::KnownEncoding(viaduct::wire::framing::KnownEncoding(number)),
            Record::UnsizedEnvelope, Record::End, Record::PreambleAck, Record::PreambleEnd, Record::UpgradeResponse,
        ] {
            let mut bytes = Vec::new();
            encode::record(&record, &mut bytes);
            let whole = bytes.len();
            bytes.push(0xff);
            prop_assert_eq!(decode::record(&bytes, &RecordType::ALL, &limits()), Ok(Some((record, whole))));
        }
    }

    #[test]
    fn any_text_is_a_via_or_none_and_shows_no_token(
        base in "(net\\.tcp|sb|x)://[a-z@:0-9\\[\\]]{0,12}(/[a-z%0-9$\\\\]{0,6}){0,4}(\\?q)?", token in "[a-z]{20,60}",
        junk in ".{0,60}",
    ) {
        let _ = Via::parse(&junk, &limits());
        let text = with_token(&base, &token);
        let encoded = text.rsplit('/').next().unwrap_or_default().trim_end_matches("?q");
        match Via::parse(&text, &limits()) {
            Ok(via) => {
                prop_assert!(via.token().is_some());
                for shown in [via.as_str().to_owned(), via.to_string(), format!("{via:?}"), via.path().to_owned()] {
                    prop_assert!(!shown.contains(encoded) && !shown.contains(&token));
                }
                prop_assert!(Via::parse(via.as_str(), &limits()).is_ok_and(|again| again.path() == via.path()));
            }
            Err(error) => prop_assert!(!error.to_string().contains(encoded)),
        }
    }
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

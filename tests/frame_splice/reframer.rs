//! The rules of re-heading, hybrid page 0 (rules 5, 6, 11) and 3.5, without a socket.

use proptest::{collection::vec, prelude::*, sample::Index};
use viaduct::wire::websocket::{
    Close, Event, FrameDialect, FrameError, HEADROOM, MaskKeys, Pause, Reframer, Role,
};

use crate::peer::{BINARY, CLOSE, CONTINUATION, Frame, PING, PONG, TEXT, messages};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn dialect(role: Role, largest_frame: usize) -> FrameDialect {
    FrameDialect { role, largest_frame, ..FrameDialect::hybrid_server() }
}

fn reframer(from: Option<FrameDialect>, to: Option<FrameDialect>) -> Reframer {
    Reframer::new(from, to, MaskKeys::new(7))
}

/// Frames of a client to a server whose peer is another client: what a gateway does.
fn gateway(largest_frame: usize) -> Reframer {
    reframer(Some(dialect(Role::Server, largest_frame)), Some(dialect(Role::Server, largest_frame)))
}

/// What came out, and why it ended.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    output: Vec<u8>,
    replies: Vec<u8>,
    event: Option<Event>,
}

/// Feeds `input` in pieces that end at `cuts`.
fn feed(reframer: &mut Reframer, input: &[u8], cuts: &[usize], pause: Pause) -> Outcome {
    let mut outcome = Outcome::default();
    let mut cuts = cuts.to_vec();
    cuts.push(input.len());
    cuts.sort_unstable();
    let mut start = 0;
    for cut in cuts {
        let piece = &input[start..cut];
        start = cut;
        let mut buf = vec![0xaa; HEADROOM + piece.len()];
        buf[HEADROOM..].copy_from_slice(piece);
        let mut rest = HEADROOM..buf.len();
        let mut pause = pause;
        while !rest.is_empty() {
            let step = reframer.reframe(&mut buf, rest.clone(), pause);
            if step.rest == rest {
                assert_eq!(pause, Pause::BetweenFrames, "no progress");
                assert!(reframer.between_frames());
                // The driver has put its control frame in.
                pause = Pause::No;
            }
            outcome.output.extend_from_slice(&buf[step.output]);
            outcome.replies.extend(reframer.take_replies());
            if outcome.event.is_none() {
                outcome.event = step.event;
            }
            rest = step.rest;
        }
    }
    outcome
}

fn relay(reframer: &mut Reframer, frames: &[Frame]) -> Vec<Frame> {
    let input: Vec<u8> = frames.iter().flat_map(|frame| frame.encode(Some(KEY))).collect();
    Frame::decode_all(&feed(reframer, &input, &[], Pause::No).output, false)
}

#[test]
fn a_message_of_one_frame_stays_one_frame() {
    let frames = [
        Frame::new(true, TEXT, "hello"),
        Frame::new(true, BINARY, vec![7; 65_536]),
        Frame::new(true, TEXT, ""),
    ];
    assert_eq!(relay(&mut gateway(65_536), &frames), frames);
}

#[test]
fn a_head_goes_out_before_its_payload_has_come() {
    let input = Frame::new(true, BINARY, vec![7; 60_000]).encode(Some(KEY));
    let mut reframer = gateway(65_536);
    let first = feed(&mut reframer, &input[..1_000], &[], Pause::No).output;
    assert_eq!(&first[..4], &[0x82, 126, 0xea, 0x60], "whole length, FIN");
    assert_eq!(first.len(), 1_000 - 8 + 4);
    assert!(!reframer.between_frames());
    feed(&mut reframer, &input[1_000..], &[], Pause::No);
    assert!(reframer.between_frames());
}

#[test]
fn a_large_frame_is_split_with_fin_on_a_last_piece_that_is_not_empty() {
    // Hybrid page 0, rules 5 and 6.
    let out = relay(&mut gateway(100), &[Frame::new(true, BINARY, vec![7; 200])]);
    let expected = [Frame::new(false, BINARY, vec![7; 100]), Frame::new(true, CONTINUATION, vec![7; 100])];
    assert_eq!(out, expected);
}

#[test]
fn tiny_fragments_that_came_together_go_out_together() {
    // Hybrid page 0, rule 11: Node sends one byte a fragment, tens of thousands in one message.
    let count = 65_000;
    let mut frames = vec![Frame::new(false, BINARY, [0])];
    frames.extend((1..count - 1).map(|i| Frame::new(false, CONTINUATION, [i as u8])));
    frames.push(Frame::new(true, CONTINUATION, [1]));
    let out = relay(&mut gateway(65_536), &frames);
    assert_eq!(out.len(), 1);
    assert_eq!(out[0].payload.len(), count);
    let out = relay(&mut gateway(1_000), &frames);
    assert_eq!(out.len(), 65);
    assert_eq!(messages(&out), messages(&frames));
}

#[test]
fn an_empty_fragment_is_swallowed_unless_only_it_can_say_the_end() {
    // Hybrid page 0, rule 6.
    let out = relay(&mut gateway(100), &[Frame::new(false, TEXT, ""), Frame::new(true, CONTINUATION, "x")]);
    assert_eq!(out, [Frame::new(true, TEXT, "x")]);
    let mut reframer = gateway(100);
    assert_eq!(relay(&mut reframer, &[Frame::new(false, TEXT, "x")]), [Frame::new(false, TEXT, "x")]);
    assert_eq!(
        relay(&mut reframer, &[Frame::new(true, CONTINUATION, "")]),
        [Frame::new(true, CONTINUATION, "")]
    );
    let together = [
        Frame::new(false, TEXT, "x"),
        Frame::new(false, CONTINUATION, ""),
        Frame::new(true, CONTINUATION, ""),
    ];
    assert_eq!(relay(&mut reframer, &together), [Frame::new(true, TEXT, "x")]);
}

#[test]
fn pings_are_answered_and_not_relayed_and_pongs_are_swallowed() {
    let mut input = Frame::new(true, PING, "are you there").encode(Some(KEY));
    input.extend(Frame::new(true, PONG, "unasked").encode(Some(KEY)));
    let outcome = feed(&mut gateway(100), &input, &[], Pause::No);
    assert_eq!(Frame::decode_all(&outcome.replies, false), [Frame::new(true, PONG, "are you there")]);
    assert!(outcome.output.is_empty());
    // Ours are masked where we are the client.
    let mut client = reframer(Some(dialect(Role::Client, 100)), None);
    let outcome = feed(&mut client, &Frame::new(true, PING, "x").encode(None), &[], Pause::No);
    assert_eq!(Frame::decode_all(&outcome.replies, true), [Frame::new(true, PONG, "x")]);
}

#[test]
fn answers_that_cannot_be_sent_are_bounded_and_the_latest_is_among_them() {
    let mut reframer = gateway(100);
    let mut input = Vec::new();
    for i in 0..1_000u32 {
        input.extend(Frame::new(true, PING, i.to_be_bytes()).encode(Some(KEY)));
    }
    let mut buf = vec![0; HEADROOM];
    buf.extend(&input);
    let end = buf.len();
    reframer.reframe(&mut buf, HEADROOM..end, Pause::No);
    let replies = reframer.take_replies();
    assert!(replies.len() <= 2_048);
    let last = Frame::decode_all(&replies, false).pop().unwrap();
    assert_eq!(last.payload, 999u32.to_be_bytes());
}

#[test]
fn a_close_ends_the_direction_and_what_follows_it_is_void() {
    let mut input = Frame::new(true, TEXT, "a").encode(Some(KEY));
    input.extend(Frame::close(3_001, "enough").encode(Some(KEY)));
    input.extend(Frame::new(true, TEXT, "b").encode(Some(KEY)));
    let mut reframer = gateway(100);
    let outcome = feed(&mut reframer, &input, &[], Pause::No);
    assert_eq!(Frame::decode_all(&outcome.output, false), [Frame::new(true, TEXT, "a")]);
    assert_eq!(outcome.event, Some(Event::Close(Close::new(3_001, "enough"))));
    assert!(reframer.ended());
    assert_eq!(
        Frame::decode_all(&reframer.encode_close(&Close::new(3_001, "enough")), false),
        [Frame::close(3_001, "enough")]
    );
}

#[test]
fn what_stands_before_a_violation_is_still_relayed() {
    let cases: [(Vec<u8>, FrameError); 8] = [
        (Frame::new(true, TEXT, "x").encode(None), FrameError::Unmasked),
        (Frame::new(true, CONTINUATION, "x").encode(Some(KEY)), FrameError::NothingToContinue),
        (vec![0xf1, 0x80], FrameError::ReservedBits),
        (vec![0x83, 0x80], FrameError::UnknownOpCode(3)),
        (vec![0x09, 0x80], FrameError::ControlFragmented),
        (vec![0x89, 0xfe], FrameError::ControlTooLong),
        (vec![0x82, 0xfe, 0, 5], FrameError::LengthNotMinimal),
        (Frame::new(true, CLOSE, [3]).encode(Some(KEY)), FrameError::BadClosePayload),
    ];
    for (bad, error) in cases {
        let mut input = Frame::new(true, TEXT, "good").encode(Some(KEY));
        input.extend(bad);
        let outcome = feed(&mut gateway(100), &input, &[], Pause::No);
        assert_eq!(outcome.event, Some(Event::Violation(error)));
        assert_eq!(Frame::decode_all(&outcome.output, false), [Frame::new(true, TEXT, "good")]);
    }
    let mut open = Frame::new(false, TEXT, "x").encode(Some(KEY));
    open.extend(Frame::new(true, TEXT, "y").encode(Some(KEY)));
    let outcome = feed(&mut gateway(100), &open, &[], Pause::No);
    assert_eq!(outcome.event, Some(Event::Violation(FrameError::MessageNotEnded)));
    let masked = Frame::new(true, TEXT, "x").encode(Some(KEY));
    let mut client = reframer(Some(dialect(Role::Client, 100)), None);
    assert_eq!(feed(&mut client, &masked, &[], Pause::No).event, Some(Event::Violation(FrameError::Masked)));
}

#[test]
fn a_peer_that_knows_no_fragments_gets_whole_binary_messages_and_never_an_empty_one() {
    // wcf-relay page 1.4.
    let wcf = FrameDialect::wcf_server(8);
    let frames = [
        Frame::new(true, TEXT, ""),
        Frame::new(false, TEXT, "abc"),
        Frame::new(true, CONTINUATION, "defghijkl"),
        Frame::new(true, BINARY, "m"),
    ];
    let out = relay(&mut reframer(Some(dialect(Role::Server, 100)), Some(wcf)), &frames);
    assert!(
        out.iter().all(|frame| frame.fin && frame.opcode == BINARY && (1..=8).contains(&frame.payload.len()))
    );
    let bytes: Vec<u8> = out.into_iter().flat_map(|frame| frame.payload).collect();
    assert_eq!(bytes, b"abcdefghijklm");
}

#[test]
fn bytes_become_binary_messages_and_back() {
    let mut there = reframer(None, Some(dialect(Role::Client, 10)));
    let out = feed(&mut there, b"0123456789abcdef", &[], Pause::No).output;
    let frames = Frame::decode_all(&out, true);
    assert_eq!(frames, [Frame::new(true, BINARY, "0123456789"), Frame::new(true, BINARY, "abcdef")]);
    let mut back = reframer(Some(dialect(Role::Server, 10)), None);
    assert_eq!(feed(&mut back, &out, &[], Pause::No).output, b"0123456789abcdef");
}

#[test]
fn a_pause_stops_between_two_frames_even_in_a_stream_that_never_rests_there() {
    let mut input = Vec::new();
    for _ in 0..3 {
        input.extend(Frame::new(true, BINARY, vec![1; 50]).encode(Some(KEY)));
    }
    let mut reframer = gateway(100);
    feed(&mut reframer, &input[..30], &[], Pause::No);
    let mut buf = vec![0; HEADROOM];
    buf.extend(&input[30..]);
    let end = buf.len();
    let step = reframer.reframe(&mut buf, HEADROOM..end, Pause::BetweenFrames);
    assert_eq!(step.output.len(), 56 - 30, "the rest of the first frame");
    assert_eq!(step.rest.len(), 2 * 56);
    assert!(reframer.between_frames());
}

/// Well-formed frames of one side: messages in fragments, control frames among them.
fn traffic() -> impl Strategy<Value = Vec<Frame>> {
    let payload = prop_oneof![
        8 => vec(any::<u8>(), 0..12),
        3 => vec(any::<u8>(), 120..132),
        1 => (65_530usize..65_545).prop_map(|len| (0..len).map(|i| i as u8).collect()),
    ];
    let fragment = (
        payload,
        proptest::option::weighted(0.2, (prop_oneof![Just(PING), Just(PONG)], vec(any::<u8>(), 0..60))),
    );
    let message = (prop_oneof![Just(TEXT), Just(BINARY)], vec(fragment, 1..6));
    vec(message, 0..6).prop_map(|messages| {
        let mut frames = Vec::new();
        for (kind, fragments) in messages {
            let last = fragments.len() - 1;
            for (i, (payload, control)) in fragments.into_iter().enumerate() {
                frames.push(Frame::new(i == last, if i == 0 { kind } else { CONTINUATION }, payload));
                frames.extend(control.map(|(opcode, payload)| Frame::new(true, opcode, payload)));
            }
        }
        frames
    })
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Server), Just(Role::Client)]
}

fn encode(frames: &[Frame], key: Option<[u8; 4]>) -> Vec<u8> {
    frames.iter().flat_map(|frame| frame.encode(key)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn messages_survive_any_cut_and_the_rules_hold(
        frames in traffic(), from in role(), to in role(), largest in prop_oneof![1usize..20, Just(126usize), Just(65_536usize)],
        cuts in vec(any::<Index>(), 0..8), key: [u8; 4], pauses: bool,
    ) {
        let key = (from == Role::Server).then_some(key);
        let input = encode(&frames, key);
        let cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        let mut reframer = reframer(Some(dialect(from, largest)), Some(dialect(to, largest)));
        let pause = if pauses { Pause::BetweenFrames } else { Pause::No };
        let outcome = feed(&mut reframer, &input, &cuts, pause);
        let out = Frame::decode_all(&outcome.output, to == Role::Client);
        prop_assert_eq!(&outcome.event, &None);
        prop_assert!(reframer.between_frames());
        prop_assert_eq!(messages(&out), messages(&frames));
        prop_assert!(out.iter().all(|frame| frame.payload.len() <= largest && frame.opcode < CLOSE));
        // Rule 6: an empty frame only where an empty one came that ends a message.
        let empty_ends = frames.iter().filter(|frame| frame.opcode < CLOSE && frame.fin && frame.payload.is_empty()).count();
        let empty = out.iter().filter(|frame| frame.payload.is_empty());
        prop_assert!(empty.clone().all(|frame| frame.fin) && empty.count() <= empty_ends);
        // Hybrid page 3.5: a message of one frame arrives in one frame where it fits.
        let whole: Vec<_> = frames.iter().filter(|frame| frame.fin && matches!(frame.opcode, TEXT | BINARY) && frame.payload.len() <= largest).collect();
        for frame in whole {
            prop_assert!(out.contains(frame));
        }
        // Every ping is answered with its payload, hop by hop.
        let pings: Vec<_> = frames.iter().filter(|frame| frame.opcode == PING).map(|frame| frame.payload.clone()).collect();
        let pongs: Vec<_> = Frame::decode_all(&outcome.replies, from == Role::Client).into_iter().map(|frame| frame.payload).collect();
        prop_assert_eq!(pings, pongs);
    }

    #[test]
    fn payload_reaches_a_leg_of_bytes_whole(frames in traffic(), cuts in vec(any::<Index>(), 0..8), key: [u8; 4]) {
        let input = encode(&frames, Some(key));
        let cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        let mut reframer = reframer(Some(dialect(Role::Server, 100)), None);
        let outcome = feed(&mut reframer, &input, &cuts, Pause::No);
        let sent: Vec<u8> = frames.into_iter().filter(|frame| frame.opcode < CLOSE).flat_map(|frame| frame.payload).collect();
        prop_assert_eq!(outcome.output, sent);
    }

    #[test]
    fn bytes_survive_the_way_through_frames(bytes in vec(any::<u8>(), 0..2_000), largest in 1usize..200, cuts in vec(any::<Index>(), 0..5), to in role()) {
        let cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        let mut reframer = reframer(None, Some(dialect(to, largest)));
        let outcome = feed(&mut reframer, &bytes, &cuts, Pause::No);
        let frames = Frame::decode_all(&outcome.output, to == Role::Client);
        prop_assert!(frames.iter().all(|frame| frame.fin && frame.opcode == BINARY && (1..=largest).contains(&frame.payload.len())));
        let arrived: Vec<u8> = frames.into_iter().flat_map(|frame| frame.payload).collect();
        prop_assert_eq!(arrived, bytes);
    }

    #[test]
    fn any_bytes_end_the_same_however_they_are_cut(bytes in vec(any::<u8>(), 0..300), cuts in vec(any::<Index>(), 0..8), from in role(), to in proptest::option::of(role())) {
        let cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        let to = to.map(|role| dialect(role, 50));
        let run = |cuts: &[usize]| {
            let mut reframer = reframer(Some(dialect(from, 50)), to);
            let outcome = feed(&mut reframer, &bytes, cuts, Pause::No);
            (outcome.event, outcome.replies.len(), to.is_some() || outcome.output.is_empty())
        };
        prop_assert_eq!(run(&cuts), run(&[]));
    }
}

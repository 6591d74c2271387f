//! A whole session whose envelopes are readdressed on their way, framing and all. Framing page 7.4.

use viaduct::wire::follow::{Follower, Passage};
use viaduct::wire::framing::{
    Encoding, FramingLimits, InitiatorDecoder, KnownEncoding, Piece, Policy, ReceiverDecoder, Record,
    Session, followers,
};
use viaduct::wire::soap::{InitiatorRewriter, Refused, Rewritten, ToRoute};

use super::cut::{cut, ways};
use super::framing_initiator::begun;
use super::options::{choose, options};

/// An envelope is held back and written anew.
pub const MEMORY: usize = 16 << 20;

/// Options: mode and encoding, the route, two sizes of pieces. The rest follows the preamble.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([kind, route, first, second], stream) = options(input);
    let route = choose(
        route,
        ["net.tcp://h:1/s", "net.tcp://a-host-with-a-long-name.example.net:12345/and/a/long/path"],
    );
    let route = ToRoute::new("/probe", route, false).expect("a route");
    let session = session(kind);
    let whole = rewrite(&session, &route, [stream].into_iter());
    for sizes in ways(stream.len(), [first, second]) {
        let cut = rewrite(&session, &route, cut(stream, sizes));
        assert_eq!((&whole.end, whole.eof), (&cut.end, cut.eof), "cut by {sizes:?}");
        // The borders of chunks may differ.
        assert_eq!(said(&session, &whole.out), said(&session, &cut.out), "cut by {sizes:?}");
        assert_eq!(whole.answer, cut.answer, "cut by {sizes:?}");
    }
    check_follower(&session, stream, &whole);
    if !whole.answer.is_empty() {
        let (mut decoder, mut at) = (ReceiverDecoder::new(session.preamble.mode, limits()), 0);
        let answer = [&[0x0b], &whole.answer[..]].concat();
        while let Some((_, used)) = decoder.next(&answer[at..]).expect("the answer is right") {
            at += used;
        }
        assert_eq!(at, answer.len(), "the answer is whole");
    }
}

fn limits() -> FramingLimits {
    FramingLimits { envelope: 70_000, ..FramingLimits::default() }
}

fn session(kind: u8) -> Session {
    let mode = choose(kind, [2, 1]);
    let encoding = choose(kind >> 1, [8, 7, 3, 0, 4]);
    let preamble = [&[0, 1, 0, 1, mode], &b"\x02\x0dnet.tcp://h/e\x03"[..], &[encoding, 0x0c]].concat();
    let session = begun(&preamble, &Policy::relay(limits())).expect("the preamble is right");
    assert_eq!(session.preamble.encoding, Encoding::Known(KnownEncoding(encoding)));
    session
}

struct Outcome {
    out: Vec<u8>,
    end: End,
    eof: bool,
    answer: Vec<u8>,
}

#[derive(Debug, PartialEq)]
enum End {
    All,
    Ended(usize),
    Refused(Refused),
}

fn rewrite<'a>(session: &Session, route: &ToRoute, pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut rewriter = InitiatorRewriter::new(session, &limits(), route).expect("an encoding that is read");
    let (mut out, mut at, mut end) = (Vec::new(), 0, End::All);
    for piece in pieces {
        match rewriter.rewrite(piece, &mut out) {
            Rewritten::All => at += piece.len(),
            Rewritten::Ended { at: here } => {
                assert!(here <= piece.len());
                end = End::Ended(at + here);
                break;
            }
            Rewritten::Refused(refused) => {
                assert!(!refused.to_string().is_empty());
                let before = out.len();
                assert_eq!(rewriter.rewrite(b"\x07", &mut out), Rewritten::Refused(refused.clone()));
                assert_eq!(out.len(), before, "nothing goes on after a refusal");
                end = End::Refused(refused);
                break;
            }
        }
    }
    // Once it is refused nobody asks.
    let eof = !matches!(end, End::Refused(_)) && rewriter.eof().is_ok();
    Outcome { out, end, eof, answer: rewriter.answer() }
}

/// The records of what went on, and the payload of each, without the borders of chunks.
fn said(session: &Session, out: &[u8]) -> (Vec<String>, Vec<u8>) {
    let mut decoder = InitiatorDecoder::behind_preamble(
        session.preamble.mode,
        Policy::relay(FramingLimits {
            // A longer To may make an envelope longer than what was taken.
            envelope: 0,
            ..limits()
        }),
    );
    let (mut records, mut payload, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some((piece, used)) = decoder.next(&out[at..]).expect("what goes on is right") {
        at += used;
        match piece {
            Piece::Record(record) => {
                records.push(format!("{record:?}"));
                if record == Record::End {
                    break;
                }
            }
            Piece::Terminator => records.push("terminator".to_owned()),
            Piece::Payload { bytes, .. } => payload.extend_from_slice(bytes),
            Piece::Chunk(_) | Piece::Opaque(_) => {}
        }
    }
    (records, payload)
}

/// Where a follower lets a session end, or refuses it, the rewriter does, too.
fn check_follower(session: &Session, stream: &[u8], outcome: &Outcome) {
    let (mut follower, _) = followers(session, &limits());
    match (follower.follow(stream), &outcome.end) {
        (Passage::Ended { at }, End::Ended(end)) => assert_eq!(at, *end),
        (Passage::All { .. }, End::All) | (_, End::Refused(Refused::Envelope(_))) => {}
        (Passage::Refused { .. }, End::Refused(Refused::Framing(_))) => {}
        (passage, end) => panic!("{passage:?} {end:?}"),
    }
}

//! What an initiator sends, with To rewritten: recordings of others, however they are cut; limits; what is refused, and the answer.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "readdressed_sessions/made.rs"]
mod made;
#[path = "readdressed_sessions/play.rs"]
mod play;

use made::{CODINGS, Coding, message, records, sized};
use play::{LONG, SHORT, TO, begun, read, recorded, rewriter, rewritten, route, session, whole};
use proptest::prelude::*;
use viaduct::wire::binxml::{Dictionaries, Limits, Reader};
use viaduct::wire::follow::FollowError;
use viaduct::wire::framing::{FaultUri, FramingLimits, Mode, Piece, ReceiverDecoder, Record, encode};
use viaduct::wire::soap::{FaultReader, MAX_HEAD, MAX_SESSION_ENVELOPE, Refused, RewriteError, Rewritten};
use viaduct::wire::xml::{TextReader, TextStyle, TextWriter, XmlLimits};

#[test]
fn every_recorded_session_goes_on_with_the_new_to() {
    let mut changed = 0;
    for sent in recorded() {
        let (records, envelopes) = read(&sent.session, &sent.bytes);
        for service in [SHORT, LONG] {
            let route = route("/probe", service);
            let expected = whole(&sent.session, &route, &envelopes);
            changed += usize::from(expected != envelopes);
            for cuts in [&[usize::MAX >> 1][..], &[1], &[3, 1, 40], &[1000]] {
                let (out, how, _) = rewritten(&sent.session, &route, &sent.bytes, cuts);
                assert!(!matches!(how, Rewritten::Refused(_)), "{}: {how:?}", sent.name);
                let (new_records, new_envelopes) = read(&sent.session, &out);
                assert_eq!(new_records, records, "{} {cuts:?}", sent.name);
                assert!(new_envelopes == expected, "{} {cuts:?}", sent.name);
            }
        }
    }
    assert!(changed > 80, "{changed}");
}

#[test]
fn what_needs_no_change_goes_on_byte_for_byte() {
    for sent in recorded() {
        for cuts in [&[usize::MAX >> 1][..], &[1], &[7, 100]] {
            let (out, how, _) = rewritten(&sent.session, &route("/elsewhere", SHORT), &sent.bytes, cuts);
            let passed = match how {
                Rewritten::Ended { at } => at,
                _ => sent.bytes.len(),
            };
            assert!(out == sent.bytes[..passed], "{} {cuts:?}", sent.name);
        }
    }
}

#[test]
fn sizes_that_are_longer_than_they_need_be_stay_where_to_stays() {
    // 06 with a size of two bytes where one would do; chunks likewise.
    let message = message(Coding::Binary, TO, None, &"x".repeat(200));
    let size = message.len();
    assert!((128..16_384).contains(&size), "{size}");
    let long = [(size & 0x7f | 0x80) as u8, (size >> 7 | 0x80) as u8, 0];
    let sized = [b"\x06", &long[..], &message, b"\x07"].concat();
    let chunked = [b"\x05", &long[..], &message, b"\x80\x00\x07"].concat();
    for (mode, bytes) in [(Mode::Duplex, sized), (Mode::Singleton, chunked)] {
        let session = session(mode, 7);
        let (out, how, _) = rewritten(&session, &route("/probe", "net.tcp://x/probe"), &bytes, &[5]);
        assert_eq!(how, Rewritten::Ended { at: bytes.len() });
        assert_eq!(out, bytes);
    }
}

#[test]
fn nothing_passes_behind_the_end_or_out_of_order() {
    let session = session(Mode::Duplex, 8);
    let bytes =
        [&sized(&message(Coding::Session, TO, None, ""))[..], b"\x07", b"\x00\x01\x00\x01\x02"].concat();
    let (out, how, _) = rewritten(&session, &route("/probe", SHORT), &bytes, &[1]);
    assert_eq!(how, Rewritten::Ended { at: bytes.len() - 5 });
    assert_eq!(out.last(), Some(&7));
    let (out, how, answer) = rewritten(&session, &route("/probe", SHORT), b"\x05\x01\xaa\x00", &[1]);
    assert!(matches!(how, Rewritten::Refused(Refused::Framing(_))), "{how:?}");
    assert!(out.is_empty() && answer.is_empty());
}

#[test]
fn a_stream_may_end_between_records_alone() {
    let session = session(Mode::Duplex, 8);
    let bytes = sized(&message(Coding::Session, TO, None, ""));
    for end in 0..=bytes.len() {
        let mut rewriter = rewriter(&session, &route("/probe", SHORT)).unwrap();
        rewriter.rewrite(&bytes[..end], &mut Vec::new());
        let whole = end == 0 || end == bytes.len();
        assert_eq!(rewriter.eof(), if whole { Ok(()) } else { Err(FollowError::UnexpectedEnd) }, "{end}");
    }
}

#[test]
fn what_cannot_be_read_has_no_rewriter() {
    for encoding in [6, 9, 10, 11, 12] {
        assert!(rewriter(&session(Mode::Duplex, encoding), &route("/probe", SHORT)).is_none(), "{encoding}");
    }
    let mut upgraded = vec![0, 1, 0, 1, 2];
    encode::via(TO, &mut upgraded);
    upgraded.extend(b"\x03\x08\x09\x13application/ssl-tls");
    assert!(rewriter(&begun(&upgraded).unwrap().0, &route("/probe", SHORT)).is_none());
}

#[test]
fn a_to_elsewhere_is_answered_as_a_service_answers() {
    for (coding, mode, number) in CODINGS {
        let bytes = records(mode, &message(coding, "net.tcp://relay/other", Some("urn:uuid:7"), ""));
        let (out, how, answer) = rewritten(&session(mode, number), &route("/probe", SHORT), &bytes, &[9]);
        assert_eq!(how, Rewritten::Refused(RewriteError::OutsidePath.into()), "{coding:?} {mode:?}");
        assert!(out.is_empty(), "{coding:?} {mode:?}");
        // Behind an acknowledgement it is a whole answer: an envelope and the end.
        let answer = [b"\x0b", &answer[..]].concat();
        let mut decoder = ReceiverDecoder::new(mode, FramingLimits::default());
        let (mut at, mut envelope, mut ended) = (0, Vec::new(), false);
        while let Some((piece, used)) = decoder.next(&answer[at..]).unwrap() {
            at += used;
            match piece {
                Piece::Payload { bytes, .. } => envelope.extend_from_slice(bytes),
                Piece::Record(Record::End) => ended = true,
                _ => {}
            }
        }
        assert!(ended && at == answer.len());
        let text = as_text(coding, &envelope);
        assert!(
            text.contains("DestinationUnreachable") && text.contains("outside the path of the service"),
            "{text}"
        );
        assert!(text.contains("RelatesTo>urn:uuid:7</"), "{text}");
    }
}

/// An envelope of ours as text, and that it is a fault.
fn as_text(coding: Coding, envelope: &[u8]) -> String {
    let text = match coding {
        Coding::Text => envelope.to_vec(),
        Coding::Session => binary_as_text(&envelope[1..]),
        Coding::Binary => binary_as_text(envelope),
    };
    let mut reader = TextReader::new(XmlLimits::default());
    reader.push(&text);
    reader.finish();
    let mut fault = FaultReader::new(4096);
    while let Some(event) = reader.next().unwrap() {
        fault.event(&event).unwrap();
    }
    assert!(fault.into_fault().is_some(), "not a fault");
    String::from_utf8(text).unwrap()
}

fn binary_as_text(document: &[u8]) -> Vec<u8> {
    let mut reader = Reader::new(document, Dictionaries::STATIC, Limits::default());
    let mut writer = TextWriter::new(TextStyle::default());
    while let Some(event) = reader.next_event().unwrap() {
        writer.event(event).unwrap();
    }
    let mut out = Vec::new();
    writer.take(&mut out);
    out
}

#[test]
fn a_one_way_message_elsewhere_is_answered_by_a_framing_fault() {
    let mut expected = Vec::new();
    encode::fault(FaultUri::EndpointNotFound, &mut expected);
    for (coding, mode, number) in CODINGS {
        let bytes = records(mode, &message(coding, "net.tcp://relay/other", None, ""));
        let (_, how, answer) = rewritten(&session(mode, number), &route("/probe", SHORT), &bytes, &[9]);
        assert_eq!(how, Rewritten::Refused(RewriteError::OutsidePath.into()));
        assert_eq!(answer, expected, "{coding:?} {mode:?}");
    }
}

#[test]
fn a_message_that_is_none_ends_its_session_without_a_word() {
    for (_, mode, number) in CODINGS {
        for garbage in [&b"\x00\xff\xff\xff"[..], b"garbage", b"\x00"] {
            let bytes = records(mode, garbage);
            let (out, how, answer) = rewritten(&session(mode, number), &route("/probe", SHORT), &bytes, &[2]);
            assert!(matches!(how, Rewritten::Refused(Refused::Envelope(_))), "{mode:?} {number} {how:?}");
            assert!(out.is_empty() && answer.is_empty(), "{mode:?} {number}");
        }
    }
}

#[test]
fn headers_have_a_limit_that_does_not_depend_on_the_cut() {
    let mut too_large = Vec::new();
    encode::fault(FaultUri::MaxMessageSizeExceeded, &mut too_large);
    for (coding, mode, number) in CODINGS.into_iter().filter(|(coding, ..)| *coding != Coding::Session) {
        // A header of a name that nobody keeps.
        let around = message(coding, TO, Some("urn:uuid:7"), "x").len();
        for (text, fits) in [(MAX_HEAD - around - 16, true), (MAX_HEAD + 16, false)] {
            let bytes = records(mode, &message(coding, TO, Some("urn:uuid:7"), &"x".repeat(text)));
            for cuts in [&[usize::MAX >> 1][..], &[8191], &[60_000, 1]] {
                let (_, how, answer) =
                    rewritten(&session(mode, number), &route("/probe", SHORT), &bytes, cuts);
                let refused = Rewritten::Refused(RewriteError::HeadersTooLarge { max: MAX_HEAD }.into());
                assert_eq!(how, if fits { Rewritten::All } else { refused }, "{coding:?} {mode:?} {cuts:?}");
                assert!(fits || answer == too_large, "{coding:?} {mode:?}");
            }
        }
    }
}

#[test]
fn an_envelope_that_has_to_be_held_is_refused_by_its_size_alone() {
    let size = MAX_SESSION_ENVELOPE as u32 + 1;
    let mut head = Vec::new();
    encode::record(&Record::SizedEnvelope { size }, &mut head);
    let (out, how, answer) = rewritten(&session(Mode::Duplex, 8), &route("/probe", SHORT), &head, &[1]);
    let error = RewriteError::EnvelopeTooLarge { size: u64::from(size), max: MAX_SESSION_ENVELOPE };
    assert_eq!(how, Rewritten::Refused(error.into()));
    assert!(out.is_empty());
    let mut expected = Vec::new();
    encode::fault(FaultUri::MaxMessageSizeExceeded, &mut expected);
    assert_eq!(answer, expected);
}

#[test]
fn a_body_flows_whatever_its_length() {
    for (coding, mode, number) in CODINGS.into_iter().filter(|(coding, ..)| *coding != Coding::Session) {
        let session = session(mode, number);
        let head = message(coding, TO, None, "");
        // Text content of the body, without its end: more is to come.
        let body_at = head.len() - if coding == Coding::Text { "</s:Body></s:Envelope>".len() } else { 2 };
        let mut start = Vec::new();
        if mode == Mode::Duplex {
            encode::record(&Record::SizedEnvelope { size: 0x7fff_0000 }, &mut start);
        } else {
            start.push(5);
            encode::chunk_size(0x7fff_0000, &mut start);
        }
        start.extend_from_slice(&head[..body_at]);
        let mut rewriter = rewriter(&session, &route("/probe", SHORT)).unwrap();
        let mut out = Vec::new();
        assert_eq!(rewriter.rewrite(&start, &mut out), Rewritten::All);
        // Not everything needs to have gone on: a reader may want the byte behind the body's tag.
        let mut passed = out.len();
        let piece = vec![0x99; 64 << 10];
        for _ in 0..2000 {
            out.clear();
            assert_eq!(rewriter.rewrite(&piece, &mut out), Rewritten::All);
            passed += out.len();
            assert!(out.len() < piece.len() + 4096, "{coding:?} {mode:?}: {} at once", out.len());
        }
        assert!(passed > 2000 * piece.len(), "{coding:?} {mode:?}: {passed}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_answer_does_not_depend_on_how_the_bytes_are_cut(
        pick in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte: u8, damage: bool,
        cuts in prop::collection::vec(prop_oneof![1usize..4, 1usize..300], 1..6), long: bool,
    ) {
        let all = recorded();
        let sent = pick.get(&all);
        let mut bytes = sent.bytes.clone();
        bytes.truncate(8000);
        let at = at.index(bytes.len());
        if damage { bytes[at] = byte }
        let route = route("/probe", if long { LONG } else { SHORT });
        let (out, how, answer) = rewritten(&sent.session, &route, &bytes, &cuts);
        let (at_once, how_at_once, answer_at_once) = rewritten(&sent.session, &route, &bytes, &[usize::MAX >> 1]);
        prop_assert_eq!(&how, &how_at_once);
        prop_assert_eq!(answer, answer_at_once);
        if sent.session.preamble.mode == Mode::Duplex {
            prop_assert_eq!(out, at_once);
        } else {
            prop_assert_eq!(read(&sent.session, &out), read(&sent.session, &at_once));
        }
    }
}

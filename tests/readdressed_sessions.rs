//! What an initiator sends, with To rewritten: recordings of others, however they are cut; limits; what is refused, and the answer.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use proptest::prelude::*;
use viaduct::wire::binxml::{Ids, OutgoingTable, Writer};
use viaduct::wire::follow::FollowError;
use viaduct::wire::framing::{
    FaultUri, FramingLimits, InitiatorDecoder, Mode, Piece, Policy, PreambleEvent, PreambleReader,
    ReceiverDecoder, Record, Session, encode,
};
use viaduct::wire::soap::{
    Addressing, Envelope, FaultReader, InitiatorRewriter, MAX_HEAD, MAX_SESSION_ENVELOPE, Refused,
    RewriteError, Rewritten, SessionRewriter, SoapVersion, ToRoute, rewrite_binary, rewrite_text,
};
use viaduct::wire::xml::{Charset, Runtime, TextReader, TextStyle, TextWriter, XmlLimits};

const SHORT: &str = "net.tcp://h:1/s";
const LONG: &str = "net.tcp://a-host-with-a-long-name.example.net:12345/and/a/long/path/to/the/service";
/// What the messages made here say.
const TO: &str = "net.tcp://relay/probe";

/// A session of an initiator: its preamble, and what stands behind that.
struct Sent {
    name: String,
    session: Session,
    bytes: Vec<u8>,
}

/// Reads a preamble in clear.
fn begun(stream: &[u8]) -> Option<(Session, usize)> {
    let (mut reader, mut at) = (PreambleReader::new(), 0);
    loop {
        let (event, used) = reader.read(&stream[at..], &Policy::relay(FramingLimits::default())).ok()??;
        at += used;
        if let PreambleEvent::Begun(session) = event {
            return Some((session, at));
        }
    }
}

/// A session with this mode and encoding.
fn session(mode: Mode, encoding: u8) -> Session {
    let mut preamble = vec![0, 1, 0, 1, mode as u8];
    encode::via(TO, &mut preamble);
    preamble.extend([3, encoding, 0x0c]);
    begun(&preamble).unwrap().0
}

/// Every recorded session in clear.
fn recorded() -> Vec<Sent> {
    let mut all = Vec::new();
    for scenario in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/nettcp")).unwrap()
    {
        let scenario = scenario.unwrap().path();
        if !scenario.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(&scenario).unwrap() {
            let path = file.unwrap().path();
            if !path.to_str().unwrap().ends_with(".c2s.bin") {
                continue;
            }
            let stream = std::fs::read(&path).unwrap();
            let Some((session, at)) = begun(&stream) else { continue };
            if rewriter(&session, &route("/probe", SHORT)).is_some() {
                all.push(Sent { name: path.display().to_string(), session, bytes: stream[at..].to_vec() });
            }
        }
    }
    assert!(all.len() >= 40, "{} recordings", all.len());
    all
}

fn route(front: &str, service: &str) -> ToRoute {
    ToRoute::new(front, service, front == "/elsewhere").unwrap()
}

fn rewriter(session: &Session, route: &ToRoute) -> Option<InitiatorRewriter> {
    InitiatorRewriter::new(session, &FramingLimits { envelope: 0, ..FramingLimits::default() }, route)
}

/// Shows the bytes in pieces of these sizes, again and again: what goes on, how far it came, what is answered.
fn rewritten(
    session: &Session,
    route: &ToRoute,
    bytes: &[u8],
    cuts: &[usize],
) -> (Vec<u8>, Rewritten, Vec<u8>) {
    let mut rewriter = rewriter(session, route).unwrap();
    let (mut out, mut at) = (Vec::new(), 0);
    for cut in cuts.iter().cycle() {
        let end = bytes.len().min(at + cut);
        match rewriter.rewrite(&bytes[at..end], &mut out) {
            Rewritten::All if end == bytes.len() => break,
            Rewritten::All => at = end,
            Rewritten::Ended { at: used } => return (out, Rewritten::Ended { at: at + used }, Vec::new()),
            refused @ Rewritten::Refused(_) => {
                assert_eq!(rewriter.rewrite(b"\x07", &mut out), refused);
                return (out, refused, rewriter.answer());
            }
        }
    }
    (out, Rewritten::All, rewriter.answer())
}

/// The records of an initiator's direction without the borders of chunks, and its envelopes.
fn read(session: &Session, bytes: &[u8]) -> (Vec<&'static str>, Vec<Vec<u8>>) {
    let policy = Policy::relay(FramingLimits { envelope: 0, ..FramingLimits::default() });
    let mut decoder = InitiatorDecoder::behind_preamble(session.preamble.mode, policy);
    let (mut records, mut envelopes, mut envelope, mut at) = (Vec::new(), Vec::new(), Vec::new(), 0);
    while let Some((piece, used)) = decoder.next(&bytes[at..]).unwrap() {
        at += used;
        match piece {
            Piece::Record(record) => records.push(record.record_type().name()),
            Piece::Payload { bytes, last } => {
                envelope.extend_from_slice(bytes);
                if last && session.preamble.mode == Mode::Duplex {
                    envelopes.push(std::mem::take(&mut envelope));
                }
            }
            Piece::Terminator => envelopes.push(std::mem::take(&mut envelope)),
            Piece::Chunk(_) | Piece::Opaque(_) => {}
        }
        if records.last() == Some(&"end") {
            break;
        }
    }
    (records, envelopes)
}

/// What each envelope becomes when it is rewritten as a whole.
fn whole(session: &Session, route: &ToRoute, envelopes: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut strings = SessionRewriter::new(route.clone());
    let rewrite = |envelope: &Vec<u8>| {
        let mut out = Vec::new();
        let done = match session.preamble.encoding.content_type().unwrap() {
            "application/soap+msbinsession1" => strings.rewrite(envelope, &mut out),
            "application/soap+msbin1" => rewrite_binary(envelope, route, &mut out),
            _ => rewrite_text(envelope, Charset::Utf8, route, &mut out),
        };
        done.unwrap();
        out
    };
    envelopes.iter().map(rewrite).collect()
}

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

/// How the messages made here are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Session,
    Binary,
    Text,
}

const CODINGS: [(Coding, Mode, u8); 6] = [
    (Coding::Session, Mode::Duplex, 8),
    (Coding::Session, Mode::Singleton, 8),
    (Coding::Binary, Mode::Singleton, 7),
    (Coding::Binary, Mode::Duplex, 7),
    (Coding::Text, Mode::Duplex, 3),
    (Coding::Text, Mode::Singleton, 3),
];

/// One message, the first of its session: a request if it has an id. `before` is text in a header before To.
fn message(coding: Coding, to: &str, id: Option<&str>, before: &str) -> Vec<u8> {
    use viaduct::wire::soap::Sink;
    use viaduct::wire::xml::{Event, Name, Str, Value};
    fn write<S: Sink>(sink: &mut S, envelope: &Envelope, before: &str)
    where
        S::Error: std::fmt::Debug,
    {
        let mut to = envelope.clone();
        to.to = None;
        to.start(sink).unwrap();
        let name = |local| Name {
            prefix: "a",
            namespace: Str::plain(Addressing::Ws10.namespace()),
            ..Name::local(local)
        };
        if !before.is_empty() {
            sink.event(&Event::Start(Name::local("before"))).unwrap();
            sink.event(&Event::Text(Value::Chars(before))).unwrap();
            sink.event(&Event::End).unwrap();
        }
        sink.event(&Event::Start(name("To"))).unwrap();
        sink.event(&Event::Text(Value::Dictionary(Str::dictionary(envelope.to.as_deref().unwrap()))))
            .unwrap();
        sink.event(&Event::End).unwrap();
        envelope.body(sink).unwrap();
        envelope.end(sink).unwrap();
    }
    let envelope = match id {
        Some(id) => Envelope::request(SoapVersion::Soap12, Addressing::Ws10, "urn:a", id, to),
        None => Envelope::one_way(SoapVersion::Soap12, Addressing::Ws10, "urn:a", to),
    };
    match coding {
        Coding::Text => {
            let mut writer = TextWriter::new(TextStyle::default());
            write(&mut writer, &envelope, before);
            let mut out = Vec::new();
            writer.take(&mut out);
            out
        }
        Coding::Binary => {
            let mut writer = Writer::new(Ids::Static, Runtime::Net8);
            write(&mut writer, &envelope, before);
            writer.finish().unwrap()
        }
        Coding::Session => {
            let mut table = OutgoingTable::new(2048);
            let mut writer = Writer::new(Ids::Session(&mut table), Runtime::Net8);
            write(&mut writer, &envelope, before);
            writer.finish().unwrap()
        }
    }
}

fn sized(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode::record(&Record::SizedEnvelope { size: message.len() as u32 }, &mut out);
    [&out[..], message].concat()
}

/// A message as the records of its mode, the End left out.
fn records(mode: Mode, message: &[u8]) -> Vec<u8> {
    if mode == Mode::Duplex {
        return sized(message);
    }
    let mut out = vec![0x05];
    for chunk in message.chunks(1 << 20) {
        encode::chunk_size(chunk.len() as u32, &mut out);
        out.extend_from_slice(chunk);
    }
    out.push(0);
    out
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
    use viaduct::wire::binxml::{Dictionaries, Limits, Reader};
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
        cuts in prop::collection::vec(1usize..300, 1..6), long: bool,
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

//! Sessions shown to a rewriter, and what comes out read again.

use std::path::Path;

use viaduct::wire::framing::{
    FramingLimits, InitiatorDecoder, Mode, Piece, Policy, PreambleEvent, PreambleReader, Session, encode,
};
use viaduct::wire::soap::{
    InitiatorRewriter, Rewritten, SessionRewriter, ToRoute, rewrite_binary, rewrite_text,
};
use viaduct::wire::xml::Charset;

pub(crate) const SHORT: &str = "net.tcp://h:1/s";
pub(crate) const LONG: &str =
    "net.tcp://a-host-with-a-long-name.example.net:12345/and/a/long/path/to/the/service";
/// What the messages made here say.
pub(crate) const TO: &str = "net.tcp://relay/probe";

/// A session of an initiator: its preamble, and what stands behind that.
pub(crate) struct Sent {
    pub(crate) name: String,
    pub(crate) session: Session,
    pub(crate) bytes: Vec<u8>,
}

/// Reads a preamble in clear.
pub(crate) fn begun(stream: &[u8]) -> Option<(Session, usize)> {
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
pub(crate) fn session(mode: Mode, encoding: u8) -> Session {
    let mut preamble = vec![0, 1, 0, 1, mode as u8];
    encode::via(TO, &mut preamble);
    preamble.extend([3, encoding, 0x0c]);
    begun(&preamble).unwrap().0
}

/// Every recorded session in clear.
pub(crate) fn recorded() -> Vec<Sent> {
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

pub(crate) fn route(front: &str, service: &str) -> ToRoute {
    ToRoute::new(front, service, front == "/elsewhere").unwrap()
}

pub(crate) fn rewriter(session: &Session, route: &ToRoute) -> Option<InitiatorRewriter> {
    InitiatorRewriter::new(session, &FramingLimits { envelope: 0, ..FramingLimits::default() }, route)
}

/// Shows the bytes in pieces of these sizes, again and again: what goes on, how far it came, what is answered.
pub(crate) fn rewritten(
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
pub(crate) fn read(session: &Session, bytes: &[u8]) -> (Vec<&'static str>, Vec<Vec<u8>>) {
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
pub(crate) fn whole(session: &Session, route: &ToRoute, envelopes: &[Vec<u8>]) -> Vec<Vec<u8>> {
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

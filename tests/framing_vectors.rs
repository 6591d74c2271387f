//! Message framing against bytes that others made: the vectors and the recordings of `fixtures/`.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use viaduct::wire::follow::{Follower, Passage};
use viaduct::wire::framing::{
    DecodeError, Encoding, Encodings, EndOfStream, FaultUri, FramingLimits, InitiatorDecoder, KnownEncoding,
    Mode, Piece, Policy, PreambleEvent, PreambleReader, ReceiverDecoder, Record, Session, Upgrade, followers,
};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Either decoder.
enum Decoder {
    Initiator(InitiatorDecoder),
    Receiver(ReceiverDecoder),
}

impl Decoder {
    fn next<'a>(&mut self, input: &'a [u8]) -> Result<Option<(Piece<'a>, usize)>, DecodeError> {
        match self {
            Self::Initiator(decoder) => decoder.next(input),
            Self::Receiver(decoder) => decoder.next(input),
        }
    }

    fn eof(&self, rest: &[u8]) -> Result<EndOfStream, DecodeError> {
        match self {
            Self::Initiator(decoder) => decoder.eof(rest),
            Self::Receiver(decoder) => decoder.eof(rest),
        }
    }
}

/// What a stream was decoded to, in the words of the fixtures.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    records: Vec<Value>,
    end: Option<&'static str>,
    error: Option<&'static str>,
    fault: Option<&'static str>,
    encoded: Vec<u8>,
}

impl Outcome {
    fn fail(mut self, error: &DecodeError) -> Self {
        self.error = Some(error.class());
        self.fault = error.fault().map(FaultUri::name);
        self
    }
}

/// Decodes a stream that arrives in `pieces`.
fn decode(mut decoder: Decoder, pieces: &[&[u8]], vias: Option<&[&str]>, closes: bool) -> Outcome {
    let mut outcome = Outcome::default();
    let mut kept = Vec::new();
    let (mut size, mut chunks, mut opaque, mut refused_via) = (0, Vec::new(), 0, false);
    for piece in pieces {
        kept.extend_from_slice(piece);
        let mut at = 0;
        loop {
            match decoder.next(&kept[at..]) {
                Ok(None) => break,
                Err(error) => return outcome.fail(&error),
                Ok(Some((piece, used))) => {
                    at += used;
                    piece.encode(&mut outcome.encoded);
                    let record = match piece {
                        Piece::Record(Record::Version(version)) => {
                            json!(["version", version.major, version.minor])
                        }
                        Piece::Record(Record::Mode(mode)) => json!(["mode", mode.name()]),
                        Piece::Record(Record::Via(via)) => {
                            refused_via = vias.is_some_and(|vias| !vias.contains(&via.expose()));
                            json!(["via", via.expose()])
                        }
                        Piece::Record(
                            record @ (Record::KnownEncoding(_) | Record::ExtensibleEncoding(_)),
                        ) => {
                            if refused_via {
                                // Whether a Via is served is its receiver's decision, made at this place.
                                outcome.error = Some("endpoint-not-found");
                                outcome.fault = Some(FaultUri::EndpointNotFound.name());
                                return outcome;
                            }
                            match record {
                                Record::KnownEncoding(known) => json!(["known-encoding", known.0]),
                                Record::ExtensibleEncoding(text) => json!(["extensible-encoding", text]),
                                _ => unreachable!(),
                            }
                        }
                        Piece::Record(Record::SizedEnvelope { size: bytes }) => {
                            size = bytes;
                            continue;
                        }
                        Piece::Record(Record::UnsizedEnvelope) => continue,
                        Piece::Record(Record::Fault(uri)) => json!(["fault", uri]),
                        Piece::Record(Record::UpgradeRequest(name)) => json!(["upgrade-request", name]),
                        Piece::Record(record) => json!([record.record_type().name()]),
                        Piece::Chunk(bytes) => {
                            chunks.push(bytes);
                            continue;
                        }
                        Piece::Payload { last: true, .. } if size != 0 => {
                            json!(["sized-envelope", std::mem::take(&mut size)])
                        }
                        Piece::Payload { .. } => continue,
                        Piece::Terminator => json!(["unsized-envelope", std::mem::take(&mut chunks)]),
                        Piece::Opaque(bytes) => {
                            opaque += bytes.len();
                            continue;
                        }
                    };
                    outcome.records.push(record);
                }
            }
        }
        kept.drain(..at);
    }
    if opaque != 0 {
        outcome.records.push(json!(["opaque", opaque]));
    }
    if closes {
        match decoder.eof(&kept) {
            Ok(EndOfStream::Clean) => outcome.end = Some("clean"),
            Ok(EndOfStream::Tolerated) => outcome.end = Some("tolerated"),
            Ok(EndOfStream::Open) => outcome.end = Some("open"),
            Err(error) => return outcome.fail(&error),
        }
    }
    outcome
}

/// The stream whole, byte by byte, and cut at random.
fn cuts(stream: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut all = vec![vec![stream], stream.chunks(1).collect()];
    for seed in 0..8 {
        let mut random = SmallRng::seed_from_u64(seed);
        let (mut rest, mut pieces) = (stream, Vec::new());
        while !rest.is_empty() {
            let (piece, left) = rest.split_at(random.random_range(0..=rest.len().min(9)));
            pieces.push(piece);
            rest = left;
        }
        all.push(pieces);
    }
    all
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for token in hex.split_whitespace() {
        let (byte, times) = token.split_once('*').unwrap_or((token, "1"));
        let byte = u8::from_str_radix(byte, 16).unwrap();
        bytes.extend(std::iter::repeat_n(byte, times.parse().unwrap()));
    }
    bytes
}

fn mode_named(name: &str) -> Mode {
    [Mode::Singleton, Mode::Duplex, Mode::Simplex, Mode::SingletonSized]
        .into_iter()
        .find(|mode| mode.name() == name)
        .unwrap()
}

fn policy_of(vector: &Value) -> Policy {
    let mut policy = Policy::default();
    let settings = &vector["policy"];
    if let Some(max) = settings["max_envelope"].as_u64() {
        policy.limits.envelope = max;
    }
    let numbers = |key: &str| {
        let list = settings[key].as_array()?;
        Some(list.iter().map(|number| number.as_u64().unwrap() as u8).collect::<Vec<_>>())
    };
    if let Some(modes) = numbers("modes") {
        policy.modes = modes.into_iter().map(|mode| Mode::from_byte(mode).unwrap()).collect();
    }
    if let Some(known) = numbers("encodings") {
        let known = known.into_iter().map(|number| Encoding::Known(KnownEncoding(number)));
        policy.encodings = Encodings::Only(known.collect());
    }
    if let Some(upgrades) = settings["upgrades"].as_array() {
        policy.upgrades =
            upgrades.iter().map(|name| Upgrade::from_name(name.as_str().unwrap()).unwrap()).collect();
    }
    policy
}

#[test]
fn every_vector_gives_its_records_error_and_fault_however_it_is_cut() {
    let file = read_json(&fixtures().join("framing-vectors.json"));
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 98);
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        let stream = bytes_of(vector["hex"].as_str().unwrap());
        let expect = &vector["expect"];
        let vias: Option<Vec<&str>> = vector["policy"]["vias"]
            .as_array()
            .map(|vias| vias.iter().map(|via| via.as_str().unwrap()).collect());
        let closes = vector["eof"].as_bool().unwrap_or(true);
        for pieces in cuts(&stream) {
            let decoder = match vector["direction"].as_str().unwrap() {
                "i2r" => Decoder::Initiator(InitiatorDecoder::new(policy_of(vector))),
                "r2i" => {
                    let mode = mode_named(vector["mode"].as_str().unwrap());
                    Decoder::Receiver(ReceiverDecoder::new(mode, policy_of(vector).limits))
                }
                other => panic!("direction {other}"),
            };
            let outcome = decode(decoder, &pieces, vias.as_deref(), closes);
            assert_eq!(json!(outcome.records), expect["records"], "{name}");
            assert_eq!(outcome.error, expect["error"].as_str(), "{name}");
            if outcome.error.is_none() {
                assert_eq!(outcome.end, expect["eof"].as_str(), "{name}");
                if vector["canonical"].as_bool().unwrap_or(true) && expect["eof"].is_string() {
                    assert_eq!(outcome.encoded, stream, "{name}");
                }
            } else if vector["direction"] == "i2r" {
                // An initiator judges the receiver and can only close.
                assert_eq!(outcome.fault, expect["fault"].as_str(), "{name}");
            }
            if vector["canonical"].as_bool().unwrap_or(true) {
                assert!(stream.starts_with(&outcome.encoded), "{name}");
            }
        }
    }
}

/// Both directions of every recorded connection with what `meta.json` says of it.
fn recordings() -> Vec<(String, Vec<u8>, Vec<u8>, Value)> {
    let folder = fixtures();
    let index = read_json(&folder.join("index.json"));
    let paths =
        index["scenarios"].as_array().unwrap().iter().map(|scenario| scenario["path"].as_str().unwrap());
    let mut all = Vec::new();
    for path in paths.filter(|path| path.starts_with("nettcp/")) {
        let meta = read_json(&folder.join(path).join("meta.json"));
        for stream in meta["streams"].as_array().unwrap() {
            let name = stream["name"].as_str().unwrap();
            let read = |direction: &str| {
                let bytes = std::fs::read(folder.join(path).join(format!("{name}.{direction}.bin")));
                let bytes = bytes.unwrap_or_default();
                assert_eq!(stream[format!("{direction}_bytes")], bytes.len(), "{path}/{name}.{direction}");
                bytes
            };
            all.push((format!("{path}/{name}"), read("c2s"), read("s2c"), stream["framing"].clone()));
        }
    }
    all
}

#[test]
fn every_recording_decodes_to_the_records_of_its_meta_file_and_back() {
    let recordings = recordings();
    assert_eq!(recordings.len(), 51);
    let limits = FramingLimits { envelope: 0, ..FramingLimits::default() };
    for (name, c2s, s2c, framing) in &recordings {
        let mode = framing["i2r"]["records"][1][1].as_str().map_or(Mode::Duplex, mode_named);
        for (direction, stream) in [("i2r", c2s), ("r2i", s2c)] {
            let whole: Vec<&[u8]> = vec![stream];
            let small: Vec<&[u8]> = stream.chunks(7).collect();
            for pieces in [whole, small] {
                let decoder = match direction {
                    "i2r" => Decoder::Initiator(InitiatorDecoder::new(Policy::relay(limits))),
                    _ => Decoder::Receiver(ReceiverDecoder::new(mode, limits)),
                };
                let outcome = decode(decoder, &pieces, None, true);
                let expect = &framing[direction];
                assert_eq!(json!(outcome.records), expect["records"], "{name} {direction}");
                let end =
                    outcome.end.map_or_else(|| format!("error {}", outcome.error.unwrap()), str::to_owned);
                assert_eq!(json!(end), expect["end_of_stream"], "{name} {direction}");
                assert!(stream.starts_with(&outcome.encoded), "{name} {direction}");
                if outcome.error.is_none() {
                    assert_eq!(&outcome.encoded, stream, "{name} {direction}");
                }
            }
        }
    }
}

/// Reads a preamble from the beginning of `stream`; the rest belongs to the session.
fn preamble(stream: &[u8], policy: &Policy) -> (Session, usize) {
    let mut reader = PreambleReader::new();
    let mut at = 0;
    loop {
        let (event, used) = reader.read(&stream[at..], policy).unwrap().unwrap();
        at += used;
        if let PreambleEvent::Begun(session) = event {
            return (session, at);
        }
    }
}

/// Shows a stream to a follower in pieces of `piece` bytes. Gives how much passed and whether the session ended there.
fn follow(follower: &mut dyn Follower, stream: &[u8], piece: usize) -> (usize, bool) {
    let mut at = 0;
    while at < stream.len() {
        let end = stream.len().min(at + piece);
        match follower.follow(&stream[at..end]) {
            Passage::All { unseen } => at = end + usize::try_from(unseen).unwrap(),
            Passage::Ended { at: here } => return (at + here, true),
            Passage::Refused { error, .. } => panic!("refused: {error}"),
        }
    }
    (at, false)
}

#[test]
fn every_recording_passes_its_followers_session_by_session() {
    let limits = FramingLimits { envelope: 0, ..FramingLimits::default() };
    let policy = Policy::relay(limits);
    let mut sessions = 0;
    for (name, c2s, s2c, _) in recordings() {
        for piece in [1, 5, 4096, usize::MAX / 2] {
            let (mut sent, mut answered) = (&c2s[..], &s2c[..]);
            while !sent.is_empty() {
                let (session, used) = preamble(sent, &policy);
                let mut written = Vec::new();
                session.encode(session.preamble.via.as_str(), &mut written);
                assert_eq!(written, sent[..used], "{name}");
                let (mut initiator, mut receiver) = followers(&session, &limits);
                let (passed, ended) = follow(&mut initiator, &sent[used..], piece);
                assert!(ended || used + passed >= sent.len(), "{name}");
                sent = sent.get(used + passed..).unwrap_or_default();
                let (passed, _) = follow(&mut receiver, answered, piece);
                answered = answered.get(passed..).unwrap_or_default();
                sessions += 1;
            }
            assert!(answered.is_empty(), "{name}");
        }
    }
    assert_eq!(sessions, 4 * 56);
}

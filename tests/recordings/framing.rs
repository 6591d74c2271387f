//! Every direction that `meta.json` reads as .NET message framing.

use serde_json::{Value, json};
use viaduct::wire::framing::{
    DecodeError, EndOfStream, FramingLimits, InitiatorDecoder, Mode, Piece, Policy, ReceiverDecoder, Record,
};

use super::index::{Stream, streams};

/// What one direction holds.
#[derive(Default)]
pub(crate) struct Direction {
    /// The records as `meta.json` writes them.
    records: Vec<Value>,
    /// How it ends, as `meta.json` says it.
    end: String,
    /// All pieces encoded again.
    encoded: Vec<u8>,
    /// The payloads of its envelopes.
    pub(crate) envelopes: Vec<Vec<u8>>,
    /// Whether an unsized envelope has not ended.
    unfinished: bool,
    /// The number of its encoding, where that is a known one.
    pub(crate) encoding: Option<u8>,
    /// The mode of its first session, where its preamble names one.
    mode: Option<Mode>,
}

type Step<'a> = Result<Option<(Piece<'a>, usize)>, DecodeError>;

trait Decoder {
    fn next<'a>(&mut self, input: &'a [u8]) -> Step<'a>;
    fn eof(&self, rest: &[u8]) -> Result<EndOfStream, DecodeError>;
}

impl Decoder for InitiatorDecoder {
    fn next<'a>(&mut self, input: &'a [u8]) -> Step<'a> {
        Self::next(self, input)
    }

    fn eof(&self, rest: &[u8]) -> Result<EndOfStream, DecodeError> {
        Self::eof(self, rest)
    }
}

impl Decoder for ReceiverDecoder {
    fn next<'a>(&mut self, input: &'a [u8]) -> Step<'a> {
        Self::next(self, input)
    }

    fn eof(&self, rest: &[u8]) -> Result<EndOfStream, DecodeError> {
        Self::eof(self, rest)
    }
}

impl Direction {
    /// Decodes a direction that is shown to the decoder in pieces of `cut` bytes.
    fn read(mut decoder: impl Decoder, stream: &[u8], cut: usize) -> Self {
        let (mut direction, mut at, mut end) = (Self::default(), 0, 0);
        let mut outcome = None;
        while outcome.is_none() && end < stream.len() {
            end = stream.len().min(end + cut);
            loop {
                match decoder.next(&stream[at..end]) {
                    Ok(Some((piece, used))) => {
                        direction.piece(&piece);
                        at += used;
                    }
                    Ok(None) => break,
                    Err(error) => {
                        outcome = Some(Err(error));
                        break;
                    }
                }
            }
        }
        direction.end = match outcome.unwrap_or_else(|| decoder.eof(&stream[at..])) {
            Ok(EndOfStream::Clean) => "clean".to_owned(),
            Ok(EndOfStream::Tolerated) => "tolerated".to_owned(),
            Ok(EndOfStream::Open) => "open".to_owned(),
            Err(error) => format!("error {}", error.class()),
        };
        if direction.unfinished {
            // An envelope counts once it is whole.
            direction.records.pop();
            direction.envelopes.pop();
        }
        // What no piece took belongs to the direction all the same.
        direction.encoded.extend_from_slice(&stream[at..]);
        direction
    }

    fn piece(&mut self, piece: &Piece<'_>) {
        piece.encode(&mut self.encoded);
        match piece {
            Piece::Record(record) => self.record(record),
            Piece::Chunk(size) => {
                if let Some(record) = self.records.last_mut() {
                    record[1].as_array_mut().unwrap().push(json!(size));
                }
            }
            Piece::Terminator => self.unfinished = false,
            Piece::Payload { bytes, .. } => self.envelopes.last_mut().unwrap().extend_from_slice(bytes),
            Piece::Opaque(bytes) => match self.records.last_mut().filter(|last| last[0] == "opaque") {
                Some(last) => last[1] = json!(last[1].as_u64().unwrap() + bytes.len() as u64),
                None => self.records.push(json!(["opaque", bytes.len()])),
            },
        }
    }

    fn record(&mut self, record: &Record<'_>) {
        self.records.push(match record {
            Record::Version(version) => json!(["version", version.major, version.minor]),
            Record::Mode(mode) => {
                self.mode.get_or_insert(*mode);
                json!(["mode", mode.name()])
            }
            Record::Via(via) => json!(["via", via.expose()]),
            Record::KnownEncoding(known) => {
                self.encoding.get_or_insert(known.0);
                json!(["known-encoding", known.0])
            }
            Record::ExtensibleEncoding(content_type) => json!(["extensible-encoding", content_type]),
            Record::UnsizedEnvelope => {
                self.unfinished = true;
                self.envelopes.push(Vec::new());
                json!(["unsized-envelope", []])
            }
            Record::SizedEnvelope { size } => {
                self.envelopes.push(Vec::new());
                json!(["sized-envelope", size])
            }
            Record::End => json!(["end"]),
            Record::Fault(uri) => json!(["fault", uri]),
            Record::UpgradeRequest(name) => json!(["upgrade-request", name]),
            Record::UpgradeResponse => json!(["upgrade-response"]),
            Record::PreambleAck => json!(["preamble-ack"]),
            Record::PreambleEnd => json!(["preamble-end"]),
        });
    }
}

/// Both directions of a stream.
pub(crate) fn directions(stream: &Stream, cut: usize) -> [Direction; 2] {
    let limits = FramingLimits { envelope: 0, ..FramingLimits::default() };
    let sent = Direction::read(InitiatorDecoder::new(Policy::relay(limits)), &stream.sent, cut);
    let mode = sent.mode.unwrap_or(Mode::Duplex);
    let received = Direction::read(ReceiverDecoder::new(mode, limits), &stream.received, cut);
    [sent, received]
}

#[test]
fn framing_has_the_records_and_the_end_that_its_meta_file_names_and_encodes_to_the_same_bytes() {
    let mut seen = 0;
    for stream in streams() {
        let named = &stream.meta["framing"];
        if named.is_null() {
            continue;
        }
        for cut in [1 << 40, 1, 7] {
            let [sent, received] = directions(&stream, cut);
            for (dir, direction, bytes) in [("i2r", sent, &stream.sent), ("r2i", received, &stream.received)]
            {
                let name = format!("{} {dir}", stream.name);
                if named[dir].is_null() {
                    assert!(bytes.is_empty(), "{name}: not named");
                    continue;
                }
                let found = (json!(direction.records), json!(direction.end));
                let expected = (named[dir]["records"].clone(), named[dir]["end_of_stream"].clone());
                if stream.lenient.contains(&format!("{} {dir}", stream.connection)) {
                    // The recorder's reader took what .NET and the vectors refuse.
                    assert_ne!(found, expected, "{name}");
                    assert!(direction.end.starts_with("error"), "{name}");
                } else {
                    assert_eq!(found, expected, "{name}");
                }
                assert!(stream.canonical.contains("framing"), "{name}");
                assert!(direction.encoded == *bytes, "{name}: other bytes");
                seen += usize::from(cut == 1);
            }
        }
    }
    assert_eq!(seen, 200);
}

//! The envelopes of the recordings in `fixtures/`.

use std::path::{Path, PathBuf};

use viaduct::wire::framing::{
    FramingLimits, InitiatorDecoder, Piece, Policy, PreambleEvent, PreambleReader, ReceiverDecoder, Record,
    Session,
};

/// The envelopes of one direction of one connection.
pub(crate) struct Recorded {
    /// Scenario, connection and direction.
    pub(crate) name: String,
    /// The known encoding of a net.tcp session; `None`: text over HTTP.
    pub(crate) encoding: Option<u8>,
    /// Whether the client sent them.
    pub(crate) sent: bool,
    pub(crate) envelopes: Vec<Vec<u8>>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// All files of one direction below a folder, with their scenario's name.
fn streams(folder: &str) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for scenario in std::fs::read_dir(fixtures().join(folder)).unwrap() {
        let scenario = scenario.unwrap();
        if !scenario.file_type().unwrap().is_dir() {
            continue;
        }
        for file in std::fs::read_dir(scenario.path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if let Some(connection) = name.strip_suffix(".c2s.bin") {
                let name = format!("{} {connection}", scenario.file_name().to_str().unwrap());
                found.push((name, path));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

fn answer(path: &Path) -> Vec<u8> {
    let path = path.to_str().unwrap().replace(".c2s.bin", ".s2c.bin");
    std::fs::read(path).unwrap_or_default()
}

/// Every envelope that went over net.tcp and can be read, a direction each.
pub(crate) fn nettcp() -> Vec<Recorded> {
    let mut all = Vec::new();
    let limits = FramingLimits::default();
    for (name, path) in streams("nettcp") {
        let sent = std::fs::read(&path).unwrap();
        let Some(session) = session(&sent) else { continue };
        let encoding = session.preamble.encoding.clone();
        let encoding = match encoding {
            viaduct::wire::framing::Encoding::Known(known) => known.0,
            other => panic!("{name}: {other:?}"),
        };
        let mode = session.preamble.mode;
        let decoder = InitiatorDecoder::new(Policy::relay(limits));
        let envelopes = initiator_envelopes(decoder, &sent);
        all.push(Recorded { name: format!("{name} c2s"), encoding: Some(encoding), sent: true, envelopes });
        let envelopes = receiver_envelopes(ReceiverDecoder::new(mode, limits), &answer(&path));
        all.push(Recorded { name: format!("{name} s2c"), encoding: Some(encoding), sent: false, envelopes });
    }
    all
}

fn session(stream: &[u8]) -> Option<Session> {
    let mut reader = PreambleReader::new();
    let mut at = 0;
    loop {
        let (event, used) = reader.read(&stream[at..], &Policy::relay(FramingLimits::default())).ok()??;
        at += used;
        if let PreambleEvent::Begun(session) = event {
            return Some(session);
        }
    }
}

/// Collects envelopes from pieces.
#[derive(Default)]
struct Collector {
    done: Vec<Vec<u8>>,
    current: Vec<u8>,
    sized: bool,
}

impl Collector {
    fn piece(&mut self, piece: &Piece<'_>) {
        match piece {
            Piece::Record(Record::SizedEnvelope { .. }) => self.sized = true,
            Piece::Record(Record::UnsizedEnvelope) => self.sized = false,
            Piece::Payload { bytes, last } => {
                self.current.extend_from_slice(bytes);
                if *last && self.sized {
                    self.done.push(std::mem::take(&mut self.current));
                }
            }
            Piece::Terminator => self.done.push(std::mem::take(&mut self.current)),
            _ => {}
        }
    }
}

fn initiator_envelopes(mut decoder: InitiatorDecoder, stream: &[u8]) -> Vec<Vec<u8>> {
    let (mut collector, mut at) = (Collector::default(), 0);
    while let Ok(Some((piece, used))) = decoder.next(&stream[at..]) {
        collector.piece(&piece);
        at += used;
    }
    collector.done
}

fn receiver_envelopes(mut decoder: ReceiverDecoder, stream: &[u8]) -> Vec<Vec<u8>> {
    let (mut collector, mut at) = (Collector::default(), 0);
    while let Ok(Some((piece, used))) = decoder.next(&stream[at..]) {
        collector.piece(&piece);
        at += used;
    }
    collector.done
}

/// Every envelope that went over HTTP, a direction each.
pub(crate) fn http() -> Vec<Recorded> {
    let mut all = Vec::new();
    // REST carries no envelopes.
    for (name, path) in streams("http").into_iter().filter(|(name, _)| !name.contains("webhttp")) {
        for (direction, sent, stream) in
            [("c2s", true, std::fs::read(&path).unwrap()), ("s2c", false, answer(&path))]
        {
            let envelopes = bodies(&stream);
            all.push(Recorded { name: format!("{name} {direction}"), encoding: None, sent, envelopes });
        }
    }
    all
}

/// The bodies of HTTP messages that all have a `Content-Length`, without the empty ones.
fn bodies(mut stream: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(head) = stream.windows(4).position(|window| window == b"\r\n\r\n") {
        let text = String::from_utf8_lossy(&stream[..head]).to_ascii_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
        let body = &stream[head + 4..][..length];
        stream = &stream[head + 4 + length..];
        if !body.is_empty() {
            all.push(body.to_vec());
        }
    }
    all
}

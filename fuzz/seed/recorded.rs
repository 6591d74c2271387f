//! Recordings of real clients and services: streams, and the envelopes in them.

use std::fs;
use std::path::{Path, PathBuf};

use viaduct::wire::binxml::{Dictionaries, Ids, Limits, Reader, SessionTable, Writer};
use viaduct::wire::framing::{
    DecodeError, Encoding, FramingLimits, InitiatorDecoder, KnownEncoding, Mode, Piece, Policy, PreambleEvent,
    PreambleReader, ReceiverDecoder, Record, Session,
};
use viaduct::wire::xml::Runtime;

use crate::fixtures::{self, Fixtures, stream_of};
use crate::seeds::Seeds;

impl Fixtures {
    /// Every recording, as what its first bytes say.
    pub(crate) fn recordings(&self, seeds: &mut Seeds) {
        for file in files(&self.folder, "c2s.bin") {
            let Ok(sent) = fs::read(&file) else { continue };
            let answer = PathBuf::from(file.to_string_lossy().replace(".c2s.bin", ".s2c.bin"));
            let answer = fs::read(answer).unwrap_or_default();
            both(seeds, &sent, &answer);
            if sent.starts_with(&[0, 1, 0, 1]) {
                net_tcp(seeds, &sent, &answer);
            } else if sent.starts_with(b"AMQP") {
                for stream in [&sent, &answer] {
                    seeds.add("amqp_frames", &[0], stream);
                    seeds.add("amqp_frames", &[1], &stream[stream.len().min(8)..]);
                }
            } else if sent.starts_with(b"\x07\0\0\0connect") || sent.starts_with(b"\x05\0\0\0probe") {
                relayed(seeds, &sent, &answer);
            } else if answer.starts_with(b"HTTP/1.1 101") {
                websocket(seeds, &sent, true);
                websocket(seeds, &answer, false);
            } else if answer.starts_with(b"HTTP/1.") {
                for message in [&sent, &answer] {
                    http(seeds, message);
                }
            }
        }
    }
}

fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if path.to_string_lossy().ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Both directions of a connection, whatever it speaks.
fn both(seeds: &mut Seeds, sent: &[u8], answer: &[u8]) {
    let half = [&sent[..sent.len().min(1200)], &answer[..answer.len().min(800)]].concat();
    let [low, high] = (sent.len().min(1200) as u16).to_le_bytes();
    seeds.add("inspect_stream", &[4, 0, low, high], &half);
    let is_http = u8::from(answer.starts_with(b"HTTP"));
    seeds.add("inspect_scrub", &[is_http, 40, 7, low, high], &half);
}

fn net_tcp(seeds: &mut Seeds, sent: &[u8], answer: &[u8]) {
    stream_of(seeds, true, sent);
    stream_of(seeds, false, answer);
    let Some((session, preamble)) = session(sent) else { return };
    for kind in 0..6 {
        seeds.add("framing_followers", &[kind, 1, 11, 60], &sent[preamble..]);
    }
    let policy = Policy::relay(FramingLimits::default());
    let (mut initiator, mode) = (InitiatorDecoder::new(policy), session.preamble.mode);
    let mut receiver = ReceiverDecoder::new(mode, FramingLimits::default());
    let sent_envelopes = envelopes(sent, |input| initiator.next(input));
    let answered = envelopes(answer, |input| receiver.next(input));
    if session.preamble.mode == Mode::Singleton {
        seeds.add("http_binding", &[0x80, 40, 7], answer);
        seeds.add("http_binding", &[0xc1, 90, 1], answer);
    }
    let encoding = match session.preamble.encoding {
        Encoding::Known(KnownEncoding(number)) => number,
        Encoding::Extensible(_) => return,
    };
    if let Some(kind) = [8, 7, 3, 0, 4].iter().position(|known| *known == encoding) {
        for route in [0, 1] {
            seeds.add(
                "soap_initiator",
                &[(kind as u8) << 1 | (u8::from(mode as u8 == 1)), route, 9, 90],
                &sent[preamble..],
            );
        }
    }
    for envelopes in [sent_envelopes, answered] {
        match KnownEncoding(encoding) {
            KnownEncoding::BINARY_SESSION => {
                fixtures::session(seeds, &envelopes);
                let mut table = SessionTable::new();
                for envelope in &envelopes {
                    let Ok(start) = table.read(envelope) else { break };
                    if let Some(document) = without_session(&envelope[start..], &table) {
                        binary(seeds, &document);
                    }
                }
            }
            KnownEncoding::BINARY => envelopes.iter().for_each(|envelope| binary(seeds, envelope)),
            _ => envelopes.iter().for_each(|envelope| text(seeds, envelope)),
        }
    }
}

/// The first session of a stream, and where its preamble ends.
fn session(stream: &[u8]) -> Option<(Session, usize)> {
    let (mut reader, mut at) = (PreambleReader::new(), 0);
    loop {
        let (event, used) = reader.read(&stream[at..], &Policy::relay(FramingLimits::default())).ok()??;
        at += used;
        if let PreambleEvent::Begun(session) = event {
            return Some((session, at));
        }
    }
}

/// The envelopes of a direction.
fn envelopes<'a>(
    stream: &'a [u8],
    mut next: impl FnMut(&'a [u8]) -> Result<Option<(Piece<'a>, usize)>, DecodeError>,
) -> Vec<Vec<u8>> {
    let (mut all, mut current, mut sized, mut at) = (Vec::new(), Vec::new(), false, 0);
    while let Ok(Some((piece, used))) = next(&stream[at..]) {
        at += used;
        match piece {
            Piece::Record(record) => sized = matches!(record, Record::SizedEnvelope { .. }),
            Piece::Payload { bytes, last } => {
                current.extend_from_slice(bytes);
                if last && sized {
                    all.push(std::mem::take(&mut current));
                }
            }
            Piece::Terminator => all.push(std::mem::take(&mut current)),
            Piece::Chunk(_) | Piece::Opaque(_) => {}
        }
    }
    all
}

/// The document written with the static dictionary alone.
fn without_session(document: &[u8], table: &SessionTable) -> Option<Vec<u8>> {
    let mut reader = Reader::new(document, Dictionaries::session(table), Limits::default());
    let mut writer = Writer::new(Ids::Static, Runtime::Net8);
    while let Some(event) = reader.next_event().ok()? {
        writer.event(event).ok()?;
    }
    writer.finish().ok()
}

/// A connection of protocol C: a preamble, then messages behind their lengths.
fn relayed(seeds: &mut Seeds, sent: &[u8], answer: &[u8]) {
    seeds.add("relayed_messages", &[0, 0, 0], &sent[..sent.len().min(200)]);
    for (mut stream, kind) in [(sent, 1), (answer, 5)] {
        while let Some((size, rest)) = stream.split_first_chunk::<4>() {
            match rest.get(..u32::from_le_bytes(*size) as usize) {
                Some(message) if message.starts_with(&[0x56, 0x02]) || message.starts_with(&[0x41]) => {
                    seeds.add("relayed_messages", &[kind, 0, 0], message);
                    seeds.add("soap_envelope", &[0x80, 0, 0, 0], message);
                    stream = &rest[message.len()..];
                }
                // Not at a border yet.
                _ => stream = &stream[1..],
            }
        }
    }
}

fn binary(seeds: &mut Seeds, envelope: &[u8]) {
    fixtures::binary(seeds, envelope, false);
    seeds.add("soap_envelope", &[0x80, 0, 0, 0], envelope);
    for kind in [1, 3, 4, 5] {
        seeds.add("relayed_messages", &[kind, 0, 0], envelope);
    }
    for route in [0, 4, 16] {
        seeds.add("soap_rewrite", &[0x40, route, 0, 0, 0], envelope);
    }
}

fn text(seeds: &mut Seeds, envelope: &[u8]) {
    fixtures::text(seeds, envelope);
    seeds.add("soap_envelope", &[0, 0, 9, 80], envelope);
    seeds.add("relayed_messages", &[7, 0, 0], envelope);
    for route in [0, 4, 16] {
        seeds.add("soap_rewrite", &[0, route, 0, 9, 80], envelope);
    }
}

/// What follows the head of an HTTP message.
fn body(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let head = message.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some((&message[..head], &message[head + 4..]))
}

fn websocket(seeds: &mut Seeds, stream: &[u8], client: bool) {
    let Some((_, frames)) = body(stream) else { return };
    // Frames of a client are read by a server, and the other way round.
    let from = u8::from(!client);
    for to in [0, 1, 4, 6] {
        seeds.add("websocket_frames", &[from | to << 3, 0, 40, 200], frames);
        seeds.add("websocket_frames", &[from | to << 3, 1, 9, 30], &frames[..frames.len().min(600)]);
    }
    seeds.add("relayed_messages", &[6, 3, 40], &frames[..frames.len().min(600)]);
}

fn http(seeds: &mut Seeds, message: &[u8]) {
    let Some((head, rest)) = body(message) else { return };
    seeds.add("hybrid_messages", &[if head.starts_with(b"HTTP") { 3 } else { 2 }, 40], head);
    let lower = String::from_utf8_lossy(head).to_ascii_lowercase();
    if let Some(length) = lower.lines().find_map(|line| line.strip_prefix("content-length:")) {
        let length = length.trim().parse().unwrap_or(0).min(rest.len());
        let entity = &rest[..length];
        if rest.starts_with(b"<") {
            text(seeds, entity);
        }
        // As SOAP 1.1, SOAP 1.2, other XML, JSON and octets, with an action.
        for kind in [1, 2, 3, 4, 6] {
            seeds.add("http_binding", &[kind | 8, 40, 7], entity);
        }
    }
}

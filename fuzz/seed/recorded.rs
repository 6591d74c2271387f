//! Recordings of real clients and services: streams, and the envelopes in them.

use std::fs;
use std::path::{Path, PathBuf};

use viaduct::inspect::{Item, Terms, Walk};
use viaduct::wire::binxml::{Dictionaries, Ids, Limits, Reader, SessionTable, Writer};
use viaduct::wire::framing::{Encoding, KnownEncoding};
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
            if sent.starts_with(&[0, 1, 0, 1]) {
                net_tcp(seeds, &sent, &answer);
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

fn net_tcp(seeds: &mut Seeds, sent: &[u8], answer: &[u8]) {
    stream_of(seeds, true, sent);
    stream_of(seeds, false, answer);
    let terms = Terms::of_initiator(sent);
    let mut walk = Walk::initiator(sent);
    let preamble: usize = walk.by_ref().take(5).map(|found| found.len).sum();
    for kind in 0..6 {
        seeds.add("framing_followers", &[kind, 1, 11, 60], &sent[preamble.min(sent.len())..]);
    }
    let half = [&sent[..sent.len().min(2000)], &answer[..answer.len().min(2000)]].concat();
    let len = (sent.len().min(2000) as u16).to_le_bytes();
    seeds.add("inspect_stream", &[4, 0, len[0], len[1]], &half);
    let Some(terms_of_first) = terms.first() else { return };
    for walk in [Walk::initiator(sent), Walk::receiver(answer, &terms)] {
        let envelopes: Vec<Vec<u8>> = walk
            .filter_map(|found| match found.item {
                Item::Sized(payload) | Item::Unsized(payload) => Some(payload.bytes().into_owned()),
                _ => None,
            })
            .collect();
        match &terms_of_first.encoding {
            Some(Encoding::Known(KnownEncoding::BINARY_SESSION)) => {
                fixtures::session(seeds, &envelopes);
                let mut table = SessionTable::new();
                for envelope in &envelopes {
                    let Ok(start) = table.read(envelope) else { break };
                    if let Some(document) = without_session(&envelope[start..], &table) {
                        binary(seeds, &document);
                    }
                }
            }
            Some(Encoding::Known(KnownEncoding::BINARY)) => {
                envelopes.iter().for_each(|envelope| binary(seeds, envelope));
            }
            _ => envelopes.iter().for_each(|envelope| text(seeds, envelope)),
        }
    }
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

fn binary(seeds: &mut Seeds, envelope: &[u8]) {
    fixtures::binary(seeds, envelope, false);
    seeds.add("soap_envelope", &[0x80, 0, 0, 0], envelope);
    for route in [0, 4, 16] {
        seeds.add("soap_rewrite", &[0x40, route, 0, 0, 0], envelope);
    }
}

fn text(seeds: &mut Seeds, envelope: &[u8]) {
    fixtures::text(seeds, envelope);
    seeds.add("soap_envelope", &[0, 0, 9, 80], envelope);
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
}

fn http(seeds: &mut Seeds, message: &[u8]) {
    let Some((head, rest)) = body(message) else { return };
    seeds.add("hybrid_messages", &[if head.starts_with(b"HTTP") { 3 } else { 2 }, 40], head);
    let lower = String::from_utf8_lossy(head).to_ascii_lowercase();
    if let Some(length) = lower.lines().find_map(|line| line.strip_prefix("content-length:")) {
        let length = length.trim().parse().unwrap_or(0).min(rest.len());
        if rest.starts_with(b"<") {
            text(seeds, &rest[..length]);
        }
    }
}

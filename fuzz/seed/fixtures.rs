//! What stands in `fixtures/`: vectors of framing and of binary XML, tokens.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::seeds::Seeds;

/// The vectors, and where the recordings are.
pub(crate) struct Fixtures {
    pub(crate) folder: PathBuf,
    framing: Value,
    binxml: Vec<(&'static str, Value)>,
    tokens: Vec<Value>,
}

/// Those whose entries have a document.
const DOCUMENTS: [&str; 9] =
    ["text", "structure", "array", "list", "session", "malformed", "writer", "transcode", "sequence"];

impl Fixtures {
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let json =
            |path: &str| -> io::Result<Value> { Ok(serde_json::from_slice(&fs::read(folder.join(path))?)?) };
        let names = DOCUMENTS.into_iter().chain(["typed-reads", "nbfse"]);
        Ok(Self {
            folder: folder.to_owned(),
            framing: json("framing-vectors.json")?,
            binxml: names
                .map(|name| Ok((name, json(&format!("binxml/{name}.json"))?)))
                .collect::<io::Result<_>>()?,
            tokens: vec![json("sas/clients.json")?, json("sas/refusals.json")?],
        })
    }

    /// Framing vectors: a stream of one side each.
    pub(crate) fn framing(&self, seeds: &mut Seeds) {
        for vector in list(&self.framing["vectors"]) {
            let stream = bytes(&vector["hex"]);
            stream_of(seeds, vector["direction"] == "i2r", &stream);
            for record in 0..stream.len().min(24) {
                if stream[record] < 0x0d {
                    seeds.add("framing_records", &[2], &stream[record..]);
                }
            }
        }
    }

    /// Documents of binary XML, sessions, and texts of values.
    pub(crate) fn binxml(&self, seeds: &mut Seeds) {
        for (name, vectors) in &self.binxml {
            for vector in list(vectors) {
                match *name {
                    "nbfse" => session(
                        seeds,
                        &list(&vector["messages"]).map(|message| bytes(&message["hex"])).collect::<Vec<_>>(),
                    ),
                    "typed-reads" => typed(seeds, vector),
                    _ => document(seeds, vector),
                }
                for key in ["xml", "source_xml"] {
                    if let Some(xml) = vector[key].as_str() {
                        text(seeds, xml.as_bytes());
                    }
                }
            }
        }
    }

    /// Tokens as their makers write them, right and wrong.
    pub(crate) fn tokens(&self, seeds: &mut Seeds) {
        for file in &self.tokens {
            for key in ["accepted", "accepted_when_bare_is", "refused"] {
                for entry in list(&file[key]) {
                    let Some(token) = entry["token"].as_str() else { continue };
                    seeds.add("sas_token", &[0, 0x6b], token.as_bytes());
                    let query = format!("x=1&sb-hc-action=connect&sb-hc-token={}", token.replace('&', "%26"));
                    seeds.add("hybrid_messages", &[0, 0], query.as_bytes());
                    let json = format!("{{\"renewToken\":{{\"token\":{}}}}}", entry["token"]);
                    seeds.add("hybrid_messages", &[1, 0], json.as_bytes());
                    if let Some(request) = entry["request"].as_str() {
                        seeds.add("sas_token", &[2, 0], request.as_bytes());
                    }
                }
            }
        }
    }
}

/// A stream of one side, for every target that reads one.
pub(crate) fn stream_of(seeds: &mut Seeds, initiator: bool, stream: &[u8]) {
    if initiator {
        seeds.add("framing_initiator", &[2, 7, 30], stream);
        seeds.add("framing_initiator", &[0, 1, 90], stream);
        let len = (stream.len().min(4092) as u16).to_le_bytes();
        seeds.add("inspect_stream", &[2, 0, len[0], len[1]], stream);
    } else {
        for modes in [0, 1] {
            seeds.add("framing_receiver", &[modes, 2, 7, 30], stream);
            seeds.add("framing_followers", &[modes, 0, 5, 40], stream);
        }
        seeds.add("inspect_stream", &[1, 4, 0, 0], stream);
    }
}

/// A document of binary XML with the static dictionary, or that of [`crate::properties`]' session.
fn document(seeds: &mut Seeds, vector: &Value) {
    let bytes = bytes(&vector["hex"]);
    let session = vector["dictionary"] == "session";
    binary(seeds, &bytes, session);
}

/// A document of binary XML, for every target that reads one.
pub(crate) fn binary(seeds: &mut Seeds, document: &[u8], session: bool) {
    let dictionaries = u8::from(session);
    for limits in [0, 2] {
        seeds.add("binxml_reader", &[limits, dictionaries, 9, 70], document);
    }
    for writer in [0, 1, 2, 4, 5] {
        seeds.add("binxml_round_trip", &[0, dictionaries, writer], document);
    }
    seeds.add("xml_reencode", &[0x80, dictionaries << 4, 5, 60], document);
}

/// The messages of a session, for every target that reads them.
pub(crate) fn session(seeds: &mut Seeds, messages: &[Vec<u8>]) {
    let mut rest = Vec::new();
    for message in messages {
        rest.extend_from_slice(&(message.len().min(0xffff) as u16).to_le_bytes());
        rest.extend_from_slice(message);
    }
    for (taken, sent) in [(0, 0), (1, 1), (0, 2)] {
        seeds.add("binxml_session", &[0, taken, sent], &rest);
    }
    for (route, sent) in [(0, 0), (4, 0), (4, 1), (16, 2)] {
        seeds.add("soap_rewrite", &[0x80, route, sent, 0, 0], &rest);
    }
    seeds.add("relayed_messages", &[2, 0, 0], &rest);
}

/// Text XML, for every target that reads it.
pub(crate) fn text(seeds: &mut Seeds, document: &[u8]) {
    seeds.add("xml_text", &[0, 0, 7, 50], document);
    seeds.add("xml_text", &[3, 0x1d, 3, 90], document);
    seeds.add("xml_reencode", &[0, 0, 7, 50], document);
    seeds.add("xml_reencode", &[0x0c, 2, 3, 90], document);
}

/// The text of a value that somebody reads as some type.
fn typed(seeds: &mut Seeds, vector: &Value) {
    let document = bytes(&vector["hex"]);
    seeds.add("binxml_reader", &[0, 0, 3, 20], &document);
    if let Some(value) = vector["value"].as_str() {
        seeds.add("xml_values", &[0x80, 2], value.as_bytes());
    }
}

pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Bytes in hex, perhaps with blanks.
fn bytes(hex: &Value) -> Vec<u8> {
    let digits: Vec<u8> = hex.as_str().unwrap_or_default().bytes().filter(u8::is_ascii_hexdigit).collect();
    let (pairs, _) = digits.as_chunks::<2>();
    pairs.iter().filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

//! The annotation of one record.

use super::envelope::{Envelopes, Preface};
use super::json::shown;
use super::layout::Layout;
use super::payload::{Part, Payload};
use super::walk::{Found, Item};
use crate::wire::framing::{FaultUri, Record, Upgrade};
use crate::wire::int31;

/// A line of the annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Where its bytes begin in the direction.
    pub(super) offset: Option<usize>,
    /// Its first bytes.
    pub(super) hex: String,
    /// What they mean.
    pub(super) text: String,
}

/// The rows of a record of a direction whose bytes are `stream`.
pub(super) fn rows(found: &Found<'_>, stream: &[u8], envelopes: &mut Envelopes) -> Vec<Row> {
    let bytes = &stream[found.offset..found.offset + found.len];
    match &found.item {
        Item::Record(record) => {
            vec![Row::new(found.offset, &bytes[..head_len(record, bytes)], meaning(record))]
        }
        Item::Opaque(opaque) => {
            let text = format!("{} bytes that cannot be read from outside", opaque.len());
            vec![Row::new(found.offset, bytes, text)]
        }
        Item::Sized(payload) => {
            let head = &bytes[..bytes.len() - payload.len()];
            let text = format!("SizedEnvelope, {} bytes", payload.len());
            let mut rows = vec![Row::new(found.offset, head, text)];
            rows.extend(envelope(payload, envelopes));
            rows
        }
        Item::Unsized(payload) => {
            let text = format!("UnsizedEnvelope, {} bytes in chunks", payload.len());
            let mut rows = vec![Row::new(found.offset, &bytes[..1], text)];
            chunked(&mut rows, payload, envelope(payload, envelopes), stream);
            let end = found.offset + found.len - 1;
            rows.push(Row::new(end, &stream[end..=end], "end of the chunks"));
            rows
        }
    }
}

/// Puts the heads of the chunks between the rows of their envelope.
fn chunked(rows: &mut Vec<Row>, payload: &Payload<'_>, envelope: Vec<Row>, stream: &[u8]) {
    let mut parts = payload.parts().iter().peekable();
    let row = |part: &Part<'_>| {
        let text = format!("chunk of {} bytes", part.bytes.len());
        Row::new(part.head, &stream[part.head..part.offset], text)
    };
    for next in envelope {
        while let Some(part) = parts.next_if(|part| next.offset.is_some_and(|offset| part.head < offset)) {
            rows.push(row(part));
        }
        rows.push(next);
    }
    rows.extend(parts.map(row));
}

/// The string table and the document of an envelope.
fn envelope(payload: &Payload<'_>, envelopes: &mut Envelopes) -> Vec<Row> {
    let bytes = payload.bytes();
    let mut preface = None;
    let mut layout = Layout::new();
    let read =
        envelopes.read(&bytes, &mut |found| preface = Some(found), &mut |event, at| layout.event(event, at));
    let mut rows = Vec::new();
    let at = |place: usize| payload.offset(place);
    if let Some(Preface { table, first }) = preface {
        for (place, size, text) in strings(&bytes[..table], first) {
            rows.push(Row { offset: at(place), ..Row::new(0, &bytes[place..place + size], text) });
        }
    }
    for line in layout.finish() {
        let indent = "  ".repeat(line.depth);
        let text = format!("{indent}{}", cut(&line.text).replace('\n', &format!("\n{indent}")));
        let mut row = Row { offset: None, hex: String::new(), text };
        if let Some(place) = line.bytes {
            row.offset = at(place.start);
            row.hex = hex(&bytes[place]);
        }
        rows.push(row);
    }
    // Text has no bytes of its own to name: its first line stands where the envelope does.
    if let Some(first) = rows.first_mut() {
        first.offset = first.offset.or(at(0));
    }
    if let Err(error) = read {
        rows.push(Row { offset: None, hex: String::new(), text: format!("cannot be read: {error}") });
    }
    rows
}

/// Where each row of a string table begins, how many bytes its number has, and what it says. The table was read already.
fn strings(table: &[u8], first: usize) -> Vec<(usize, usize, String)> {
    let mut rows = Vec::new();
    let Ok(Some((size, mut at))) = int31::decode(table) else { return rows };
    rows.push((
        0,
        at,
        if size == 0 {
            "string table: nothing new".to_owned()
        } else {
            format!("string table, {size} bytes")
        },
    ));
    let mut index = first;
    while let Some(Ok(Some((len, width)))) = table.get(at..).map(int31::decode) {
        let from = at + width;
        let Some(string) = table.get(from..from + len as usize) else { break };
        let text = String::from_utf8_lossy(string);
        rows.push((at, width, format!("  id {} = {:?}", 2 * index + 1, cut(&text))));
        at = from + len as usize;
        index += 1;
    }
    rows
}

/// Bytes of a record in front of its text, which is shown as text (and may hold a token, which is not).
fn head_len(record: &Record<'_>, bytes: &[u8]) -> usize {
    match record {
        Record::Via(via) => bytes.len() - via.expose().len(),
        Record::ExtensibleEncoding(text) | Record::Fault(text) | Record::UpgradeRequest(text) => {
            bytes.len() - text.len()
        }
        _ => bytes.len(),
    }
}

fn meaning(record: &Record<'_>) -> String {
    match record {
        Record::Version(version) => format!("Version {}.{}", version.major, version.minor),
        Record::Mode(mode) => format!("Mode {}: {}", *mode as u8, mode.name()),
        Record::Via(via) => format!("Via, {} bytes: {}", via.expose().len(), shown(*via)),
        Record::KnownEncoding(known) => {
            let content_type = known.content_type().unwrap_or("unknown");
            format!("KnownEncoding {}: {content_type}", known.0)
        }
        Record::ExtensibleEncoding(text) => format!("ExtensibleEncoding, {} bytes: {text}", text.len()),
        Record::UnsizedEnvelope => "UnsizedEnvelope".to_owned(),
        Record::SizedEnvelope { size } => format!("SizedEnvelope, {size} bytes"),
        Record::End => "End: nothing more is sent in this session".to_owned(),
        Record::Fault(uri) => match FaultUri::from_uri(uri) {
            Some(fault) => format!("Fault {}: {uri}", fault.name()),
            None => format!("Fault: {uri}"),
        },
        Record::UpgradeRequest(name) => {
            let layer = match Upgrade::from_name(name) {
                Some(Upgrade::Tls) => " (TLS begins when the receiver agrees)",
                Some(Upgrade::Negotiate) => " (Windows security begins when the receiver agrees)",
                None => "",
            };
            format!("UpgradeRequest, {} bytes: {name}{layer}", name.len())
        }
        Record::UpgradeResponse => {
            "UpgradeResponse: the receiver agrees, the security layer begins".to_owned()
        }
        Record::PreambleAck => "PreambleAck: the receiver accepts the preamble".to_owned(),
        Record::PreambleEnd => "PreambleEnd: the initiator waits for the answer".to_owned(),
    }
}

impl Row {
    fn new(offset: usize, bytes: &[u8], text: impl Into<String>) -> Self {
        Self { offset: Some(offset), hex: hex(bytes), text: text.into() }
    }
}

/// The first bytes.
fn hex(bytes: &[u8]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = bytes.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes.len() > SHOWN { " .." } else { "" };
    format!("{}{more}", shown.join(" "))
}

/// A text that is too long for people. `--format json` has all of it.
fn cut(text: &str) -> String {
    const LONGEST: usize = 400;
    const SHOWN: usize = 200;
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let shown: String = text.chars().take(SHOWN).collect();
    format!("{shown}… ({} bytes in all)", text.len())
}

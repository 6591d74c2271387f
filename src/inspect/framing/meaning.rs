//! What a record says, as JSON and in words.

use serde_json::{Value, json};

use crate::inspect::row::{Row, cut};
use crate::wire::framing::{FaultUri, Mode, Record, Upgrade, ViaText};

/// A record as the `meta.json` of a recording has it.
pub(super) fn value(record: &Record<'_>) -> Value {
    let name = record.record_type().name();
    match record {
        Record::Version(version) => json!([name, version.major, version.minor]),
        Record::Mode(mode) => json!([name, mode.name()]),
        Record::Via(via) => json!([name, shown(*via)]),
        Record::KnownEncoding(known) => json!([name, known.0]),
        Record::ExtensibleEncoding(text) | Record::Fault(text) | Record::UpgradeRequest(text) => {
            json!([name, text])
        }
        Record::UnsizedEnvelope
        | Record::SizedEnvelope { .. }
        | Record::End
        | Record::UpgradeResponse
        | Record::PreambleAck
        | Record::PreambleEnd => json!([name]),
    }
}

/// A Via without the token that may be in it.
fn shown(via: ViaText<'_>) -> String {
    let (text, has_token) = via.without_token();
    format!("{text}{}", if has_token { "…" } else { "" })
}

/// The row of a record that begins at `offset` and is `bytes`. A text is shown as text (and may hold a token, which is not).
pub(super) fn row(record: &Record<'_>, offset: u64, bytes: &[u8]) -> Row {
    let text = match record {
        Record::Via(via) => via.expose(),
        Record::ExtensibleEncoding(text) | Record::Fault(text) | Record::UpgradeRequest(text) => text,
        _ => "",
    };
    Row::new(offset, &bytes[..bytes.len() - text.len()], meaning(record))
}

fn meaning(record: &Record<'_>) -> String {
    match record {
        Record::Version(version) => format!("Version {}.{}", version.major, version.minor),
        Record::Mode(mode) => format!("Mode {}: {}", *mode as u8, mode_meaning(*mode)),
        Record::Via(via) => format!("Via, {} bytes: {}", via.expose().len(), cut(&shown(*via))),
        Record::KnownEncoding(known) => {
            let content_type = known.content_type().unwrap_or("unknown");
            let corewcf = if known.0 > 8 { " (CoreWCF alone knows this number)" } else { "" };
            format!("KnownEncoding {}: {content_type}{corewcf}", known.0)
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

fn mode_meaning(mode: Mode) -> String {
    let meaning = match mode {
        Mode::Singleton => "one message each way, in chunks (a streamed TransferMode)",
        Mode::Duplex => "any number of messages each way (TransferMode Buffered)",
        Mode::Simplex => "messages of the initiator alone (MSMQ)",
        Mode::SingletonSized => "one message up to the end of the stream (MSMQ)",
    };
    format!("{}, {meaning}", mode.name())
}

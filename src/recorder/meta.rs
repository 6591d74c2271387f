//! `meta.json`: what is known of a recording without knowing the programs.

use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use super::journal::{Recorded, name};
use crate::inspect::Direction;
use crate::inspect::replay::{Recording, framing};
use crate::inspect::scrub::Protocol;
use crate::io::private_file;

/// A connection of more bytes has no `framing` in `meta.json`: its records are found by reading it whole.
const LONGEST_FRAMING: u64 = 32 << 20;

/// What the command knows.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// What is spoken.
    pub(crate) protocol: Protocol,
    /// Whether TLS was ended at the tee.
    pub(crate) tls: bool,
    /// Where clients connected.
    pub(crate) listen: String,
    /// Where the connections went.
    pub(crate) to: String,
    /// When it began, RFC 3339.
    pub(crate) began: String,
}

/// Writes the file, connection by connection.
///
/// # Errors
/// It cannot be written, or the recording not read.
pub(crate) fn write(folder: &Path, facts: &Facts, recorded: &[Recorded]) -> io::Result<()> {
    let mut out = BufWriter::new(private_file(&folder.join("meta.json"))?);
    let folder_name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let head = json!({
        "name": folder_name.unwrap_or_default(),
        "protocol": protocol(facts.protocol),
        "security": if facts.tls { "TLS, which the recorder ended" } else { "as on the wire" },
        "direction": "c2s = bytes from client to service, s2c = back; recorded by a tee between both",
        "recorded_by": concat!("viaduct record ", env!("CARGO_PKG_VERSION")),
        "began": facts.began,
        "addresses": format!("clients connected to {}, their connections went to {}", facts.listen, facts.to),
        "secrets": "each byte of a token, cookie or other credential that was found is an A; lengths are those of the wire",
    });
    // The streams are written one by one, so that few are in memory.
    let head = serde_json::to_string_pretty(&head)?;
    write!(out, "{},\n  \"streams\": [", head.trim_end_matches(['\n', '}']).trim_end())?;
    for (index, connection) in recorded.iter().enumerate() {
        let text = stream(folder, facts.protocol, index + 1, connection)?;
        write!(out, "{}\n    {text}", if index > 0 { "," } else { "" })?;
    }
    out.write_all(b"\n  ]\n}\n")?;
    out.into_inner().map_err(|error| error.into_error())?.sync_all()
}

/// One connection: a line a key, and a line a record, as people want to read it.
fn stream(folder: &Path, spoken: Protocol, number: usize, recorded: &Recorded) -> io::Result<String> {
    let name = name(number);
    let mut keys = vec![
        ("name", json!(name)),
        ("c2s_bytes", json!(recorded.c2s)),
        ("s2c_bytes", json!(recorded.s2c)),
        ("events", json!(format!("{name}.events.jsonl"))),
        ("protocol", json!(protocol(spoken))),
    ];
    if recorded.cut {
        keys.push(("cut", json!("the recording ended while the connection was open")));
    }
    let mut lines: Vec<String> = keys.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
    if spoken == Protocol::NetTcp && recorded.c2s + recorded.s2c <= LONGEST_FRAMING {
        let mut recording = Recording::named(&name);
        for (direction, count) in
            [(Direction::InitiatorToReceiver, recorded.c2s), (Direction::ReceiverToInitiator, recorded.s2c)]
        {
            if count > 0 {
                *recording.bytes_mut(direction) =
                    fs::read(folder.join(format!("{name}.{}.bin", direction.file_name())))?;
            }
        }
        lines.push(format!("\"framing\": {}", framing_text(&framing(&recording))));
    }
    Ok(format!("{{\n      {}\n    }}", lines.join(",\n      ")))
}

fn framing_text(framing: &Value) -> String {
    let direction = |(name, found): (&String, &Value)| {
        let records: Vec<String> =
            found["records"].as_array().into_iter().flatten().map(Value::to_string).collect();
        let records = match records.is_empty() {
            true => "[]".to_owned(),
            false => format!("[\n            {}\n          ]", records.join(",\n            ")),
        };
        let end = &found["end_of_stream"];
        format!(
            "\"{name}\": {{\n          \"records\": {records},\n          \"end_of_stream\": {end}\n        }}"
        )
    };
    let directions: Vec<String> = framing.as_object().into_iter().flatten().map(direction).collect();
    format!("{{\n        {}\n      }}", directions.join(",\n        "))
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::NetTcp => "net.tcp framing",
        Protocol::Http => "http",
    }
}

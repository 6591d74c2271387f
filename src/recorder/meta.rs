//! `meta.json`: what is known of a recording without knowing the programs.

use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use serde::Serialize;
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

/// One connection.
#[derive(Serialize)]
struct Stream {
    name: String,
    c2s_bytes: u64,
    s2c_bytes: u64,
    events: String,
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    framing: Option<Value>,
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
        "security": if facts.tls { "TLS, which ended at the tee" } else { "as the bytes show; nothing was ended at the tee" },
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
        let stream = stream(folder, facts.protocol, index + 1, connection)?;
        let text = serde_json::to_string_pretty(&stream)?.replace('\n', "\n    ");
        write!(out, "{}\n    {text}", if index > 0 { "," } else { "" })?;
    }
    out.write_all(b"\n  ]\n}\n")?;
    out.into_inner().map_err(|error| error.into_error())?.sync_all()
}

fn stream(folder: &Path, spoken: Protocol, number: usize, recorded: &Recorded) -> io::Result<Stream> {
    let name = name(number);
    let mut found = None;
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
        found = Some(framing(&recording));
    }
    Ok(Stream {
        c2s_bytes: recorded.c2s,
        s2c_bytes: recorded.s2c,
        events: format!("{name}.events.jsonl"),
        protocol: protocol(spoken),
        cut: recorded.cut.then_some("the recording ended while the connection was open"),
        framing: found,
        name,
    })
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::NetTcp => "net.tcp framing",
        Protocol::Http => "http",
    }
}

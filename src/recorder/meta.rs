//! `meta.json`: what is known of a recording without knowing the programs.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::journal::{Recorded, name};
use crate::inspect::replay::{Framing, framing};
use crate::inspect::scrub::Protocol;
use crate::inspect::{self, Direction, FromReader, Moment, ReadError, Recording, Source, Stream};
use crate::io::private_file;

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

/// A `meta.json` that could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MetaError {
    /// The file itself.
    #[error("meta.json: {0}")]
    Write(#[from] io::Error),
    /// The recording cannot be read again.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Writes the file, connection by connection and record by record, so that a long recording takes no more memory than a short one.
///
/// # Errors
/// [`MetaError`].
pub(crate) fn write(folder: &Path, facts: &Facts, recorded: &[Recorded]) -> Result<(), MetaError> {
    let mut out = BufWriter::new(private_file(&folder.join("meta.json"))?);
    let folder_name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let keys = [
        ("name", folder_name.unwrap_or_default()),
        ("protocol", protocol(facts.protocol).to_owned()),
        ("security", if facts.tls { "TLS, which the recorder ended" } else { "as on the wire" }.to_owned()),
        ("direction", "c2s = bytes from client to service, s2c = back; recorded by a tee between both".to_owned()),
        ("recorded_by", concat!("viaduct record ", env!("CARGO_PKG_VERSION")).to_owned()),
        ("began", facts.began.clone()),
        (
            "addresses",
            format!("clients connected to {}, their connections went to {}", facts.listen, facts.to),
        ),
        (
            "secrets",
            "each byte of a token, cookie or other credential that was found is an A; lengths are those of the wire"
                .to_owned(),
        ),
    ];
    out.write_all(b"{\n")?;
    for (key, value) in keys {
        writeln!(out, "  \"{key}\": {},", json!(value))?;
    }
    out.write_all(b"  \"streams\": [")?;
    for (index, connection) in recorded.iter().enumerate() {
        out.write_all(if index > 0 { b",\n    {" } else { b"\n    {" })?;
        stream(&mut out, folder, facts.protocol, index + 1, connection)?;
        out.write_all(b"\n    }")?;
    }
    out.write_all(b"\n  ]\n}\n")?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(())
}

/// One connection: a line a key, and a line a record, as people want to read it.
fn stream(
    out: &mut impl io::Write,
    folder: &Path,
    spoken: Protocol,
    number: usize,
    recorded: &Recorded,
) -> Result<(), MetaError> {
    let name = name(number);
    write!(out, "\n      \"name\": \"{name}\",\n      \"c2s_bytes\": {},", recorded.c2s)?;
    write!(out, "\n      \"s2c_bytes\": {},\n      \"events\": \"{name}.events.jsonl\",", recorded.s2c)?;
    write!(out, "\n      \"protocol\": \"{}\"", protocol(spoken))?;
    if recorded.cut {
        write!(out, ",\n      \"cut\": \"the recording ended while the connection was open\"")?;
    }
    if spoken == Protocol::NetTcp && recorded.c2s > 0 {
        out.write_all(b",\n      \"framing\": {")?;
        let files = OnDisk { folder, name: &name };
        let stream = Stream {
            name: name.clone(),
            recording: Box::new(files),
            mode: None,
            otherwise: inspect::Protocol::Framing,
        };
        let mut current = String::new();
        framing(&stream, |fact| {
            let (Framing::Record(direction, _) | Framing::End(direction, _)) = &fact;
            let is_first = *direction != current;
            if is_first {
                let comma = if current.is_empty() { "" } else { "," };
                write!(out, "{comma}\n        \"{direction}\": {{\n          \"records\": [")?;
                current.clone_from(direction);
            }
            match fact {
                Framing::Record(_, record) => {
                    write!(out, "{}\n            {record}", if is_first { "" } else { "," })?;
                }
                Framing::End(_, end) => {
                    let close = if is_first { "]" } else { "\n          ]" };
                    write!(out, "{close},\n          \"end_of_stream\": {end}\n        }}")?;
                }
            }
            Ok::<(), MetaError>(())
        })?;
        out.write_all(b"\n      }")?;
    }
    Ok(())
}

/// The files that were just written, for the inspector.
struct OnDisk<'f> {
    folder: &'f Path,
    name: &'f str,
}

impl OnDisk<'_> {
    fn path(&self, direction: Direction) -> PathBuf {
        self.folder.join(format!("{}.{}.bin", self.name, direction.file_name()))
    }
}

impl Recording for OnDisk<'_> {
    fn has(&self, direction: Direction) -> bool {
        self.path(direction).is_file()
    }

    fn open(&self, direction: Direction) -> io::Result<Box<dyn Source + '_>> {
        Ok(Box::new(FromReader(File::open(self.path(direction))?)))
    }

    fn moment(&self, _: Direction, _: u64) -> Option<Moment> {
        None
    }
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::NetTcp => "net.tcp framing",
        Protocol::Http => "http",
    }
}

//! The options of `viaduct record` and `viaduct replay`.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, ValueEnum};

use crate::config::{LocalDoor, LocalProtocol, TargetError};
use crate::recorder::Target;

/// `viaduct record`.
#[derive(Clone, Debug, Args)]
pub struct RecordArgs {
    /// Folder to write to; made when it is not there, refused when it holds a recording
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Where clients connect: tcp://127.0.0.1:9000; port 0 takes a free one
    #[arg(long, value_name = "URL", value_parser = tcp_door)]
    pub listen: LocalDoor,
    /// The service or gateway: net.tcp://host:port, http://host:port, or https://host:port
    #[arg(long, value_name = "URL")]
    pub(crate) to: Target,
    /// What clients are shown where --to is https: a chain in PEM; left out: one made for this recording
    #[arg(long, value_name = "FILE", requires = "key")]
    pub certificate: Option<PathBuf>,
    /// Its key in PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub key: Option<PathBuf>,
    /// A further name or address for the certificate that is made; may be repeated
    #[arg(long = "name", value_name = "HOST", conflicts_with = "certificate")]
    pub names: Vec<String>,
    /// End when so many connections were recorded and have ended
    #[arg(long, value_name = "COUNT", value_parser = at_least_one)]
    pub max_connections: Option<usize>,
    /// End when so many bytes were recorded, such as 64MiB
    #[arg(long, value_name = "SIZE")]
    pub max_bytes: Option<ByteSize>,
    /// End after this time, such as 30s
    #[arg(long, value_parser = humantime::parse_duration, value_name = "TIME")]
    pub duration: Option<Duration>,
}

/// `viaduct replay`.
#[derive(Clone, Debug, Args)]
pub struct ReplayArgs {
    /// The recording: a folder with NAME.c2s.bin and NAME.s2c.bin
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The side that is played
    #[arg(long = "as", value_enum, value_name = "SIDE")]
    pub side: ReplaySide,
    /// With --as client: the service, tcp://host:port, net.tcp://, http:// or https://host:port
    #[arg(long, value_name = "URL", conflicts_with = "listen")]
    pub(crate) to: Option<Target>,
    /// With --as service: where its clients come, tcp://127.0.0.1:9000; port 0 takes a free one
    #[arg(long, value_name = "URL", value_parser = tcp_door)]
    pub listen: Option<LocalDoor>,
    /// With --as service: a chain in PEM, where clients speak TLS
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with = "to")]
    pub certificate: Option<PathBuf>,
    /// Its key in PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub key: Option<PathBuf>,
    /// The Via of each net.tcp preamble instead of the recorded one
    #[arg(long, value_name = "URI")]
    pub via: Option<String>,
    /// Compare message ids, timestamps and the Date of HTTP by their shape alone
    #[arg(long)]
    pub ignore_ids: bool,
    /// How long each wait for the other side may take
    #[arg(long, default_value = "10s", value_parser = humantime::parse_duration, value_name = "TIME")]
    pub timeout: Duration,
    /// What to print
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: ReplayFormat,
}

/// A side of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReplaySide {
    /// The one that opens connections.
    Client,
    /// The one that takes them.
    Service,
}

/// What `viaduct replay` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReplayFormat {
    /// A line a connection, for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// A local door that takes bytes as they come.
fn tcp_door(text: &str) -> Result<LocalDoor, String> {
    let door: LocalDoor = text.parse().map_err(|error: TargetError| error.to_string())?;
    match door.protocol {
        LocalProtocol::Tcp => Ok(door),
        _ => Err("write tcp://host:port; what is spoken there --to says".to_owned()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let count: usize = text.parse().map_err(|_| "no number".to_owned())?;
    if count == 0 { Err("at least 1".to_owned()) } else { Ok(count) }
}

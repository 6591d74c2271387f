//! Captures on disk: where their bytes are read again while their connections are shown.

use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::failure::Failure;
use super::recorded::Piped;
use crate::inspect::{Capture, Connection, Direction, Moment, Protocol, Recording, Segments, Source, Stream};

/// The file of a capture.
pub(super) enum File {
    Named(PathBuf),
    /// What came through standard input, which cannot be read twice.
    Spooled(NamedTempFile),
}

/// Whether a file that begins like this is a capture.
pub(super) use crate::inspect::is_capture;

/// Whether a file is a capture. What is no regular file (a pipe) is none: looking at it would take its bytes away.
pub(super) fn is_capture_file(path: &Path) -> io::Result<bool> {
    let mut file = fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(false);
    }
    let mut first = Vec::new();
    file.by_ref().take(4).read_to_end(&mut first)?;
    Ok(is_capture(&first))
}

impl File {
    pub(super) fn named(path: &Path) -> Self {
        Self::Named(path.to_owned())
    }

    /// Keeps standard input in a file that goes with the value.
    pub(super) fn spooled(piped: Piped) -> io::Result<Self> {
        let mut file = NamedTempFile::with_prefix("viaduct-capture-")?;
        io::copy(&mut piped.reader(), &mut file)?;
        Ok(Self::Spooled(file))
    }

    fn open(&self) -> io::Result<fs::File> {
        match self {
            Self::Named(path) => fs::File::open(path),
            Self::Spooled(file) => file.reopen(),
        }
    }

    /// Reads it through for its connections.
    pub(super) fn capture(&self, name: &str, ports: &[u16]) -> Result<Capture, Failure> {
        let advice = "look whether tshark or tcpdump reads it";
        let wrong = |error: &dyn std::fmt::Display| Failure::new(format!("{name}: {error}"), advice);
        let mut capture = Capture::read(BufReader::new(self.open().map_err(|error| wrong(&error))?), ports)
            .map_err(|error| wrong(&error))?;
        let mut file = self.open().map_err(|error| wrong(&error))?;
        capture.orient(&mut file).map_err(|error| wrong(&error))?;
        if capture.connections.is_empty() {
            let which = if ports.is_empty() { "" } else { " with that port" };
            return Err(Failure::new(
                format!("{name}: {} packets and no TCP connection{which} among them", capture.count.packets),
                "capture without a filter, or look at the --port options",
            ));
        }
        Ok(capture)
    }

    /// A connection of it.
    pub(super) fn stream<'c>(&'c self, connection: &'c Connection) -> Stream<'c> {
        Stream {
            name: connection.name(),
            recording: Box::new(Captured { file: self, connection }),
            mode: None,
            otherwise: Protocol::Unknown,
        }
    }
}

struct Captured<'c> {
    file: &'c File,
    connection: &'c Connection,
}

impl Recording for Captured<'_> {
    fn has(&self, _: Direction) -> bool {
        true
    }

    fn open(&self, direction: Direction) -> io::Result<Box<dyn Source + '_>> {
        Ok(Box::new(Segments::new(self.connection.flow(direction), self.file.open()?)))
    }

    fn moment(&self, direction: Direction, offset: u64) -> Option<Moment> {
        self.connection.flow(direction).moment(offset)
    }

    fn remarks(&self, direction: Direction) -> Vec<String> {
        self.connection.flow(direction).remarks()
    }
}

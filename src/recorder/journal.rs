//! What writes the files of a recording: a thread of its own, fed through a bounded channel, so that a slow disk slows the traffic down and nothing
//! else.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;

use crate::inspect::Direction;
use crate::inspect::scrub::{Protocol, Scrubber};
use crate::io::private_file;

/// Reads that wait for the disk, of at most [`super::pump::READ`] bytes each; more make the traffic wait.
const WAITING: usize = 64;

/// What happened on a connection.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its number, from 1.
    pub(crate) connection: usize,
    /// Since the beginning of the recording.
    pub(crate) at: Duration,
    pub(crate) what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    /// These bytes came.
    Bytes(Direction, Bytes),
    /// A direction ended in order.
    Eof(Direction),
    /// It broke off.
    Reset(Direction),
    /// The connection is gone; `true`: because the recording ended.
    Closed { cut: bool },
}

/// A recorded connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Bytes from the client.
    pub(crate) c2s: u64,
    /// Bytes back.
    pub(crate) s2c: u64,
    /// Whether the recording ended before it did.
    pub(crate) cut: bool,
}

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", .path.display())]
pub(crate) struct JournalError {
    path: PathBuf,
    error: io::Error,
}

/// The writing end. It ends when every handle is dropped.
#[derive(Debug)]
pub(crate) struct Journal {
    entries: Sender<Entry>,
    thread: JoinHandle<Result<Vec<Recorded>, JournalError>>,
}

impl Journal {
    /// Writes to `folder`. When a file cannot be written, `failed` is cancelled and nothing more is taken.
    pub(crate) fn start(folder: PathBuf, protocol: Protocol, failed: CancellationToken) -> io::Result<Self> {
        let (entries, receiver) = channel(WAITING);
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || {
            let written = write(&folder, protocol, receiver);
            if written.is_err() {
                failed.cancel();
            }
            written
        })?;
        Ok(Self { entries, thread })
    }

    /// A handle that entries are given to.
    pub(crate) fn entries(&self) -> Sender<Entry> {
        self.entries.clone()
    }

    /// Waits until everything is written: the connections in the order of their numbers. Every other handle has to be dropped by then.
    ///
    /// # Errors
    /// The first file that could not be written.
    pub(crate) async fn finish(self) -> Result<Vec<Recorded>, JournalError> {
        drop(self.entries);
        let joined = tokio::task::spawn_blocking(|| self.thread.join()).await;
        match joined {
            Ok(Ok(result)) => result,
            _ => Err(JournalError {
                path: PathBuf::from("the journal"),
                error: io::Error::other("its thread is gone"),
            }),
        }
    }
}

fn write(
    folder: &Path,
    protocol: Protocol,
    mut entries: Receiver<Entry>,
) -> Result<Vec<Recorded>, JournalError> {
    let mut open: HashMap<usize, Connection> = HashMap::new();
    let mut recorded: Vec<Recorded> = Vec::new();
    while let Some(entry) = entries.blocking_recv() {
        if recorded.len() < entry.connection {
            recorded.resize(entry.connection, Recorded::default());
        }
        let tally = &mut recorded[entry.connection - 1];
        let connection = match open.entry(entry.connection) {
            std::collections::hash_map::Entry::Occupied(there) => there.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(Connection::new(folder, entry.connection, protocol)?)
            }
        };
        match entry.what {
            What::Bytes(direction, bytes) => connection.bytes(entry.at, direction, &bytes, tally)?,
            What::Eof(direction) => connection.event(entry.at, direction, |event| event.eof = true)?,
            What::Reset(direction) => connection.event(entry.at, direction, |event| event.reset = true)?,
            What::Closed { cut } => {
                tally.cut = cut;
                connection.sync()?;
                open.remove(&entry.connection);
            }
        }
    }
    for (number, mut connection) in open {
        recorded[number - 1].cut = true;
        connection.sync()?;
    }
    Ok(recorded)
}

/// The name of a connection, as its files have it.
pub(crate) fn name(connection: usize) -> String {
    format!("conn{connection:02}")
}

/// The files of one connection.
struct Connection {
    base: PathBuf,
    scrubber: Scrubber,
    events: Output,
    /// Made with the first byte.
    bytes: [Option<Output>; 2],
}

/// One line of `NAME.events.jsonl`.
#[derive(Serialize)]
struct Event<'a> {
    t: f64,
    dir: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    off: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    len: Option<usize>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    eof: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reset: bool,
}

impl Connection {
    fn new(folder: &Path, number: usize, protocol: Protocol) -> Result<Self, JournalError> {
        let base = folder.join(name(number));
        let events = Output::create(base.with_extension("events.jsonl"))?;
        Ok(Self { base, scrubber: Scrubber::new(protocol), events, bytes: [None, None] })
    }

    fn bytes(
        &mut self,
        at: Duration,
        direction: Direction,
        bytes: &[u8],
        tally: &mut Recorded,
    ) -> Result<(), JournalError> {
        let (slot, count) = match direction {
            Direction::InitiatorToReceiver => (&mut self.bytes[0], &mut tally.c2s),
            Direction::ReceiverToInitiator => (&mut self.bytes[1], &mut tally.s2c),
        };
        let output = match slot {
            Some(output) => output,
            None => slot
                .insert(Output::create(self.base.with_extension(format!("{}.bin", direction.file_name())))?),
        };
        let mut scrubbed = bytes.to_vec();
        self.scrubber.scrub(direction, &mut scrubbed);
        output.write(&scrubbed)?;
        let offset = *count;
        *count += bytes.len() as u64;
        self.event(at, direction, |event| {
            event.off = Some(offset);
            event.len = Some(bytes.len());
        })
    }

    fn event(
        &mut self,
        at: Duration,
        direction: Direction,
        fill: impl FnOnce(&mut Event<'_>),
    ) -> Result<(), JournalError> {
        // Microseconds are finer than anything a read can tell.
        let t = (at.as_secs_f64() * 1e6).round() / 1e6;
        let mut event =
            Event { t, dir: direction.file_name(), off: None, len: None, eof: false, reset: false };
        fill(&mut event);
        let mut line = serde_json::to_vec(&event).expect("numbers and names are always JSON");
        line.push(b'\n');
        self.events.write(&line)
    }

    /// Tells the disk to keep what was written: some errors show only then.
    fn sync(&mut self) -> Result<(), JournalError> {
        let outputs = self.bytes.iter_mut().flatten();
        outputs.chain([&mut self.events]).try_for_each(Output::sync)
    }
}

struct Output {
    path: PathBuf,
    file: File,
}

impl Output {
    /// What passes between two programs is nobody else's business, so files are their owner's alone.
    fn create(path: PathBuf) -> Result<Self, JournalError> {
        match private_file(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(error) => Err(JournalError { path, error }),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        let written = self.file.write_all(bytes);
        written.map_err(|error| JournalError { path: self.path.clone(), error })
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        let synced = self.file.sync_all();
        synced.map_err(|error| JournalError { path: self.path.clone(), error })
    }
}

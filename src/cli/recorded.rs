//! A connection that was recorded in files: one for each direction, and one that says when the bytes came.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Stdin};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::recording::unreadable;
use crate::inspect::{Direction, FromReader, Moment, Protocol, Recording, Source, Stream, Timeline};
use crate::wire::framing::Mode;

/// The files of one connection, which are not read yet.
#[derive(Default)]
pub(super) struct Files {
    pub(super) name: String,
    pub(super) i2r: Option<PathBuf>,
    pub(super) r2i: Option<PathBuf>,
    pub(super) events: Option<PathBuf>,
    pub(super) mode: Option<Mode>,
    /// Standard input, in place of the one file.
    pub(super) piped: Option<Piped>,
}

/// Standard input, whose first bytes were looked at.
pub(super) struct Piped {
    first: Vec<u8>,
    rest: Stdin,
}

/// Bytes that tell a capture from a recording.
const LOOKED_AT: u64 = 4;

impl Piped {
    pub(super) fn begin() -> io::Result<Self> {
        let (mut first, rest) = (Vec::new(), io::stdin());
        rest.lock().take(LOOKED_AT).read_to_end(&mut first)?;
        Ok(Self { first, rest })
    }

    pub(super) fn first(&self) -> &[u8] {
        &self.first
    }

    /// All of it.
    pub(super) fn reader(self) -> impl Read {
        Cursor::new(self.first).chain(self.rest)
    }
}

impl Files {
    pub(super) fn path(&self, direction: Direction) -> Option<&Path> {
        match direction {
            Direction::InitiatorToReceiver => self.i2r.as_deref(),
            Direction::ReceiverToInitiator => self.r2i.as_deref(),
        }
    }

    pub(super) fn set(&mut self, direction: Direction, path: &Path) {
        match direction {
            Direction::InitiatorToReceiver => self.i2r = Some(path.to_owned()),
            Direction::ReceiverToInitiator => self.r2i = Some(path.to_owned()),
        }
    }

    /// The connection, whose bytes are read when they are shown.
    pub(super) fn stream(mut self) -> Result<Stream<'static>, Failure> {
        let timeline = match &self.events {
            None => Timeline::default(),
            Some(path) => {
                let file = File::open(path).map_err(|error| unreadable(path, &error))?;
                Timeline::parse(BufReader::new(file)).map_err(|error| {
                    Failure::new(
                        format!("{}: {error}", path.display()),
                        "correct it, or move it away to read the recording without times",
                    )
                })?
            }
        };
        let piped = self.piped.take();
        Ok(Stream {
            name: self.name.clone(),
            mode: self.mode,
            recording: Box::new(OnDisk { files: self, piped: RefCell::new(piped), timeline }),
            otherwise: Protocol::Framing,
        })
    }
}

struct OnDisk {
    files: Files,
    piped: RefCell<Option<Piped>>,
    timeline: Timeline,
}

impl Recording for OnDisk {
    fn has(&self, direction: Direction) -> bool {
        self.files.path(direction).is_some()
    }

    fn open(&self, direction: Direction) -> io::Result<Box<dyn Source + '_>> {
        if let Some(piped) = self.piped.borrow_mut().take() {
            return Ok(Box::new(FromReader(piped.reader())));
        }
        match self.files.path(direction) {
            Some(path) => Ok(Box::new(FromReader(File::open(path)?))),
            None => Ok(Box::new(FromReader(io::empty()))),
        }
    }

    fn moment(&self, direction: Direction, offset: u64) -> Option<Moment> {
        self.timeline.moment(direction, offset)
    }
}

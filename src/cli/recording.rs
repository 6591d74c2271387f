//! Which files belong together: the recordings that `viaduct inspect` is given.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::args::{InspectArgs, InspectDirection, InspectMode};
use super::failure::Failure;
use crate::inspect::{Direction, Stream, Timeline};
use crate::wire::framing::Mode;

/// A recorded connection whose files are not read yet.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Files {
    name: String,
    i2r: Option<PathBuf>,
    r2i: Option<PathBuf>,
    events: Option<PathBuf>,
    mode: Option<Mode>,
}

/// The recordings of the command line, in its order; those of a folder by name.
pub(super) fn streams(args: &InspectArgs) -> Result<Vec<Files>, Failure> {
    let mut all: Vec<Files> = Vec::new();
    for path in &args.files {
        if path.is_dir() {
            let prefix = if args.files.len() > 1 { prefix(path) } else { String::new() };
            all.extend(folder(path, &prefix)?);
        } else {
            file(path, args, &mut all)?;
        }
    }
    let mode = args.mode.map(|mode| match mode {
        InspectMode::Duplex => Mode::Duplex,
        InspectMode::Singleton => Mode::Singleton,
    });
    for files in &mut all {
        files.mode = mode;
        if files.i2r.is_none() && mode.is_none() {
            return Err(Failure::Usage(format!(
                "{}: what a receiver sent can only be read with the mode of its sessions; give --mode duplex or --mode singleton, or its folder",
                files.name
            )));
        }
    }
    Ok(all)
}

/// Where the streams of several folders may have the same names.
fn prefix(folder: &Path) -> String {
    folder.file_name().map(|name| format!("{}/", name.to_string_lossy())).unwrap_or_default()
}

fn folder(folder: &Path, prefix: &str) -> Result<Vec<Files>, Failure> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        paths.push(entry.map_err(|error| unreadable(folder, &error))?.path());
    }
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        if let Some((name, direction)) = recorded(&path) {
            add(&mut all, &format!("{prefix}{name}"), direction, &path);
        }
    }
    if all.is_empty() {
        return Err(Failure::new(
            format!("{} holds no recording", folder.display()),
            "name a folder with NAME.c2s.bin and NAME.s2c.bin",
        ));
    }
    Ok(all)
}

/// A file is one direction; two files of one connection are put together.
fn file(path: &Path, args: &InspectArgs, all: &mut Vec<Files>) -> Result<(), Failure> {
    let direction = args.dir.map(|dir| match dir {
        InspectDirection::I2r => Direction::InitiatorToReceiver,
        InspectDirection::R2i => Direction::ReceiverToInitiator,
    });
    match (recorded(path), direction) {
        (Some((name, said)), None) => add(all, &name, said, path),
        (_, direction) => {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            let direction = direction.unwrap_or(Direction::InitiatorToReceiver);
            let mut files = Files { name: name.into_owned(), ..Files::default() };
            files.set(direction, path);
            all.push(files);
        }
    }
    Ok(())
}

/// Adds a direction to the connection whose other one stands in the same folder, or to a new one.
fn add(all: &mut Vec<Files>, name: &str, direction: Direction, path: &Path) {
    let fits = |files: &&mut Files| {
        let other = files.i2r.as_ref().or(files.r2i.as_ref()).and_then(|other| other.parent());
        files.name == name && other == path.parent() && files.path(direction).is_none()
    };
    if let Some(files) = all.iter_mut().find(fits) {
        files.set(direction, path);
        return;
    }
    let events = path.with_file_name(format!("{}.events.jsonl", name.rsplit('/').next().unwrap_or(name)));
    let mut files = Files { name: name.to_owned(), ..Files::default() };
    files.events = events.is_file().then_some(events);
    files.set(direction, path);
    all.push(files);
}

/// `NAME.c2s.bin` or `NAME.s2c.bin`: its NAME and its direction.
fn recorded(path: &Path) -> Option<(String, Direction)> {
    let file = path.file_name()?.to_str()?;
    Direction::BOTH.into_iter().find_map(|direction| {
        let name = file.strip_suffix(&format!(".{}.bin", direction.file_name()))?;
        Some((name.to_owned(), direction))
    })
}

impl Files {
    fn path(&self, direction: Direction) -> Option<&PathBuf> {
        match direction {
            Direction::InitiatorToReceiver => self.i2r.as_ref(),
            Direction::ReceiverToInitiator => self.r2i.as_ref(),
        }
    }

    fn set(&mut self, direction: Direction, path: &Path) {
        match direction {
            Direction::InitiatorToReceiver => self.i2r = Some(path.to_owned()),
            Direction::ReceiverToInitiator => self.r2i = Some(path.to_owned()),
        }
    }

    /// Reads the files.
    pub(super) fn read(&self) -> Result<Stream, Failure> {
        let read = |path: &Option<PathBuf>| path.as_deref().map(read).transpose();
        let timeline = match &self.events {
            None => Timeline::default(),
            Some(path) => {
                let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
                Timeline::parse(&text).map_err(|error| {
                    Failure::new(
                        format!("{}: {error}", path.display()),
                        "correct it, or move it away to read the recording without times",
                    )
                })?
            }
        };
        Ok(Stream {
            name: self.name.clone(),
            i2r: read(&self.i2r)?,
            r2i: read(&self.r2i)?,
            mode: self.mode,
            timeline,
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin()
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::new(format!("standard input: {error}"), "look where it comes from"))?;
        return Ok(bytes);
    }
    fs::read(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot read {}: {error}", path.display()), "name a file or folder of a recording")
}

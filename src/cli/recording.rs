//! Which files belong together: the recordings and captures that `viaduct inspect` is given.

use std::fs;
use std::io;
use std::path::Path;

use super::args::{InspectArgs, InspectDirection, InspectMode};
use super::captured;
use super::failure::Failure;
use super::recorded::{Files, Piped};
use crate::inspect::Direction;
use crate::wire::framing::Mode;

/// Something to be shown.
pub(super) enum Found {
    /// A connection whose directions have files of their own, or standard input.
    Recorded(Files),
    /// A capture: its name, and the file.
    Capture(String, captured::File),
}

/// What the command line names, in its order; the connections of a folder by name.
pub(super) fn found(args: &InspectArgs) -> Result<Vec<Found>, Failure> {
    let mut all: Vec<Found> = Vec::new();
    for path in &args.files {
        if path.is_dir() {
            let prefix = if args.files.len() > 1 { prefix(path) } else { String::new() };
            folder(path, &prefix, &mut all)?;
        } else {
            file(path, args, &mut all)?;
        }
    }
    let mode = args.mode.map(|mode| match mode {
        InspectMode::Duplex => Mode::Duplex,
        InspectMode::Singleton => Mode::Singleton,
    });
    for found in &mut all {
        if let Found::Recorded(files) = found {
            files.mode = mode;
        }
    }
    Ok(all)
}

/// Where the streams of several folders may have the same names.
fn prefix(folder: &Path) -> String {
    folder.file_name().map(|name| format!("{}/", name.to_string_lossy())).unwrap_or_default()
}

fn folder(folder: &Path, prefix: &str, all: &mut Vec<Found>) -> Result<(), Failure> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        paths.push(entry.map_err(|error| unreadable(folder, &error))?.path());
    }
    paths.sort();
    let before = all.len();
    for path in paths {
        if let Some((name, direction)) = recorded(&path) {
            add(all, &format!("{prefix}{name}"), direction, &path);
        }
    }
    if all.len() == before {
        return Err(Failure::new(
            format!("{} holds no recording", folder.display()),
            "name a folder with NAME.c2s.bin and NAME.s2c.bin, or a capture file",
        ));
    }
    Ok(())
}

/// A file is a capture, or one direction; two files of one connection are put together.
fn file(path: &Path, args: &InspectArgs, all: &mut Vec<Found>) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let direction = args.dir.map(|dir| match dir {
        InspectDirection::I2r => Direction::InitiatorToReceiver,
        InspectDirection::R2i => Direction::ReceiverToInitiator,
    });
    let mut files = Files { name: name.clone(), ..Files::default() };
    if path == Path::new("-") {
        let piped = Piped::begin().map_err(|error| unreadable(path, &error))?;
        if captured::is_capture(piped.first()) {
            let file = captured::File::spooled(piped).map_err(|error| unreadable(path, &error))?;
            all.push(Found::Capture(name, file));
            return Ok(());
        }
        files.piped = Some(piped);
    } else if captured::is_capture_file(path).map_err(|error| unreadable(path, &error))? {
        all.push(Found::Capture(name, captured::File::named(path)));
        return Ok(());
    }
    match (recorded(path), direction) {
        (Some((name, said)), None) => add(all, &name, said, path),
        (_, direction) => {
            files.set(direction.unwrap_or(Direction::InitiatorToReceiver), path);
            all.push(Found::Recorded(files));
        }
    }
    Ok(())
}

/// Adds a direction to the connection whose other one stands in the same folder, or to a new one.
fn add(all: &mut Vec<Found>, name: &str, direction: Direction, path: &Path) {
    let fits = |found: &mut Found| match found {
        Found::Recorded(files) if files.name == name && files.path(direction).is_none() => {
            let other = Direction::BOTH.into_iter().find_map(|direction| files.path(direction));
            (other.and_then(Path::parent) == path.parent()).then_some(())
        }
        _ => None,
    };
    if let Some(index) = all.iter_mut().position(|found| fits(found).is_some()) {
        if let Found::Recorded(files) = &mut all[index] {
            files.set(direction, path);
        }
        return;
    }
    let events = path.with_file_name(format!("{}.events.jsonl", name.rsplit('/').next().unwrap_or(name)));
    let mut files = Files { name: name.to_owned(), ..Files::default() };
    files.events = events.is_file().then_some(events);
    files.set(direction, path);
    all.push(Found::Recorded(files));
}

/// `NAME.c2s.bin` or `NAME.s2c.bin`: its NAME and its direction.
fn recorded(path: &Path) -> Option<(String, Direction)> {
    let file = path.file_name()?.to_str()?;
    Direction::BOTH.into_iter().find_map(|direction| {
        let name = file.strip_suffix(&format!(".{}.bin", direction.file_name()))?;
        Some((name.to_owned(), direction))
    })
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        format!("cannot read {}: {error}", path.display()),
        "name a file or folder of a recording, or a capture",
    )
}

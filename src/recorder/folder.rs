//! The folder of a recording.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::inspect::Direction;
use crate::inspect::replay::{EventsError, Recording, parse_events};

/// A folder that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FolderError {
    /// It holds a recording already.
    #[error("{} holds a recording already", .0.display())]
    Taken(PathBuf),
    /// It holds none.
    #[error("{} holds no recording", .0.display())]
    Empty(PathBuf),
    /// It or a file in it cannot be read or made.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// An events file is none.
    #[error("{}: {error}", .path.display())]
    Events {
        /// Which one.
        path: PathBuf,
        /// The line.
        error: EventsError,
    },
}

/// Makes the folder where it is not there. One that holds a recording is refused: nothing is written over.
pub(crate) fn new_folder(folder: &Path) -> Result<(), FolderError> {
    fs::create_dir_all(folder).map_err(|error| io_error(folder, error))?;
    for path in paths(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".bin") || name.ends_with(".events.jsonl") || name == "meta.json" {
            return Err(FolderError::Taken(folder.to_owned()));
        }
    }
    Ok(())
}

/// Reads every connection of a recording, whole, in the order of their names.
pub(crate) fn read_folder(folder: &Path) -> Result<Vec<Recording>, FolderError> {
    let mut found: BTreeMap<String, Recording> = BTreeMap::new();
    for path in paths(folder)? {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for direction in Direction::BOTH {
            let Some(name) = file.strip_suffix(&format!(".{}.bin", direction.file_name())) else { continue };
            let bytes = fs::read(&path).map_err(|error| io_error(&path, error))?;
            let recording = found.entry(name.to_owned()).or_insert_with(|| Recording::named(name));
            match direction {
                Direction::InitiatorToReceiver => recording.c2s = bytes,
                Direction::ReceiverToInitiator => recording.s2c = bytes,
            }
        }
    }
    for (name, recording) in &mut found {
        let path = folder.join(format!("{name}.events.jsonl"));
        if path.is_file() {
            let text = fs::read_to_string(&path).map_err(|error| io_error(&path, error))?;
            recording.events =
                parse_events(&text).map_err(|error| FolderError::Events { path: path.clone(), error })?;
        }
    }
    if found.is_empty() {
        return Err(FolderError::Empty(folder.to_owned()));
    }
    Ok(found.into_values().collect())
}

fn paths(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let entries = fs::read_dir(folder).map_err(|error| io_error(folder, error))?;
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    if let Ok(paths) = &mut paths {
        paths.sort();
    }
    paths.map_err(|error| io_error(folder, error))
}

fn io_error(path: &Path, error: io::Error) -> FolderError {
    FolderError::Io { path: path.to_owned(), error }
}

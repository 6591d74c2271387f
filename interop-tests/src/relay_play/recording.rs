//! A folder of `fixtures/relay`: what the library sent and received on each of its connections.

use std::fs;
use std::path::{Path, PathBuf};

use crate::repository;

/// One recorded scenario.
#[derive(Clone, Debug)]
pub struct Recording {
    folder: PathBuf,
}

impl Recording {
    /// The folder `name` (`v2.7.5/e2e-nettcp`); one that is not there fails the test.
    pub fn open(name: &str) -> Self {
        let folder = root().join(name);
        assert!(folder.join("meta.json").is_file(), "there is no recording {name}");
        Self { folder }
    }

    /// The names of all of them, sorted.
    pub fn all() -> Vec<String> {
        let mut names = Vec::new();
        for version in folders(&root()) {
            for folder in folders(&version) {
                let name = folder.strip_prefix(root()).expect("it lies there");
                names.push(name.to_string_lossy().into_owned());
            }
        }
        names.sort();
        names
    }

    /// What the client sent on the connection `stream`: nearly always the library.
    pub fn sent(&self, stream: &str) -> Vec<u8> {
        self.bytes(stream, "c2s")
    }

    /// What it received there.
    pub fn received(&self, stream: &str) -> Vec<u8> {
        self.bytes(stream, "s2c")
    }

    /// Whether a connection of this name was recorded.
    pub fn has(&self, stream: &str) -> bool {
        self.folder.join(format!("{stream}.c2s.bin")).is_file()
    }

    fn bytes(&self, stream: &str, direction: &str) -> Vec<u8> {
        let file = self.folder.join(format!("{stream}.{direction}.bin"));
        fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }
}

fn root() -> PathBuf {
    repository().join("fixtures/relay")
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the recordings are there");
    entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect()
}

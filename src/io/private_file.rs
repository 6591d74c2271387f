//! Files and folders that only their owner may read: keys, and the store that holds keys.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

/// Opens a file for reading and writing, and makes it if it is missing. A new file can be read by its owner only; an
/// existing one keeps its content and its permissions.
pub fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a folder for one run, in the system's folder for such, that its owner alone can enter. It is removed when the
/// returned value is dropped.
pub fn private_temporary_folder(prefix: &str) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}

#[cfg(all(test, unix))]
mod tests {
    use std::{io::Write, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_new_file_is_its_owners_alone_and_an_old_one_keeps_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        private_file(&path).unwrap().write_all(b"secret").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        drop(private_file(&path).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"secret");
    }

    #[test]
    fn a_temporary_folder_is_its_owners_alone_and_goes_away() {
        let folder = private_temporary_folder("viaduct-test-").unwrap();
        let path = folder.path().to_owned();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        drop(folder);
        assert!(!path.exists());
    }
}

//! Entities in one file under `data_dir`, by `redb`. See `docs/adr/0004-embedded-store.md`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use redb::{Database, DatabaseError, ReadableTable, TableDefinition, backends::FileBackend};
use tokio::sync::watch;

use super::{
    Author, BoxFuture, Change, EntityStore, Image, Record, Snapshot, StoreError, Versioned, image::Delta,
};

/// The file's name under `data_dir`.
const FILE: &str = "entities.redb";

/// The format of the file that this version writes. Raise it when an older version could not read the records.
const FORMAT: u64 = 1;

/// The text of a record's key → the record with its version, as JSON.
const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("records");
/// `format` and `revision`.
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

/// Keeps entities in a file that one process at a time may open.
#[derive(Debug)]
pub struct EmbeddedStore {
    shared: Arc<Shared>,
    /// How opening ended; changes once.
    opened: watch::Receiver<Option<Result<(), StoreError>>>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    state: Mutex<State>,
    snapshots: watch::Sender<Snapshot>,
}

#[derive(Debug)]
enum State {
    Opening,
    Open { database: Database, image: Image },
    Failed(StoreError),
}

impl EmbeddedStore {
    /// Begins to open the file under `data_dir`. What is missing is made; the file can be read by its owner only.
    ///
    /// Returns at once: reading happens on a thread for blocking work, [`EntityStore::ready`] waits for it. Must be
    /// called inside a tokio runtime.
    pub fn open(data_dir: &Path) -> Self {
        let shared = Arc::new(Shared::new(data_dir));
        let (done, opened) = watch::channel(None);
        let opening = shared.clone();
        tokio::task::spawn_blocking(move || {
            let outcome = opening.open();
            // Let go of the file before anybody is told, so that who drops the store then has closed it.
            drop(opening);
            done.send_replace(Some(outcome));
        });
        Self { shared, opened }
    }
}

impl EntityStore for EmbeddedStore {
    fn ready(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        let mut opened = self.opened.clone();
        Box::pin(async move {
            // The sender goes without a word only when the thread died or the runtime is shutting down.
            let outcome = opened.wait_for(Option::is_some).await.map_err(unavailable)?;
            outcome.clone().unwrap_or(Err(StoreError::Loading))
        })
    }

    fn read(&self) -> Result<Image, StoreError> {
        match &*self.shared.state() {
            State::Opening => Err(StoreError::Loading),
            State::Open { image, .. } => Ok(image.clone()),
            State::Failed(error) => Err(error.clone()),
        }
    }

    fn commit(&self, author: Author, changes: Vec<Change>) -> BoxFuture<'_, Result<u64, StoreError>> {
        let shared = self.shared.clone();
        Box::pin(async move {
            // The whole commit runs on that thread: a caller that goes away cannot leave file and image apart.
            let commit = tokio::task::spawn_blocking(move || shared.commit(author, changes));
            commit.await.unwrap_or_else(|error| Err(unavailable(error)))
        })
    }

    fn watch(&self) -> watch::Receiver<Snapshot> {
        self.shared.snapshots.subscribe()
    }
}

impl Shared {
    fn new(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join(FILE),
            state: Mutex::new(State::Opening),
            snapshots: watch::Sender::new(Snapshot::Loading),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is replaced whole, after the file was written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<(), StoreError> {
        let mut state = self.state();
        match open(&self.path) {
            Ok((database, image)) => {
                self.snapshots.send_replace(Snapshot::of(&image));
                *state = State::Open { database, image };
                Ok(())
            }
            Err(error) => {
                *state = State::Failed(error.clone());
                Err(error)
            }
        }
    }

    fn commit(&self, author: Author, changes: Vec<Change>) -> Result<u64, StoreError> {
        // Held while the disk is written: commits come one after the other, as `redb` would have them anyway. Readers
        // of `read` wait that long; the data path reads snapshots and does not.
        let mut state = self.state();
        match &mut *state {
            State::Opening => Err(StoreError::Loading),
            State::Failed(error) => Err(error.clone()),
            State::Open { database, image } => {
                let (next, delta) = image.after(author, changes)?;
                write(database, next.revision(), &delta)?;
                *image = next;
                self.snapshots.send_replace(Snapshot::of(image));
                Ok(image.revision())
            }
        }
    }
}

fn open(path: &Path) -> Result<(Database, Image), StoreError> {
    let damaged = |error: &dyn std::fmt::Display| StoreError::Damaged {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(unavailable)?;
    }
    let file = crate::io::private_file(path).map_err(unavailable)?;
    let database = FileBackend::new(file).and_then(|file| redb::Builder::new().create_with_backend(file));
    let database = database.map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => StoreError::InUse { path: path.to_owned() },
        DatabaseError::Storage(redb::StorageError::Io(error))
            if error.kind() != std::io::ErrorKind::InvalidData =>
        {
            unavailable(error)
        }
        error => damaged(&error),
    })?;

    let write = database.begin_write().map_err(unavailable)?;
    let mut records = BTreeMap::new();
    let revision = {
        let mut meta = write.open_table(META).map_err(|error| damaged(&error))?;
        let format = meta.get("format").map_err(unavailable)?.map_or(0, |found| found.value());
        if format > FORMAT {
            return Err(StoreError::NewerFormat { path: path.to_owned(), found: format, known: FORMAT });
        }
        meta.insert("format", FORMAT).map_err(unavailable)?;
        let table = write.open_table(RECORDS).map_err(|error| damaged(&error))?;
        for entry in table.iter().map_err(unavailable)? {
            let (key, value) = entry.map_err(unavailable)?;
            let record: Versioned<Record> = serde_json::from_slice(value.value())
                .map_err(|error| damaged(&format_args!("record {:?}: {error}", key.value())))?;
            let record = Versioned { value: Arc::new(record.value), version: record.version };
            records.insert(key.value().to_owned(), record);
        }
        meta.get("revision").map_err(unavailable)?.map_or(0, |found| found.value())
    };
    write.commit().map_err(unavailable)?;
    Ok((database, Image::new(revision, records)))
}

fn write(database: &Database, revision: u64, delta: &Delta) -> Result<(), StoreError> {
    let transaction = database.begin_write().map_err(unavailable)?;
    {
        let mut records = transaction.open_table(RECORDS).map_err(unavailable)?;
        for (key, change) in delta {
            match change {
                Some(record) => {
                    let json = serde_json::to_vec(record).map_err(unavailable)?;
                    records.insert(key.as_str(), json.as_slice()).map_err(unavailable)?;
                }
                None => {
                    records.remove(key.as_str()).map_err(unavailable)?;
                }
            }
        }
        let mut meta = transaction.open_table(META).map_err(unavailable)?;
        meta.insert("revision", revision).map_err(unavailable)?;
    }
    transaction.commit().map_err(unavailable)
}

fn unavailable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        entity::{Namespace, NamespaceName},
        store::NamespaceRecord,
    };

    fn put(name: &str) -> Change {
        let name = NamespaceName::parse(name).unwrap();
        let record = NamespaceRecord::from(&Namespace::new(name));
        Change::Put { record: Record::Namespace(record), when: super::super::Precondition::Absent }
    }

    #[test]
    fn nothing_is_certain_before_the_file_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let shared = Shared::new(folder.path());
        assert!(matches!(*shared.snapshots.borrow(), Snapshot::Loading));
        assert_eq!(shared.commit(Author::Api, vec![put("a")]), Err(StoreError::Loading));
        shared.open().unwrap();
        assert!(matches!(*shared.snapshots.borrow(), Snapshot::Ready { revision: 0, .. }));
        assert_eq!(shared.commit(Author::Api, vec![put("a")]), Ok(1));
    }

    #[test]
    fn a_newer_format_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let database = Database::create(&path).unwrap();
        let write = database.begin_write().unwrap();
        write.open_table(META).unwrap().insert("format", FORMAT + 1).unwrap();
        write.commit().unwrap();
        drop(database);
        let error = Shared::new(folder.path()).open().unwrap_err();
        assert_eq!(error, StoreError::NewerFormat { path, found: FORMAT + 1, known: FORMAT });
    }

    #[test]
    fn a_record_that_cannot_be_read_is_an_error_and_no_empty_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let database = Database::create(&path).unwrap();
        let write = database.begin_write().unwrap();
        write.open_table(RECORDS).unwrap().insert("contoso", b"{".as_slice()).unwrap();
        write.commit().unwrap();
        drop(database);
        assert!(matches!(Shared::new(folder.path()).open(), Err(StoreError::Damaged { .. })));
    }
}

//! Entities in memory: for tests, and for gateways whose entities are all declared.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::{Author, BoxFuture, Change, EntityStore, Image, Snapshot, StoreError};

/// Keeps entities as long as the process lives.
#[derive(Debug)]
pub struct MemoryStore {
    image: Mutex<Image>,
    snapshots: watch::Sender<Snapshot>,
}

impl MemoryStore {
    /// An empty store, ready at once.
    pub fn new() -> Self {
        let image = Image::default();
        let snapshots = watch::Sender::new(Snapshot::of(&image));
        Self { image: Mutex::new(image), snapshots }
    }

    fn image(&self) -> MutexGuard<'_, Image> {
        // The image is replaced whole, so it is good even if a thread died while it held the lock.
        self.image.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl EntityStore for MemoryStore {
    fn ready(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn read(&self) -> Result<Image, StoreError> {
        Ok(self.image().clone())
    }

    fn commit(&self, author: Author, changes: Vec<Change>) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let mut image = self.image();
            let (next, _) = image.after(author, changes)?;
            *image = next;
            // Sent under the lock, so that snapshots come in the order of revisions.
            self.snapshots.send_replace(Snapshot::of(&image));
            Ok(image.revision())
        })
    }

    fn watch(&self) -> watch::Receiver<Snapshot> {
        self.snapshots.subscribe()
    }
}

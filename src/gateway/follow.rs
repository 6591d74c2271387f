//! Follows the entities of the store: each change becomes a new directory, and ends what runs on relays that are gone.

use std::sync::Arc;

use tokio::sync::watch;

use super::core::{Core, Entities};
use crate::{
    entity::{Directory, HostName},
    store::Snapshot,
};

/// Runs until the gateway closes.
pub(super) async fn follow(core: Arc<Core>, mut snapshots: watch::Receiver<Snapshot>) {
    loop {
        let snapshot = snapshots.borrow_and_update().clone();
        apply(&core, snapshot);
        tokio::select! {
            () = core.closing.cancelled() => return,
            changed = snapshots.changed() => if changed.is_err() { return },
        }
    }
}

/// Builds the directory from what the store has, for the settings of now.
pub(super) fn apply(core: &Core, snapshot: Snapshot) {
    let Snapshot::Ready { namespaces, revision } = snapshot else { return };
    let domain: Option<HostName> = core.settings.load().domain.clone();
    match Directory::new(namespaces.to_vec(), domain.as_ref()) {
        Ok(directory) => {
            let directory = Arc::new(directory);
            core.directory.store(Arc::new(Entities::Ready(Arc::clone(&directory))));
            core.end_relays(&directory);
            tracing::debug!(revision, "entities changed");
        }
        // The store refuses a host that another namespace has, so this is a store that somebody else wrote.
        Err(error) => {
            tracing::error!(%error, revision, "the store's entities contradict each other; the last good ones stay")
        }
    }
}

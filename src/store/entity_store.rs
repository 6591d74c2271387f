//! The trait of everything that keeps entities.

use std::sync::Arc;

use tokio::sync::watch;

use super::{
    Author, BoxFuture, Change, Image, NamespaceRecord, Precondition, Record, RecordKey, SeedReport,
    StoreError, Versioned, seed,
};
use crate::entity::{Namespace, NamespaceName, Relay, RelayKey};

/// What a gateway knows of the entities.
///
/// "No such relay" ends the listeners of the published libraries for good, so it may be said only in `Ready`: while
/// `Loading` a gateway answers 503.
#[derive(Clone, Debug)]
pub enum Snapshot {
    /// Nothing is known yet.
    Loading,
    /// Everything is known.
    Ready {
        /// All namespaces with their relays.
        namespaces: Arc<Vec<Namespace>>,
        /// The revision of the store at which this was true; grows with each commit.
        revision: u64,
    },
}

impl Snapshot {
    pub(super) fn of(image: &Image) -> Self {
        let namespaces = image.namespaces().into_iter().map(|found| found.value).collect();
        Self::Ready { namespaces: Arc::new(namespaces), revision: image.revision() }
    }
}

/// Keeps namespaces, relays and policies. Durable where the back end is.
///
/// Every write names the version it expects ([`Precondition`]); all changes of one commit are made or none. A commit
/// that returned is durable and every later [`read`](Self::read) of this store sees it. A future that is dropped may
/// still have its commit made.
pub trait EntityStore: Send + Sync {
    /// Waits until the first load is over. An error here is for good: the store cannot be used.
    fn ready(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// All entities with their versions; an error while loading.
    fn read(&self) -> Result<Image, StoreError>;

    /// Makes all changes, or none. The revision it returns is the version of each record written.
    fn commit(&self, author: Author, changes: Vec<Change>) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Tells of each commit, those of other gateways on the same store included. Revisions may be skipped, never go back.
    fn watch(&self) -> watch::Receiver<Snapshot>;

    /// The namespaces with their relays, once loaded.
    fn load(&self) -> BoxFuture<'_, Result<Vec<Versioned<Namespace>>, StoreError>> {
        Box::pin(async move {
            self.ready().await?;
            Ok(self.read()?.namespaces())
        })
    }

    /// Writes a namespace's own record, on behalf of the API: hosts and policies, not its relays.
    fn put_namespace(
        &self,
        namespace: NamespaceRecord,
        when: Precondition,
    ) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.commit(Author::Api, vec![Change::Put { record: Record::Namespace(namespace), when }])
    }

    /// Removes a namespace and all its relays, on behalf of the API.
    fn delete_namespace(
        &self,
        name: NamespaceName,
        when: Precondition,
    ) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.commit(Author::Api, vec![Change::Delete { key: RecordKey::Namespace(name), when }])
    }

    /// Writes a relay with its policies, on behalf of the API.
    fn put_relay(
        &self,
        namespace: NamespaceName,
        relay: Relay,
        when: Precondition,
    ) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.commit(
            Author::Api,
            vec![Change::Put { record: Record::Relay { namespace, relay: Arc::new(relay) }, when }],
        )
    }

    /// Removes a relay, on behalf of the API.
    fn delete_relay(&self, key: RelayKey, when: Precondition) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.commit(Author::Api, vec![Change::Delete { key: RecordKey::Relay(key), when }])
    }

    /// Adds what the configuration declares and the store does not have; see [`SeedReport`].
    ///
    /// Doing it twice changes nothing the second time. When another gateway writes at the same time, it begins again.
    fn seed<'a>(&'a self, declared: &'a [Namespace]) -> BoxFuture<'a, Result<SeedReport, StoreError>> {
        Box::pin(seed::seed(self, declared))
    }
}

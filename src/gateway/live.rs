//! What is going on right now, for whoever asks at the admin door.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{clock::unix_now, core::Peer, quota::Counted};
use crate::{
    auth::Authorized,
    config::DoorName,
    doors::admit::Target,
    entity::{KeyName, RelayKey, UnixTime},
    io::JoinCounters,
    wire::hybrid::TrackingId,
};

/// Live listeners and connections, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Live {
    next: AtomicU64,
    listeners: Mutex<BTreeMap<u64, Arc<LiveListener>>>,
    connections: Mutex<BTreeMap<u64, Arc<LiveConnection>>>,
}

/// A connected listener.
#[derive(Debug)]
pub(crate) struct LiveListener {
    pub(crate) relay: RelayKey,
    pub(crate) id: String,
    pub(crate) remote: SocketAddr,
    pub(crate) key_name: KeyName,
    pub(crate) user_agent: Option<String>,
    pub(crate) connected_at: UnixTime,
    pub(crate) token_expires: UnixTime,
}

/// A joined sender or a running exchange. It keeps its place under the namespace's quota.
#[derive(Debug)]
pub(crate) struct LiveConnection {
    pub(crate) relay: RelayKey,
    /// Whether listeners made the relay.
    pub(crate) dynamic: bool,
    pub(crate) tracking_id: String,
    pub(crate) door: DoorName,
    pub(crate) remote: SocketAddr,
    pub(crate) key_name: Option<KeyName>,
    pub(crate) connected_at: UnixTime,
    pub(crate) counters: Arc<JoinCounters>,
    /// Its place under the quota, kept as long as it is listed.
    pub(crate) _counted: Counted,
}

/// An entry that leaves the list when it is dropped.
#[derive(Debug)]
pub(crate) struct Entry<T: Listed> {
    live: Arc<Live>,
    id: u64,
    what: Arc<T>,
}

/// What has a list in [`Live`].
pub(crate) trait Listed: Sized {
    fn list(live: &Live) -> &Mutex<BTreeMap<u64, Arc<Self>>>;
}

impl Listed for LiveListener {
    fn list(live: &Live) -> &Mutex<BTreeMap<u64, Arc<Self>>> {
        &live.listeners
    }
}

impl Listed for LiveConnection {
    fn list(live: &Live) -> &Mutex<BTreeMap<u64, Arc<Self>>> {
        &live.connections
    }
}

impl Live {
    /// Lists something until the entry is dropped.
    pub(crate) fn enter<T: Listed>(self: &Arc<Self>, what: T) -> Entry<T> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let what = Arc::new(what);
        lock(T::list(self)).insert(id, Arc::clone(&what));
        Entry { live: Arc::clone(self), id, what }
    }

    /// Lists a connection of a sender that was let in.
    pub(crate) fn connection(
        self: &Arc<Self>,
        peer: &Peer,
        target: &Target,
        tracking_id: &TrackingId,
        authorized: Option<Authorized>,
        counted: Counted,
    ) -> Entry<LiveConnection> {
        self.enter(LiveConnection {
            relay: target.key.clone(),
            dynamic: target.dynamic,
            tracking_id: tracking_id.to_string(),
            door: peer.door,
            remote: peer.address,
            key_name: authorized.map(|authorized| authorized.key_name),
            connected_at: unix_now(),
            counters: Arc::default(),
            _counted: counted,
        })
    }

    /// What is listed, oldest first.
    pub(crate) fn all<T: Listed>(&self) -> Vec<Arc<T>> {
        lock(T::list(self)).values().cloned().collect()
    }
}

impl<T: Listed> std::ops::Deref for Entry<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.what
    }
}

impl<T: Listed> Drop for Entry<T> {
    fn drop(&mut self) {
        lock(T::list(&self.live)).remove(&self.id);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Registrations in memory: all a gateway needs that runs alone.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use super::{BoxFuture, LeaseId, RegistrationStore, StoreError};
use crate::{
    entity::{NamespaceName, RelayKey},
    relay::{GatewayId, ListenerId, Registered, Registration, admission},
};

/// Keeps registrations as long as the process lives. It ends together with the gateways it serves, so that the time of a
/// lease is not measured: a lease ends when it is revoked.
#[derive(Debug)]
pub struct MemoryRegistrations {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    next_lease: u64,
    leases: BTreeMap<LeaseId, GatewayId>,
    /// By the order in which they came.
    entries: BTreeMap<u64, Entry>,
    next_entry: u64,
    by_listener: HashMap<ListenerId, u64>,
    by_relay: HashMap<RelayKey, Vec<u64>>,
    /// Only relays of one root can lie above or below each other.
    by_root: HashMap<Root, Vec<u64>>,
}

/// A namespace and the first segment of a path in it, in lower case.
type Root = (NamespaceName, String);

#[derive(Debug)]
struct Entry {
    registration: Registration,
    lease: LeaseId,
}

impl MemoryRegistrations {
    /// An empty store, ready at once.
    pub fn new() -> Self {
        Self { state: Mutex::default(), changes: watch::Sender::new(0) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state; tells watchers when `change` says that registrations changed.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> (bool, T)) -> T {
        let (changed, result) = change(&mut self.state());
        if changed {
            self.changes.send_modify(|revision| *revision += 1);
        }
        result
    }
}

impl Default for MemoryRegistrations {
    fn default() -> Self {
        Self::new()
    }
}

impl RegistrationStore for MemoryRegistrations {
    fn ready(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn grant(&self, gateway: GatewayId, _time: Duration) -> BoxFuture<'_, Result<LeaseId, StoreError>> {
        Box::pin(async move {
            self.change(|state| {
                state.next_lease += 1;
                let lease = LeaseId(state.next_lease);
                state.leases.insert(lease, gateway);
                (false, Ok(lease))
            })
        })
    }

    fn renew(&self, lease: LeaseId) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.state().check(lease) })
    }

    fn revoke(&self, lease: LeaseId) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.change(|state| {
                state.leases.remove(&lease);
                let under = state.entries.iter().filter(|(_, entry)| entry.lease == lease);
                let gone: Vec<u64> = under.map(|(&entry, _)| entry).collect();
                gone.iter().for_each(|&entry| state.remove(entry));
                (!gone.is_empty(), Ok(()))
            })
        })
    }

    fn register(
        &self,
        registration: Registration,
        lease: LeaseId,
        most: u32,
    ) -> BoxFuture<'_, Result<Registered, StoreError>> {
        Box::pin(async move {
            self.change(|state| {
                if let Err(error) = state.check(lease) {
                    return (false, Err(error));
                }
                let before = state.by_listener.get(&registration.listener).copied();
                let answer = admission(&registration, state.beside(&registration, before), most);
                if answer != Registered::Yes {
                    return (false, Ok(answer));
                }
                before.into_iter().for_each(|entry| state.remove(entry));
                state.insert(Entry { registration, lease });
                (true, Ok(Registered::Yes))
            })
        })
    }

    fn withdraw(&self, listener: ListenerId) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.change(|state| {
                let entry = state.by_listener.get(&listener).copied();
                entry.into_iter().for_each(|entry| state.remove(entry));
                (entry.is_some(), Ok(()))
            })
        })
    }

    fn candidates(&self, relay: &RelayKey) -> Vec<Registration> {
        let state = self.state();
        let entries = state.by_relay.get(relay).into_iter().flatten();
        entries.map(|entry| state.entries[entry].registration.clone()).collect()
    }

    fn count(&self, relay: &RelayKey) -> usize {
        self.state().by_relay.get(relay).map_or(0, Vec::len)
    }

    fn each(&self, look: &mut dyn FnMut(&Registration)) {
        self.state().entries.values().for_each(|entry| look(&entry.registration));
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

impl State {
    fn check(&self, lease: LeaseId) -> Result<(), StoreError> {
        if self.leases.contains_key(&lease) { Ok(()) } else { Err(StoreError::LeaseLost) }
    }

    /// Those that may stand in the way of `new`, without the entry that it replaces. Only one that makes a relay can collide with
    /// another relay's, so for all others those of its own are enough.
    fn beside(&self, new: &Registration, before: Option<u64>) -> Vec<&Registration> {
        let makes_a_relay = new.wcf.as_ref().is_some_and(|terms| terms.dynamic);
        let entries =
            if makes_a_relay { self.by_root.get(&root(&new.relay)) } else { self.by_relay.get(&new.relay) };
        entries
            .into_iter()
            .flatten()
            .filter(|&&entry| Some(entry) != before)
            .filter_map(|entry| self.entries.get(entry))
            .map(|entry| &entry.registration)
            .collect()
    }

    fn insert(&mut self, entry: Entry) {
        self.next_entry += 1;
        self.by_listener.insert(entry.registration.listener, self.next_entry);
        let relay = &entry.registration.relay;
        self.by_relay.entry(relay.clone()).or_default().push(self.next_entry);
        self.by_root.entry(root(relay)).or_default().push(self.next_entry);
        self.entries.insert(self.next_entry, entry);
    }

    fn remove(&mut self, number: u64) {
        let Some(entry) = self.entries.remove(&number) else { return };
        self.by_listener.remove(&entry.registration.listener);
        take_out(&mut self.by_relay, &entry.registration.relay, number);
        take_out(&mut self.by_root, &root(&entry.registration.relay), number);
    }
}

fn root(relay: &RelayKey) -> Root {
    let first = relay.path.segments().next().unwrap_or_default();
    (relay.namespace.clone(), first.to_ascii_lowercase())
}

fn take_out<K: Eq + Hash>(index: &mut HashMap<K, Vec<u64>>, key: &K, number: u64) {
    if let Some(entries) = index.get_mut(key) {
        entries.retain(|&other| other != number);
        if entries.is_empty() {
            index.remove(key);
        }
    }
}

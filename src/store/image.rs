//! All entities of a store at one revision, and what a commit does to them.

use std::{collections::BTreeMap, sync::Arc};

use super::{Author, Change, NamespaceRecord, Precondition, Record, RecordKey, StoreError, Versioned};
use crate::entity::{HostName, Namespace, NamespaceName, Relay, RelayKey};

/// All records at one revision. Cheap to clone: records are shared.
#[derive(Clone, Debug, Default)]
pub struct Image {
    revision: u64,
    records: BTreeMap<String, Versioned<Arc<Record>>>,
}

/// What a commit wrote, for a back end to make durable: the key's text, and the record or `None` where it is gone.
pub(super) type Delta = BTreeMap<String, Option<Versioned<Arc<Record>>>>;

impl Image {
    pub(super) fn new(revision: u64, records: BTreeMap<String, Versioned<Arc<Record>>>) -> Self {
        Self { revision, records }
    }

    /// Grows by one with each commit. 0: nothing was ever written.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// One namespace without its relays.
    pub fn namespace(&self, name: &NamespaceName) -> Option<Versioned<&NamespaceRecord>> {
        match self.get(&RecordKey::Namespace(name.clone()))? {
            Versioned { value: Record::Namespace(record), version } => {
                Some(Versioned { value: record, version })
            }
            Versioned { value: Record::Relay { .. }, .. } => None,
        }
    }

    /// One relay.
    pub fn relay(&self, key: &RelayKey) -> Option<Versioned<&Arc<Relay>>> {
        match self.get(&RecordKey::Relay(key.clone()))? {
            Versioned { value: Record::Relay { relay, .. }, version } => {
                Some(Versioned { value: relay, version })
            }
            Versioned { value: Record::Namespace(_), .. } => None,
        }
    }

    /// Every record, a namespace before its relays.
    pub fn records(&self) -> impl Iterator<Item = Versioned<&Record>> {
        self.records.values().map(|found| Versioned { value: found.value.as_ref(), version: found.version })
    }

    /// The namespaces with their relays, each with the version of its own record.
    pub fn namespaces(&self) -> Vec<Versioned<Namespace>> {
        let mut namespaces: BTreeMap<&str, Versioned<Namespace>> = BTreeMap::new();
        for Versioned { value, version } in self.records() {
            match value {
                Record::Namespace(record) => {
                    let mut namespace = Namespace::new(record.name.clone());
                    namespace.hosts.clone_from(&record.hosts);
                    namespace.policies.clone_from(&record.policies);
                    namespace.dynamic_relays = record.dynamic_relays;
                    namespace.issuers.clone_from(&record.issuers);
                    namespace.token_service = record.token_service;
                    namespace.locked = record.locked;
                    namespaces.insert(record.name.as_str(), Versioned { value: namespace, version });
                }
                Record::Relay { namespace, relay } => {
                    if let Some(found) = namespaces.get_mut(namespace.as_str()) {
                        found.value.insert(relay.clone());
                    }
                }
            }
        }
        namespaces.into_values().collect()
    }

    fn get(&self, key: &RecordKey) -> Option<Versioned<&Record>> {
        let found = self.records.get(&key.text())?;
        Some(Versioned { value: found.value.as_ref(), version: found.version })
    }

    /// The image after a commit, and what changed. All changes are made, in order, or none.
    pub(super) fn after(&self, author: Author, changes: Vec<Change>) -> Result<(Self, Delta), StoreError> {
        let mut next = Self { revision: self.revision + 1, records: self.records.clone() };
        let mut delta = Delta::new();
        for change in changes {
            next.apply(author, change, &mut delta)?;
        }
        next.check_hosts()?;
        Ok((next, delta))
    }

    fn apply(&mut self, author: Author, change: Change, delta: &mut Delta) -> Result<(), StoreError> {
        let (key, when) = match &change {
            Change::Put { record, when } => (record.key(), *when),
            Change::Delete { key, when } => (key.clone(), *when),
        };
        let found = self.get(&key).map(|found| (found.version, found.value.locked()));
        let holds = match (when, found) {
            (Precondition::Any, _) | (Precondition::Absent, None) => true,
            (Precondition::Version(expected), Some((version, _))) => expected == version,
            (Precondition::Absent, Some(_)) | (Precondition::Version(_), None) => false,
        };
        if !holds {
            return Err(StoreError::Conflict { key, found: found.map(|(version, _)| version) });
        }
        if author == Author::Api && found.is_some_and(|(_, locked)| locked) {
            return Err(StoreError::Locked { key });
        }
        match change {
            Change::Put { record, .. } => {
                // A lock without a declaration could never be opened again.
                if author == Author::Api && record.locked() {
                    return Err(StoreError::Locked { key });
                }
                if let Record::Relay { namespace, .. } = &record
                    && self.namespace(namespace).is_none()
                {
                    return Err(StoreError::NotFound { key: RecordKey::Namespace(namespace.clone()) });
                }
                let written = Versioned { value: Arc::new(record), version: self.revision };
                delta.insert(key.text(), Some(written.clone()));
                self.records.insert(key.text(), written);
            }
            Change::Delete { .. } => {
                if found.is_none() {
                    return Err(StoreError::NotFound { key });
                }
                for gone in self.with_children(&key) {
                    let record = self.records.remove(&gone);
                    if let Some(record) = record
                        && author == Author::Api
                        && record.value.locked()
                    {
                        return Err(StoreError::Locked { key: record.value.key() });
                    }
                    delta.insert(gone, None);
                }
            }
        }
        Ok(())
    }

    /// The key's text, and for a namespace those of its relays.
    fn with_children(&self, key: &RecordKey) -> Vec<String> {
        let mut texts = vec![key.text()];
        if let RecordKey::Namespace(name) = key {
            let prefix = format!("{name}/");
            let relays = self.records.range(prefix.clone()..).map(|(text, _)| text);
            texts.extend(relays.take_while(|text| text.starts_with(&prefix)).cloned());
        }
        texts
    }

    /// A host name belongs to one namespace (design, section 2).
    fn check_hosts(&self) -> Result<(), StoreError> {
        let mut owners: BTreeMap<&str, (&HostName, &NamespaceName)> = BTreeMap::new();
        for found in self.records() {
            let Record::Namespace(record) = found.value else { continue };
            for host in &record.hosts {
                match owners.insert(host.as_str(), (host, &record.name)) {
                    Some((host, owner)) if owner != &record.name => {
                        return Err(StoreError::HostTaken { host: host.clone(), namespace: owner.clone() });
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

//! Declared entities meet stored ones.
//!
//! A declaration adds what is absent. What is there is left alone, because the store is the truth: keys rotate, people
//! add policies. An entity declared with `locked = true` is the exception: its declaration is applied again each time.

use std::sync::Arc;

use super::{
    Author, Change, EntityStore, Image, NamespaceRecord, Precondition, Record, RecordKey, StoreError,
};
use crate::entity::{Namespace, Policy, Relay, RelayKey};

/// How many changes go into one commit; other back ends bound theirs (etcd: 128 operations).
const CHANGES_PER_COMMIT: usize = 100;

/// How often a seed begins again when another gateway wrote in between.
const ATTEMPTS: usize = 8;

/// What a seed did, for the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeedReport {
    /// Entities that were absent and are there now; a policy as `contoso/credit-check: policy send`.
    pub added: Vec<String>,
    /// Locked entities that differed and are as declared again.
    pub applied: Vec<String>,
    /// Entities whose lock was opened, because their declaration no longer locks them or is gone.
    pub unlocked: Vec<String>,
    /// Entities that differ from their declaration and were left alone, because they are not locked.
    pub left_alone: Vec<String>,
}

pub(super) async fn seed<S: EntityStore + ?Sized>(
    store: &S,
    declared: &[Namespace],
) -> Result<SeedReport, StoreError> {
    store.ready().await?;
    let mut report = SeedReport::default();
    let mut attempt = 1;
    loop {
        let plan = plan(&store.read()?, declared);
        let outcome = commit(store, plan.changes).await;
        // What an attempt that met another writer had done already is not told twice: merge by name.
        report.merge(plan.report);
        match outcome {
            Ok(()) => return Ok(report),
            Err(StoreError::Conflict { .. }) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

async fn commit<S: EntityStore + ?Sized>(store: &S, changes: Vec<Change>) -> Result<(), StoreError> {
    // A namespace stands before its relays, so that each piece is good by itself.
    for piece in changes.chunks(CHANGES_PER_COMMIT) {
        store.commit(Author::Declaration, piece.to_vec()).await?;
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Plan {
    changes: Vec<Change>,
    report: SeedReport,
}

fn plan(image: &Image, declared: &[Namespace]) -> Plan {
    let mut plan = Plan::default();
    for namespace in declared {
        plan.namespace(image, namespace);
        for relay in namespace.relays() {
            plan.relay(image, namespace, relay);
        }
    }
    for found in image.records() {
        if found.value.locked() && !is_declared(&found.value.key(), declared) {
            plan.unlock(found.value, found.version);
        }
    }
    plan
}

impl Plan {
    fn namespace(&mut self, image: &Image, declared: &Namespace) {
        let record = NamespaceRecord::from(declared);
        let name = record.name.to_string();
        let Some(stored) = image.namespace(&record.name) else {
            self.report.added.push(name);
            return self.put(Record::Namespace(record), Precondition::Absent);
        };
        let when = Precondition::Version(stored.version);
        if record.locked {
            if stored.value != &record {
                self.report.applied.push(name);
                self.put(Record::Namespace(record), when);
            }
            return;
        }
        let mut next = NamespaceRecord { locked: false, ..stored.value.clone() };
        self.add_policies(&name, &mut next.policies, &record.policies);
        if stored.value.locked {
            self.report.unlocked.push(name.clone());
        }
        let differs = next.hosts != record.hosts
            || next.dynamic_relays != record.dynamic_relays
            || next.issuers != record.issuers
            || next.token_service != record.token_service;
        if differs || differ(&next.policies, &record.policies) {
            self.report.left_alone.push(name);
        }
        if &next != stored.value {
            self.put(Record::Namespace(next), when);
        }
    }

    fn relay(&mut self, image: &Image, declared: &Namespace, relay: &Relay) {
        let namespace = declared.name.clone();
        let name = format!("{namespace}/{}", relay.path);
        let record =
            |relay: &Relay| Record::Relay { namespace: namespace.clone(), relay: Arc::new(relay.clone()) };
        let key = RelayKey { namespace: namespace.clone(), path: relay.path.clone() };
        let Some(stored) = image.relay(&key) else {
            self.report.added.push(name);
            return self.put(record(relay), Precondition::Absent);
        };
        let when = Precondition::Version(stored.version);
        if relay.locked {
            if stored.value.as_ref() != relay {
                self.report.applied.push(name);
                self.put(record(relay), when);
            }
            return;
        }
        let mut next = Relay { locked: false, ..stored.value.as_ref().clone() };
        self.add_policies(&name, &mut next.policies, &relay.policies);
        if stored.value.locked {
            self.report.unlocked.push(name.clone());
        }
        let rest = Relay { policies: next.policies.clone(), ..relay.clone() };
        if rest != next || differ(&next.policies, &relay.policies) {
            self.report.left_alone.push(name);
        }
        if &next != stored.value.as_ref() {
            self.put(record(&next), when);
        }
    }

    fn add_policies(&mut self, entity: &str, stored: &mut Vec<Policy>, declared: &[Policy]) {
        for policy in declared {
            if !stored.iter().any(|found| found.name == policy.name) {
                self.report.added.push(format!("{entity}: policy {}", policy.name));
                stored.push(policy.clone());
            }
        }
    }

    fn unlock(&mut self, record: &Record, version: u64) {
        let mut open = record.clone();
        let name = match &mut open {
            Record::Namespace(record) => {
                record.locked = false;
                record.name.to_string()
            }
            Record::Relay { namespace, relay } => {
                Arc::make_mut(relay).locked = false;
                format!("{namespace}/{}", relay.path)
            }
        };
        self.report.unlocked.push(name);
        self.put(open, Precondition::Version(version));
    }

    fn put(&mut self, record: Record, when: Precondition) {
        self.changes.push(Change::Put { record, when });
    }
}

impl SeedReport {
    fn merge(&mut self, other: Self) {
        let merge = |into: &mut Vec<String>, from: Vec<String>| {
            for name in from {
                if !into.contains(&name) {
                    into.push(name);
                }
            }
        };
        merge(&mut self.added, other.added);
        merge(&mut self.applied, other.applied);
        merge(&mut self.unlocked, other.unlocked);
        merge(&mut self.left_alone, other.left_alone);
    }
}

/// Whether a declared policy has other rights or keys than the stored one of that name.
fn differ(stored: &[Policy], declared: &[Policy]) -> bool {
    declared.iter().any(|policy| stored.iter().any(|found| found.name == policy.name && found != policy))
}

fn is_declared(key: &RecordKey, declared: &[Namespace]) -> bool {
    declared.iter().any(|namespace| match key {
        RecordKey::Namespace(name) => &namespace.name == name,
        RecordKey::Relay(key) => {
            namespace.name == key.namespace && namespace.relays().any(|relay| relay.path == key.path)
        }
    })
}

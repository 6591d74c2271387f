//! What a store keeps: one record for each namespace and one for each relay, each with a version.
//!
//! A relay has a record of its own so that two writers who change two relays do not meet, and so that a namespace of
//! ten thousand relays is not written whole for one of them.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::entity::{DynamicRelays, HostName, Namespace, NamespaceName, Policy, Relay, RelayKey, SwtIssuer};

/// A value and the revision of the commit that wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versioned<T> {
    /// What is stored.
    pub value: T,
    /// Grows with each change of this record; never used twice within one store.
    pub version: u64,
}

/// What a namespace is apart from its relays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamespaceRecord {
    /// Its name; the key of the record.
    pub name: NamespaceName,
    /// Host names under which it answers; each belongs to one namespace.
    pub hosts: Vec<HostName>,
    /// Policies good for every relay in it.
    pub policies: Vec<Policy>,
    /// Whether WCF listeners may make relays in it.
    #[serde(default)]
    pub dynamic_relays: DynamicRelays,
    /// Whose simple web tokens it takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<SwtIssuer>,
    /// Whether its token service makes them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub token_service: bool,
    /// Declared with `locked = true`: hosts and policies cannot be changed by the API. Relays have locks of their own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
}

/// One stored entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A namespace without its relays.
    Namespace(NamespaceRecord),
    /// A relay.
    Relay {
        /// Where it stands.
        namespace: NamespaceName,
        /// The relay with its policies.
        relay: Arc<Relay>,
    },
}

/// Names a record. Two that differ in the case of a relay's path are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordKey {
    /// A namespace.
    Namespace(NamespaceName),
    /// A relay.
    Relay(RelayKey),
}

/// What must be true of a record for a change to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// There is none.
    Absent,
    /// It has this version.
    Version(u64),
    /// Nothing: the last writer wins.
    Any,
}

/// One change of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Writes a record whole.
    Put {
        /// The record.
        record: Record,
        /// What must be true before.
        when: Precondition,
    },
    /// Removes a record that is there; with a namespace its relays go too.
    Delete {
        /// The record.
        key: RecordKey,
        /// What must be true before.
        when: Precondition,
    },
}

/// Who writes: a locked entity yields to its declaration alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The management API, on behalf of a person or a tool.
    Api,
    /// The configuration file of a gateway.
    Declaration,
}

impl Record {
    /// The name of this record.
    pub fn key(&self) -> RecordKey {
        match self {
            Self::Namespace(record) => RecordKey::Namespace(record.name.clone()),
            Self::Relay { namespace, relay } => RecordKey::relay(namespace, relay),
        }
    }

    /// Whether the API may not change it.
    pub fn locked(&self) -> bool {
        match self {
            Self::Namespace(record) => record.locked,
            Self::Relay { relay, .. } => relay.locked,
        }
    }
}

impl RecordKey {
    pub(super) fn relay(namespace: &NamespaceName, relay: &Relay) -> Self {
        Self::Relay(RelayKey { namespace: namespace.clone(), path: relay.path.clone() })
    }

    /// The text by which back ends find a record: `contoso`, `contoso/credit-check`. A namespace's name holds no slash,
    /// so that all relays of a namespace begin with `contoso/`.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Namespace(name) => name.to_string(),
            Self::Relay(key) => format!("{}/{}", key.namespace, key.path.to_string().to_ascii_lowercase()),
        }
    }
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace(name) => write!(f, "namespace {name}"),
            Self::Relay(key) => write!(f, "relay {}/{}", key.namespace, key.path),
        }
    }
}

impl From<&Namespace> for NamespaceRecord {
    fn from(namespace: &Namespace) -> Self {
        Self {
            name: namespace.name.clone(),
            hosts: namespace.hosts.clone(),
            policies: namespace.policies.clone(),
            dynamic_relays: namespace.dynamic_relays,
            issuers: namespace.issuers.clone(),
            token_service: namespace.token_service,
            locked: namespace.locked,
        }
    }
}

//! Why a store refuses, and what can be done about it.

use std::path::PathBuf;

use super::RecordKey;
use crate::entity::{HostName, NamespaceName};

/// Why a store did not do what it was asked. Never holds a key of a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The record has another version than the one expected, or exists although it should not.
    #[error("{key} was changed by someone else")]
    Conflict {
        /// The record.
        key: RecordKey,
        /// Its version now; `None` if it is gone.
        found: Option<u64>,
    },
    /// No such record.
    #[error("{key} does not exist")]
    NotFound {
        /// The record, or the namespace it should stand in.
        key: RecordKey,
    },
    /// The entity is declared with `locked = true`.
    #[error("{key} is locked by the configuration file and can only be changed there")]
    Locked {
        /// The record.
        key: RecordKey,
    },
    /// A host name belongs to one namespace.
    #[error("host {host} belongs to namespace {namespace} already")]
    HostTaken {
        /// The host asked for.
        host: HostName,
        /// Whose it is.
        namespace: NamespaceName,
    },
    /// The lease was revoked or has lapsed: take a new one and register again.
    #[error("the lease is no longer valid")]
    LeaseLost,
    /// The first load is not over.
    #[error("the store is still loading")]
    Loading,
    /// The disk or the network failed; the change may or may not have been kept.
    #[error("the store cannot be reached: {reason}")]
    Unavailable {
        /// What the back end said.
        reason: String,
    },
    /// Another process holds the data directory.
    #[error("{} is in use by another process: one gateway for each data_dir", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// What is stored cannot be read. It is left as it is.
    #[error("{} cannot be read: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Written by a newer version of this program.
    #[error("{} has format {found}, this version reads up to {known}", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The format found.
        found: u64,
        /// The newest format known.
        known: u64,
    },
}

/// Who can do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// It passes: try again.
    Retry,
    /// The caller: read again, or ask for something else.
    Caller,
    /// An operator: trying again does not help.
    Operator,
}

impl StoreError {
    /// Who can do something about it.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Loading | Self::Unavailable { .. } => Remedy::Retry,
            Self::Conflict { .. }
            | Self::NotFound { .. }
            | Self::Locked { .. }
            | Self::HostTaken { .. }
            | Self::LeaseLost => Remedy::Caller,
            Self::InUse { .. } | Self::Damaged { .. } | Self::NewerFormat { .. } => Remedy::Operator,
        }
    }
}

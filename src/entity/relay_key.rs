//! What names one relay among all namespaces.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{EntityPath, NamespaceName};

/// A relay among all namespaces. Compared, ordered and hashed without regard to case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RelayKey {
    /// The namespace it belongs to.
    pub namespace: NamespaceName,
    /// Its path within it.
    pub path: EntityPath,
}

impl fmt::Display for RelayKey {
    /// `contoso/credit-check`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.path)
    }
}

//! How many connections a namespace has, counted where they begin and end.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::entity::NamespaceName;

/// Connections of each namespace on this gateway.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    counts: Mutex<HashMap<NamespaceName, Arc<AtomicU32>>>,
}

/// One counted connection; it is counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Counted(Arc<AtomicU32>);

impl Connections {
    /// Counts one more; `None` when `limit` (0 = none) is reached.
    pub(crate) fn enter(&self, namespace: &NamespaceName, limit: u32) -> Option<Counted> {
        let count = {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(counts.entry(namespace.clone()).or_default())
        };
        let before = count.fetch_add(1, Ordering::Relaxed);
        let counted = Counted(count);
        (limit == 0 || before < limit).then_some(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let connections = Connections::default();
        let namespace = NamespaceName::parse("contoso").unwrap();
        let first = connections.enter(&namespace, 1).unwrap();
        assert!(connections.enter(&namespace, 1).is_none());
        drop(first);
        assert!(connections.enter(&namespace, 1).is_some());
    }
}

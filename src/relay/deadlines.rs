//! Many things with a deadline each, the nearest first.

use std::collections::BTreeSet;
use std::time::Instant;

/// Keys ordered by their deadline. A key without one is not in it.
#[derive(Debug)]
pub(super) struct Deadlines<K>(BTreeSet<(Instant, K)>);

impl<K: Ord + Copy> Deadlines<K> {
    pub(super) fn add(&mut self, deadline: Option<Instant>, key: K) {
        self.0.extend(deadline.map(|deadline| (deadline, key)));
    }

    pub(super) fn remove(&mut self, deadline: Option<Instant>, key: K) {
        if let Some(deadline) = deadline {
            self.0.remove(&(deadline, key));
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.0.first().map(|(deadline, _)| *deadline)
    }

    /// Takes one key whose deadline has come; call until there is none.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        self.0.pop_first().map(|(_, key)| key)
    }
}

impl<K> Default for Deadlines<K> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

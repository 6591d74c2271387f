//! Addresses whose handshakes fail again and again wait for their answers (2.5): one refused `hyco-ws` doubles its own
//! attempts, and a guesser tries forever.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Addresses remembered at a time; beyond it the oldest minute is forgotten first.
const MAX_ADDRESSES: usize = 10_000;

const WINDOW: Duration = Duration::from_secs(60);

/// Failures of each address within a minute.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    failures: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Debug)]
struct Window {
    since: Instant,
    count: u32,
}

impl Throttle {
    /// Counts a failure; true when its answer should be held back. `limit` 0 = never.
    pub(crate) fn failed(&self, address: IpAddr, limit: u32, now: Instant) -> bool {
        if limit == 0 {
            return false;
        }
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MAX_ADDRESSES {
            failures.retain(|_, window| now.duration_since(window.since) < WINDOW);
            if failures.len() >= MAX_ADDRESSES {
                failures.clear();
            }
        }
        let window = failures.entry(address).or_insert(Window { since: now, count: 0 });
        if now.duration_since(window.since) >= WINDOW {
            *window = Window { since: now, count: 0 };
        }
        window.count = window.count.saturating_add(1);
        window.count > limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_waits_after_too_many_failures_and_not_a_minute_later() {
        let throttle = Throttle::default();
        let address = IpAddr::from([127, 0, 0, 1]);
        let start = Instant::now();
        assert!(!throttle.failed(address, 2, start));
        assert!(!throttle.failed(address, 2, start));
        assert!(throttle.failed(address, 2, start));
        assert!(!throttle.failed(IpAddr::from([127, 0, 0, 2]), 2, start));
        assert!(!throttle.failed(address, 2, start + WINDOW));
    }
}

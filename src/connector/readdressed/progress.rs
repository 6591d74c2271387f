//! How far the two ways of a readdressed session are.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::Reason;

/// After one way ended, the other may be without activity this long; as the splice's.
pub(super) const HALF_CLOSE: Duration = Duration::from_secs(60);

/// One direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Forth = 0,
    Back = 1,
}

/// How far a way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// Its session ended.
    Over,
    /// Its source ended, and the other side was told.
    Told,
    /// The other side takes nothing any more.
    Cut,
}

/// What both ways know of each other.
pub(super) struct Progress {
    ways: Mutex<Ways>,
    changed: tokio::sync::Notify,
}

struct Ways {
    states: [State; 2],
    bytes: [u64; 2],
    active: Instant,
}

impl Progress {
    pub(super) fn new() -> Self {
        let ways = Ways { states: [State::Open; 2], bytes: [0; 2], active: Instant::now() };
        Self { ways: Mutex::new(ways), changed: tokio::sync::Notify::new() }
    }

    fn with<T>(&self, f: impl FnOnce(&mut Ways) -> T) -> T {
        f(&mut self.ways.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn read(&self, way: Way, bytes: usize) {
        self.with(|ways| {
            ways.bytes[way as usize] += bytes as u64;
            ways.active = Instant::now();
        });
    }

    pub(super) fn bytes(&self) -> [u64; 2] {
        self.with(|ways| ways.bytes)
    }

    pub(super) fn set(&self, way: Way, state: State) {
        self.with(|ways| {
            ways.states[way as usize] = state;
            ways.active = Instant::now();
        });
        self.changed.notify_one();
    }

    /// The source of a way ended. Tells whether the other side is to be told: not when both sessions are over, because its
    /// connection may go on with another one.
    pub(super) fn end(&self, way: Way) -> bool {
        if self.with(|ways| ways.states == [State::Over; 2]) {
            return false;
        }
        self.set(way, State::Told);
        true
    }

    /// Waits until there is nothing left to relay.
    pub(super) async fn over(&self) -> Reason {
        loop {
            let (states, active) = self.with(|ways| (ways.states, ways.active));
            if let Some(reason) = finished(states) {
                return reason;
            }
            if states == [State::Open; 2] {
                self.changed.notified().await;
                continue;
            }
            tokio::select! {
                () = self.changed.notified() => {}
                () = sleep_until(active + HALF_CLOSE) => {
                    if self.with(|ways| ways.active.elapsed()) >= HALF_CLOSE {
                        return Reason::HalfCloseExpired;
                    }
                }
            }
        }
    }
}

/// As the splice decides it.
fn finished(states: [State; 2]) -> Option<Reason> {
    use State::{Cut, Over, Told};
    match states {
        [Over, Over] => Some(Reason::SessionsEnded),
        [Cut, Told | Over | Cut] => Some(Reason::ReceiverLost),
        [Told | Over, Cut] => Some(Reason::InitiatorLost),
        [Told | Over, Told | Over] => Some(Reason::Closed),
        _ => None,
    }
}

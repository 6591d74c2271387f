//! When to ask a quiet peer for a sign of life, and when to take it for dead.

use std::time::{Duration, Instant};

/// Watches over the silence of one peer.
#[derive(Debug)]
pub(super) struct KeepAlive {
    /// `None` = never.
    ping_every: Option<Duration>,
    /// `None` = never.
    silence: Option<Duration>,
    last_received: Instant,
    /// When it was last received from or pinged.
    last_stirred: Instant,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Well,
    Ask,
    Dead,
}

impl KeepAlive {
    pub(super) fn new(ping_every: Option<Duration>, silence: Option<Duration>, now: Instant) -> Self {
        Self { ping_every, silence, last_received: now, last_stirred: now }
    }

    /// Anything at all came from the peer.
    pub(super) fn handle_received(&mut self, now: Instant) {
        self.last_received = now;
        self.last_stirred = now;
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Sign {
        if self.dead_at().is_some_and(|deadline| deadline <= now) {
            return Sign::Dead;
        }
        if self.ask_at().is_some_and(|deadline| deadline <= now) {
            self.last_stirred = now;
            return Sign::Ask;
        }
        Sign::Well
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        [self.dead_at(), self.ask_at()].into_iter().flatten().min()
    }

    fn dead_at(&self) -> Option<Instant> {
        self.silence.and_then(|silence| self.last_received.checked_add(silence))
    }

    fn ask_at(&self) -> Option<Instant> {
        self.ping_every.and_then(|every| self.last_stirred.checked_add(every))
    }
}

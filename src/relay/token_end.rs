//! When a listener's token ends. Tokens live by the wall clock, timers by the steady one.

use std::time::{Duration, Instant};

use crate::entity::UnixTime;

/// Watches over the token of one listener.
#[derive(Debug)]
pub(super) struct TokenEnd {
    /// When the listener must go, by the wall clock; `None` = never.
    at: Option<UnixTime>,
    /// The same by the steady clock, as far as is known.
    timer: Option<Instant>,
}

impl TokenEnd {
    /// `grace` is how long the listener may stay without a valid token.
    pub(super) fn new(expires: Option<UnixTime>, grace: Duration, now: Instant, unix: UnixTime) -> Self {
        let at = expires.map(|expires| expires.saturating_add(grace));
        let mut end = Self { at, timer: None };
        end.set_timer(now, unix);
        end
    }

    /// Whether the listener must go. Both clocks are asked anew, because the wall clock may have been set.
    pub(super) fn is_reached(&mut self, now: Instant, unix: UnixTime) -> bool {
        self.set_timer(now, unix);
        self.at.is_some_and(|at| at <= unix)
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.timer
    }

    fn set_timer(&mut self, now: Instant, unix: UnixTime) {
        self.timer = self.at.and_then(|at| now.checked_add(at.remaining(unix)));
    }
}

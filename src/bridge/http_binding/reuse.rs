//! When the connection of a rendezvous serves another request.

use std::time::Duration;

use super::reply::Reply;

/// How sparingly connections are kept (7.3): closing each always works, with many kept open new ones stalled, and the listener closes idle ones
/// after two minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reuse {
    /// Idle connections of one listener. Default 1.
    pub per_listener: usize,
    /// How long one is kept. Default 60 s; the listener's own time is 120 s.
    pub idle: Duration,
}

impl Default for Reuse {
    fn default() -> Self {
        Self { per_listener: 1, idle: Duration::from_secs(60) }
    }
}

impl Reuse {
    /// How long the connection is kept for another request, which begins with a preamble of its own; `None`: close it. `sent`: the request was
    /// sent up to its End. `kept`: idle connections of this listener.
    pub fn keep_for(&self, sent: bool, reply: &Reply, kept: usize) -> Option<Duration> {
        (sent && reply.is_ended() && kept < self.per_listener).then_some(self.idle)
    }
}

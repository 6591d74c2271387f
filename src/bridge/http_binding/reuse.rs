//! When the connection of a rendezvous serves another request.

use std::time::Duration;

use super::reply::Reply;
use crate::entity::{Limits, Timeouts};

/// How sparingly connections are kept (7.3): closing each always works, with many kept open new ones stalled, and the listener closes idle ones
/// after two minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reuse {
    /// Idle connections of one listener. Default 1.
    pub per_listener: usize,
    /// How long one is kept. Default 60 s; the listener's own time is 120 s.
    pub idle: Duration,
}

impl Reuse {
    /// What the gateway's settings say.
    pub fn new(limits: &Limits, timeouts: &Timeouts) -> Self {
        Self { per_listener: limits.binding_kept as usize, idle: timeouts.binding_kept }
    }

    /// How long the connection is kept for another request, which begins with a preamble of its own; `None`: close it. `sent`: the request was
    /// sent up to its End. `kept`: idle connections of this listener.
    pub fn keep_for(&self, sent: bool, reply: &Reply, kept: usize) -> Option<Duration> {
        (sent && reply.is_ended() && kept < self.per_listener).then_some(self.idle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::http_binding::{BindingLimits, ReplyTerms};

    fn reply(end: &[u8]) -> Reply {
        let mut reply = Reply::new(ReplyTerms { wants_body: true, limits: BindingLimits::default() });
        let mut parts = Vec::new();
        reply.push(b"\x0b\x05\x0a\x56\x02\x0b\x01s\x04\x56\x0e\x01\x01\x00", &mut parts).unwrap();
        assert!(reply.is_whole());
        reply.push(end, &mut parts).unwrap();
        reply
    }

    #[test]
    fn a_connection_is_kept_behind_an_end_on_both_sides_and_one_at_a_time() {
        let reuse = Reuse::new(&Limits::default(), &Timeouts::default());
        assert_eq!(reuse.keep_for(true, &reply(b"\x07"), 0), Some(Duration::from_secs(60)));
        assert_eq!(reuse.keep_for(true, &reply(b"\x07"), 1), None);
        assert_eq!(reuse.keep_for(false, &reply(b"\x07"), 0), None);
        // No End; another record in its place; something behind it.
        for end in [&b""[..], b"\x09", b"\xff", b"\x07\x0b"] {
            assert_eq!(reuse.keep_for(true, &reply(end), 0), None, "{end:?}");
        }
    }
}

//! How long an exchange may take.

use std::time::{Duration, Instant};

/// The one time limit of an exchange. It runs over rendezvous, acknowledgement and the beginning of the reply together: a busy service shows as
/// any of them being late, and one that cannot decode a request never answers at all (7.3, 7.4).
///
/// It begins anew with each piece of the request, because nothing is delivered before the End. Once the reply has begun, silence within it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    limit: Duration,
    silence: Duration,
    replying: bool,
    since: Instant,
}

impl Patience {
    /// An exchange begins, before its rendezvous. `limit` is the time for the reply to begin, `silence` the longest pause within it.
    pub fn new(limit: Duration, silence: Duration, now: Instant) -> Self {
        Self { limit, silence, replying: false, since: now }
    }

    /// More of the request came from the sender, or its end.
    pub fn handle_request(&mut self, now: Instant) {
        if !self.replying {
            self.since = now;
        }
    }

    /// Some of the reply came ([`super::ReplyPart::Head`] or more).
    pub fn handle_reply(&mut self, now: Instant) {
        self.replying = true;
        self.since = now;
    }

    /// When to give up; `None`: never.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.since.checked_add(if self.replying { self.silence } else { self.limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_limit_runs_until_the_reply_begins_and_silence_counts_from_then_on() {
        let at = |start: Instant, seconds| start + Duration::from_secs(seconds);
        let start = Instant::now();
        let mut patience = Patience::new(Duration::from_secs(60), Duration::from_secs(10), start);
        assert_eq!(patience.poll_timeout(), Some(at(start, 60)));
        patience.handle_request(at(start, 30));
        assert_eq!(patience.poll_timeout(), Some(at(start, 90)));
        patience.handle_reply(at(start, 50));
        assert_eq!(patience.poll_timeout(), Some(at(start, 60)));
        // The rest of an upload does not prolong a reply that stands still.
        patience.handle_request(at(start, 55));
        assert_eq!(patience.poll_timeout(), Some(at(start, 60)));
        patience.handle_reply(at(start, 58));
        assert_eq!(patience.poll_timeout(), Some(at(start, 68)));
    }
}

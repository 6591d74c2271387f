//! When to ping the gateway, and when to call it dead. The clock is an argument.

use std::time::{Duration, Instant};

/// Watches one control channel (hybrid page 2.4).
#[derive(Debug)]
pub(crate) struct KeepAlive {
    ping_every: Duration,
    silence: Duration,
    received: Instant,
    next_ping: Instant,
}

/// What a [`KeepAlive`] wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Send a ping.
    Ping,
    /// Nothing came for the whole time of silence: the gateway, or the way to it, is dead.
    Dead,
}

impl KeepAlive {
    /// A channel that opened at `now`: pinged every `ping_every`, dead after `silence` without a frame.
    pub(crate) fn new(ping_every: Duration, silence: Duration, now: Instant) -> Self {
        Self { ping_every, silence, received: now, next_ping: now + ping_every }
    }

    /// A frame of any kind arrived.
    pub(crate) fn handle_received(&mut self, now: Instant) {
        self.received = now;
    }

    /// The next instant at which [`Self::handle_timeout`] has something to say.
    pub(crate) fn poll_timeout(&self) -> Instant {
        self.next_ping.min(self.received + self.silence)
    }

    /// What is due at `now`, if anything.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<Due> {
        if now >= self.received + self.silence {
            return Some(Due::Dead);
        }
        if now >= self.next_ping {
            self.next_ping = now + self.ping_every;
            return Some(Due::Ping);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: Duration = Duration::from_secs(30);
    const SILENCE: Duration = Duration::from_secs(90);

    #[test]
    fn pings_at_the_interval_and_declares_death_at_the_silence() {
        let start = Instant::now();
        let mut channel = KeepAlive::new(PING, SILENCE, start);
        let mut seen = Vec::new();
        loop {
            let at = channel.poll_timeout();
            let due = channel.handle_timeout(at).expect("something is due at the announced instant");
            seen.push(((at - start).as_secs(), due));
            if due == Due::Dead {
                break;
            }
        }
        assert_eq!(seen, [(30, Due::Ping), (60, Due::Ping), (90, Due::Dead)]);
    }

    #[test]
    fn lives_on_while_frames_arrive() {
        let start = Instant::now();
        let mut channel = KeepAlive::new(PING, SILENCE, start);
        for minute in 1..10 {
            let now = start + Duration::from_secs(60 * minute);
            channel.handle_received(now);
            assert_ne!(channel.handle_timeout(now), Some(Due::Dead));
        }
    }

    #[test]
    fn says_nothing_before_it_is_time() {
        let start = Instant::now();
        let mut channel = KeepAlive::new(PING, SILENCE, start);
        assert_eq!(channel.handle_timeout(start + Duration::from_secs(29)), None);
    }
}

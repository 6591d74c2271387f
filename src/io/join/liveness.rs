//! When a quiet WebSocket leg is pinged, and when it is given up. Time is an argument.

use std::time::{Duration, Instant};

/// Signs of life of one leg.
#[derive(Debug)]
pub(super) struct Liveness {
    ping_every: Option<Duration>,
    silence: Option<Duration>,
    heard: Instant,
    pinged: Instant,
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Ping,
    Drop,
}

impl Liveness {
    pub(super) const fn new(ping_every: Option<Duration>, silence: Option<Duration>, now: Instant) -> Self {
        Self { ping_every, silence, heard: now, pinged: now }
    }

    /// Something came, or nothing could have come.
    pub(super) const fn handle_heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// When [`Liveness::handle_timeout`] is to be called next.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let ping = self.ping_every.map(|every| self.heard.max(self.pinged) + every);
        let drop = self.silence.map(|silence| self.heard + silence);
        ping.into_iter().chain(drop).min()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Due {
        if self.silence.is_some_and(|silence| now >= self.heard + silence) {
            return Due::Drop;
        }
        if self.ping_every.is_some_and(|every| now >= self.heard.max(self.pinged) + every) {
            self.pinged = now;
            return Due::Ping;
        }
        Due::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pings_a_quiet_leg_again_and_again_and_then_drops_it() {
        let start = Instant::now();
        let mut life = Liveness::new(Some(30 * SECOND), Some(90 * SECOND), start);
        let mut seen = Vec::new();
        while let Some(at) = life.poll_timeout() {
            let due = life.handle_timeout(at);
            seen.push(((at - start).as_secs(), due));
            if seen.last().unwrap().1 == Due::Drop {
                break;
            }
        }
        assert_eq!(seen, [(30, Due::Ping), (60, Due::Ping), (90, Due::Drop)]);
    }

    #[test]
    fn a_sign_of_life_postpones_both() {
        let start = Instant::now();
        let mut life = Liveness::new(Some(30 * SECOND), Some(90 * SECOND), start);
        life.handle_heard(start + 20 * SECOND);
        assert_eq!(life.poll_timeout(), Some(start + 50 * SECOND));
        assert_eq!(life.handle_timeout(start + 30 * SECOND), Due::Nothing);
        assert_eq!(life.handle_timeout(start + 50 * SECOND), Due::Ping);
        assert_eq!(life.handle_timeout(start + 109 * SECOND), Due::Ping);
        assert_eq!(life.handle_timeout(start + 110 * SECOND), Due::Drop);
    }

    #[test]
    fn without_settings_nothing_is_ever_due() {
        let life = Liveness::new(None, None, Instant::now());
        assert_eq!(life.poll_timeout(), None);
    }
}

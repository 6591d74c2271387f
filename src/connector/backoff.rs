//! How long a listener waits before it dials its gateway again. No clock, no randomness: both are arguments.

use std::time::{Duration, Instant};

/// Why the control channel is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It was lost or could not be opened; the next attempt may well succeed.
    Passing,
    /// The gateway says that the relay does not exist. SDK listeners give up here; we go on slowly, because an
    /// operator may create the relay later.
    NoSuchRelay,
    /// The gateway names the time to stay away (`Retry-After`).
    Told(Duration),
}

/// The waiting times between attempts: those of the SDKs (hybrid page 2.5), with jitter so that the listeners of a
/// gateway that restarts do not come back in one wave.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    step: usize,
    online: Option<Instant>,
}

impl Backoff {
    /// The control channel is open.
    pub(crate) fn handle_online(&mut self, now: Instant) {
        self.online = Some(now);
    }

    /// The control channel is gone, or an attempt to open it failed: how long to wait before the next one.
    ///
    /// `random` is any number; it spreads the wait by up to a fifth. A channel that lived for [`SETTLED`] starts the
    /// series again; one that breaks at once does not, so that a gateway which accepts and drops is not hammered.
    pub(crate) fn handle_offline(&mut self, cause: Cause, random: u64, now: Instant) -> Duration {
        if self.online.take().is_some_and(|since| now.saturating_duration_since(since) >= SETTLED) {
            self.step = 0;
        }
        let step = SERIES[self.step.min(SERIES.len() - 1)];
        let wait = match cause {
            Cause::Passing => step,
            Cause::NoSuchRelay => step.max(MISSING),
            Cause::Told(told) => told.min(LONGEST_TOLD).max(step),
        };
        self.step = (self.step + 1).min(SERIES.len() - 1);
        wait + spread(wait, random)
    }
}

/// A fifth of the wait at most, and at least a quarter of a second of spread, so that "at once" is not the same
/// instant for everybody.
fn spread(wait: Duration, random: u64) -> Duration {
    let most = (wait / 5).max(Duration::from_millis(250));
    let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random % (most + 1))
}

/// The waits of the .NET, Java and Node listeners.
const SERIES: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

/// A control channel that lived this long was a good one.
pub(crate) const SETTLED: Duration = Duration::from_secs(30);

/// The least wait while the relay does not exist.
const MISSING: Duration = Duration::from_secs(10);

/// The most we let a gateway keep us away.
const LONGEST_TOLD: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(cause: Cause, count: usize) -> Vec<u64> {
        let mut backoff = Backoff::default();
        let now = Instant::now();
        (0..count).map(|_| backoff.handle_offline(cause, 0, now).as_secs()).collect()
    }

    #[test]
    fn waits_as_the_published_clients_do() {
        assert_eq!(waits(Cause::Passing, 8), [0, 1, 2, 5, 10, 30, 30, 30]);
    }

    #[test]
    fn goes_on_slowly_when_the_relay_does_not_exist() {
        assert_eq!(waits(Cause::NoSuchRelay, 7), [10, 10, 10, 10, 10, 30, 30]);
    }

    #[test]
    fn obeys_retry_after_up_to_five_minutes() {
        assert_eq!(waits(Cause::Told(Duration::from_secs(7)), 2), [7, 7]);
        assert_eq!(waits(Cause::Told(Duration::from_secs(86_400)), 1), [300]);
    }

    #[test]
    fn starts_again_after_a_channel_that_lived() {
        let mut backoff = Backoff::default();
        let start = Instant::now();
        for _ in 0..6 {
            backoff.handle_offline(Cause::Passing, 0, start);
        }
        backoff.handle_online(start);
        assert_eq!(backoff.handle_offline(Cause::Passing, 0, start + SETTLED), Duration::ZERO);
    }

    #[test]
    fn does_not_start_again_after_a_channel_that_broke_at_once() {
        let mut backoff = Backoff::default();
        let start = Instant::now();
        for _ in 0..6 {
            backoff.handle_offline(Cause::Passing, 0, start);
        }
        backoff.handle_online(start);
        let wait = backoff.handle_offline(Cause::Passing, 0, start + Duration::from_secs(1));
        assert_eq!(wait, Duration::from_secs(30));
    }

    #[test]
    fn spreads_by_a_fifth_at_most() {
        let now = Instant::now();
        for random in [0, 1, 77, 6_000, u64::MAX] {
            let mut backoff = Backoff { step: 5, online: None };
            let wait = backoff.handle_offline(Cause::Passing, random, now);
            assert!(wait >= Duration::from_secs(30) && wait <= Duration::from_secs(36), "{wait:?}");
        }
        let first = Backoff::default().handle_offline(Cause::Passing, 123_456_789, now);
        assert!(first <= Duration::from_millis(250));
    }
}

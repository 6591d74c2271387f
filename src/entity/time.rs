//! Wall-clock time, always an argument.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Seconds since the beginning of 1970, UTC. Pure code is handed the present; it never asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// This much later; stays at the end of time.
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_seconds(duration)))
    }

    /// This much earlier; stays at the beginning of time.
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(whole_seconds(duration)))
    }

    /// From `now` until then; zero when it is past.
    pub fn remaining(self, now: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(now.0)).unwrap_or(0))
    }
}

fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

impl From<Duration> for UnixTime {
    /// From the time that has passed since 1970.
    fn from(since_1970: Duration) -> Self {
        Self(whole_seconds(since_1970))
    }
}

impl fmt::Display for UnixTime {
    /// `2026-05-04 10:15:30Z`, as in the text of an expired token, hybrid page 6.6. Times beyond the year 9999 are
    /// written as its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = jiff::Timestamp::MIN.as_second()..=jiff::Timestamp::MAX.as_second();
        let second = self.0.clamp(*range.start(), *range.end());
        let time = jiff::Timestamp::from_second(second).expect("was brought into the range");
        write!(f, "{}", time.strftime("%Y-%m-%d %H:%M:%SZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_the_refusal_text_wants_it() {
        assert_eq!(UnixTime(1_777_889_730).to_string(), "2026-05-04 10:15:30Z");
        assert_eq!(UnixTime(0).to_string(), "1970-01-01 00:00:00Z");
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        assert!(UnixTime(i64::MAX).to_string().starts_with("9999-12-"));
        assert!(UnixTime(i64::MIN).to_string().starts_with("-"));
        assert_eq!(UnixTime(i64::MAX).saturating_add(Duration::MAX), UnixTime(i64::MAX));
        assert_eq!(UnixTime(i64::MIN).saturating_sub(Duration::MAX), UnixTime(i64::MIN));
        assert_eq!(UnixTime(5).remaining(UnixTime(9)), Duration::ZERO);
        assert_eq!(UnixTime(i64::MAX).remaining(UnixTime(i64::MIN)), Duration::from_secs(i64::MAX as u64));
    }
}

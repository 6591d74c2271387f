//! The two things the rules are handed from outside: what time it is, and numbers nobody can guess.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::entity::UnixTime;

/// Seconds since 1970.
pub(crate) fn unix_now() -> UnixTime {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    UnixTime(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// 128 bits from the operating system.
pub(crate) fn random_u128() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has a random source");
    u128::from_ne_bytes(bytes)
}

/// 64 bits from the operating system.
pub(crate) fn random_u64() -> u64 {
    (random_u128() >> 64) as u64
}

//! What a gateway grants one listener.

use std::time::Duration;

use crate::entity::limits::{Limits, Timeouts};

/// What one listener may hold, and how long it may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelTerms {
    /// A listener that was quiet this long is pinged; `None` = never. `Timeouts::ping`.
    pub ping_every: Option<Duration>,
    /// A listener from which nothing came this long is dropped; `None` = never. `Timeouts::silence`.
    pub silence: Option<Duration>,
    /// How long a listener may stay after its token ended. `Timeouts::token_grace`.
    pub token_grace: Duration,
    /// How long exchanges may keep a draining gateway from closing the channel. `Timeouts::drain`.
    pub drain: Duration,
    /// How long a listener may take to answer a close. `Timeouts::half_close`.
    pub closing: Duration,
    /// How many invitations may be outstanding; 0 = no limit. `Limits::pending_per_listener`.
    pub outstanding: u32,
    /// How many bytes of one-way messages may be outstanding. `Limits::oneway_outstanding`.
    pub message_bytes: usize,
}

impl ChannelTerms {
    /// From the configuration.
    pub fn new(limits: &Limits, timeouts: &Timeouts) -> Self {
        let unless_zero = |duration: Duration| Some(duration).filter(|duration| !duration.is_zero());
        Self {
            ping_every: unless_zero(timeouts.ping),
            silence: unless_zero(timeouts.silence),
            token_grace: timeouts.token_grace,
            drain: timeouts.drain,
            closing: timeouts.half_close,
            outstanding: limits.pending_per_listener,
            message_bytes: limits.oneway_outstanding,
        }
    }
}

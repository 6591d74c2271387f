//! What a gateway grants one listener's control link.

use std::sync::Arc;
use std::time::Duration;

use crate::entity::limits::{Limits, Timeouts};
use crate::wire::amqp::AmqpLimits;

/// How long a control link waits, and what it may hold. One for all of a gateway, shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTerms {
    /// The gateway's name in its `open`; any text. Relay page 2.2.
    pub container_id: Arc<str>,
    /// What the listener is told in `open`: it sends something at least this often. Never below [`LinkTerms::LEAST_IDLE`].
    /// `Timeouts::amqp_idle`.
    pub idle: Duration,
    /// A listener from which no whole frame came this long is dropped. `Timeouts::amqp_silence`.
    pub silence: Duration,
    /// After so much silence of ours an empty frame is sent; sooner when the listener's own `idle-time-out` demands it.
    /// `Timeouts::amqp_keep_alive`.
    pub empty_every: Duration,
    /// From the first byte to both links attached, the decision above included. `Timeouts::handshake`.
    pub handshake: Duration,
    /// How long a refusal is held back. `Timeouts::listener_refusal`.
    pub refusal: Duration,
    /// How long a listener may take over its part of a detach, an end or a close. `Timeouts::amqp_closing`.
    pub closing: Duration,
    /// Of one frame.
    pub frames: AmqpLimits,
    /// The longest message a listener may send, put together from its transfers, in bytes. `Limits::listener_message`.
    pub message: usize,
    /// How many messages a listener may send before we have settled one. The library was granted 100 in every recording, and sends none.
    pub credit: u32,
    /// How many messages to a listener may be unsettled; further ones are [`SendError::Busy`](super::SendError::Busy).
    /// `Limits::pending_per_listener`; 0 = as many as the listener grants.
    pub unsettled: u32,
}

impl LinkTerms {
    /// Less is an error in the library: "Minimum idle timeout is '60000' ms". Relay page 2.2.
    pub const LEAST_IDLE: Duration = Duration::from_secs(60);

    /// From the configuration.
    pub fn new(container_id: impl Into<Arc<str>>, limits: &Limits, timeouts: &Timeouts) -> Self {
        Self {
            container_id: container_id.into(),
            idle: timeouts.amqp_idle.max(Self::LEAST_IDLE),
            silence: timeouts.amqp_silence,
            empty_every: timeouts.amqp_keep_alive,
            handshake: timeouts.handshake,
            refusal: timeouts.listener_refusal,
            closing: timeouts.amqp_closing,
            frames: AmqpLimits::default(),
            message: limits.listener_message,
            credit: 100,
            unsettled: limits.pending_per_listener,
        }
    }
}

//! Which way a response goes: on the control channel, or on a rendezvous of its own (hybrid page 5.3, 5.4 B).
//!
//! A response that is whole within two seconds and fits takes the control channel, where it costs no connection. Any
//! other is streamed on a rendezvous: the control channel carries one message after the other, and a long one would
//! stand in the way of all the rest.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

/// Collects the beginning of one response until it is clear which way it goes.
#[derive(Debug)]
pub(crate) struct ResponseRoute {
    collected: BytesMut,
    most: usize,
    deadline: Instant,
}

/// The decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Send head and body on the control channel; this is the whole body.
    Control(Bytes),
    /// Dial the rendezvous and send the head, this beginning of the body, and what follows.
    Rendezvous(Bytes),
}

/// How long a response may take to be whole, as in the .NET listener.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

impl ResponseRoute {
    /// The head of the response arrived at `now`. `most` is the largest body for the control channel;
    /// `announced` the body's length when the service named it.
    pub(crate) fn new(most: usize, announced: Option<u64>, now: Instant) -> Self {
        let hopeless = announced.is_some_and(|length| length > most as u64);
        let deadline = if hopeless { now } else { now + PATIENCE };
        Self { collected: BytesMut::new(), most, deadline }
    }

    /// When [`Self::handle_timeout`] decides.
    pub(crate) fn poll_timeout(&self) -> Instant {
        self.deadline
    }

    /// A piece of the body arrived.
    pub(crate) fn handle_data(&mut self, data: &[u8]) -> Option<Way> {
        self.collected.extend_from_slice(data);
        (self.collected.len() > self.most).then(|| Way::Rendezvous(self.collected.split().freeze()))
    }

    /// The body is whole.
    pub(crate) fn handle_end(mut self) -> Way {
        Way::Control(self.collected.split().freeze())
    }

    /// The clock says `now`.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<Way> {
        (now >= self.deadline).then(|| Way::Rendezvous(self.collected.split().freeze()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 64 << 10;

    #[test]
    fn a_body_of_exactly_the_limit_takes_the_control_channel() {
        let mut route = ResponseRoute::new(MOST, None, Instant::now());
        assert_eq!(route.handle_data(&vec![7; MOST]), None);
        assert_eq!(route.handle_end(), Way::Control(vec![7; MOST].into()));
    }

    #[test]
    fn one_byte_more_takes_a_rendezvous() {
        let mut route = ResponseRoute::new(MOST, None, Instant::now());
        assert_eq!(route.handle_data(&vec![7; MOST]), None);
        assert_eq!(route.handle_data(&[7]), Some(Way::Rendezvous(vec![7; MOST + 1].into())));
    }

    #[test]
    fn a_body_that_is_not_whole_in_two_seconds_takes_a_rendezvous() {
        let now = Instant::now();
        let mut route = ResponseRoute::new(MOST, None, now);
        assert_eq!(route.handle_data(b"slow"), None);
        assert_eq!(route.handle_timeout(now + Duration::from_millis(1999)), None);
        assert_eq!(route.poll_timeout(), now + PATIENCE);
        assert_eq!(route.handle_timeout(now + PATIENCE), Some(Way::Rendezvous(Bytes::from_static(b"slow"))));
    }

    #[test]
    fn a_body_announced_as_too_large_does_not_wait() {
        let now = Instant::now();
        let mut route = ResponseRoute::new(MOST, Some(MOST as u64 + 1), now);
        assert_eq!(route.handle_timeout(now), Some(Way::Rendezvous(Bytes::new())));
    }
}

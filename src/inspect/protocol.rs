//! Which protocol a connection speaks, and who reads it: a protocol more is a variant more.

use super::direction::Direction;
use super::entry::View;
use super::framing::FramingWalk;
use super::http::{HttpWalk, begins_request, begins_response};
use super::opaque::OpaqueWalk;
use super::relayed::{self, RelayedWalk};
use super::said::Said;
use super::walk::Walk;
use crate::wire::framing::Mode;

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Message framing, [MC-NMF].
    Framing,
    /// A relayed connection of WCF Relay, and the framing in it.
    Relayed,
    /// HTTP/1.1, and a WebSocket that it may turn into.
    Http,
    /// AMQP 1.0, plain or with SASL in front.
    Amqp,
    /// TLS from the first byte.
    Tls,
    /// None of those.
    Unknown,
}

/// Bytes of each direction that [`Protocol::of`] looks at.
pub(super) const LOOKED_AT: usize = 16;

impl Protocol {
    /// What begins with these bytes of either direction; `None` where they do not tell.
    pub(super) fn of(i2r: &[u8], r2i: &[u8]) -> Option<Self> {
        Self::of_initiator(i2r).or_else(|| Self::of_receiver(r2i))
    }

    /// Whether a client sends what begins with these bytes.
    pub(super) fn begins(first: &[u8]) -> bool {
        Self::of_initiator(first).is_some()
    }

    fn of_initiator(first: &[u8]) -> Option<Self> {
        match first {
            [0, _, _, 1, ..] => Some(Self::Framing),
            [b'A', b'M', b'Q', b'P', ..] => Some(Self::Amqp),
            [0x16, 3, 0..=4, ..] => Some(Self::Tls),
            _ if begins_request(first) => Some(Self::Http),
            _ if relayed::begins(first) => Some(Self::Relayed),
            _ => None,
        }
    }

    fn of_receiver(first: &[u8]) -> Option<Self> {
        match first {
            [b'A', b'M', b'Q', b'P', ..] => Some(Self::Amqp),
            [0x15 | 0x16, 3, 0..=4, ..] => Some(Self::Tls),
            [0x08 | 0x0a | 0x0b, ..] => Some(Self::Framing),
            _ if begins_response(first) => Some(Self::Http),
            _ if relayed::is_message(first) => Some(Self::Relayed),
            _ => None,
        }
    }

    /// Who reads a direction. `mode` is for framing sessions that nobody announced.
    pub(super) fn walk(self, direction: Direction, said: &Said, mode: Mode, view: View) -> Box<dyn Walk> {
        match (self, direction) {
            (Self::Framing, Direction::InitiatorToReceiver) => Box::new(FramingWalk::initiator(view)),
            (Self::Framing, Direction::ReceiverToInitiator) => {
                Box::new(FramingWalk::receiver(said, mode, view))
            }
            (Self::Relayed, direction) => Box::new(RelayedWalk::new(direction, view)),
            (Self::Http, direction) => {
                Box::new(HttpWalk::new(direction == Direction::InitiatorToReceiver, view))
            }
            (Self::Amqp | Self::Tls | Self::Unknown, _) => Box::new(OpaqueWalk::new(view)),
        }
    }
}

//! Both directions of one connection.

use super::framing::{Framing, Terms};
use super::http::{Http, Sender, Turns};
use crate::inspect::Direction;

/// Takes secrets out of what a connection carries. Each direction comes in pieces of any size; what a piece becomes does not depend on how the
/// direction was cut. A direction may know what the other one said, so pieces are given in the order in which they came.
#[derive(Debug)]
pub struct Scrubber {
    directions: Directions,
}

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Message framing, [MC-NMF].
    NetTcp,
    /// HTTP/1.1, and the WebSockets that begin with it.
    Http,
}

#[derive(Debug)]
enum Directions {
    NetTcp { i2r: Box<Framing>, r2i: Box<Framing>, terms: Terms },
    Http { i2r: Box<Http>, r2i: Box<Http>, turns: Turns },
}

impl Scrubber {
    /// At the beginning of a connection.
    pub fn new(protocol: Protocol) -> Self {
        let directions = match protocol {
            Protocol::NetTcp => Directions::NetTcp {
                i2r: Box::new(Framing::new()),
                r2i: Box::new(Framing::new()),
                terms: Terms::default(),
            },
            Protocol::Http => Directions::Http {
                i2r: Box::new(Http::new()),
                r2i: Box::new(Http::new()),
                turns: Turns::default(),
            },
        };
        Self { directions }
    }

    /// Puts [`super::FILLER`] in the place of each secret in the next bytes of a direction.
    pub fn scrub(&mut self, direction: Direction, bytes: &mut [u8]) {
        match (&mut self.directions, direction) {
            (Directions::NetTcp { i2r, terms, .. }, Direction::InitiatorToReceiver) => {
                i2r.scrub(bytes, terms)
            }
            (Directions::NetTcp { r2i, terms, .. }, Direction::ReceiverToInitiator) => {
                r2i.scrub(bytes, terms)
            }
            (Directions::Http { i2r, turns, .. }, Direction::InitiatorToReceiver) => {
                i2r.scrub(Sender::Client, bytes, turns);
            }
            (Directions::Http { r2i, turns, .. }, Direction::ReceiverToInitiator) => {
                r2i.scrub(Sender::Server, bytes, turns);
            }
        }
    }
}

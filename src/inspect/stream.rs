//! A recorded connection: both of its directions, or the one that there is.

use super::direction::Direction;
use super::terms::Terms;
use super::timeline::Timeline;
use super::walk::Walk;
use crate::wire::framing::Mode;

/// What was recorded of one connection.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Its name.
    pub name: String,
    /// What the initiator sent, if that was recorded.
    pub i2r: Option<Vec<u8>>,
    /// What the receiver sent, if that was recorded.
    pub r2i: Option<Vec<u8>>,
    /// The mode of its sessions, where the initiator's bytes are not there to say it.
    pub mode: Option<Mode>,
    /// When the bytes came; without it each direction stands by itself.
    pub timeline: Timeline,
}

impl Stream {
    /// The directions that were recorded.
    pub fn directions(&self) -> impl Iterator<Item = Direction> {
        Direction::BOTH.into_iter().filter(|direction| self.bytes(*direction).is_some())
    }

    /// What was sent in a direction.
    pub fn bytes(&self, direction: Direction) -> Option<&[u8]> {
        match direction {
            Direction::InitiatorToReceiver => self.i2r.as_deref(),
            Direction::ReceiverToInitiator => self.r2i.as_deref(),
        }
    }

    /// The records of a direction.
    pub fn walk(&self, direction: Direction) -> Walk<'_> {
        let bytes = self.bytes(direction).unwrap_or_default();
        match direction {
            Direction::InitiatorToReceiver => Walk::initiator(bytes),
            Direction::ReceiverToInitiator => Walk::receiver(bytes, &self.terms(direction)),
        }
    }

    /// The terms of the sessions that have this direction; at least one.
    pub(super) fn terms(&self, direction: Direction) -> Vec<Terms> {
        let mut terms = self.i2r.as_deref().map(Terms::of_initiator).unwrap_or_default();
        if direction == Direction::ReceiverToInitiator {
            terms.retain(Terms::has_answer);
        }
        if terms.is_empty() {
            terms.push(Terms::of_mode(self.mode.unwrap_or(Mode::Duplex)));
        }
        terms
    }
}

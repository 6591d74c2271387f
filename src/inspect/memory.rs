//! A recording that is in memory.

use std::io;

use super::direction::Direction;
use super::source::{FromReader, Source};
use super::stream::Recording;
use super::timeline::{Moment, Timeline};

/// Both directions of a connection, or one, as bytes.
#[derive(Debug, Clone, Default)]
pub struct InMemory {
    /// What the initiator sent, if that was recorded.
    pub i2r: Option<Vec<u8>>,
    /// What the receiver sent, if that was recorded.
    pub r2i: Option<Vec<u8>>,
    /// When the bytes came; without it each direction stands by itself.
    pub timeline: Timeline,
}

impl InMemory {
    fn bytes(&self, direction: Direction) -> Option<&[u8]> {
        match direction {
            Direction::InitiatorToReceiver => self.i2r.as_deref(),
            Direction::ReceiverToInitiator => self.r2i.as_deref(),
        }
    }
}

impl Recording for InMemory {
    fn has(&self, direction: Direction) -> bool {
        self.bytes(direction).is_some()
    }

    fn open(&self, direction: Direction) -> io::Result<Box<dyn Source + '_>> {
        Ok(Box::new(FromReader(self.bytes(direction).unwrap_or_default())))
    }

    fn moment(&self, direction: Direction, offset: u64) -> Option<Moment> {
        self.timeline.moment(direction, offset)
    }
}

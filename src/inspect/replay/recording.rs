//! What was recorded of one connection.

use super::events::{Event, Happened};
use super::turns::turns;
use super::via::replace_vias;
use crate::inspect::Direction;
use crate::inspect::scrub::{Protocol, Scrubber};

/// Both directions of a connection, and what happened when.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recording {
    /// Its name.
    pub name: String,
    /// What the client sent.
    pub c2s: Vec<u8>,
    /// What it received.
    pub s2c: Vec<u8>,
    /// In order; empty where nobody noted it.
    pub events: Vec<Event>,
}

impl Recording {
    /// An empty one.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// What went in a direction.
    pub fn bytes(&self, direction: Direction) -> &[u8] {
        match direction {
            Direction::InitiatorToReceiver => &self.c2s,
            Direction::ReceiverToInitiator => &self.s2c,
        }
    }

    /// The same, to be changed.
    pub fn bytes_mut(&mut self, direction: Direction) -> &mut Vec<u8> {
        match direction {
            Direction::InitiatorToReceiver => &mut self.c2s,
            Direction::ReceiverToInitiator => &mut self.s2c,
        }
    }

    /// What it speaks: the first record of message framing begins with 0, which no message of HTTP does.
    pub fn protocol(&self) -> Protocol {
        match self.c2s.first() {
            Some(0) => Protocol::NetTcp,
            _ => Protocol::Http,
        }
    }

    /// When it began, in seconds; `None` where nobody noted it.
    pub fn began(&self) -> Option<f64> {
        self.events.first().map(|event| event.seconds)
    }

    /// Another Via in each of its preambles. Sizes and events are adjusted.
    pub fn set_via(&mut self, uri: &str) {
        let (c2s, moved) = replace_vias(&self.c2s, uri);
        self.c2s = c2s;
        for event in &mut self.events {
            if let (Direction::InitiatorToReceiver, Happened::Bytes { end }) =
                (event.direction, &mut event.happened)
            {
                *end = moved.offset(*end);
            }
        }
    }

    /// What happened in order: from the events; where there are none, in turns. No event goes beyond what was recorded.
    pub fn order(&self) -> Vec<(Direction, Happened)> {
        if self.events.is_empty() {
            return turns(self);
        }
        let events = self.events.iter().map(|event| {
            let happened = match event.happened {
                Happened::Bytes { end } => {
                    Happened::Bytes { end: end.min(self.bytes(event.direction).len()) }
                }
                other => other,
            };
            (event.direction, happened)
        });
        events.collect()
    }

    /// The same without secrets, for comparison with what has none either.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let mut scrubber = Scrubber::new(self.protocol());
        let mut scrubbed = self.clone();
        let mut done = [0; 2];
        let rest = Direction::BOTH
            .map(|direction| (direction, Happened::Bytes { end: self.bytes(direction).len() }));
        for (direction, happened) in self.order().into_iter().chain(rest) {
            let Happened::Bytes { end } = happened else { continue };
            let from = &mut done[usize::from(direction == Direction::ReceiverToInitiator)];
            if end > *from {
                scrubber.scrub(direction, &mut scrubbed.bytes_mut(direction)[*from..end]);
                *from = end;
            }
        }
        scrubbed
    }
}

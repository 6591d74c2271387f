//! A recorded connection: both of its directions, or the one that there is.

use std::io;

use super::direction::Direction;
use super::ending::Ending;
use super::entry::{Entry, View};
use super::feed::Feed;
use super::protocol::{LOOKED_AT, Protocol};
use super::said::Said;
use super::source::Source;
use super::timeline::Moment;
use super::walk::Walk;
use crate::wire::framing::Mode;

/// What was recorded of one connection, wherever it is kept.
pub trait Recording {
    /// Whether there is anything of this direction.
    fn has(&self, direction: Direction) -> bool;

    /// The bytes of a direction, from its beginning. Called once for a recording of one direction, several times for one of both.
    ///
    /// # Errors
    /// Those of opening it.
    fn open(&self, direction: Direction) -> io::Result<Box<dyn Source + '_>>;

    /// When the byte at `offset` of a direction came; `None` where nobody knows.
    fn moment(&self, direction: Direction, offset: u64) -> Option<Moment>;

    /// What else is known of a direction, a line each.
    fn remarks(&self, direction: Direction) -> Vec<String> {
        let _ = direction;
        Vec::new()
    }
}

/// A connection to be shown.
pub struct Stream<'r> {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub recording: Box<dyn Recording + 'r>,
    /// The mode of its sessions, where the initiator's bytes are not there to say it.
    pub mode: Option<Mode>,
    /// What it speaks, where its first bytes do not tell.
    pub otherwise: Protocol,
}

/// A recording that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its bytes cannot be had.
    #[error("{name}: {error}")]
    Read {
        /// Of the stream.
        name: String,
        /// What is wrong.
        error: io::Error,
    },
    /// Only what a receiver sent is there, and nothing says which mode its sessions have.
    #[error("{name}: what a receiver sent can only be read with the mode of its sessions")]
    NoMode {
        /// Of the stream.
        name: String,
    },
}

/// What is known of a stream before its entries are shown.
pub(super) struct Plan<'s> {
    protocol: Protocol,
    said: Said,
    mode: Mode,
    /// The bytes of the one direction, which can be opened only once.
    only: Option<Feed<'s>>,
}

/// One direction while it is walked.
pub(super) struct Way<'s> {
    feed: Feed<'s>,
    walk: Box<dyn Walk>,
}

impl Stream<'_> {
    /// The directions that were recorded.
    pub fn directions(&self) -> impl Iterator<Item = Direction> {
        Direction::BOTH.into_iter().filter(|direction| self.recording.has(*direction))
    }

    /// Looks at the first bytes of both directions, and, where there are both, notes what one says about the other.
    pub(super) fn plan(&self) -> Result<Plan<'_>, ReadError> {
        let plan = self.tell(self.survey())?;
        let is_alone = !self.recording.has(Direction::InitiatorToReceiver);
        if is_alone && self.mode.is_none() && plan.protocol == Protocol::Framing {
            return Err(ReadError::NoMode { name: self.name.clone() });
        }
        Ok(plan)
    }

    fn survey(&self) -> io::Result<Plan<'_>> {
        let mut feeds = Direction::BOTH.map(|_| None);
        for direction in self.directions() {
            let mut feed = Feed::new(self.recording.open(direction)?);
            feed.at_least(LOOKED_AT)?;
            feeds[index(direction)] = Some(feed);
        }
        let first =
            |feed: &Option<Feed<'_>>| feed.as_ref().map(|feed| feed.bytes().to_vec()).unwrap_or_default();
        let protocol = Protocol::of(&first(&feeds[0]), &first(&feeds[1])).unwrap_or(self.otherwise);
        let mode = self.mode.unwrap_or(Mode::Duplex);
        let mut said = Said::default();
        let only = match feeds {
            [Some(mut i2r), Some(mut r2i)] => {
                note(protocol, Direction::InitiatorToReceiver, &mut i2r, &mut said, mode)?;
                if said.listener {
                    note(protocol, Direction::ReceiverToInitiator, &mut r2i, &mut said, mode)?;
                }
                said.finish();
                None
            }
            [i2r, r2i] => i2r.or(r2i),
        };
        Ok(Plan { protocol, said, mode, only })
    }

    /// The entries of a direction.
    pub(super) fn way<'p>(
        &'p self,
        plan: &mut Plan<'p>,
        direction: Direction,
        view: View,
    ) -> Result<Way<'p>, ReadError> {
        let feed = match plan.only.take() {
            Some(feed) => feed,
            None => Feed::new(self.tell(self.recording.open(direction))?),
        };
        Ok(Way { feed, walk: plan.protocol.walk(direction, &plan.said, plan.mode, view) })
    }

    /// The next entry of a direction.
    pub(super) fn entry(&self, way: &mut Way<'_>, plan: &mut Plan<'_>) -> Result<Option<Entry>, ReadError> {
        self.tell(way.walk.next(&mut way.feed, &mut plan.said))
    }

    /// How a direction ends, whose entries are all read, and how long it is.
    pub(super) fn ending(&self, way: Way<'_>) -> Result<(Ending, u64), ReadError> {
        let Way { mut feed, walk } = way;
        let ending = walk.ending().cloned().unwrap_or_else(|| Ending::open("in what was not asked for"));
        loop {
            feed.take(feed.bytes().len());
            if self.tell(feed.more())? {
                continue;
            }
            match feed.gap() {
                0 => return Ok((ending, feed.offset())),
                gap => feed.take_gap(gap),
            }
        }
    }

    fn tell<T>(&self, result: io::Result<T>) -> Result<T, ReadError> {
        result.map_err(|error| ReadError::Read { name: self.name.clone(), error })
    }
}

/// Walks a direction for what it says about the other one.
fn note(
    protocol: Protocol,
    direction: Direction,
    feed: &mut Feed<'_>,
    said: &mut Said,
    mode: Mode,
) -> io::Result<()> {
    let mut walk = protocol.walk(direction, said, mode, View::Survey);
    while walk.next(feed, said)?.is_some() {}
    Ok(())
}

/// The place of a direction in a pair.
pub(super) fn index(direction: Direction) -> usize {
    usize::from(direction == Direction::ReceiverToInitiator)
}

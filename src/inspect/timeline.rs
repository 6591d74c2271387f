//! When the bytes of a recording came.

use std::io::{self, BufRead};

use serde::Deserialize;

use super::direction::Direction;

/// The reads of whoever recorded a connection, from its `NAME.events.jsonl`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timeline {
    reads: [Vec<Read>; 2],
}

/// Bytes of one direction that came together, or after each other without any of the other direction.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Read {
    end: u64,
    moment: Moment,
}

/// A place in a recording's time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// The how-manieth event it was: what orders both directions.
    pub event: usize,
    /// Seconds from the beginning of the recording.
    pub seconds: f64,
}

/// An events file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TimelineError {
    /// Its bytes cannot be had.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// A line of it is none.
    #[error("line {line} is no event: {error}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        error: serde_json::Error,
    },
}

#[derive(Deserialize)]
struct Event {
    t: f64,
    dir: String,
    #[serde(default)]
    off: u64,
    #[serde(default)]
    len: u64,
}

impl Timeline {
    /// Reads an events file: one JSON object a line, with `t` in seconds, `dir` (`c2s` or `s2c`), `off`set and `len`gth.
    ///
    /// # Errors
    /// [`TimelineError`] names the first line that is none.
    pub fn parse(file: impl BufRead) -> Result<Self, TimelineError> {
        let mut timeline = Self::default();
        let mut last = None;
        for (index, line) in file.lines().enumerate() {
            let line = line?;
            if line.trim().is_empty() {
                continue;
            }
            let event: Event = serde_json::from_str(&line)
                .map_err(|error| TimelineError::Line { line: index + 1, error })?;
            let end = event.off.saturating_add(event.len);
            let moment = Moment { event: index, seconds: event.t };
            for (direction, reads) in Direction::BOTH.into_iter().zip(&mut timeline.reads) {
                if direction.file_name() != event.dir || event.len == 0 {
                    continue;
                }
                // Of reads with nothing of the other direction in between, the first one's time is enough: so a long upload takes no memory.
                match reads.last_mut() {
                    Some(read) if last == Some(direction) => read.end = end,
                    _ => reads.push(Read { end, moment }),
                }
                last = Some(direction);
            }
        }
        Ok(timeline)
    }

    /// When the byte at `offset` of a direction came; `None` where nobody knows.
    pub fn moment(&self, direction: Direction, offset: u64) -> Option<Moment> {
        let index = usize::from(direction == Direction::ReceiverToInitiator);
        let reads = &self.reads[index];
        let read = reads.partition_point(|read| read.end <= offset);
        reads.get(read).map(|read| read.moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_the_moment_of_their_read() {
        let timeline = Timeline::parse(
            "{\"t\": 0.5, \"dir\": \"c2s\", \"off\": 0, \"len\": 41}\n{\"t\": 0.6, \"dir\": \"s2c\", \"off\": 0, \"len\": 1}\n\
             {\"t\": 0.7, \"dir\": \"c2s\", \"off\": 41, \"len\": 9}\n{\"t\": 0.8, \"dir\": \"c2s\", \"eof\": true}\n"
                .as_bytes(),
        )
        .unwrap();
        let at = |direction, offset| timeline.moment(direction, offset).map(|moment| moment.event);
        assert_eq!(at(Direction::InitiatorToReceiver, 40), Some(0));
        assert_eq!(at(Direction::InitiatorToReceiver, 41), Some(2));
        assert_eq!(at(Direction::InitiatorToReceiver, 50), None);
        assert_eq!(at(Direction::ReceiverToInitiator, 0), Some(1));
        assert!(Timeline::parse(&b"{}\n"[..]).is_err());
    }
}

//! When the bytes of a recording came.

use serde::Deserialize;

use super::direction::Direction;

/// The reads of whoever recorded a connection, from its `NAME.events.jsonl`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timeline {
    reads: [Vec<Read>; 2],
}

/// Bytes of one direction that came together.
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

/// A line that is none of an events file.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is no event: {error}")]
pub struct TimelineError {
    line: usize,
    error: serde_json::Error,
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
    pub fn parse(text: &str) -> Result<Self, TimelineError> {
        let mut timeline = Self::default();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let event: Event =
                serde_json::from_str(line).map_err(|error| TimelineError { line: index + 1, error })?;
            let end = event.off.saturating_add(event.len);
            let moment = Moment { event: index, seconds: event.t };
            for (direction, reads) in Direction::BOTH.into_iter().zip(&mut timeline.reads) {
                if direction.file_name() == event.dir && event.len > 0 {
                    reads.push(Read { end, moment });
                }
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
             {\"t\": 0.7, \"dir\": \"c2s\", \"off\": 41, \"len\": 9}\n{\"t\": 0.8, \"dir\": \"c2s\", \"eof\": true}\n",
        )
        .unwrap();
        let at = |direction, offset| timeline.moment(direction, offset).map(|moment| moment.event);
        assert_eq!(at(Direction::InitiatorToReceiver, 40), Some(0));
        assert_eq!(at(Direction::InitiatorToReceiver, 41), Some(2));
        assert_eq!(at(Direction::InitiatorToReceiver, 50), None);
        assert_eq!(at(Direction::ReceiverToInitiator, 0), Some(1));
        assert!(Timeline::parse("{}\n").is_err());
    }
}

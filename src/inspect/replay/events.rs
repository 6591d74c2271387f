//! What happened on a connection, in order.

use serde::Deserialize;

use crate::inspect::Direction;

/// A line of `NAME.events.jsonl`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// Seconds from the beginning of the recording.
    pub seconds: f64,
    /// Which way.
    pub direction: Direction,
    /// What.
    pub happened: Happened,
}

/// What happened in a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// Bytes came, up to this offset.
    Bytes {
        /// How many had come by then.
        end: usize,
    },
    /// It ended.
    Eof,
    /// It broke off.
    Reset,
}

/// A line that is none.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is no event: {reason}")]
pub struct EventsError {
    line: usize,
    reason: String,
}

#[derive(Deserialize)]
struct Line {
    t: f64,
    dir: String,
    #[serde(default)]
    off: usize,
    #[serde(default)]
    len: usize,
    #[serde(default)]
    eof: bool,
    #[serde(default)]
    reset: bool,
}

/// Reads an events file: a JSON object a line, with `t`, `dir` (`c2s` or `s2c`), and `off` and `len`, or `eof`, or `reset`.
///
/// # Errors
/// [`EventsError`] names the first line that is none.
pub fn parse_events(text: &str) -> Result<Vec<Event>, EventsError> {
    let mut events = Vec::new();
    for (index, text) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let bad = |reason: String| EventsError { line: index + 1, reason };
        let line: Line = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        let direction = Direction::BOTH.into_iter().find(|direction| direction.file_name() == line.dir);
        let direction = direction.ok_or_else(|| bad(format!("no direction {:?}", line.dir)))?;
        let happened = match (line.eof, line.reset) {
            (true, _) => Happened::Eof,
            (_, true) => Happened::Reset,
            _ => Happened::Bytes { end: line.off.saturating_add(line.len) },
        };
        events.push(Event { seconds: line.t, direction, happened });
    }
    Ok(events)
}

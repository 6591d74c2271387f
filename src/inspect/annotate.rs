//! For people: both directions of a connection, merged in time, as an expert would annotate a hex dump.

use std::borrow::Cow;

use super::direction::Direction;
use super::readings::Readings;
use super::rows::{Row, rows};
use super::stream::Stream;
use super::timeline::Moment;
use super::walk::{Ending, Found};
use crate::wire::framing::EndOfStream;

/// A record that waits for its place in time.
struct Waiting<'a> {
    found: Found<'a>,
    moment: Option<Moment>,
}

impl Stream {
    /// Gives each line to `line`: offset, first bytes, meaning. Records of both directions come in the order of their first bytes; without a
    /// timeline the receiver's follow the initiator's.
    ///
    /// # Errors
    /// Those of `line`.
    pub fn annotate<E>(&self, mut line: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        line(&self.name)?;
        let mut endings = Vec::new();
        let mut waiting = Direction::BOTH.map(|direction| {
            let mut walk = self.walk(direction);
            let all: Vec<Waiting<'_>> = walk
                .by_ref()
                .map(|found| Waiting { moment: self.timeline.moment(direction, found.offset), found })
                .collect();
            if self.bytes(direction).is_some() {
                endings.push((direction, walk.ending().cloned()));
            }
            all.into_iter().peekable()
        });
        let mut readings = Direction::BOTH.map(|direction| Readings::new(self, direction));
        let mut last = None;
        loop {
            let [i2r, r2i] = &mut waiting;
            let side = match (i2r.peek(), r2i.peek()) {
                (None, None) => break,
                (Some(_), None) => 0,
                (None, Some(_)) => 1,
                (Some(one), Some(other)) => usize::from(event(other.moment) < event(one.moment)),
            };
            let direction = Direction::BOTH[side];
            let Some(next) = waiting[side].next() else { break };
            if last != Some(direction) {
                last = Some(direction);
                line("")?;
                line(&heading(direction, next.moment))?;
            }
            let bytes = self.bytes(direction).unwrap_or_default();
            let envelopes = readings[side].session(next.found.session);
            for row in rows(&next.found, bytes, envelopes) {
                row.write(&mut line)?;
            }
        }
        line("")?;
        for (direction, ending) in endings {
            if let Some(ending) = ending {
                let len = self.bytes(direction).unwrap_or_default().len();
                line(&format!("{} ends after {len} bytes: {}", arrow(direction), explained(&ending, len)))?;
            }
        }
        Ok(())
    }
}

/// Bytes whose moment nobody knows come last.
fn event(moment: Option<Moment>) -> usize {
    moment.map_or(usize::MAX, |moment| moment.event)
}

fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::InitiatorToReceiver => "→ i2r",
        Direction::ReceiverToInitiator => "← r2i",
    }
}

fn heading(direction: Direction, moment: Option<Moment>) -> String {
    let who = match direction {
        Direction::InitiatorToReceiver => "initiator (client) to receiver (service)",
        Direction::ReceiverToInitiator => "receiver (service) to initiator (client)",
    };
    let when = moment.map(|moment| format!(", at {:.4} s", moment.seconds)).unwrap_or_default();
    format!("{}: {who}{when}", arrow(direction))
}

fn explained(ending: &Ending, len: usize) -> String {
    match ending {
        Ending::At(EndOfStream::Clean) => format!("{ending}, between two sessions or before the first"),
        Ending::At(EndOfStream::Tolerated) => {
            format!("{ending}, after a whole envelope and without End, which .NET accepts")
        }
        Ending::At(EndOfStream::Open) => format!("{ending}, in what cannot be read from outside"),
        Ending::Error { error, offset } => {
            format!("{ending}: {error}; {} bytes from {offset} on are not read", len - offset)
        }
    }
}

impl Row {
    /// A text with line breaks goes on below itself.
    fn write<E>(&self, line: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let offset = self.offset.map(|offset| offset.to_string()).unwrap_or_default();
        let mut texts = self.text.split('\n').map(printable);
        let first = format!("{offset:>9}  {:<26}  {}", self.hex, texts.next().unwrap_or_default());
        line(first.trim_end())?;
        for text in texts {
            line(format!("{:39}{text}", "").trim_end())?;
        }
        Ok(())
    }
}

/// Peers send what they like, also what makes a terminal do something: control characters are shown as `\u{1b}`.
fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let shown = |char: char| {
        let (plain, escaped) =
            if char.is_control() { (None, Some(char.escape_unicode())) } else { (Some(char), None) };
        plain.into_iter().chain(escaped.into_iter().flatten())
    };
    Cow::Owned(text.chars().flat_map(shown).collect())
}

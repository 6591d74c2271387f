//! For people: both directions of a connection, merged in time, as an expert would annotate a hex dump.

use super::direction::Direction;
use super::entry::{Entry, View};
use super::stream::{ReadError, Stream, Way};
use super::timeline::Moment;

/// A direction whose next entry waits for its place in time.
struct Waiting<'s> {
    way: Way<'s>,
    next: Option<(Entry, Option<Moment>)>,
}

impl Stream<'_> {
    /// Gives each line to `line`: offset, first bytes, meaning. Records of both directions come in the order of their first bytes; without a
    /// timeline the receiver's follow the initiator's.
    ///
    /// # Errors
    /// Those of `line`, and [`ReadError`].
    pub fn annotate<E: From<ReadError>>(&self, mut line: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        line(&self.name)?;
        let mut plan = self.plan()?;
        let mut waiting = Vec::new();
        for direction in self.directions() {
            let mut way = self.way(&mut plan, direction, View::Text)?;
            let next = self.entry(&mut way, &mut plan)?;
            let next = next.map(|entry| self.placed(direction, entry));
            waiting.push((direction, Waiting { way, next }));
        }
        let mut last = None;
        loop {
            // The initiator's comes first where both came together.
            let first = waiting
                .iter_mut()
                .filter(|(_, waiting)| waiting.next.is_some())
                .min_by_key(|(_, waiting)| waiting.next.as_ref().map(|(_, moment)| event(*moment)));
            let Some((direction, this)) = first else { break };
            let Some((entry, moment)) = this.next.take() else { break };
            if last != Some(*direction) {
                last = Some(*direction);
                line("")?;
                line(&heading(*direction, moment))?;
            }
            for row in &entry.rows {
                row.write(&mut line)?;
            }
            let next = self.entry(&mut this.way, &mut plan)?;
            this.next = next.map(|entry| self.placed(*direction, entry));
        }
        line("")?;
        for (direction, waiting) in waiting {
            let (ending, len) = self.ending(waiting.way)?;
            line(&format!("{} ends after {len} bytes: {}", arrow(direction), ending.explained(len)))?;
            for remark in self.recording.remarks(direction) {
                line(&format!("      {remark}"))?;
            }
        }
        Ok(())
    }

    fn placed(&self, direction: Direction, entry: Entry) -> (Entry, Option<Moment>) {
        let moment = self.recording.moment(direction, entry.offset);
        (entry, moment)
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

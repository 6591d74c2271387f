//! What one side of a recording does, step by step.

use super::events::Happened;
use super::recording::Recording;
use crate::inspect::Direction;

/// Which side is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that opened the connection.
    Client,
    /// The one that took it.
    Service,
}

impl Side {
    /// What it sends.
    pub fn sends(self) -> Direction {
        match self {
            Self::Client => Direction::InitiatorToReceiver,
            Self::Service => Direction::ReceiverToInitiator,
        }
    }

    /// What it receives.
    pub fn receives(self) -> Direction {
        match self {
            Self::Client => Direction::ReceiverToInitiator,
            Self::Service => Direction::InitiatorToReceiver,
        }
    }
}

/// Something that a side does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Sends up to this offset.
    Send(usize),
    /// Waits until so many bytes have come.
    Receive(usize),
    /// Ends its direction.
    End,
    /// Drops the connection.
    Abort,
    /// Waits for the end of the other direction.
    AwaitEnd,
}

/// The steps of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// In order.
    pub steps: Vec<Step>,
    /// How many events had happened when each was done.
    events: Vec<usize>,
}

impl Script {
    /// What `side` does: each step waits for all that had come before it.
    pub fn new(recording: &Recording, side: Side) -> Self {
        let (mut steps, mut events): (Vec<Step>, Vec<usize>) = (Vec::new(), Vec::new());
        let order = recording.order();
        let rest = [side.sends(), side.receives()]
            .map(|direction| (direction, Happened::Bytes { end: recording.bytes(direction).len() }));
        let (mut sent, mut received, mut over) = (0, 0, false);
        let last = order.iter().rposition(|(_, happened)| matches!(happened, Happened::Bytes { .. }));
        let (told, after) = order.split_at(last.map_or(0, |last| last + 1));
        for (count, (direction, happened)) in told.iter().chain(&rest).chain(after).enumerate() {
            let is_ours = *direction == side.sends();
            let step = match happened {
                Happened::Bytes { end } if is_ours && *end > sent => {
                    sent = *end;
                    Step::Send(sent)
                }
                Happened::Bytes { end } if !is_ours && *end > received => {
                    received = *end;
                    Step::Receive(received)
                }
                Happened::Bytes { .. } => continue,
                Happened::Eof if is_ours => Step::End,
                Happened::Reset if is_ours => Step::Abort,
                Happened::Eof | Happened::Reset => Step::AwaitEnd,
            };
            if over {
                break;
            }
            over = step == Step::Abort;
            match (steps.last_mut(), step) {
                (Some(Step::Send(end)), Step::Send(to)) | (Some(Step::Receive(end)), Step::Receive(to)) => {
                    *end = to;
                }
                _ => {
                    steps.push(step);
                    events.push(0);
                }
            }
            if let Some(events) = events.last_mut() {
                *events = count + 1;
            }
        }
        Self { steps, events }
    }

    /// How many steps had been done whole at a time of the recording, in seconds.
    pub fn done_by(&self, recording: &Recording, seconds: f64) -> usize {
        let events = recording.events.partition_point(|event| event.seconds < seconds);
        self.events.partition_point(|done| *done <= events)
    }
}

#[cfg(test)]
mod tests {
    use super::super::events::parse_events;
    use super::*;

    fn recording() -> Recording {
        let events = parse_events(
            "{\"t\":0,\"dir\":\"c2s\",\"off\":0,\"len\":2}\n{\"t\":0,\"dir\":\"c2s\",\"off\":2,\"len\":1}\n\
             {\"t\":0,\"dir\":\"s2c\",\"off\":0,\"len\":1}\n{\"t\":0,\"dir\":\"c2s\",\"off\":3,\"len\":2}\n\
             {\"t\":0,\"dir\":\"c2s\",\"eof\":true}\n{\"t\":0,\"dir\":\"s2c\",\"off\":1,\"len\":3}\n\
             {\"t\":0,\"dir\":\"s2c\",\"eof\":true}\n",
        );
        Recording { name: "c".to_owned(), c2s: vec![0; 5], s2c: vec![0; 4], events: events.unwrap() }
    }

    #[test]
    fn each_side_waits_for_what_had_come_before() {
        use Step::{AwaitEnd, End, Receive, Send};
        let recording = recording();
        let client = Script::new(&recording, Side::Client).steps;
        assert_eq!(client, [Send(3), Receive(1), Send(5), End, Receive(4), AwaitEnd]);
        let service = Script::new(&recording, Side::Service).steps;
        assert_eq!(service, [Receive(3), Send(1), Receive(5), AwaitEnd, Send(4), End]);
    }

    #[test]
    fn bytes_that_no_event_tells_of_are_played_all_the_same() {
        let mut recording = recording();
        recording.events.truncate(3);
        let steps = Script::new(&recording, Side::Client).steps;
        assert_eq!(steps, [Step::Send(3), Step::Receive(1), Step::Send(5), Step::Receive(4)]);
    }
}

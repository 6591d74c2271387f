//! Which segments belong to one connection, and who is its client.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::error::CaptureError;
use super::flow::{EXTENTS, Flow, Piece};
use super::link::Segment;
use crate::inspect::direction::Direction;
use crate::inspect::timeline::Moment;

/// A TCP connection.
#[derive(Debug)]
pub struct Connection {
    /// Who opened it, or who is taken for that where its SYN is not in the capture.
    pub client: SocketAddr,
    /// The other one.
    pub server: SocketAddr,
    /// Which one of several between these two addresses it is, from 1.
    pub number: usize,
    pub(super) client_is_known: bool,
    flows: [Flow; 2],
}

/// Connections of one capture.
pub(super) const CONNECTIONS: usize = 1 << 16;

impl Connection {
    fn new(client: SocketAddr, server: SocketAddr, number: usize, client_is_known: bool) -> Self {
        Self { client, server, number, client_is_known, flows: Default::default() }
    }

    /// What was sent in a direction.
    pub fn flow(&self, direction: Direction) -> &Flow {
        &self.flows[usize::from(direction == Direction::ReceiverToInitiator)]
    }

    /// `CLIENT-SERVER`, and a number where there are several between the same addresses.
    pub fn name(&self) -> String {
        let number = if self.number > 1 { format!("#{}", self.number) } else { String::new() };
        format!("{}-{}{number}", self.client, self.server)
    }

    /// The one taken for the client is the server.
    pub(super) fn swap(&mut self) {
        std::mem::swap(&mut self.client, &mut self.server);
        self.flows.swap(0, 1);
    }

    fn flow_from(&mut self, from: SocketAddr) -> &mut Flow {
        &mut self.flows[usize::from(from != self.client)]
    }
}

/// All connections of a capture, in the order of their first segments.
#[derive(Debug, Default)]
pub(super) struct Connections {
    all: Vec<Connection>,
    /// The last connection between two addresses, the smaller one first.
    last: HashMap<(SocketAddr, SocketAddr), usize>,
    extents: usize,
}

impl Connections {
    /// Takes a segment, whose packet stands at `at` in the file.
    pub(super) fn push(&mut self, segment: &Segment, at: u64, moment: Moment) -> Result<(), CaptureError> {
        let index = self.connection(segment)?;
        let flow = self.all[index].flow_from(segment.from);
        let mut sequence = segment.sequence;
        if segment.syn {
            flow.begin(sequence);
            // RFC 9293 3.4: the SYN has a number of its own, in front of the first byte.
            sequence = sequence.wrapping_add(1);
        }
        // RFC 9293 3.5.3: the text of a reset, if any, is an explanation and no data.
        if !segment.rst {
            let at = at + segment.place as u64;
            let piece = Piece { sequence, at, len: segment.len, missing: segment.missing, moment };
            self.extents += flow.push(piece)?;
        }
        flow.facts.fin |= segment.fin;
        flow.facts.reset |= segment.rst;
        if self.extents > EXTENTS { Err(CaptureError::TooManySegments) } else { Ok(()) }
    }

    fn connection(&mut self, segment: &Segment) -> Result<usize, CaptureError> {
        let (from, to) = (segment.from, segment.to);
        let key = (from.min(to), from.max(to));
        let opens = segment.syn && !segment.ack;
        let mut number = 1;
        if let Some(&last) = self.last.get(&key) {
            let known = &mut self.all[last];
            number = known.number + 1;
            if !opens || known.flow_from(from).begin(segment.sequence) {
                return Ok(last);
            }
        }
        let (client, server, known) = match (segment.syn, segment.ack) {
            (true, false) => (from, to, true),
            (true, true) => (to, from, true),
            // Programs listen on small numbers, and systems give clients large ones.
            _ if from.port() < to.port() => (to, from, false),
            _ => (from, to, false),
        };
        if self.all.len() == CONNECTIONS {
            return Err(CaptureError::TooManyConnections);
        }
        self.all.push(Connection::new(client, server, number, known));
        self.last.insert(key, self.all.len() - 1);
        Ok(self.all.len() - 1)
    }

    pub(super) fn finish(mut self) -> Vec<Connection> {
        for connection in &mut self.all {
            connection.flows.iter_mut().for_each(Flow::finish);
        }
        self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "10.0.0.1:50000";
    const SERVER: &str = "10.0.0.2:808";

    fn segment(from: &str, to: &str, sequence: u32, flags: &str, len: usize) -> Segment {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        let has = |flag| flags.contains(flag);
        let (syn, ack, fin, rst) = (has('s'), has('a'), has('f'), has('r'));
        Segment { from, to, sequence, syn, ack, fin, rst, place: 0, len, missing: 0 }
    }

    fn connections(segments: &[Segment]) -> Vec<Connection> {
        let mut connections = Connections::default();
        for (event, segment) in segments.iter().enumerate() {
            connections.push(segment, 0, Moment { event, seconds: 0.0 }).unwrap();
        }
        connections.finish()
    }

    fn lens(connection: &Connection) -> [u64; 2] {
        Direction::BOTH.map(|direction| connection.flow(direction).len())
    }

    #[test]
    fn a_port_that_is_used_again_is_another_connection() {
        let found = connections(&[
            segment(CLIENT, SERVER, 5, "s", 0),
            segment(SERVER, CLIENT, 9, "sa", 0),
            segment(CLIENT, SERVER, 5, "s", 0),
            segment(CLIENT, SERVER, 6, "a", 10),
            segment(CLIENT, SERVER, 16, "af", 0),
            segment(CLIENT, SERVER, 77, "s", 0),
            segment(CLIENT, SERVER, 78, "a", 3),
        ]);
        let names: Vec<String> = found.iter().map(Connection::name).collect();
        assert_eq!(names, [format!("{CLIENT}-{SERVER}"), format!("{CLIENT}-{SERVER}#2")]);
        assert_eq!((lens(&found[0]), lens(&found[1])), ([10, 0], [3, 0]));
    }

    #[test]
    fn without_the_first_syn_the_answer_or_the_ports_tell_the_client() {
        for first in [segment(SERVER, CLIENT, 9, "sa", 0), segment(SERVER, CLIENT, 9, "a", 0)] {
            let found = connections(&[first, segment(CLIENT, SERVER, 6, "a", 10)]);
            assert_eq!(found[0].name(), format!("{CLIENT}-{SERVER}"));
            assert_eq!(lens(&found[0]), [10, 0]);
        }
    }

    #[test]
    fn the_text_of_a_reset_is_no_data() {
        let found = connections(&[segment(CLIENT, SERVER, 5, "s", 0), segment(CLIENT, SERVER, 6, "r", 4)]);
        assert_eq!(lens(&found[0]), [0, 0]);
        assert!(found[0].flow(Direction::InitiatorToReceiver).remarks()[0].contains("RST"));
    }
}

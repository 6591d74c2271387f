//! A capture, pcap or pcapng: its connections put together, and shown.

use std::io::Cursor;

use viaduct::inspect::{
    Arrived, Capture, Connection, Direction, Flow, Moment, Protocol, Recording, Segments, Source, Stream,
    is_capture,
};

use super::options::{bit, choose, options};

/// As [`super::inspect_stream::MEMORY`].
pub const MEMORY: usize = 256 << 20;

/// Options: how the file begins where it does not say it itself, and which ports are wanted.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([kind, ports], bytes) = options(input);
    let head = choose(kind, [&[][..], PCAP, &[0x0a, 0x0d, 0x0d, 0x0a]]);
    let file = [head, bytes].concat();
    if !is_capture(&file) {
        return;
    }
    let ports: &[u16] = if bit(ports, 0) { &[808] } else { &[] };
    let mut capture = match Capture::read(&file[..], ports) {
        Ok(capture) => capture,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let count = capture.count;
    assert!(count.tcp + count.fragments + count.unknown_link <= count.packets && count.packets <= file.len());
    capture.orient(&mut Cursor::new(&file)).expect("the file is in memory");
    for connection in &capture.connections {
        assert!(
            !ports.iter().any(|port| ![connection.client.port(), connection.server.port()].contains(port))
        );
        let lengths = Direction::BOTH.map(|direction| connection.flow(direction).len());
        let held =
            Direction::BOTH.map(|direction| sent(connection.flow(direction), &file)).iter().sum::<u64>();
        assert!(held <= file.len() as u64, "no byte of the file stands in two places");
        let stream = Stream {
            name: connection.name(),
            recording: Box::new(Captured { connection, file: &file }),
            mode: None,
            otherwise: Protocol::Framing,
        };
        super::inspect_stream::show(&stream, lengths);
    }
}

/// A head with Ethernet as its link layer.
const PCAP: &[u8] =
    &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0];

/// Reads a flow to its end and says how many of its bytes the file has.
fn sent(flow: &Flow, file: &[u8]) -> u64 {
    let (mut source, mut bytes, mut gaps) = (Segments::new(flow, Cursor::new(file)), Vec::new(), 0);
    loop {
        let before = bytes.len();
        match source.read(&mut bytes).expect("the file is in memory") {
            Arrived::Bytes => assert!(bytes.len() > before),
            Arrived::Gap(gap) => {
                assert!(gap > 0);
                gaps += gap;
            }
            Arrived::End => break,
        }
    }
    assert_eq!(bytes.len() as u64 + gaps, flow.len());
    assert_eq!(flow.is_empty(), bytes.is_empty() && gaps == 0);
    bytes.len() as u64
}

struct Captured<'c> {
    connection: &'c Connection,
    file: &'c [u8],
}

impl Recording for Captured<'_> {
    fn has(&self, direction: Direction) -> bool {
        !self.connection.flow(direction).is_empty()
    }

    fn open(&self, direction: Direction) -> std::io::Result<Box<dyn Source + '_>> {
        Ok(Box::new(Segments::new(self.connection.flow(direction), Cursor::new(self.file))))
    }

    fn moment(&self, direction: Direction, offset: u64) -> Option<Moment> {
        self.connection.flow(direction).moment(offset)
    }

    fn remarks(&self, direction: Direction) -> Vec<String> {
        self.connection.flow(direction).remarks()
    }
}

//! A capture, read through once.

use std::io::{self, Read, Seek};

use super::connections::{Connection, Connections};
use super::error::CaptureError;
use super::link::{Kind, segment};
use super::packets::{FileEnd, packets};
use super::segments::Segments;
use crate::inspect::direction::Direction;
use crate::inspect::feed::Feed;
use crate::inspect::protocol::{LOOKED_AT, Protocol};
use crate::inspect::timeline::Moment;

/// What a capture holds.
#[derive(Debug)]
pub struct Capture {
    /// In the order of their first segments.
    pub connections: Vec<Connection>,
    /// What was in it.
    pub count: Count,
}

/// How many packets of which kind there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// All.
    pub packets: usize,
    /// TCP segments.
    pub tcp: usize,
    /// Pieces of IP packets, which are not put together.
    pub fragments: usize,
    /// Packets of a link layer that is not known.
    pub unknown_link: usize,
    /// The file ends inside a block.
    pub cut: bool,
}

/// Whether a file that begins like this is a capture: pcap in either order of bytes, with micro- or nanoseconds, or pcapng.
pub fn is_capture(first: &[u8]) -> bool {
    let Some(magic) = first.first_chunk::<4>() else { return false };
    [0xa1b2_c3d4, 0xa1b2_3c4d, 0xa1b2_cd34u32]
        .iter()
        .any(|known| [known.to_be_bytes(), known.to_le_bytes()].contains(magic))
        || *magic == [0x0a, 0x0d, 0x0d, 0x0a]
}

impl Capture {
    /// Reads a capture. Only its connections with a port of `ports` are kept; all where there are none.
    ///
    /// # Errors
    /// [`CaptureError`]; a file that breaks off is none.
    pub fn read<R: Read + Send>(file: R, ports: &[u16]) -> Result<Self, CaptureError> {
        let mut connections = Connections::default();
        let mut count = Count::default();
        let mut begin = None;
        let end = packets(file, |packet| {
            let seconds = packet.seconds - *begin.get_or_insert(packet.seconds);
            let moment = Moment { event: count.packets, seconds };
            count.packets += 1;
            match segment(packet.link, packet.data) {
                Kind::Tcp(segment) => {
                    count.tcp += 1;
                    let wanted = |port: &u16| [segment.from.port(), segment.to.port()].contains(port);
                    if ports.is_empty() || ports.iter().any(wanted) {
                        connections.push(&segment, packet.at, moment)?;
                    }
                }
                Kind::Fragment => count.fragments += 1,
                Kind::UnknownLink => count.unknown_link += 1,
                Kind::Other => {}
            }
            Ok(())
        })?;
        count.cut = end == FileEnd::Cut;
        Ok(Self { connections: connections.finish(), count })
    }

    /// Where a connection's SYN is not in the capture, lets its first bytes say who is the client.
    ///
    /// # Errors
    /// Those of reading.
    pub fn orient<R: Read + Seek>(&mut self, file: &mut R) -> io::Result<()> {
        for connection in &mut self.connections {
            if connection.client_is_known {
                continue;
            }
            let mut first = [Vec::new(), Vec::new()];
            for (direction, first) in Direction::BOTH.into_iter().zip(&mut first) {
                let source = Segments::new(connection.flow(direction), &mut *file);
                *first = Feed::new(Box::new(source)).at_least(LOOKED_AT)?.to_vec();
            }
            if !Protocol::begins(&first[0]) && Protocol::begins(&first[1]) {
                connection.swap();
            }
        }
        Ok(())
    }
}

impl Count {
    /// What of the capture is not shown, a line each.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.fragments > 0 {
            remarks.push(format!("! {} fragments of IP packets, which are not reassembled", self.fragments));
        }
        if self.unknown_link > 0 {
            remarks.push(format!("! {} packets of a link layer that is not read", self.unknown_link));
        }
        if self.cut {
            remarks.push("! the capture breaks off inside a packet".to_owned());
        }
        remarks
    }
}

//! The packets of a capture file, one after the other.

use std::io::Read;

use pcap_parser::pcapng::Block;
use pcap_parser::{Linktype, PcapBlockOwned, PcapError, create_reader};

use super::error::CaptureError;

/// One packet.
#[derive(Debug)]
pub(super) struct Packet<'a> {
    /// What its bytes begin with.
    pub(super) link: Linktype,
    /// What was captured of it.
    pub(super) data: &'a [u8],
    /// Where that stands in the file.
    pub(super) at: u64,
    /// When it was captured, in seconds of the capture's clock.
    pub(super) seconds: f64,
}

/// How the packets of a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileEnd {
    /// With the last block.
    Whole,
    /// Inside a block, as a capture does whose program was killed.
    Cut,
}

/// An interface of a section of pcapng.
struct Interface {
    link: Linktype,
    /// Units of time in a second.
    resolution: u64,
    /// Seconds that are added.
    offset: i64,
}

/// A buffer for some blocks, and what it may grow to for a block that does not fit.
const BUFFER: usize = 1 << 20;
const LARGEST: usize = 64 << 20;

/// Interfaces of one section that are kept.
const INTERFACES: usize = 4096;

/// Gives each packet to `see`.
///
/// # Errors
/// [`CaptureError`], those of `see` among them.
pub(super) fn packets<R: Read + Send>(
    file: R,
    mut see: impl FnMut(&Packet<'_>) -> Result<(), CaptureError>,
) -> Result<FileEnd, CaptureError> {
    let mut reader = create_reader(BUFFER, file).map_err(|error| wrong(&error))?;
    let mut interfaces: Vec<Interface> = Vec::new();
    // Of the older format, whose header says it once.
    let (mut link, mut per_second, mut head) = (Linktype::NULL, 1e6, 16);
    let mut size = BUFFER;
    let mut last = 0.0;
    let mut in_section = false;
    loop {
        let start = reader.consumed() as u64;
        if in_section && is_shorter_than_its_frame(reader.data()) {
            return Ok(FileEnd::Cut);
        }
        let mut packet =
            |link, data, head: u64, seconds| see(&Packet { link, data, at: start + head, seconds });
        let used = match reader.next() {
            Ok((used, block)) => {
                match block {
                    PcapBlockOwned::LegacyHeader(header) => {
                        link = header.network;
                        per_second = if header.is_nanosecond_precision() { 1e9 } else { 1e6 };
                        head = if header.is_modified_format() { 24 } else { 16 };
                    }
                    PcapBlockOwned::Legacy(block) => {
                        let seconds = f64::from(block.ts_sec) + f64::from(block.ts_usec) / per_second;
                        packet(link, block.data, head, seconds)?;
                    }
                    PcapBlockOwned::NG(Block::SectionHeader(_)) => {
                        in_section = true;
                        interfaces.clear();
                    }
                    PcapBlockOwned::NG(Block::InterfaceDescription(block)) => {
                        if interfaces.len() < INTERFACES {
                            interfaces.push(Interface {
                                link: block.linktype,
                                resolution: block.ts_resolution().unwrap_or(1_000_000).max(1),
                                offset: block.if_tsoffset,
                            });
                        }
                    }
                    PcapBlockOwned::NG(Block::EnhancedPacket(block)) => {
                        if let Some(interface) = interfaces.get(block.if_id as usize) {
                            let units = (u64::from(block.ts_high) << 32) | u64::from(block.ts_low);
                            last = interface.offset as f64 + units as f64 / interface.resolution as f64;
                            let data = &block.data[..block.data.len().min(block.caplen as usize)];
                            packet(interface.link, data, 28, last)?;
                        }
                    }
                    // It has no time of its own.
                    PcapBlockOwned::NG(Block::SimplePacket(block)) => {
                        if let Some(interface) = interfaces.first() {
                            let data = &block.data[..block.data.len().min(block.origlen as usize)];
                            packet(interface.link, data, 12, last)?;
                        }
                    }
                    PcapBlockOwned::NG(_) => {}
                }
                used
            }
            Err(PcapError::Eof) => return Ok(FileEnd::Whole),
            Err(PcapError::UnexpectedEof) => return Ok(FileEnd::Cut),
            Err(PcapError::Incomplete(_)) => {
                if reader.reader_exhausted() {
                    return Ok(FileEnd::Cut);
                }
                reader.refill().map_err(|error| wrong(&error))?;
                continue;
            }
            Err(PcapError::BufferTooSmall) => {
                size *= 2;
                if size > LARGEST || !reader.grow(size) {
                    return Err(CaptureError::BlockTooLarge { max: LARGEST });
                }
                reader.refill().map_err(|error| wrong(&error))?;
                continue;
            }
            Err(error) if start == 0 => return Err(wrong(&error)),
            // What came before is whole.
            Err(_) => return Ok(FileEnd::Cut),
        };
        reader.consume(used);
    }
}

/// Whether the block of pcapng that begins here says that it is shorter than its type and its two lengths. The library takes those off
/// without looking for blocks of some types. A block that long in the other byte order is larger than any that is read.
fn is_shorter_than_its_frame(data: &[u8]) -> bool {
    let Some(length) = data.get(4..8).and_then(|length| <[u8; 4]>::try_from(length).ok()) else {
        return false;
    };
    u32::from_le_bytes(length).min(u32::from_be_bytes(length)) < 12
}

fn wrong<I: std::fmt::Debug>(error: &PcapError<I>) -> CaptureError {
    CaptureError::Format(match error {
        PcapError::Eof | PcapError::UnexpectedEof | PcapError::Incomplete(_) => {
            "it ends in its header".to_owned()
        }
        PcapError::ReadError => "the file cannot be read".to_owned(),
        PcapError::HeaderNotRecognized => "its first bytes are of neither".to_owned(),
        _ => "a block of it is malformed".to_owned(),
    })
}

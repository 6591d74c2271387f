//! Why a capture cannot be read.

use std::io;

use super::connections::CONNECTIONS;
use super::flow::EXTENTS;

/// Why a capture cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// The file is no capture, or broken from its beginning.
    #[error("no pcap or pcapng: {0}")]
    Format(String),
    /// A block is larger than any packet.
    #[error("a block of the capture is larger than {max} bytes")]
    BlockTooLarge {
        /// Bytes.
        max: usize,
    },
    /// More connections than are kept.
    #[error("more than {CONNECTIONS} connections")]
    TooManyConnections,
    /// More segments than are kept.
    #[error("more than {EXTENTS} segments with data")]
    TooManySegments,
}

//! Captures, `pcap` and `pcapng`: the TCP connections in them, put together from their segments.
//!
//! ```text
//! file ─► packets (pcap-parser) ─► segment (etherparse) ─► Connections ─► Flow: where in the file each byte of a direction stands
//! ```
//!
//! Payloads are not kept: a [`Flow`] names places in the file, and [`Segments`] reads them when they are shown.

mod connections;
mod error;
mod flow;
mod index;
mod link;
mod packets;
mod segments;

pub use connections::Connection;
pub use error::CaptureError;
pub use flow::Flow;
pub use index::{Capture, Count, is_capture};
pub use segments::Segments;

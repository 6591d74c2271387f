//! A WebSocket for exchanges: pieces of messages in and out, either role, no message in memory.

mod reader;
mod stream;
mod writer;

pub use reader::FrameReader;
pub use stream::{FrameStream, FrameStreamError, Kind, Message, Piece};
pub use writer::FrameWriter;

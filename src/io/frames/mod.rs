//! A WebSocket for exchanges: pieces of messages in and out, either role, no message in memory. And one whose messages mean nothing: bytes in and out.

mod bytes;
mod piece;
mod reader;
mod stream;
mod writer;

pub use bytes::FrameBytes;
pub use piece::{FrameStreamError, Kind, Message, Piece};
pub use reader::FrameReader;
pub use stream::FrameStream;
pub use writer::FrameWriter;

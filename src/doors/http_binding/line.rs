//! The connection of a listener, whatever carries it: bytes towards it, bytes from it.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};

use crate::{
    io::{Dialect, FrameReader, FrameStream, FrameWriter, Kind, Leg, Piece, Stream},
    wire::websocket::Close,
};

/// Bytes read at a time.
const PIECE: usize = 16 << 10;

/// RFC 6455 7.4.1.
const NORMAL: u16 = 1000;

/// Both directions; either may be waited for while the other is in use.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) reader: LineReader,
    pub(super) writer: LineWriter,
}

/// From the listener.
#[derive(Debug)]
pub(super) enum LineReader {
    /// Bytes as they are, and those that were read before.
    Bytes(ReadHalf<Stream>, BytesMut),
    /// WebSocket frames, whose borders mean nothing.
    Frames(FrameReader),
}

/// To the listener.
#[derive(Debug)]
pub(super) enum LineWriter {
    /// Bytes as they are.
    Bytes(WriteHalf<Stream>),
    /// WebSocket frames.
    Frames(FrameWriter),
}

impl Line {
    pub(super) fn new(leg: Leg) -> Self {
        match leg.dialect {
            Dialect::Bytes => {
                let (read, write) = tokio::io::split(leg.stream);
                let early = BytesMut::from(&leg.early[..]);
                Self { reader: LineReader::Bytes(read, early), writer: LineWriter::Bytes(write) }
            }
            Dialect::Frames(dialect) => {
                let (reader, writer) = FrameStream::new(leg.stream, leg.early, dialect).into_split();
                Self { reader: LineReader::Frames(reader), writer: LineWriter::Frames(writer) }
            }
        }
    }
}

impl LineReader {
    /// What came next, never empty; `None`: the listener ended its side. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        match self {
            Self::Bytes(half, buffer) => {
                if buffer.is_empty() {
                    // No larger than what came, or a reply in small pieces would hold a buffer for each.
                    buffer.reserve(PIECE);
                    if half.read_buf(buffer).await? == 0 {
                        return Ok(None);
                    }
                }
                Ok(Some(buffer.split().freeze()))
            }
            Self::Frames(reader) => loop {
                match reader.next().await.map_err(io::Error::other)? {
                    Piece::Data { data, .. } if data.is_empty() => {}
                    Piece::Data { data, .. } => return Ok(Some(data)),
                    Piece::Close(_) => return Ok(None),
                }
            },
        }
    }
}

impl LineWriter {
    /// Returns when the listener's side took all of it, as far as the operating system tells.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Bytes(half) => {
                half.write_all(bytes).await?;
                half.flush().await
            }
            Self::Frames(writer) => writer.send(Kind::Binary, true, bytes).await.map_err(io::Error::other),
        }
    }

    /// Ends our side in order.
    pub(super) async fn end(&mut self) -> io::Result<()> {
        match self {
            Self::Bytes(half) => half.shutdown().await,
            Self::Frames(writer) => {
                writer.close(&Close::new(NORMAL, "")).await.map_err(io::Error::other)?;
                writer.shutdown().await.map_err(io::Error::other)
            }
        }
    }
}

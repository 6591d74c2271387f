//! The two directions of a leg, for those that read what passes and may change it; the splice needs none of this.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};

use crate::{
    io::{Dialect, FrameReader, FrameStream, FrameWriter, Kind, Leg, Piece, Stream},
    wire::websocket::Close,
};

/// What comes from a leg.
#[derive(Debug)]
pub(super) enum Incoming {
    /// Bytes, and what was read too early.
    Bytes(ReadHalf<Stream>, Bytes),
    /// The payloads of frames.
    Frames(FrameReader),
}

/// What goes to a leg.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// Bytes.
    Bytes(WriteHalf<Stream>),
    /// Frames, each a message.
    Frames(FrameWriter),
}

/// A leg ended without saying so.
#[derive(Debug)]
pub(super) struct Lost;

/// Room for one read, in bytes.
const READ: usize = 16 << 10;

/// Both directions of a leg.
pub(super) fn split(leg: Leg) -> (Incoming, Outgoing) {
    match leg.dialect {
        Dialect::Bytes => {
            let (read, write) = tokio::io::split(leg.stream);
            (Incoming::Bytes(read, leg.early), Outgoing::Bytes(write))
        }
        Dialect::Frames(dialect) => {
            let (read, write) = FrameStream::new(leg.stream, leg.early, dialect).into_split();
            (Incoming::Frames(read), Outgoing::Frames(write))
        }
    }
}

/// The connection of a leg of bytes, once nothing else is under way on it.
pub(super) fn unsplit(incoming: Incoming, outgoing: Outgoing) -> Option<Stream> {
    match (incoming, outgoing) {
        (Incoming::Bytes(read, _), Outgoing::Bytes(write)) => Some(read.unsplit(write)),
        _ => None,
    }
}

impl Incoming {
    /// The next bytes, never empty; `None`: the peer said its end. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Lost> {
        match self {
            Self::Bytes(_, early) if !early.is_empty() => Ok(Some(std::mem::take(early))),
            Self::Bytes(half, _) => {
                let mut bytes = BytesMut::with_capacity(READ);
                let read = half.read_buf(&mut bytes).await.map_err(|_| Lost)?;
                Ok((read > 0).then(|| bytes.freeze()))
            }
            Self::Frames(reader) => loop {
                match reader.next().await.map_err(|_| Lost)? {
                    Piece::Data { data, .. } if data.is_empty() => {}
                    Piece::Data { data, .. } => return Ok(Some(data)),
                    // A close that says a failure is none of the stream's ends (hybrid page 3.5).
                    Piece::Close(close) if close.is_failure() => return Err(Lost),
                    Piece::Close(_) => return Ok(None),
                }
            },
        }
    }
}

impl Outgoing {
    /// Writes all of it.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Bytes(half) => half.write_all(bytes).await,
            Self::Frames(writer) => writer
                .send(Kind::Binary, true, bytes)
                .await
                .map_err(|error| io::Error::other(error.to_string())),
        }
    }

    /// Says that no more comes: a FIN, or a close frame.
    pub(super) async fn end(&mut self, close: &Close) -> io::Result<()> {
        match self {
            Self::Bytes(half) => half.shutdown().await,
            Self::Frames(writer) => {
                writer.close(close).await.map_err(|error| io::Error::other(error.to_string()))
            }
        }
    }

    /// Ends the connection beneath as well, so that the peer ends it too.
    pub(super) async fn leave(&mut self) -> io::Result<()> {
        match self {
            Self::Bytes(half) => half.shutdown().await,
            Self::Frames(writer) => {
                writer.shutdown().await.map_err(|error| io::Error::other(error.to_string()))
            }
        }
    }
}

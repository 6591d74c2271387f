//! One side of a joined pair.

use bytes::{Bytes, BytesMut};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;

use super::{FrameBytes, Prefixed, Stream};
use crate::wire::websocket::FrameDialect;

/// One side of a joined pair: a connection whose handshake is done, and how it is spoken to.
#[derive(Debug)]
pub struct Leg {
    /// The connection.
    pub stream: Stream,
    /// What was already read from it and belongs to what follows the handshake.
    pub early: Bytes,
    /// What the peer sends and takes.
    pub dialect: Dialect,
}

/// How a leg carries what is relayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Bytes as they are; TCP's FIN, or TLS's `close_notify`, is the half-close.
    Bytes,
    /// WebSocket frames; a close frame is the half-close.
    Frames(FrameDialect),
}

impl Dialect {
    /// Where it has frames, the first byte to the peer stands alone in one.
    #[must_use]
    pub const fn with_first_byte_alone(self) -> Self {
        match self {
            Self::Bytes => Self::Bytes,
            Self::Frames(frames) => Self::Frames(frames.with_first_byte_alone()),
        }
    }

    /// The dialect of its frames, if it has any.
    pub const fn frames(&self) -> Option<FrameDialect> {
        match self {
            Self::Bytes => None,
            Self::Frames(frames) => Some(*frames),
        }
    }
}

impl Leg {
    /// A leg from which nothing was read too early.
    pub const fn new(stream: Stream, dialect: Dialect) -> Self {
        Self { stream, early: Bytes::new(), dialect }
    }

    /// A leg as a stream of bytes, for those that do more with it than to join it.
    pub fn into_stream(self) -> Stream {
        match self.dialect {
            Dialect::Bytes if self.early.is_empty() => self.stream,
            Dialect::Bytes => Stream::Carried(Box::new(Prefixed::new(self.stream, self.early))),
            Dialect::Frames(dialect) => {
                Stream::Carried(Box::new(FrameBytes::new(self.stream, self.early, dialect)))
            }
        }
    }

    /// Takes the connection back from hyper after an upgrade: a server or client that ran on `TokioIo<Stream>` or `TokioIo<Prefixed<Stream>>`.
    ///
    /// # Errors
    /// Gives the upgraded connection back when hyper ran on something else.
    pub fn from_upgraded(upgraded: Upgraded, dialect: Dialect) -> Result<Self, Upgraded> {
        let upgraded = match upgraded.downcast::<TokioIo<Stream>>() {
            Ok(parts) => {
                return Ok(Self {
                    stream: parts.io.into_inner(),
                    early: Bytes::copy_from_slice(&parts.read_buf),
                    dialect,
                });
            }
            Err(upgraded) => upgraded,
        };
        let parts = upgraded.downcast::<TokioIo<Prefixed<Stream>>>()?;
        let (stream, left) = parts.io.into_inner().into_parts();
        // What hyper read comes before what it left in the prefix.
        let mut early = BytesMut::from(&parts.read_buf[..]);
        early.extend_from_slice(&left);
        let early = early.freeze();
        Ok(Self { stream, early, dialect })
    }
}

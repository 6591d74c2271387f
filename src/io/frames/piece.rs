//! What comes from a WebSocket.

use std::io;

use bytes::Bytes;

use crate::wire::websocket::{Close, FrameError};

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text; its UTF-8 is not checked here.
    Text,
    /// Bytes.
    Binary,
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A part of a message, at most 64 KiB. Tiny fragments that came together are one piece.
    Data {
        /// The kind of its message.
        kind: Kind,
        /// It begins its message.
        first: bool,
        /// It ends its message.
        fin: bool,
        /// The payload; empty only at the end of a message whose last frame was.
        data: Bytes,
    },
    /// The peer closed its side. It sends nothing more.
    Close(Close),
}

/// Why a WebSocket can go on no longer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameStreamError {
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The connection ended without a close frame.
    #[error("connection ended without a close frame")]
    Lost,
    /// The peer broke RFC 6455; tell it [`FrameError::close_code`].
    #[error(transparent)]
    Violation(#[from] FrameError),
    /// A message is longer than the caller takes.
    #[error("message exceeds the limit of {limit} bytes")]
    MessageTooLong {
        /// The most bytes the caller takes.
        limit: usize,
    },
    /// The side was closed before.
    #[error("this side of the WebSocket is closed")]
    Closed,
}

/// A whole message, or the peer's close instead of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
    /// The peer closed its side.
    Close(Close),
}

//! Both directions of a WebSocket, and what comes out of it.

use std::{io, sync::Arc};

use bytes::Bytes;

use crate::io::Stream;
use crate::wire::websocket::{Close, FrameDialect, FrameError};

use super::{FrameReader, FrameWriter, writer::Shared};

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

/// A WebSocket after its handshake, both directions. Pings are answered while [`next`](Self::next) is waited for.
#[derive(Debug)]
pub struct FrameStream {
    reader: FrameReader,
    writer: FrameWriter,
}

impl FrameStream {
    /// Speaks `dialect` on a connection from which `early` was already read.
    pub fn new(stream: Stream, early: Bytes, dialect: FrameDialect) -> Self {
        let (read, write) = tokio::io::split(stream);
        let shared = Arc::new(Shared::new(write, dialect));
        let reader = FrameReader::new(read, dialect.role, early, Arc::clone(&shared));
        Self { reader, writer: FrameWriter::new(shared) }
    }

    /// The two directions, for two tasks.
    pub fn into_split(self) -> (FrameReader, FrameWriter) {
        (self.reader, self.writer)
    }

    /// See [`FrameReader::next`].
    pub async fn next(&mut self) -> Result<Piece, FrameStreamError> {
        self.reader.next().await
    }

    /// See [`FrameReader::message`].
    pub async fn message(&mut self, limit: usize) -> Result<Message, FrameStreamError> {
        self.reader.message(limit).await
    }

    /// See [`FrameWriter::send`].
    pub async fn send(&mut self, kind: Kind, fin: bool, data: &[u8]) -> Result<(), FrameStreamError> {
        self.writer.send(kind, fin, data).await
    }

    /// See [`FrameWriter::close`].
    pub async fn close(&mut self, close: &Close) -> Result<(), FrameStreamError> {
        self.writer.close(close).await
    }

    /// See [`FrameWriter::shutdown`].
    pub async fn shutdown(&mut self) -> Result<(), FrameStreamError> {
        self.writer.shutdown().await
    }
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

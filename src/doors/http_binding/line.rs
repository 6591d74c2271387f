//! The connection of a listener, whatever carries it: bytes towards it, bytes from it.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};

use crate::io::{Leg, Stream};

/// Bytes read at a time.
const PIECE: usize = 16 << 10;

/// Both directions; either may be waited for while the other is in use.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) reader: LineReader,
    pub(super) writer: LineWriter,
}

/// From the listener.
#[derive(Debug)]
pub(super) struct LineReader {
    half: ReadHalf<Stream>,
}

/// To the listener.
#[derive(Debug)]
pub(super) struct LineWriter {
    half: WriteHalf<Stream>,
}

impl Line {
    pub(super) fn new(leg: Leg) -> Self {
        let (read, write) = tokio::io::split(leg.into_stream());
        Self { reader: LineReader { half: read }, writer: LineWriter { half: write } }
    }
}

impl LineReader {
    /// What came next, never empty; `None`: the listener ended its side. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let mut buffer = BytesMut::with_capacity(PIECE);
        let read = self.half.read_buf(&mut buffer).await?;
        Ok((read > 0).then(|| buffer.freeze()))
    }
}

impl LineWriter {
    /// Returns when the listener's side took all of it, as far as the operating system tells.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.half.write_all(bytes).await?;
        self.half.flush().await
    }

    /// Ends our side in order.
    pub(super) async fn end(&mut self) -> io::Result<()> {
        self.half.shutdown().await
    }
}

//! The first exchange on a connection of protocol C: one message behind its length, one answer (4.2, 4.3).

use std::io;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    io::Stream,
    wire::relayed::{CarriageError, decode_message, message_prefix},
};

/// Why no message came.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoMessage {
    /// What came is none.
    #[error(transparent)]
    Malformed(#[from] CarriageError),
    /// The connection ended or broke.
    #[error(transparent)]
    Broken(#[from] io::Error),
}

/// Reads until `decode` has its value. What was read beyond it stays in `buffer`.
pub(super) async fn read<T>(
    stream: &mut Stream,
    buffer: &mut BytesMut,
    decode: impl Fn(&[u8]) -> Result<Option<(T, usize)>, CarriageError>,
) -> Result<T, NoMessage> {
    loop {
        if let Some((value, used)) = decode(buffer)? {
            buffer.advance(used);
            return Ok(value);
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
}

/// Reads one message.
pub(super) async fn read_message(stream: &mut Stream, buffer: &mut BytesMut) -> Result<Vec<u8>, NoMessage> {
    read(stream, buffer, |bytes| Ok(decode_message(bytes)?.map(|(message, used)| (message.to_vec(), used))))
        .await
}

/// Writes one message, all the way to the socket. Inside another protocol its length goes first by itself: a client's reader takes a whole frame of a
/// WebSocket for the length, and one that holds the message as well is none (1.4).
pub(super) async fn write_message(stream: &mut Stream, message: &[u8]) -> io::Result<()> {
    let prefix = message_prefix(message).map_err(io::Error::other)?;
    if matches!(stream, Stream::Carried(_)) {
        stream.write_all(&prefix).await?;
        stream.write_all(message).await?;
    } else {
        stream.write_all(&[&prefix[..], message].concat()).await?;
    }
    stream.flush().await
}

//! Bytes on their way out of a connection that is read at the same time.

use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// Bytes that wait to be written, and how many have gone. While there are none it owns no buffer.
#[derive(Debug, Default)]
pub struct Sending {
    bytes: BytesMut,
    /// Bytes that a layer below has taken, and may keep until it is flushed: TLS does.
    taken: u64,
    /// Bytes that were flushed.
    gone: u64,
}

impl Sending {
    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes that wait to be written.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing waits to be written; some of it may not be flushed.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether there is something to do for [`Sending::advance`].
    pub fn is_due(&self) -> bool {
        !self.bytes.is_empty() || self.gone != self.taken
    }

    /// How many bytes will have gone when all that was pushed so far has.
    pub fn end(&self) -> u64 {
        self.taken + self.bytes.len() as u64
    }

    /// How many bytes have gone to the operating system.
    pub fn gone(&self) -> u64 {
        self.gone
    }

    /// Writes some, or flushes what was written. Dropped before it is done, nothing is lost and nothing is sent twice.
    pub async fn advance<W: AsyncWrite + Unpin>(&mut self, sink: &mut W) -> io::Result<()> {
        if self.bytes.is_empty() {
            sink.flush().await?;
            self.gone = self.taken;
            return Ok(());
        }
        match sink.write_buf(&mut self.bytes).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => self.taken += written as u64,
        }
        if self.bytes.is_empty() {
            self.bytes = BytesMut::new();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, BufWriter};

    use super::*;

    #[tokio::test]
    async fn bytes_are_gone_when_they_are_flushed() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut sink = BufWriter::new(near);
        let mut sending = Sending::default();
        assert!(!sending.is_due());
        sending.push(b"ab");
        let end = sending.end();
        sending.advance(&mut sink).await.unwrap();
        assert!(sending.is_empty() && sending.is_due());
        assert_eq!(sending.gone(), 0, "the writer below has them");
        sending.advance(&mut sink).await.unwrap();
        assert!(!sending.is_due());
        assert_eq!((sending.gone(), end), (2, 2));
        let mut got = [0; 2];
        far.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"ab");
    }
}

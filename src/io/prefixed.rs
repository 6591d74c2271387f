//! A connection that first yields bytes which were already read from it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Carried, Leg, Stream};

/// A connection and what was read from it while its protocol was found out.
#[derive(Debug)]
pub struct Prefixed<S> {
    prefix: Bytes,
    inner: S,
}

impl<S> Prefixed<S> {
    /// Reading yields `prefix`, then what `inner` yields.
    pub const fn new(inner: S, prefix: Bytes) -> Self {
        Self { prefix, inner }
    }

    /// The connection, and what of the prefix was not read again.
    pub fn into_parts(self) -> (S, Bytes) {
        (self.inner, self.prefix)
    }

    /// The connection.
    pub const fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.prefix.is_empty() {
            return Pin::new(&mut this.inner).poll_read(cx, buf);
        }
        let len = this.prefix.len().min(buf.remaining());
        buf.put_slice(&this.prefix[..len]);
        this.prefix.advance(len);
        if this.prefix.is_empty() {
            // Lets go of the buffer it was cut from.
            this.prefix = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefixed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl Carried for Prefixed<Stream> {
    fn wants_flush(&self) -> bool {
        self.inner.wants_flush()
    }

    fn into_leg(self: Box<Self>, unused: Bytes) -> Leg {
        let early = if unused.is_empty() { self.prefix } else { [&unused[..], &self.prefix].concat().into() };
        self.inner.into_leg(early)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn yields_the_prefix_before_the_stream_and_hands_back_what_is_left() {
        let (mut peer, ours) = duplex(64);
        peer.write_all(b"world").await.unwrap();
        let mut stream = Prefixed::new(ours, Bytes::from_static(b"hello "));
        let mut first = [0; 4];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"hell");
        let (inner, left) = stream.into_parts();
        assert_eq!(left, "o ");
        let mut rest = [0; 7];
        Prefixed::new(inner, left).read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"o world");
    }
}

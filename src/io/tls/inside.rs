//! TLS on a stream that is no socket: inside a web stream, or inside TLS.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{ServerTls, server::take_asked_name};
use crate::io::{Carried, Dialect, Leg, Stream};

impl ServerTls {
    /// Does the handshake on any stream, and says which name the client asked for. Such connections are few, so that this is tokio-rustls's, which
    /// keeps buffers. The caller sets the deadline.
    pub async fn accept_inside(&self, stream: Stream) -> io::Result<(Stream, Option<String>)> {
        let mut accept = TlsAcceptor::from(self.config.clone()).accept(stream);
        let accepted = poll_fn(|cx| {
            let polled = Pin::new(&mut accept).poll(cx);
            // Told to the resolver on this thread; not to be found there by another connection.
            let _ = take_asked_name();
            polled
        });
        let tls = Box::new(accepted.await?);
        let name = tls.get_ref().1.server_name().map(str::to_owned);
        Ok((Stream::Carried(Box::new(Inside(tls))), name))
    }
}

#[derive(Debug)]
struct Inside(Box<TlsStream<Stream>>);

impl AsyncRead for Inside {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Inside {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Carried for Inside {
    fn wants_flush(&self) -> bool {
        let (stream, session) = self.0.get_ref();
        session.wants_write() || stream.wants_flush()
    }

    fn into_leg(self: Box<Self>, unused: Bytes) -> Leg {
        Leg { stream: Stream::Carried(self), early: unused, dialect: Dialect::Bytes }
    }
}

//! A connection to a peer, whatever carries it.

use std::{
    fmt, io,
    net::SocketAddr,
    path::Path,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use socket2::{SockRef, TcpKeepalive};
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::{Dialect, Leg, TlsStream};

/// A connection: TCP, TLS on TCP, a Unix socket, or a stream that another protocol carries.
///
/// Reading yields `UnexpectedEof` where a TLS peer vanished without its `close_notify`, unless it may ([`TlsStream::allow_bare_end`]);
/// shutting down sends ours, and reading goes on after it.
#[derive(Debug)]
pub enum Stream {
    /// Plain TCP.
    Tcp(TcpStream),
    /// TLS, either side.
    Tls(Box<TlsStream>),
    /// A socket in the file system; only the connector dials such.
    #[cfg(unix)]
    Unix(UnixStream),
    /// A stream inside another protocol.
    Carried(Box<dyn Carried>),
}

/// A stream of bytes inside another protocol: a WebSocket's frames, a pair of HTTP requests, TLS in one of these. Ends as [`Stream`] does; one
/// that is dropped before it was shut down shows its peer an error, where its carrier can.
pub trait Carried: AsyncRead + AsyncWrite + fmt::Debug + Unpin + Send + Sync {
    /// Whether bytes that were written wait for the carrier to take them; flush until they do not.
    fn wants_flush(&self) -> bool {
        false
    }

    /// The leg that it becomes; `unused` was read from it. Whatever was written must have been flushed.
    fn into_leg(self: Box<Self>, unused: Bytes) -> Leg;
}

impl Stream {
    /// Dials `address` and tunes the connection: no delay of small writes, and an end when the peer is gone.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let tcp = TcpStream::connect(address).await?;
        tune(&tcp)?;
        Ok(Self::Tcp(tcp))
    }

    /// Dials a socket in the file system. On a system that has none, always an error.
    pub async fn connect_unix(path: &Path) -> io::Result<Self> {
        #[cfg(unix)]
        return Ok(Self::Unix(UnixStream::connect(path).await?));
        #[cfg(not(unix))]
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("{}: no sockets in the file system here", path.display()),
        ));
    }

    /// The socket beneath, where it is TCP.
    pub fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Tcp(tcp) => Some(tcp),
            Self::Tls(tls) => Some(tls.tcp()),
            #[cfg(unix)]
            Self::Unix(_) => None,
            Self::Carried(_) => None,
        }
    }

    /// The TLS session, where there is one.
    pub fn tls(&self) -> Option<&TlsStream> {
        match self {
            Self::Tls(tls) => Some(tls),
            _ => None,
        }
    }

    /// The peer's address; `None` for a stream that is not TCP's or a connection that is gone.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.tcp().and_then(|tcp| tcp.peer_addr().ok())
    }

    /// Our own address; `None` for a stream that is not TCP's or a connection that is gone.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.tcp().and_then(|tcp| tcp.local_addr().ok())
    }

    /// Whether bytes that were written wait to be taken; flush until they do not.
    pub(in crate::io) fn wants_flush(&self) -> bool {
        match self {
            Self::Tls(tls) => tls.wants_flush(),
            Self::Carried(carried) => carried.wants_flush(),
            _ => false,
        }
    }

    /// A leg to be joined; `unused` was read from it. Whatever was written must have been flushed.
    pub fn into_leg(self, unused: Bytes) -> Leg {
        match self {
            Self::Carried(carried) => carried.into_leg(unused),
            stream => Leg { stream, early: unused, dialect: Dialect::Bytes },
        }
    }

    /// Switches Nagle's algorithm off (`true`) or on; nothing where the stream is not TCP's.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.tcp().map_or(Ok(()), |tcp| tcp.set_nodelay(nodelay))
    }

    /// Drops the connection so that the peer sees an error and not an end: TCP sends a reset, TLS no `close_notify`.
    pub fn abort(self) {
        if let Some(tcp) = self.tcp() {
            // Fails only on a socket that is gone already.
            let _ = tcp.set_zero_linger();
        }
    }
}

impl From<TcpStream> for Stream {
    fn from(tcp: TcpStream) -> Self {
        Self::Tcp(tcp)
    }
}

impl From<TlsStream> for Stream {
    fn from(tls: TlsStream) -> Self {
        Self::Tls(Box::new(tls))
    }
}

#[cfg(unix)]
impl From<UnixStream> for Stream {
    fn from(unix: UnixStream) -> Self {
        Self::Unix(unix)
    }
}

/// What every TCP connection gets: no delay of small writes, and probes when it is quiet, so that a peer whose machine is gone is
/// noticed within about three minutes. No time-out for bytes under way beyond the operating system's own: a program that
/// reads nothing for a while has a full window and is not gone (framing page 6.2).
pub(super) fn tune(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let socket = SockRef::from(tcp);
    let keepalive =
        TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15));
    socket.set_tcp_keepalive(&keepalive)?;
    Ok(())
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_read(cx, buf),
            #[cfg(unix)]
            Self::Unix(unix) => Pin::new(unix).poll_read(cx, buf),
            Self::Carried(carried) => Pin::new(carried).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_write(cx, buf),
            #[cfg(unix)]
            Self::Unix(unix) => Pin::new(unix).poll_write(cx, buf),
            Self::Carried(carried) => Pin::new(carried).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_flush(cx),
            #[cfg(unix)]
            Self::Unix(unix) => Pin::new(unix).poll_flush(cx),
            Self::Carried(carried) => Pin::new(carried).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_shutdown(cx),
            #[cfg(unix)]
            Self::Unix(unix) => Pin::new(unix).poll_shutdown(cx),
            Self::Carried(carried) => Pin::new(carried).poll_shutdown(cx),
        }
    }
}

//! A TLS connection that owns no buffers while it is idle.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::{
    server::take_asked_name,
    session::{Outbox, Outgoing, Session},
};
use crate::io::{kept::Kept, stream::tune};

/// A TLS connection, either side, its handshake done.
///
/// Ciphertext passes through buffers of the thread. What the connection keeps is the start of a record whose end has not come, plaintext its reader had
/// no room for, and ciphertext the socket did not take; nothing of that while it is idle.
#[derive(Debug)]
pub struct TlsStream {
    tcp: TcpStream,
    session: Session,
    /// Ciphertext: the start of a record.
    incoming: Vec<u8>,
    /// Plaintext not yet read.
    plain: Kept,
    /// Ciphertext not yet written; nothing else is encrypted before it is.
    outgoing: Kept,
    peer_closed: bool,
    close_sent: bool,
    /// The peer may end without `close_notify`.
    ends_bare: bool,
    server_name: Option<Box<str>>,
}

/// Ciphertext read at once: four full records.
const READ: usize = 4 * (16 << 10) + 1024;

/// Plaintext encrypted at once.
const WRITE: usize = 64 << 10;

struct Buffers {
    incoming: Vec<u8>,
    outgoing: Outbox,
}

thread_local! {
    /// Used inside one poll and by nobody meanwhile. The first read makes it.
    static BUFFERS: RefCell<Buffers> = const { RefCell::new(Buffers { incoming: Vec::new(), outgoing: Outbox::new() }) };
}

impl TlsStream {
    /// Brings the handshake to its end. `early` is ciphertext that was read before.
    pub(super) async fn handshake(tcp: TcpStream, session: Session, early: &[u8]) -> io::Result<Self> {
        tune(&tcp)?;
        let mut this = Self {
            tcp,
            session,
            incoming: early.to_vec(),
            plain: Kept::default(),
            outgoing: Kept::default(),
            peer_closed: false,
            close_sent: false,
            ends_bare: false,
            server_name: None,
        };
        // A client speaks first; a server looks at what came early.
        this.process_incoming()?;
        poll_fn(|cx| this.poll_handshake(cx)).await?;
        Ok(this)
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_drain(cx))?;
            if !self.session.is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_fill(cx, None))?;
        }
    }

    /// The socket beneath.
    pub const fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// The host name the client asked for (SNI); `None` where it asked for none, and on the client's side.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// The application protocol both agreed on, `http/1.1` or none.
    pub fn alpn(&self) -> Option<&[u8]> {
        self.session.alpn()
    }

    /// From now on an end of the connection between two records is the peer's end, also without `close_notify`: `SslStream` of the
    /// .NET Framework sends none. For protocols alone that say inside how long they are.
    pub fn allow_bare_end(&mut self) {
        self.ends_bare = true;
    }

    /// What both sides agreed on and showed each other.
    pub(super) fn agreed(&self) -> &rustls::CommonState {
        self.session.common()
    }

    /// Whether bytes wait to be written; flush until they are.
    pub(in crate::io) fn wants_flush(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Reads once from the socket and decrypts: into `buf` first, what it has no room for into `plain`.
    fn poll_fill(&mut self, cx: &mut Context<'_>, buf: Option<&mut ReadBuf<'_>>) -> Poll<io::Result<()>> {
        BUFFERS.with_borrow_mut(|buffers| {
            let kept = self.incoming.len();
            // One record always fits; rustls refuses longer ones.
            if buffers.incoming.len() < kept + READ {
                buffers.incoming.resize(kept + READ, 0);
            }
            let mut read = ReadBuf::new(&mut buffers.incoming[kept..kept + READ]);
            ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut read))?;
            let len = read.filled().len();
            if len == 0 && kept == 0 && self.ends_bare {
                self.peer_closed = true;
                return Poll::Ready(Ok(()));
            }
            if len == 0 {
                // RFC 8446 6.1: without a close_notify the end may be an attacker's.
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            let Buffers { incoming, outgoing } = buffers;
            let incoming = &mut incoming[..kept + len];
            incoming[..kept].copy_from_slice(&self.incoming);
            Poll::Ready(self.process(incoming, outgoing, buf))
        })
    }

    /// Processes what is kept, without reading.
    fn process_incoming(&mut self) -> io::Result<()> {
        BUFFERS.with_borrow_mut(|buffers| {
            let mut incoming = std::mem::take(&mut self.incoming);
            self.process(&mut incoming, &mut buffers.outgoing, None)
        })
    }

    fn process(
        &mut self,
        incoming: &mut [u8],
        out: &mut Outbox,
        mut buf: Option<&mut ReadBuf<'_>>,
    ) -> io::Result<()> {
        out.clear();
        let plain = &mut self.plain;
        let mut take = |mut bytes: &[u8]| {
            if let Some(buf) = &mut buf
                && plain.is_empty()
            {
                let (now, later) = bytes.split_at(bytes.len().min(buf.remaining()));
                buf.put_slice(now);
                bytes = later;
            }
            if !bytes.is_empty() {
                plain.push(bytes);
            }
        };
        let result = self.session.process(incoming, &mut take, out);
        // Taken every time: a client that is asked to say hello again names it twice, and what is left behind would become the
        // name of the next connection on this thread.
        if let Some(name) = take_asked_name() {
            self.server_name = Some(name);
        }
        // Mostly nothing; handshakes, tickets and alerts are small, so that one write takes them nearly always.
        self.outgoing.push(out.filled());
        match result {
            Ok(progress) => {
                self.incoming = incoming[progress.consumed..].to_vec();
                self.peer_closed |= progress.peer_closed;
                Ok(())
            }
            Err(error) => {
                // The alert; a socket that does not take it now would not take it later.
                let _ = self.tcp.try_write(self.outgoing.left());
                Err(io::Error::new(io::ErrorKind::InvalidData, error))
            }
        }
    }

    /// Writes what is kept.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            let written = ready!(Pin::new(&mut self.tcp).poll_write(cx, self.outgoing.left()))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.outgoing.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Encrypts and writes; keeps what the socket does not take.
    fn encrypt(&mut self, cx: &mut Context<'_>, what: Outgoing<'_>) -> io::Result<()> {
        BUFFERS.with_borrow_mut(|buffers| {
            let out = &mut buffers.outgoing;
            out.clear();
            self.session.encrypt(what, &mut self.incoming, out)?;
            let mut left = out.filled();
            while !left.is_empty() {
                match Pin::new(&mut self.tcp).poll_write(cx, left)? {
                    Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Poll::Ready(written) => left = &left[written..],
                    Poll::Pending => {
                        self.outgoing.push(left);
                        break;
                    }
                }
            }
            Ok(())
        })
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if !this.plain.is_empty() {
                let len = this.plain.left().len().min(buf.remaining());
                buf.put_slice(&this.plain.left()[..len]);
                this.plain.advance(len);
                return Poll::Ready(Ok(()));
            }
            if this.peer_closed {
                return Poll::Ready(Ok(()));
            }
            let before = buf.filled().len();
            ready!(this.poll_fill(cx, Some(buf)))?;
            // Tickets, key updates: what the session has to say goes out when the socket takes it; a failure shows at the next write.
            let _ = this.poll_drain(cx);
            if buf.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_drain(cx))?;
        let buf = &buf[..buf.len().min(WRITE)];
        if !buf.is_empty() {
            this.encrypt(cx, Outgoing::Data(buf))?;
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_drain(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(cx))?;
        if !this.close_sent {
            this.close_sent = true;
            // It fails on a session that failed, which has said so by an alert.
            let _ = this.encrypt(cx, Outgoing::CloseNotify);
        }
        ready!(this.poll_drain(cx))?;
        Pin::new(&mut this.tcp).poll_shutdown(cx)
    }
}

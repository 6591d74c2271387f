//! A WebSocket as a stream of bytes.

use std::{
    cell::RefCell,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{
    io::{Carried, Leg, Stream, kept::Kept, leg::Dialect},
    wire::websocket::{
        Close, Event, FrameDialect, FrameError, FrameHead, HEADROOM, MaskKeys, OpCode, Pause, Reframer, Role,
        apply_mask, push_control,
    },
};

/// A WebSocket whose frames carry one stream of bytes: AMQP, or the first exchange of a relayed connection.
///
/// Each write is one binary message of one frame. Pings are answered while it is read from; a close frame ends it, and shutting it down sends one. It
/// owns no memory while it is idle. Both directions belong to one task: a waker is kept for the last one alone.
#[derive(Debug)]
pub struct FrameBytes {
    stream: Stream,
    dialect: FrameDialect,
    reframer: Reframer,
    keys: MaskKeys,
    /// Frames that were read before.
    early: Bytes,
    /// Frames the socket did not take.
    out: Kept,
    /// The peer said its end, or what it sent is none of the protocol.
    ended: Option<Result<(), FrameError>>,
    /// We said ours.
    closed: bool,
}

/// Bytes read and turned at once.
const READ: usize = 16 << 10;

/// The longest frame built at once; a longer write is several.
const WRITE: usize = 64 << 10;

/// Bytes of answers to pings kept for a peer that does not take them.
const MOST_REPLIES: usize = 4 << 10;

thread_local! {
    /// Used inside one poll and by nobody meanwhile.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn with_buffer<T>(len: usize, use_it: impl FnOnce(&mut [u8]) -> T) -> T {
    BUFFER.with_borrow_mut(|buffer| {
        buffer.resize(buffer.len().max(len), 0);
        use_it(&mut buffer[..len])
    })
}

impl FrameBytes {
    /// Speaks `dialect` on a connection from which `early` was already read.
    pub fn new(stream: Stream, early: Bytes, dialect: FrameDialect) -> Self {
        // As for a splice: without randomness TLS would not have come up either.
        let keys = MaskKeys::new(getrandom::u64().unwrap_or_default());
        let reframer = Reframer::new(Some(dialect), None, keys.clone());
        let (out, ended, closed) = (Kept::default(), None, false);
        Self { stream, dialect, reframer, keys, early, out, ended, closed }
    }

    /// Reads some bytes of frames into `raw`, behind the headroom.
    fn poll_frames(&mut self, cx: &mut Context<'_>, raw: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut read = ReadBuf::new(&mut raw[HEADROOM..]);
        if self.early.is_empty() {
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read))?;
        } else {
            read.put_slice(&self.early.split_to(self.early.len().min(read.remaining())));
            if self.early.is_empty() {
                self.early = Bytes::new();
            }
        }
        Poll::Ready(Ok(read.filled().len()))
    }

    /// Turns what was read, and keeps what the peer is owed for it. The whole input is used, since without a head to write there is always room.
    fn turn(&mut self, raw: &mut [u8], len: usize, buf: &mut ReadBuf<'_>) {
        let step = self.reframer.reframe(raw, HEADROOM..HEADROOM + len, Pause::No);
        buf.put_slice(&raw[step.output]);
        let replies = self.reframer.take_replies();
        if !self.closed && self.out.left().len() < MOST_REPLIES {
            self.out.push(&replies);
        }
        self.ended = step.event.map(|event| match event {
            Event::Close(_) => Ok(()),
            Event::Violation(error) => {
                self.push_close(&Close::new(error.close_code(), &error.to_string()));
                Err(error)
            }
        });
    }

    fn push_close(&mut self, close: &Close) {
        if !std::mem::replace(&mut self.closed, true) {
            let mut frame = Vec::new();
            push_control(&mut frame, self.dialect.role, &mut self.keys, OpCode::Close, &close.encode());
            self.out.push(&frame);
        }
    }

    /// Writes what the socket did not take before.
    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.out.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, self.out.left()))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.out.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for FrameBytes {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        while this.ended.is_none() && buf.remaining() > 0 && buf.filled().len() == before {
            // No frame holds more than its bytes: what is read fits.
            let read = with_buffer(HEADROOM + buf.remaining().min(READ), |raw| {
                let len = ready!(this.poll_frames(cx, raw))?;
                this.turn(raw, len, buf);
                Poll::Ready(Ok::<_, io::Error>(len))
            });
            // Answers go out while there is somebody to write them; where they cannot, they wait for the next call.
            let _ = this.poll_out(cx)?;
            if ready!(read)? == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        Poll::Ready(match this.ended {
            Some(Err(error)) if buf.filled().len() == before => {
                Err(io::Error::new(io::ErrorKind::InvalidData, error))
            }
            _ => Ok(()),
        })
    }
}

impl AsyncWrite for FrameBytes {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        // No frame before the last one is out, so that no more than one is ever kept.
        ready!(this.poll_out(cx))?;
        let bytes = &bytes[..bytes.len().min(this.dialect.largest_frame).min(WRITE)];
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let mask = (this.dialect.role == Role::Client).then(|| this.keys.next_key());
        let head = FrameHead { fin: true, opcode: OpCode::Binary, mask, len: bytes.len() as u64 };
        let size = head.encoded_len();
        with_buffer(size + bytes.len(), |frame| {
            head.encode(frame);
            frame[size..].copy_from_slice(bytes);
            apply_mask(&mut frame[size..], mask.unwrap_or_default());
            match Pin::new(&mut this.stream).poll_write(cx, frame) {
                Poll::Ready(Ok(written)) => this.out.push(&frame[written..]),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => this.out.push(frame),
            }
            Poll::Ready(Ok(bytes.len()))
        })
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_out(cx))?;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.push_close(&Close::NORMAL);
        ready!(this.poll_out(cx))?;
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}

impl Carried for FrameBytes {
    fn wants_flush(&self) -> bool {
        !self.out.is_empty() || self.stream.wants_flush()
    }

    fn into_leg(mut self: Box<Self>, unused: Bytes) -> Leg {
        let mut early = self.reframer.resume(&unused, &mut self.keys);
        early.extend_from_slice(&self.early);
        Leg { stream: self.stream, early: early.into(), dialect: Dialect::Frames(self.dialect) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
        time::timeout,
    };

    use super::*;

    const DIALECT: FrameDialect = FrameDialect::wcf_server(8 << 10);

    async fn sockets() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (one, other) =
            tokio::join!(listener.accept(), TcpStream::connect(listener.local_addr().unwrap()));
        (one.unwrap().0, other.unwrap())
    }

    async fn view(early: &'static [u8]) -> (FrameBytes, TcpStream) {
        let (ours, raw) = sockets().await;
        (FrameBytes::new(ours.into(), Bytes::from_static(early), DIALECT), raw)
    }

    #[tokio::test]
    async fn borders_of_messages_mean_nothing_to_the_reader_and_each_write_is_a_frame() {
        let (mut ours, mut raw) = view(b"\x82\x82\0\0\0\0ab\x02\x81\0\0").await;
        raw.write_all(b"\0\0c\x89\x80\0\0\0\0\x80\x82\x01\x01\x01\x01ed").await.unwrap();
        let mut read = [0; 5];
        ours.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"abcde");
        ours.write_all(b"1234").await.unwrap();
        ours.write_all(&[7; 9000]).await.unwrap();
        ours.flush().await.unwrap();
        ours.shutdown().await.unwrap();
        let mut sent = Vec::new();
        raw.read_to_end(&mut sent).await.unwrap();
        let mut expected = b"\x8a\0\x82\x041234\x82\x7e\x20\0".to_vec();
        expected.extend([7; 8192]);
        expected.extend(b"\x82\x7e\x03\x28");
        expected.extend([7; 808]);
        expected.extend(b"\x88\x02\x03\xe8");
        assert_eq!(sent, expected);
    }

    #[tokio::test]
    async fn a_close_is_the_end_and_a_connection_that_ends_without_one_is_an_error() {
        let (mut ours, _raw) = view(b"\x82\x81\0\0\0\0a\x88\x80\0\0\0\0\x82\x81\0\0\0\0b").await;
        let mut read = Vec::new();
        ours.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, b"a");
        let (mut ours, raw) = view(b"\x82\x82\0\0\0\0a").await;
        drop(raw);
        let error = ours.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn frames_that_are_wrong_are_told_so() {
        let (mut ours, mut raw) = view(b"\x82\x81\0\0\0\0a\x82\x01b").await;
        let mut read = Vec::new();
        let error = ours.read_to_end(&mut read).await.unwrap_err();
        assert_eq!((error.kind(), &read[..]), (io::ErrorKind::InvalidData, &b"a"[..]));
        ours.shutdown().await.unwrap();
        let mut sent = Vec::new();
        raw.read_to_end(&mut sent).await.unwrap();
        assert_eq!(&sent[..4], b"\x88\x21\x03\xea");
    }

    #[tokio::test]
    async fn what_was_read_too_early_is_read_again_by_whoever_joins_it() {
        let (mut ours, mut raw) = view(b"\x82\x85\0\0\0\0usedl\x82\x83\0\0\0\0e").await;
        let mut read = [0; 5];
        ours.read_exact(&mut read).await.unwrap();
        let leg = Stream::Carried(Box::new(ours)).into_leg(Bytes::from_static(b"l"));
        assert_eq!(leg.dialect, Dialect::Frames(DIALECT));
        let mut again = leg.into_stream();
        raw.write_all(b"ft\x88\x80\0\0\0\0").await.unwrap();
        let mut rest = String::new();
        timeout(Duration::from_secs(20), again.read_to_string(&mut rest)).await.unwrap().unwrap();
        assert_eq!(rest, "left");
    }

    #[tokio::test]
    async fn owns_no_memory_while_it_is_idle() {
        let (mut ours, mut raw) = view(b"").await;
        raw.write_all(b"\x82\x81\0\0\0\0a").await.unwrap();
        ours.read_u8().await.unwrap();
        ours.write_all(b"b").await.unwrap();
        ours.flush().await.unwrap();
        assert!(ours.early.is_empty() && ours.out.is_empty());
        assert!(size_of::<FrameBytes>() <= 512, "{} bytes", size_of::<FrameBytes>());
    }
}

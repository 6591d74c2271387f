//! Both halves of a web stream as one stream of bytes (1.5).

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};

use bytes::{Buf, Bytes};
use http_body::Body;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{mpsc, oneshot},
    time::{Sleep, sleep_until},
};
use tokio_util::sync::PollSender;

use crate::{
    doors::hybrid::Item,
    io::{Carried, Dialect, Leg, Stream},
    relay::Piece,
    wire::relayed::web_stream::{MAX_FRAME, WebStream, WebStreamError},
};

/// The body of one request, and that of another one's response.
///
/// A stream that is dropped before it was shut down breaks the way down, so that the client sees an error. Signs of life go out while it is read from.
pub(super) struct WebHalves<B> {
    rules: WebStream,
    up: B,
    /// The way up ended.
    ended: bool,
    /// Of the way up: not looked at.
    raw: Bytes,
    /// Of the way up: not read.
    payload: Bytes,
    down: PollSender<Item>,
    /// For the way down, before anything else.
    out: Vec<u8>,
    closed: bool,
    timer: Pin<Box<Sleep>>,
    /// Dropped with the stream: the way up is then answered.
    _answer: oneshot::Sender<Result<(), WebStreamError>>,
}

/// What a stream is made of.
pub(super) struct Parts<B> {
    /// Knows that both halves are there.
    pub(super) rules: WebStream,
    pub(super) up: B,
    /// What was already read of it.
    pub(super) early: Bytes,
    pub(super) down: mpsc::Sender<Item>,
    pub(super) answer: oneshot::Sender<Result<(), WebStreamError>>,
}

impl<B> WebHalves<B> {
    pub(super) fn new(parts: Parts<B>) -> Self {
        let timer = Box::pin(sleep_until(parts.rules.poll_timeout().into()));
        Self {
            rules: parts.rules,
            up: parts.up,
            ended: false,
            raw: parts.early,
            payload: Bytes::new(),
            down: PollSender::new(parts.down),
            out: Vec::new(),
            closed: false,
            timer,
            _answer: parts.answer,
        }
    }

    /// Sends echoes and signs of life as far as the way down takes them, and looks at the clock.
    fn poll_duties(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            self.rules.handle_timeout(Instant::now()).map_err(failed)?;
            self.rules.take_down(Instant::now(), &mut self.out);
            // Sending moves it, so that it is often early.
            self.timer.as_mut().reset(self.rules.poll_timeout().into());
        }
        if !self.out.is_empty()
            && !self.closed
            && let Poll::Ready(reserved) = self.down.poll_reserve(cx)
        {
            reserved.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            self.send()?;
        }
        Ok(())
    }

    /// Sends what is owed into a place that was reserved.
    fn send(&mut self) -> io::Result<()> {
        let bytes = Bytes::from(std::mem::take(&mut self.out));
        let sent = self.down.send_item(Item::Piece(bytes, Piece::More));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

fn failed(error: WebStreamError) -> io::Error {
    io::Error::other(error)
}

impl<B: Body<Data = Bytes> + Unpin> AsyncRead for WebHalves<B>
where
    B::Error: std::error::Error + Send + Sync + 'static,
{
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if !this.raw.is_empty() {
                let mut payload = Vec::new();
                let now = Instant::now();
                this.rules.handle_up(&std::mem::take(&mut this.raw), now, &mut payload).map_err(failed)?;
                this.rules.take_down(now, &mut this.out);
                this.timer.as_mut().reset(this.rules.poll_timeout().into());
                this.payload = payload.into();
            }
            this.poll_duties(cx)?;
            if !this.payload.is_empty() {
                let len = this.payload.len().min(buf.remaining());
                buf.put_slice(&this.payload[..len]);
                this.payload.advance(len);
                if this.payload.is_empty() {
                    this.payload = Bytes::new();
                }
                return Poll::Ready(Ok(()));
            }
            if this.ended {
                return Poll::Ready(Ok(()));
            }
            match ready!(Pin::new(&mut this.up).poll_frame(cx)) {
                None => this.ended = true,
                // Trailers mean nothing.
                Some(Ok(frame)) => this.raw = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
            }
        }
    }
}

impl<B: Unpin> AsyncWrite for WebHalves<B> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if !this.rules.is_open() {
            // The client speaks first in everything that a web stream carries.
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        }
        if ready!(this.down.poll_reserve(cx)).is_err() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let bytes = &bytes[..bytes.len().min(MAX_FRAME)];
        this.rules.handle_down(bytes);
        this.rules.take_down(Instant::now(), &mut this.out);
        this.send()?;
        Poll::Ready(Ok(bytes.len()))
    }

    /// What was sent is hyper's, which writes it at once.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.closed {
            // A client that is gone needs no end.
            if ready!(this.down.poll_reserve(cx)).is_ok() {
                let _ = this.down.send_item(Item::End);
            }
            this.closed = true;
        }
        Poll::Ready(Ok(()))
    }
}

impl<B> Carried for WebHalves<B>
where
    B: Body<Data = Bytes> + Unpin + Send + Sync + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    fn into_leg(self: Box<Self>, unused: Bytes) -> Leg {
        Leg { stream: Stream::Carried(self), early: unused, dialect: Dialect::Bytes }
    }
}

impl<B> fmt::Debug for WebHalves<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebHalves").field("rules", &self.rules).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::{BodyExt, StreamBody};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::{
        doors::hybrid::{ResponseBody, response_body},
        wire::relayed::web_stream::{StreamRole, Way, WebStreamTimes},
    };

    const ROLE: StreamRole = StreamRole::Connection;

    /// A stream, what its client sends, and what it is sent.
    fn halves(
        verify: bool,
    ) -> (impl AsyncRead + AsyncWrite + Unpin, mpsc::Sender<Option<Bytes>>, ResponseBody) {
        halves_with(verify, WebStreamTimes::default())
    }

    fn halves_with(
        verify: bool,
        times: WebStreamTimes,
    ) -> (impl AsyncRead + AsyncWrite + Unpin, mpsc::Sender<Option<Bytes>>, ResponseBody) {
        let now = Instant::now();
        let mut rules = WebStream::new(ROLE, verify, now, times);
        for way in [Way::Up, Way::Down] {
            rules.handle_attach(way, ROLE, now).unwrap();
        }
        let (client, mut sent) = mpsc::channel::<Option<Bytes>>(8);
        let up = StreamBody::new(futures_util::stream::poll_fn(move |cx| {
            // `None` is the end of the body; without it the connection was cut.
            sent.poll_recv(cx).map(|sent| match sent {
                Some(Some(bytes)) => Some(Ok(http_body::Frame::data(bytes))),
                Some(None) => None,
                None => Some(Err(io::Error::from(io::ErrorKind::ConnectionReset))),
            })
        }));
        let (down, body) = response_body();
        let (answer, _) = oneshot::channel();
        let parts = Parts { rules, up, early: Bytes::new(), down, answer };
        (WebHalves::new(parts), client, body)
    }

    async fn next(body: &mut ResponseBody) -> Bytes {
        body.frame().await.unwrap().unwrap().into_data().unwrap()
    }

    #[tokio::test]
    async fn bytes_go_both_ways_in_frames_and_an_end_is_an_end() {
        let (mut stream, client, mut down) = halves(false);
        client.send(Some(Bytes::from_static(b"\x03\0ab"))).await.unwrap();
        client.send(Some(Bytes::from_static(b"c\0\0\x01\0d"))).await.unwrap();
        client.send(None).await.unwrap();
        let mut read = String::new();
        stream.read_to_string(&mut read).await.unwrap();
        assert_eq!(read, "abcd");
        stream.write_all(b"answer").await.unwrap();
        assert_eq!(next(&mut down).await, &b"\x06\0answer"[..]);
        stream.shutdown().await.unwrap();
        assert!(down.frame().await.is_none());
        assert!(stream.write_all(b"more").await.is_err());
    }

    #[tokio::test]
    async fn a_cut_is_an_error_on_either_side() {
        let (mut stream, client, _down) = halves(false);
        drop(client);
        assert!(stream.read_u8().await.is_err());
        let (stream, _client, mut down) = halves(false);
        drop(stream);
        assert!(down.frame().await.unwrap().is_err());
        let (mut stream, _client, down) = halves(false);
        drop(down);
        assert_eq!(stream.write_all(b"a").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn over_http_both_echoes_come_before_anything_else() {
        let (mut stream, client, mut down) = halves(true);
        assert_eq!(stream.write_all(b"a").await.unwrap_err().kind(), io::ErrorKind::NotConnected);
        let reading = tokio::spawn(async move {
            let byte = stream.read_u8().await.unwrap();
            (stream, byte)
        });
        for _ in 0..2 {
            client.send(Some(Bytes::from_static(b"\x04\0\x01\x02\x03\x04"))).await.unwrap();
            assert_eq!(next(&mut down).await, &b"\x04\0\x01\x02\x03\x04"[..]);
        }
        client.send(Some(Bytes::from_static(b"\x01\0x"))).await.unwrap();
        let (mut stream, byte) = reading.await.unwrap();
        assert_eq!(byte, b'x');
        stream.write_all(b"y").await.unwrap();
        assert_eq!(next(&mut down).await, &b"\x01\0y"[..]);

        let (mut stream, client, _down) = halves(true);
        client.send(Some(Bytes::from_static(b"\x04\0\x01\x02\x03\x05"))).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap_err().to_string(), WebStreamError::BadEcho.to_string());
    }

    #[tokio::test]
    async fn signs_of_life_go_down_while_nothing_else_does() {
        let times = WebStreamTimes { keep_alive: Duration::from_millis(5), ..WebStreamTimes::default() };
        let (mut stream, _client, mut down) = halves_with(false, times);
        let reading = tokio::spawn(async move { stream.read_u8().await });
        for _ in 0..3 {
            assert_eq!(next(&mut down).await, &[0, 0][..]);
        }
        reading.abort();
    }
}

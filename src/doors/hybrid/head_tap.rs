//! Request heads as they were spelled.
//!
//! Listeners are handed the names of headers in their sender's spelling (3.1, 5.5), and hyper keeps no such thing. So the
//! connection is tapped: what hyper reads is noted down until a head is whole, and parsed once more for its names. hyper
//! alone decides what the request is; the tap only lends the spelling, and where it has none (a head that
//! arrived with the last bytes of the body before it) the names stand in lower case.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use http::HeaderMap;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use crate::wire::hybrid::{HeaderLine, latin1_decode};

/// A stream whose reads are noted down while a head is awaited.
#[derive(Debug)]
pub(crate) struct HeadTap<S> {
    stream: S,
    notes: HeadNotes,
    /// How long a head may take.
    head: Duration,
    /// Runs while one that was begun is not whole.
    due: Option<Pin<Box<Sleep>>>,
}

/// The other end of the tap, for the service that answers the requests.
#[derive(Clone, Debug)]
pub(crate) struct HeadNotes {
    shared: Arc<Mutex<Notes>>,
}

#[derive(Debug)]
struct Notes {
    noting: bool,
    /// A head was whole before.
    taken: bool,
    bytes: Vec<u8>,
    limit: usize,
}

impl<S> HeadTap<S> {
    /// Taps a stream; at most `limit` bytes of a head are noted. A head must be whole within `head` of its first byte, the
    /// first one of its connection within `head` of now; how long none may come is hyper's to watch.
    pub(crate) fn new(stream: S, limit: usize, head: Duration) -> (Self, HeadNotes) {
        let notes = Notes { noting: true, taken: false, bytes: Vec::new(), limit };
        let notes = HeadNotes { shared: Arc::new(Mutex::new(notes)) };
        (Self { stream, notes: notes.clone(), head, due: None }, notes)
    }

    /// The stream itself.
    pub(crate) fn into_inner(self) -> S {
        self.stream
    }
}

impl HeadNotes {
    /// The header lines of the request that hyper just read, spelled as they were sent, in their order.
    ///
    /// `more`: no body follows, so the next head begins right behind this one.
    pub(crate) fn take(&self, headers: &HeaderMap, more: More) -> Vec<HeaderLine> {
        let bytes = {
            let mut notes = self.lock();
            notes.noting = false;
            notes.taken = true;
            std::mem::take(&mut notes.bytes)
        };
        let head = parse(&bytes, headers);
        if more == More::HeadFollows {
            let mut notes = self.lock();
            notes.noting = true;
            if let Some((_, end)) = &head {
                notes.bytes.extend_from_slice(&bytes[*end..]);
            }
        }
        head.map_or_else(|| in_lower_case(headers), |(lines, _)| lines)
    }

    /// The body has ended: what is read next is a head.
    pub(crate) fn resume(&self) {
        self.lock().noting = true;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What follows a head on its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum More {
    /// A body; the tap sleeps until [`HeadNotes::resume`].
    BodyFollows,
    /// The next head.
    HeadFollows,
}

/// Lines of a head that hyper may leave out.
const SPARE: usize = 4;

/// The lines of a noted head and where it ended; `None` unless they are the ones hyper found.
fn parse(bytes: &[u8], headers: &HeaderMap) -> Option<(Vec<HeaderLine>, usize)> {
    let mut room = vec![httparse::EMPTY_HEADER; headers.len() + SPARE];
    let mut request = httparse::Request::new(&mut room);
    let httparse::Status::Complete(end) = request.parse(bytes).ok()? else { return None };
    let lines: Vec<HeaderLine> =
        request.headers.iter().map(|line| (line.name.to_owned(), latin1_decode(line.value))).collect();
    // hyper leaves out a Content-Length beside chunks; whoever judges the request must see it.
    let same = lines.len() >= headers.len()
        && headers.keys().all(|key| lines.iter().any(|(name, _)| key == name.as_str()));
    same.then_some((lines, end))
}

fn in_lower_case(headers: &HeaderMap) -> Vec<HeaderLine> {
    headers.iter().map(|(name, value)| (name.to_string(), latin1_decode(value.as_bytes()))).collect()
}

impl<S: AsyncRead + Unpin> AsyncRead for HeadTap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let begun = {
            let mut notes = self.notes.lock();
            if notes.noting && polled.is_ready() {
                let room = notes.limit.saturating_sub(notes.bytes.len());
                let read = &buf.filled()[before..];
                notes.bytes.extend_from_slice(&read[..read.len().min(room)]);
            }
            notes.noting && (!notes.taken || !notes.bytes.is_empty())
        };
        if !begun {
            self.due = None;
        } else if polled.is_pending() {
            let head = self.head;
            let due = self.due.get_or_insert_with(|| Box::pin(sleep(head)));
            if due.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeadTap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    fn found(names: &[&'static str]) -> HeaderMap {
        names
            .iter()
            .map(|name| (http::HeaderName::from_static(name), http::HeaderValue::from_static("1")))
            .collect()
    }

    async fn tapped(bytes: &[u8], limit: usize) -> HeadNotes {
        let (mut tap, notes) = HeadTap::new(bytes, limit, Duration::from_secs(30));
        let mut sink = Vec::new();
        tap.read_to_end(&mut sink).await.unwrap();
        notes
    }

    #[tokio::test]
    async fn names_keep_their_spelling_and_order() {
        let notes = tapped(
            b"GET / HTTP/1.1\r\nX-shIFT: night\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nhOST: 2\r\n\r\n",
            4096,
        )
        .await;
        let first = notes.take(&found(&["host", "x-shift"]), More::HeadFollows);
        assert_eq!(first, [("X-shIFT".to_owned(), "night".to_owned()), ("Host".to_owned(), "h".to_owned())]);
        let second = notes.take(&found(&["host"]), More::HeadFollows);
        assert_eq!(second, [("hOST".to_owned(), "2".to_owned())]);
    }

    #[tokio::test]
    async fn what_was_not_noted_stands_in_lower_case() {
        let notes = tapped(b"GET / HTTP/1.1\r\nX-shIFT: night\r\n\r\n", 20).await;
        assert_eq!(
            notes.take(&found(&["x-shift"]), More::BodyFollows),
            [("x-shift".to_owned(), "1".to_owned())]
        );
        assert!(notes.lock().bytes.is_empty());
    }
}

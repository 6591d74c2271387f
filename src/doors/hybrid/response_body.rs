//! A response body on its way to the sender. One that is dropped before its end breaks the sender's connection, so that
//! half a body is never taken for a whole one.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc;

use crate::relay::Piece;

/// What the driver of an exchange hands on.
#[derive(Debug)]
pub(crate) enum Item {
    /// A piece of the body, and whether its message ends with it.
    Piece(Bytes, Piece),
    /// The body is complete.
    End,
}

/// The body as hyper reads it.
pub(crate) struct ResponseBody {
    items: mpsc::Receiver<Item>,
    complete: bool,
}

/// One piece waits while another is written.
const WAITING: usize = 1;

/// The two ends of a body.
pub(crate) fn channel() -> (mpsc::Sender<Item>, ResponseBody) {
    let (sender, items) = mpsc::channel(WAITING);
    (sender, ResponseBody { items, complete: false })
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.complete {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.items.poll_recv(cx)) {
            Some(Item::Piece(bytes, _)) => Some(Ok(Frame::data(bytes))),
            Some(Item::End) => {
                self.complete = true;
                None
            }
            None => Some(Err(io::Error::new(
                io::ErrorKind::BrokenPipe,
                "the listener did not finish its response",
            ))),
        })
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_body_ends_only_when_it_is_said_to() {
        let (items, body) = channel();
        let read = tokio::spawn(body.collect());
        items.send(Item::Piece(Bytes::from_static(b"half"), Piece::More)).await.unwrap();
        drop(items);
        assert!(read.await.unwrap().is_err());

        let (items, body) = channel();
        let read = tokio::spawn(body.collect());
        items.send(Item::Piece(Bytes::from_static(b"whole"), Piece::More)).await.unwrap();
        items.send(Item::End).await.unwrap();
        assert_eq!(read.await.unwrap().unwrap().to_bytes(), "whole");
    }
}

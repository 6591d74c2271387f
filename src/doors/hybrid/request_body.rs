//! A sender's request body, piece by piece, with a deadline on its silence (5.6).

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};

use super::head_tap::HeadNotes;

/// A body being read.
pub(crate) struct RequestBody {
    body: Incoming,
    notes: HeadNotes,
    idle: Duration,
    /// What was read while it was found out how long the body is: copied together, because a piece of one byte would keep
    /// all of the buffer it was read into.
    first: BytesMut,
}

/// What reading up to a limit gave.
#[derive(Debug)]
pub(crate) enum Collected {
    /// The body is no longer than the limit.
    Whole(Bytes),
    /// It is longer; what was read comes again from [`RequestBody::next`].
    More,
}

/// Why a body did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    /// The sender was silent too long.
    #[error("the sender was silent too long inside its request body")]
    Stalled,
    /// Its connection broke.
    #[error("the sender's connection broke inside its request body")]
    Broken,
}

impl RequestBody {
    pub(crate) fn new(body: Incoming, notes: HeadNotes, idle: Duration) -> Self {
        Self { body, notes, idle, first: BytesMut::new() }
    }

    /// Reads the body if it ends within `limit` bytes. One whose announced length is over it is not touched.
    pub(crate) async fn collect_up_to(&mut self, limit: usize) -> Result<Collected, BodyError> {
        if self.body.size_hint().lower() > limit as u64 {
            return Ok(Collected::More);
        }
        while let Some(piece) = self.read().await? {
            self.first.extend_from_slice(&piece);
            if self.first.len() > limit {
                return Ok(Collected::More);
            }
        }
        Ok(Collected::Whole(self.first.split().freeze()))
    }

    /// The next piece; `None` at the end. Silence beyond the deadline and a broken connection are both the sender's doing.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        if self.first.is_empty() { self.read().await } else { Ok(Some(self.first.split().freeze())) }
    }

    /// Bytes that were taken come once more, before all others.
    pub(crate) fn put_back(&mut self, bytes: &[u8]) {
        let rest = std::mem::replace(&mut self.first, BytesMut::from(bytes));
        self.first.unsplit(rest);
    }

    async fn read(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            let frame =
                tokio::time::timeout(self.idle, self.body.frame()).await.map_err(|_| BodyError::Stalled)?;
            match frame {
                None => {
                    self.notes.resume();
                    return Ok(None);
                }
                Some(Err(_)) => return Err(BodyError::Broken),
                // Trailers have no place in the messages of the control channel.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) if piece.is_empty() => {}
                    Ok(piece) => return Ok(Some(piece)),
                    Err(_) => {}
                },
            }
        }
    }
}

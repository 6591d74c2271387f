//! A sender's request body, piece by piece, with a deadline on its silence (5.6).

use std::{collections::VecDeque, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};

use super::head_tap::HeadNotes;

/// A body being read.
pub(crate) struct RequestBody {
    body: Incoming,
    notes: HeadNotes,
    idle: Duration,
    /// Pieces read while it was found out how long the body is.
    first: VecDeque<Bytes>,
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
        Self { body, notes, idle, first: VecDeque::new() }
    }

    /// Reads the body if it ends within `limit` bytes. One whose announced length is over it is not touched.
    pub(crate) async fn collect_up_to(&mut self, limit: usize) -> Result<Collected, BodyError> {
        if self.body.size_hint().lower() > limit as u64 {
            return Ok(Collected::More);
        }
        let mut len = 0;
        while let Some(piece) = self.read().await? {
            len += piece.len();
            self.first.push_back(piece);
            if len > limit {
                return Ok(Collected::More);
            }
        }
        Ok(Collected::Whole(match self.first.len() {
            1 => self.first.pop_front().unwrap_or_default(),
            _ => self
                .first
                .drain(..)
                .fold(BytesMut::with_capacity(len), |mut all, piece| {
                    all.extend_from_slice(&piece);
                    all
                })
                .freeze(),
        }))
    }

    /// The next piece; `None` at the end. Silence beyond the deadline and a broken connection are both the sender's doing.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        match self.first.pop_front() {
            Some(piece) => Ok(Some(piece)),
            None => self.read().await,
        }
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

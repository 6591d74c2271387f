//! The beginning of a request: read until something of it may be sent, or it is found to be wrong, before any listener is asked for.

use bytes::Bytes;

use crate::{
    bridge::http_binding::{HttpRefusal, Request},
    doors::hybrid::{BodyError, RequestBody},
    relay::Refusal,
};

/// A request that began well.
pub(super) struct Opened {
    pub(super) request: Request,
    /// What the listener gets first. Of a short request it is all, so that one that is malformed is never sent.
    pub(super) first: Vec<u8>,
    pub(super) body: RequestBody,
    /// `first` is all there is.
    pub(super) whole: bool,
    /// What was read of the entity, where a connector may want it.
    raw: Option<Vec<u8>>,
}

impl Opened {
    /// Reads as much as has to be known. `keep`: also keep it as it came.
    pub(super) async fn begin(
        request: Request,
        body: RequestBody,
        keep: bool,
    ) -> Result<Self, (HttpRefusal, Request)> {
        let mut opened = Self { request, first: Vec::new(), body, whole: false, raw: keep.then(Vec::new) };
        while opened.first.is_empty() {
            if let Err(refusal) = opened.step().await {
                return Err((refusal, opened.request));
            }
        }
        Ok(opened)
    }

    async fn step(&mut self) -> Result<(), HttpRefusal> {
        match next(&mut self.body).await? {
            Some(piece) => {
                if let Some(raw) = &mut self.raw {
                    raw.extend_from_slice(&piece);
                }
                self.request.push(&piece, &mut self.first)
            }
            None => {
                self.whole = true;
                self.request.finish(&mut self.first)
            }
        }
    }

    /// The entity as it came, for a listener that takes it so.
    pub(super) fn into_body(self) -> RequestBody {
        let mut body = self.body;
        body.put_back(&self.raw.unwrap_or_default());
        body
    }
}

/// The next piece of an entity. Whatever keeps it from coming is the sender's doing.
pub(super) async fn next(body: &mut RequestBody) -> Result<Option<Bytes>, HttpRefusal> {
    body.next().await.map_err(|(BodyError::Stalled | BodyError::Broken)| Refusal::SenderStalled.into())
}

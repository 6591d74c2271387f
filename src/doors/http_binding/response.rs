//! A reply as the sender gets it: status, reason, headers and body (7.5).

use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt;
use hyper::ext::ReasonPhrase;

use crate::{
    bridge::http_binding::ReplyHead,
    doors::hybrid::{Body, Keeping, ResponseBody, full},
};

/// A reply, as far as it came.
pub(super) struct Answered {
    pub(super) head: ReplyHead,
    pub(super) body: AnsweredBody,
}

/// Its entity.
pub(super) enum AnsweredBody {
    /// All of it; it gets a `Content-Length`.
    Whole(Bytes),
    /// It goes on.
    Streaming(ResponseBody),
}

/// Builds the response; `kept` is dropped when its body has gone out.
pub(super) fn build<K: Send + Unpin + 'static>(answered: Answered, kept: K) -> Response<Body> {
    let body = match answered.body {
        AnsweredBody::Whole(bytes) => full(bytes),
        AnsweredBody::Streaming(body) => body.boxed_unsync(),
    };
    let ReplyHead { status, reason, headers } = answered.head;
    let mut response = Response::new(Keeping::new(body, kept).boxed_unsync());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    if let Some(phrase) = reason.and_then(|reason| ReasonPhrase::try_from(reason).ok()) {
        response.extensions_mut().insert(phrase);
    }
    response
}

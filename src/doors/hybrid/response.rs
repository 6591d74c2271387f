//! A listener's response as the sender gets it (5.3, 5.5).

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Method, Response, header};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};

use super::reply::{Body, empty, full, relayed};
use crate::{
    gateway::core::Core,
    relay::{Refusal, ResponseHead},
    wire::hybrid::{HeaderLine, reason_phrase, response_lines},
};

/// A response, whole or streaming.
pub(crate) struct Answered {
    pub(crate) head: ResponseHead,
    pub(crate) body: AnsweredBody,
}

/// Its body.
pub(crate) enum AnsweredBody {
    /// All there is; gets a `Content-Length`.
    Whole(Bytes),
    /// Comes as the listener sends it.
    Streaming(Body),
}

impl Answered {
    pub(crate) fn whole(head: ResponseHead, body: Bytes) -> Self {
        Self { head, body: AnsweredBody::Whole(body) }
    }
}

impl Answered {
    /// 5.5: what a listener sends as the body of a response that has none is swallowed, to its end, so that its rendezvous
    /// ends in order.
    pub(crate) fn without_unsendable_body(self, core: &Core, method: &Method) -> Self {
        match self.body {
            AnsweredBody::Streaming(mut body) if is_bodiless(method, self.head.status) => {
                core.tasks.spawn(async move { while let Some(Ok(_)) = body.frame().await {} });
                Self::whole(self.head, Bytes::new())
            }
            _ => self,
        }
    }
}

fn is_bodiless(method: &Method, status: u16) -> bool {
    *method == Method::HEAD || matches!(status, 204 | 205 | 304)
}

/// Builds the response; `kept` is dropped when its body has gone out.
pub(crate) fn build<K: Send + Unpin + 'static>(
    method: &Method,
    via: &str,
    answered: Answered,
    kept: K,
) -> Result<Response<Body>, Refusal> {
    let head = answered.head;
    // 5.3: 1xx is no answer.
    if !(200..=999).contains(&head.status) {
        return Err(Refusal::ListenerMisbehaved);
    }
    let reason = reason_phrase(head.status, head.description.as_deref());
    let mut out = response_lines(&head.headers, via);
    let bodiless = is_bodiless(method, head.status);
    let body = match answered.body {
        _ if bodiless => {
            if *method == Method::HEAD || head.status == 304 {
                // 5.5: there the length tells of a body that is not sent.
                out.lines.extend(
                    out.content_length.map(|length| ("Content-Length".to_owned(), length.to_string())),
                );
            } else if head.status == 205 {
                out.lines.push(("Content-Length".to_owned(), "0".to_owned()));
            }
            empty()
        }
        AnsweredBody::Whole(bytes) => {
            if !bytes.is_empty() {
                default_content_type(&mut out.lines);
            }
            full(bytes)
        }
        AnsweredBody::Streaming(body) => {
            default_content_type(&mut out.lines);
            body
        }
    };
    let body = UnsyncBoxBody::new(Keeping::new(body, kept));
    relayed(head.status, &reason, &out.lines, body).ok_or(Refusal::ListenerMisbehaved)
}

/// A body that keeps something until it has gone out: its exchange's place in the list and under the quota.
pub(crate) struct Keeping<K> {
    body: Body,
    _kept: K,
}

impl<K> Keeping<K> {
    pub(crate) fn new(body: Body, kept: K) -> Self {
        Self { body, _kept: kept }
    }
}

impl<K: Unpin> http_body::Body for Keeping<K> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// 5.5: an official Java test reads the body through an API that fails without a type.
fn default_content_type(lines: &mut Vec<HeaderLine>) {
    let name = header::CONTENT_TYPE.as_str();
    if !lines.iter().any(|(line, _)| line.eq_ignore_ascii_case(name)) {
        lines.push(("Content-Type".to_owned(), "application/octet-stream".to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn built(
        method: Method,
        status: u16,
        headers: &[(&str, &str)],
        body: &'static [u8],
    ) -> Result<Response<Body>, Refusal> {
        let head = ResponseHead {
            status,
            description: None,
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), vec![(*v).to_owned()])).collect(),
        };
        build(&method, "h", Answered::whole(head, Bytes::from_static(body)), ())
    }

    #[test]
    fn an_interim_status_is_no_answer() {
        assert_eq!(built(Method::GET, 100, &[], b"").unwrap_err(), Refusal::ListenerMisbehaved);
        assert_eq!(built(Method::GET, 1000, &[], b"").unwrap_err(), Refusal::ListenerMisbehaved);
        assert_eq!(built(Method::GET, 999, &[], b"").unwrap().status().as_u16(), 999);
    }

    #[test]
    fn the_answer_to_head_keeps_the_length_and_has_no_body() {
        let response = built(Method::HEAD, 200, &[("content-length", "12")], b"swallowed").unwrap();
        assert_eq!(response.headers()[header::CONTENT_LENGTH], "12");
        assert_eq!(http_body::Body::size_hint(response.body()).exact(), Some(0));
        let get = built(Method::GET, 200, &[("content-length", "12")], b"as it is").unwrap();
        assert!(!get.headers().contains_key(header::CONTENT_LENGTH));
        assert_eq!(http_body::Body::size_hint(get.body()).exact(), Some(8));
    }

    #[test]
    fn a_body_without_a_type_gets_one() {
        assert_eq!(
            built(Method::GET, 200, &[], b"x").unwrap().headers()[header::CONTENT_TYPE],
            "application/octet-stream"
        );
        assert!(!built(Method::GET, 200, &[], b"").unwrap().headers().contains_key(header::CONTENT_TYPE));
        let status = built(Method::GET, 205, &[], b"x").unwrap();
        assert_eq!(
            (status.status(), &status.headers()[header::CONTENT_LENGTH]),
            (StatusCode::RESET_CONTENT, &"0".parse().unwrap())
        );
    }
}

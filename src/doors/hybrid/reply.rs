//! HTTP answers: handshakes, refusals with their sentence, relayed responses.

use std::io;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};
use hyper::ext::ReasonPhrase;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::status::{Told, told};
use crate::{
    gateway::{clock::unix_now, core::Core},
    relay::Refusal,
    wire::hybrid::{ErrorSentence, HeaderLine, TrackingId, latin1_encode},
};

/// A body that may stream; an error in it cuts the connection, so that the sender sees that something is missing.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Who asked for what: the tail of every error sentence.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) tracking_id: TrackingId,
    /// The host as the peer wrote it.
    pub(crate) host: String,
    /// The path as the peer wrote it, without `/$hc`.
    pub(crate) path: String,
}

/// Which kind of answer a refusal becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A refused handshake: the sentence is the reason phrase.
    WebSocket,
    /// An HTTP answer: the sentence is also in a JSON body (5.7).
    Http,
}

impl Asked {
    /// The sentence that explains a refusal to this peer.
    pub(crate) fn sentence(&self, text: &str) -> String {
        self.error(text).to_string()
    }

    /// The short form for close frames.
    pub(crate) fn close_reason(&self, text: &str) -> String {
        self.error(text).close_reason()
    }

    fn error<'a>(&'a self, text: &'a str) -> ErrorSentence<'a> {
        ErrorSentence {
            text,
            tracking_id: &self.tracking_id,
            namespace: without_port(&self.host),
            path: &self.path,
            unix_seconds: unix_now().0,
        }
    }
}

/// The host of an authority; an IPv6 address keeps its brackets.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// 101, with the sub-protocol the other side chose.
pub(crate) fn switching(
    key: &HeaderValue,
    protocol: Option<&str>,
    tracking_id: &TrackingId,
) -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, value(&derive_accept_key(key.as_bytes())));
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, value(protocol));
    }
    track(&mut response, tracking_id);
    response
}

/// A refusal in the words of the peer's protocol.
pub(crate) fn refuse(core: &Core, refusal: &Refusal, asked: &Asked, kind: Kind) -> Response<Body> {
    let mut told = told(refusal);
    if *refusal == Refusal::NoListener && kind == Kind::Http {
        told.status = core.settings.load().no_listener_status;
    }
    let sentence = if told.verbatim { told.text.clone() } else { asked.sentence(&told.text) };
    let body = match kind {
        Kind::Http if !told.verbatim => json(&told, &sentence),
        _ => empty(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(told.status).unwrap_or(StatusCode::BAD_GATEWAY);
    set_reason(&mut response, &sentence);
    let headers = response.headers_mut();
    if kind == Kind::Http && !told.verbatim {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    } else {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    if let Some(seconds) = told.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    track(&mut response, &asked.tracking_id);
    response
}

/// 410: what a listener hears once its rejection was taken (3.4).
pub(crate) fn gone(asked: &Asked) -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::GONE;
    set_reason(&mut response, &asked.sentence("Gone"));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    track(&mut response, &asked.tracking_id);
    response
}

/// A listener's response: its status, its reason phrase, its headers.
pub(crate) fn relayed(status: u16, reason: &str, lines: &[HeaderLine], body: Body) -> Option<Response<Body>> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    set_reason(&mut response, reason);
    for (name, text) in lines {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(&latin1_encode(text)))
        {
            // More lines than a map of headers holds.
            response.headers_mut().try_append(name, value).ok()?;
        }
    }
    Some(response)
}

pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

fn json(told: &Told, sentence: &str) -> Body {
    let error = serde_json::json!({ "error": { "code": told.code, "message": sentence } });
    full(Bytes::from(error.to_string()))
}

/// The standard phrase is hyper's own affair; any other is written as it is (hybrid page 0, rule 14).
fn set_reason(response: &mut Response<Body>, reason: &str) {
    if response.status().canonical_reason() != Some(reason)
        && let Ok(phrase) = ReasonPhrase::try_from(latin1_encode(reason))
    {
        response.extensions_mut().insert(phrase);
    }
}

fn track(response: &mut Response<Body>, tracking_id: &TrackingId) {
    response.headers_mut().insert(HeaderName::from_static("trackingid"), value(tracking_id.as_str()));
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_header_names_than_a_response_holds_are_no_response() {
        let lines: Vec<HeaderLine> = (0..40_000).map(|n| (format!("x-{n}"), String::new())).collect();
        assert!(relayed(200, "OK", &lines[..1_000], empty()).is_some());
        assert!(relayed(200, "OK", &lines, empty()).is_none());
    }
}

//! Answers of the two doors: JSON, and nothing a browser could be tricked with.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;

/// What both doors answer with.
pub type Answer = Response<Full<Bytes>>;

/// An answer with a JSON body.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    let mut text = serde_json::to_vec(body).expect("our own types have string keys and no failing parts");
    text.push(b'\n');
    with(status, "application/json", text)
}

/// An answer with a body of some media type.
pub(super) fn with(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    response
}

/// `{"error": {"code": …, "message": …}}`: what is wrong and what to do.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Answer {
    json(status, &serde_json::json!({ "error": { "code": code, "message": message } }))
}

/// 401: this door wants the admin token.
pub(super) fn unauthorized(message: &str) -> Answer {
    let mut response = error(StatusCode::UNAUTHORIZED, "unauthorized", message);
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"viaduct\""));
    response
}

/// 404.
pub(super) fn not_found() -> Answer {
    error(StatusCode::NOT_FOUND, "not_found", "nothing is at this path")
}

/// 405 where only reading is possible.
pub(super) fn read_only() -> Answer {
    let mut response =
        error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this can only be read; use GET");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

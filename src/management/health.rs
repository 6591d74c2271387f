//! `/healthz` and `/readyz`, the same on both doors.

use http::{Method, StatusCode};
use serde_json::json;

use super::answer::{Answer, json, read_only};
use super::state::{Readiness, State};

/// The answer when `path` is one of the two, else `None`.
pub(super) fn health(method: &Method, path: &str, state: &dyn State) -> Option<Answer> {
    let answer = match path {
        // Alive is who answers.
        "/healthz" => json(StatusCode::OK, &json!({ "status": "alive" })),
        "/readyz" => match state.readiness() {
            Readiness::Ready => json(StatusCode::OK, &json!({ "status": "ready" })),
            Readiness::NotReady(reasons) => {
                json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "not ready", "reasons": reasons }))
            }
        },
        _ => return None,
    };
    Some(if is_read(method) { answer } else { read_only() })
}

/// Whether a request only reads.
pub(super) fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

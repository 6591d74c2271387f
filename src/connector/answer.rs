//! The answer to one request: the service's, or ours in its place.

use std::time::Duration;

use http::StatusCode;
use tokio::time::timeout;

use super::{
    authority::RendezvousAddress,
    dial::DialError,
    echo,
    http_pool::{self, Body, Lease, SendError},
    http_request::{may_have_body, own_answer, response_message, service_request},
    listener::Serving,
    target::{HttpTarget, Target},
};
use crate::wire::hybrid::{Request, Response};

/// What the service, or we in its place, answer.
pub(super) struct Answer {
    pub(super) head: Response,
    pub(super) body: Body,
    /// The body's length, where the service named it.
    pub(super) length: Option<u64>,
    /// The service's connection, for the next request.
    pub(super) lease: Option<Lease>,
}

/// A service may take this long for the head of its response. The gateway's own deadline is a minute by default and
/// ends before; this one is for relays that have none.
const RESPONSE_WITHIN: Duration = Duration::from_secs(600);

/// The service's answer, or ours in its place.
pub(super) async fn answer(
    serving: &Serving,
    request: &Request,
    address: Option<&RendezvousAddress>,
    body: Body,
) -> Answer {
    let id = request.id.clone().unwrap_or_default();
    match &serving.target {
        Target::Http(target) => http_answer(serving, target, request, &id, address, body).await,
        Target::Echo => {
            let (head, body) = echo::exchange(&id, request, body);
            let is_head = request.method.as_deref() == Some("HEAD");
            Answer { head, body: if is_head { http_pool::empty() } else { body }, length: None, lease: None }
        }
        Target::Tcp(_) | Target::NetTcp(_) | Target::Unix(_) => Answer::own(
            &id,
            StatusCode::NOT_IMPLEMENTED,
            "the listener stands in front of a service that takes streams, not HTTP requests",
        ),
    }
}

async fn http_answer(
    serving: &Serving,
    target: &HttpTarget,
    request: &Request,
    id: &str,
    address: Option<&RendezvousAddress>,
    body: Body,
) -> Answer {
    let Some(pool) = &serving.pool else {
        return Answer::own(id, StatusCode::NOT_IMPLEMENTED, "the listener has no http service");
    };
    let raw_path = address.and_then(RendezvousAddress::relay_path);
    let parts = match service_request(request, raw_path, serving.endpoint.path(), target) {
        Ok(parts) => parts,
        Err(error) => return Answer::own(id, error.status(), &error.to_string()),
    };
    let method = parts.method.clone();
    let mut outgoing = http::Request::new(body);
    *outgoing.method_mut() = parts.method;
    *outgoing.uri_mut() = parts.uri;
    *outgoing.headers_mut() = parts.headers;
    match timeout(RESPONSE_WITHIN, pool.send(outgoing)).await {
        Ok(Ok(answered)) => {
            let (parts, incoming) = answered.response.into_parts();
            let head = response_message(id, &parts);
            let length = hyper::body::Body::size_hint(&incoming).exact();
            let body = if may_have_body(&method, parts.status) {
                http_pool::incoming(incoming)
            } else {
                http_pool::empty()
            };
            Answer { head, body, length, lease: Some(answered.lease) }
        }
        Ok(Err(error)) => {
            tracing::warn!(id, %error, target = %target, "the service did not answer");
            Answer::own(id, StatusCode::BAD_GATEWAY, broken(&error))
        }
        Err(_) => Answer::own(
            id,
            StatusCode::GATEWAY_TIMEOUT,
            "the service behind the listener did not answer in time",
        ),
    }
}

/// The words for a sender; the service's address stays with us.
fn broken(error: &SendError) -> &'static str {
    match error {
        SendError::Dial(DialError::TimedOut { .. }) => {
            "the listener is connected, but the service behind it does not answer; start it, or correct the target of the listener"
        }
        SendError::Dial(DialError::Tls { .. }) => {
            "the listener is connected, but it does not trust the certificate of the service behind it"
        }
        SendError::Dial(_) => {
            "the listener is connected, but the service behind it refuses connections; start it, or correct the target of the listener"
        }
        SendError::Broken(_) => "the service behind the listener broke the connection before it answered",
    }
}

impl Answer {
    /// An answer of the listener itself: what is wrong, in one line of text.
    fn own(id: &str, status: StatusCode, text: &str) -> Self {
        let (head, body) = own_answer(id, status, text);
        Self { head, body: http_pool::full(body), length: None, lease: None }
    }
}

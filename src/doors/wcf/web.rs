//! Requests at the HTTP doors that carry another protocol of WCF Relay: WebSockets and web streams (1.4, 1.5).

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::{web_stream, websocket};
use crate::{
    doors::hybrid::{Body, HeadNotes, full},
    gateway::core::{Core, Peer},
    wire::{
        hybrid::TrackingId,
        relayed::{
            is_websocket_path,
            web_stream::{CONNECT_HEADER, CREATE_HEADER},
        },
    },
};

/// What begins the path of everything that is the gateway's own; no relay has such a name.
const OWN: [&str; 2] = ["/$servicebus", "/%24servicebus"];

/// Whether a request is one of these. A path below `/$servicebus` that names nothing is one as well: it is no relay's.
pub(crate) fn is_carrier<B>(request: &Request<B>) -> bool {
    let path = request.uri().path();
    let own = OWN.iter().any(|own| {
        path.get(..own.len()).is_some_and(|start| start.eq_ignore_ascii_case(own))
            && matches!(path.as_bytes().get(own.len()), None | Some(b'/'))
    });
    own || [CREATE_HEADER, CONNECT_HEADER].iter().any(|name| request.headers().contains_key(*name))
}

/// Answers one.
pub(crate) async fn answer(
    core: &Arc<Core>,
    peer: &Arc<Peer>,
    notes: &HeadNotes,
    request: Request<Incoming>,
) -> Response<Body> {
    let id = core.tracking_id(None);
    let answered = if is_websocket_path(request.uri().path()) {
        websocket::answer(core, peer, request, &id)
    } else {
        web_stream::answer(core, peer, request, &id).await
    };
    // The body was read to its end, or the connection ends with it.
    notes.resume();
    answered.unwrap_or_else(|refused| {
        core.metrics.handshake_failures.of(peer.door).inc();
        tracing::info!(tracking_id = %id, peer = %peer.address, %refused, "WebSocket or web stream refused");
        told(&refused, &id)
    })
}

/// Why a request carries nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// Nothing is at this path.
    #[error("nothing is served at this path; WebSockets of WCF Relay go to /$servicebus/websocket")]
    NoSuchPath,
    /// A WebSocket was expected.
    #[error("this path takes a WebSocket handshake of RFC 6455 and nothing else")]
    NoUpgrade,
    /// Without a sub-protocol nobody knows what the frames carry.
    #[error("Sec-WebSocket-Protocol names none of wsrelayedamqp, wsrelayedconnection, wsrelayedoneway")]
    NoProtocol,
    /// A web stream that cannot be.
    #[error(transparent)]
    WebStream(#[from] crate::wire::relayed::web_stream::WebStreamError),
    /// The stream that a half belongs to is not there, any more or yet.
    #[error("no web stream waits for this half; it was not made here, or its time is over")]
    NoSuchStream,
    /// Too many streams of one address wait for their halves.
    #[error("too many web streams of this address wait for their halves")]
    TooManyPending,
    /// The body of a request that makes a stream.
    #[error("the request that makes a web stream has a body that is too long or broken")]
    BadBody,
}

impl Refused {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPath | Self::NoSuchStream => StatusCode::NOT_FOUND,
            Self::NoUpgrade => StatusCode::UPGRADE_REQUIRED,
            Self::NoProtocol | Self::BadBody => StatusCode::BAD_REQUEST,
            Self::TooManyPending => StatusCode::TOO_MANY_REQUESTS,
            Self::WebStream(error) => match error.status() {
                408 => StatusCode::REQUEST_TIMEOUT,
                409 => StatusCode::CONFLICT,
                _ => StatusCode::BAD_REQUEST,
            },
        }
    }
}

fn told(refused: &Refused, id: &TrackingId) -> Response<Body> {
    let mut response = plain(refused.status(), &format!("{refused}. TrackingId:{id}\n"));
    if let Refused::NoUpgrade = refused {
        // RFC 9110 15.5.22.
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    response
}

/// An answer in words; without any, an empty one.
pub(super) fn plain(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(full(Bytes::copy_from_slice(text.as_bytes())));
    *response.status_mut() = status;
    if !text.is_empty() {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, plain);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_the_gateways_own_is_taken_from_relays() {
        let carrier = |path: &str| is_carrier(&Request::get(path).body(()).unwrap());
        for path in ["/$servicebus/websocket", "/$ServiceBus", "/%24servicebus/webstream/1/up"] {
            assert!(carrier(path), "{path}");
        }
        for path in ["/", "/$servicebusses", "/$hc/a", "/a/$servicebus/websocket", "/echo"] {
            assert!(!carrier(path), "{path}");
        }
        let create = Request::post("/echo").header("x-wscreate", "connection").body(()).unwrap();
        assert!(is_carrier(&create));
    }
}

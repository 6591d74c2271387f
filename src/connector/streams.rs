//! Takes up one invitation to a stream: dial the service first, then the rendezvous, then join the two.
//!
//! In this order a sender is told in words that the service is not there, instead of seeing a connection that opens
//! and breaks.

use std::sync::Arc;

use http::StatusCode;

use super::{
    authority::{RendezvousAddress, Security},
    base_path::Suffix,
    dial::{self, DialError, OpenSocket},
    handshake::{Ask, HandshakeError},
    http_request::{header_line, passes, service_uri},
    listener::Serving,
    net_tcp,
    target::{HttpTarget, Target},
};
use crate::{
    io::{Dialect, FrameDialect, JoinEnd, JoinOptions, Leg, join},
    wire::hybrid::{Accept, HybridQuery},
};

/// Why a sender is turned away; the text goes to the sender, so it names no address behind the listener.
#[derive(Debug)]
pub(super) struct Reject {
    pub(super) status: u16,
    pub(super) text: String,
}

/// A service that took the connection.
struct Behind {
    leg: Leg,
    /// The sub-protocol to ask for on the rendezvous, which the gateway hands to the sender.
    protocol: Option<String>,
}

/// Serves one sender to its end.
pub(super) async fn serve(serving: Arc<Serving>, accept: Accept) {
    let address = match serving.policy.check(&accept.address) {
        Ok(address) => address,
        Err(error) => return serving.complain(&accept.id, &error),
    };
    let _counted = serving.state.count();
    let outcome = match &serving.target {
        Target::Echo => match rendezvous(&serving, &address, first_protocol(&accept)).await {
            Ok(socket) => {
                super::echo::stream(socket, &serving.cancel).await.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        },
        Target::NetTcp(target) => match serving.dialer.service(&target.authority, Security::Clear).await {
            Ok(service) => match rendezvous(&serving, &address, first_protocol(&accept)).await {
                Ok(socket) => {
                    net_tcp::serve(&serving, target, service, socket).await.map_err(|e| e.to_string())
                }
                Err(error) => Err(error.to_string()),
            },
            Err(error) => {
                tracing::warn!(id = accept.id, %error, "the service is not reachable");
                reject(&serving, &address, &accept, unreachable(&error)).await
            }
        },
        Target::Http(_) | Target::Tcp(_) | Target::Unix(_) => match behind(&serving, &accept, &address).await
        {
            Ok(Behind { leg, protocol }) => match rendezvous(&serving, &address, protocol).await {
                Ok(socket) => {
                    let borders = leg.dialect.frames().is_some();
                    let end =
                        join(socket.into_leg(borders), leg, JoinOptions::new(serving.cancel.clone())).await;
                    log_end(&accept.id, &end);
                    Ok(())
                }
                // The service's connection is dropped: it learns that nobody comes.
                Err(error) => Err(error.to_string()),
            },
            Err(refused) => reject(&serving, &address, &accept, refused).await,
        },
    };
    if let Err(error) = outcome {
        serving.complain(&accept.id, &error);
    }
}

/// Opens the connection to the service.
async fn behind(serving: &Serving, accept: &Accept, address: &RendezvousAddress) -> Result<Behind, Reject> {
    let bytes = |stream| Behind { leg: Leg::new(stream, Dialect::Bytes), protocol: first_protocol(accept) };
    match &serving.target {
        Target::Tcp(authority) => {
            let dialled = serving.dialer.service(authority, Security::Clear).await;
            dialled.map(bytes).map_err(|error| {
                tracing::warn!(id = accept.id, %error, "the service is not reachable");
                unreachable(&error)
            })
        }
        Target::Unix(path) => serving.dialer.socket(path).await.map(bytes).map_err(|error| {
            tracing::warn!(id = accept.id, %error, "the service is not reachable");
            unreachable(&error)
        }),
        Target::Http(target) => websocket_behind(serving, target, accept, address).await,
        Target::NetTcp(_) | Target::Echo => Err(Reject { status: 502, text: "no such service".to_owned() }),
    }
}

/// A WebSocket at the service, at the path the sender named, with the sender's headers and sub-protocols.
async fn websocket_behind(
    serving: &Serving,
    target: &HttpTarget,
    accept: &Accept,
    address: &RendezvousAddress,
) -> Result<Behind, Reject> {
    let refuse = |text: String| Reject { status: StatusCode::BAD_REQUEST.as_u16(), text };
    let raw_path =
        address.relay_path().ok_or_else(|| refuse("the accept address names no relay".to_owned()))?;
    let suffix =
        Suffix::from_raw(serving.endpoint.path(), raw_path).map_err(|error| refuse(error.to_string()))?;
    let query = HybridQuery::parse(address.query()).rest;
    let uri =
        service_uri(&target.base, &suffix, query.as_deref()).map_err(|error| refuse(error.to_string()))?;
    let mut headers = Vec::new();
    for (name, value) in &accept.connect_headers.0 {
        let of_the_handshake = name.to_ascii_lowercase().starts_with("sec-websocket-");
        if of_the_handshake || !passes(name) {
            continue;
        }
        header_line(name, value).ok_or_else(|| refuse("a header of the sender is no HTTP".to_owned()))?;
        headers.push((name.clone(), value.clone()));
    }
    let stream = serving.dialer.service(&target.authority, target.security).await.map_err(|error| {
        tracing::warn!(id = accept.id, %error, "the service is not reachable");
        unreachable(&error)
    })?;
    let host = target.host_header();
    let ask = Ask {
        path_and_query: uri.path_and_query().map_or("/", |text| text.as_str()),
        host: &host,
        token: None,
        protocols: header(accept, "Sec-WebSocket-Protocol"),
        headers: &headers,
    };
    match dial::upgrade(stream, &target.authority, &ask).await {
        Ok(socket) => {
            let protocol = socket.protocol.clone();
            Ok(Behind { leg: socket.into_leg(true), protocol })
        }
        // What the service says to the sender; a 101 or less cannot be said.
        Err(DialError::Handshake(HandshakeError::Refused(refused))) if refused.status >= 200 => {
            Err(Reject { status: refused.status, text: refused.reason })
        }
        Err(error) => {
            tracing::warn!(id = accept.id, %error, "the service takes no websocket");
            Err(Reject {
                status: StatusCode::BAD_GATEWAY.as_u16(),
                text: "the service behind the listener does not speak WebSocket at this path".to_owned(),
            })
        }
    }
}

/// Opens the rendezvous.
pub(super) async fn rendezvous(
    serving: &Serving,
    address: &RendezvousAddress,
    protocol: Option<String>,
) -> Result<OpenSocket, DialError> {
    let host = address.authority.host_header(serving.endpoint.security().default_port());
    let ask = Ask {
        path_and_query: &address.path_and_query,
        host: &host,
        protocols: protocol.as_deref(),
        ..Ask::default()
    };
    serving.dialer.websocket(&address.authority, serving.endpoint.security(), &ask).await
}

/// Tells the gateway that the sender is turned away (hybrid page 3.4). It answers 410 when it has done so.
async fn reject(
    serving: &Serving,
    address: &RendezvousAddress,
    accept: &Accept,
    refused: Reject,
) -> Result<(), String> {
    tracing::info!(id = accept.id, status = refused.status, reason = refused.text, "sender rejected");
    let host = address.authority.host_header(serving.endpoint.security().default_port());
    let path_and_query = address.rejection(refused.status, &refused.text);
    let ask = Ask { path_and_query: &path_and_query, host: &host, ..Ask::default() };
    match serving.dialer.websocket(&address.authority, serving.endpoint.security(), &ask).await {
        Err(DialError::Handshake(HandshakeError::Refused(answer))) if answer.status == 410 => Ok(()),
        Ok(_) => Err("the gateway opened a rendezvous that was to be rejected".to_owned()),
        Err(error) => Err(format!("the sender could not be rejected: {error}")),
    }
}

/// The words for a sender whose service is not there. The address stays with us: it is nobody's business outside.
fn unreachable(error: &DialError) -> Reject {
    let why = match error {
        DialError::TimedOut { .. } => "does not answer",
        DialError::NoAddress { .. } => "has no address",
        DialError::Tls { .. } => "does not speak TLS with the listener",
        _ => "refuses connections",
    };
    Reject {
        status: StatusCode::BAD_GATEWAY.as_u16(),
        text: format!(
            "the listener is connected, but the service behind it {why}: start the service, or correct the target of the listener"
        ),
    }
}

/// Listeners choose the first protocol that is offered (hybrid page 3.3); Node senders fail without an answer (rule 18).
fn first_protocol(accept: &Accept) -> Option<String> {
    let offered = header(accept, "Sec-WebSocket-Protocol")?;
    offered.split(',').map(str::trim).find(|name| !name.is_empty()).map(str::to_owned)
}

fn header<'a>(accept: &'a Accept, name: &str) -> Option<&'a str> {
    let headers = &accept.connect_headers.0;
    headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

impl OpenSocket {
    /// As a leg; without `borders` its messages are one stream of bytes.
    pub(super) fn into_leg(self, borders: bool) -> Leg {
        let frames = FrameDialect::hybrid_client();
        let frames = if borders { frames } else { frames.without_borders() };
        Leg { stream: self.stream, early: self.early, dialect: Dialect::Frames(frames) }
    }
}

/// The outcome of a joined pair, once.
pub(super) fn log_end(id: &str, end: &JoinEnd) {
    tracing::debug!(id, reason = ?end.reason, to_service = end.a_to_b, to_sender = end.b_to_a, "stream ended");
}

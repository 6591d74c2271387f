//! One-way and event senders that reach nothing but HTTP: a message in a POST (3.5).

use std::sync::Arc;

use http::{Method, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use tokio::time::timeout;

use super::sender::{begin, spread};
use crate::{
    doors::{
        admit::{self, Addressed},
        hybrid::{Arrived, Body, empty, http_token},
    },
    entity::{HostName, RelayKind, ServiceAddress, WcfType},
    gateway::core::Core,
    relay::{Malformed, Refusal},
    wire::{
        relayed::{MAX_MESSAGE, read_text_message},
        xml::XmlLimits,
    },
};

/// Whether a request is such a message: its relay says so. Where listeners make relays and none is there, SOAP 1.2 may be one, whose sender is told
/// that nobody listens and not that its token, which stands inside, is missing.
pub(crate) fn serves(arrived: &Arrived, addressed: &Addressed) -> bool {
    if arrived.request.method() != Method::POST {
        return false;
    }
    match addressed.relay.as_ref().map(|relay| &relay.kind) {
        Some(RelayKind::Wcf(WcfType::NetOneway | WcfType::NetEvent)) => true,
        Some(_) => false,
        None => {
            let said = arrived.request.headers().get(header::CONTENT_TYPE);
            let soap = said.is_some_and(|said| said.as_bytes().starts_with(b"application/soap+xml"));
            addressed.relays_come_and_go() && soap
        }
    }
}

/// Hands the message on, and answers 202 when a listener has it.
pub(crate) async fn answer(core: &Arc<Core>, arrived: Arrived) -> Result<Response<Body>, Refusal> {
    let settings = core.settings.load_full();
    let counters = &core.metrics.oneway_messages;
    let sender = Arc::clone(&arrived.peer);
    let id = arrived.asked.tracking_id.clone();
    let given = http_token(arrived.request.headers(), arrived.query.token.as_ref());
    let address = address(core, &arrived)?;
    let body = Limited::new(arrived.request.into_body(), MAX_MESSAGE).collect();
    let malformed = |text: &str| Refusal::from(Malformed::Message(text.to_owned()));
    let delivered = async {
        let body = match timeout(settings.timeouts.handshake, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return Err(malformed("the message breaks off, or is longer than 65536 bytes")),
            Err(_) => return Err(malformed("the message did not come in time")),
        };
        arrived.notes.resume();
        let message = read_text_message(&body, XmlLimits::default())
            .map_err(|refused| malformed(&refused.error.to_string()))?;
        if message.message.len() > settings.limits.oneway_message {
            return Err(malformed("the message is too large"));
        }
        let token = message.token.map(|token| token.text).or(given.map(|given| given.token));
        let (target, authorized) = admit::wcf_sender(core, &sender, &address, token.as_ref())?;
        let spread = spread(&target)?;
        // Counted and shown as a sender for as long as it takes.
        let counted = target.count(core)?;
        let shown = core.live.connection(&sender, &target, &id, authorized, counted);
        begin(core, &sender, target, spread, message.message, &id, &shown).outcome().await
    };
    let outcome = delivered.await;
    match &outcome {
        Ok(()) => counters.success.inc(),
        Err(Refusal::Malformed(_) | Refusal::Unauthorized(_)) => counters.client_error.inc(),
        Err(_) => counters.server_error.inc(),
    };
    outcome?;
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

fn address(core: &Core, arrived: &Arrived) -> Result<ServiceAddress, Refusal> {
    let host = HostName::parse(&arrived.asked.host).map_err(|_| Malformed::UnknownHost)?;
    Ok(ServiceAddress { authority: arrived.asked.host.clone(), host, path: arrived.path(core)? })
}

//! A WebSocket sender (4): it waits while a listener is found, then both are joined.

use std::sync::Arc;

use http::{HeaderValue, Response};

use super::{
    arrived::Arrived,
    invite::text_bound,
    leg::{self, Joining},
    reply::{Body, switching},
    tokens,
};
use crate::{
    doors::admit,
    gateway::{
        core::Core,
        dialled::Dialled,
        meet::{Met, Wanted, meet},
    },
    relay::{Invitation, Malformed, Refusal, RendezvousId, What},
    wire::hybrid::connect_headers,
};

/// Meets a listener and answers 101 with the sub-protocol it chose.
pub(crate) async fn connect(
    core: &Arc<Core>,
    mut arrived: Arrived,
    key: HeaderValue,
) -> Result<Response<Body>, Refusal> {
    if core.draining.is_cancelled() {
        return Err(Refusal::Draining);
    }
    let path = arrived.path(core)?;
    let token = tokens::websocket_token(arrived.request.headers(), arrived.query.token.as_ref());
    let (target, authorized) = admit::look_up(core, &arrived.peer, &arrived.asked.host, path)?
        .sender(core, token.as_ref().map(|found| &found.token))?;
    let counted = target.count(core)?;
    let used_authorization =
        target.relay.requires_client_authorization && token.is_some_and(|found| found.in_authorization);
    let wanted = Wanted {
        relay: target.key.clone(),
        filter: arrived.filter(),
        sender: arrived.peer.address.ip(),
        path: target.path.decoded().to_owned(),
        invitation: Invitation {
            id: arrived.asked.tracking_id.to_string(),
            rendezvous: RendezvousId::new(0),
            dial: core.settings.load().public_address.clone(),
            path: target.path.raw().to_owned(),
            query: arrived.query.rest.clone(),
            remote: Some(arrived.peer.address),
            headers: connect_headers(&arrived.lines, used_authorization),
            what: What::Stream,
        },
        respond: None,
    };
    if text_bound(&wanted.invitation, "") > core.settings.load().limits.control_message {
        return Err(Malformed::HeadTooLarge.into());
    }
    let Met::Joined { dialled: Dialled { line: Some(listener), protocol, taken, .. }, .. } =
        meet(core, wanted).await?
    else {
        return Err(Refusal::Internal);
    };
    if taken.send(()).is_err() {
        // The listener hung up between dialling in and being answered.
        return Err(Refusal::ListenerGone);
    }
    let sender = hyper::upgrade::on(&mut arrived.request);
    let shown = core.live.connection(&arrived.peer, &target, &arrived.asked.tracking_id, authorized, counted);
    let joining = Joining { shown, _peer: arrived.peer };
    core.tasks.spawn(leg::join_upgraded(Arc::clone(core), sender, listener, joining));
    Ok(switching(&key, protocol.as_deref(), &arrived.asked.tracking_id))
}

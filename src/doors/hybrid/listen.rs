//! A listener opens its control channel (2.1).

use std::sync::Arc;

use http::{HeaderValue, Response, header};

use super::{
    arrived::Arrived,
    channel,
    invite::Base,
    reply::{Body, switching},
    tokens,
};
use crate::{
    doors::{
        admit,
        listening::{Listening, Offer},
    },
    entity::RelayKind,
    gateway::{
        clock::unix_now,
        core::{Core, Transport},
        live::LiveListener,
    },
    relay::{ChannelTerms, Malformed, Refusal, Shapes, listener_tag},
};

/// Checks in the order of 2.1 — shape, token, relay, enabled, quota — then registers and answers 101.
pub(crate) async fn listen(
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
        .listener(core, token.as_ref().map(|found| &found.token))?;
    if target.path.decoded_suffix(&target.relay.path).is_none_or(|suffix| suffix.bytes().any(|b| b != b'/')) {
        // A listener names its relay; only senders may add a suffix.
        return Err(Refusal::NoSuchRelay);
    }
    let shapes = shapes(&arrived, &target.relay.kind)?;
    let scheme = if arrived.peer.transport == Transport::Tls { "wss" } else { "ws" };
    let settings = core.settings.load_full();
    let offer = Offer {
        tag: Some(listener_tag(arrived.asked.tracking_id.as_str())),
        shapes,
        wcf: None,
        terms: ChannelTerms::new(&settings.limits, &settings.timeouts),
    };
    let shown = LiveListener {
        relay: target.key.clone(),
        id: arrived.asked.tracking_id.to_string(),
        remote: arrived.peer.address,
        key_name: authorized.key_name,
        user_agent: user_agent(&arrived),
        connected_at: unix_now(),
        token_expires: authorized.expires,
    };
    let listening = Listening::register(core, target, offer, shown).await?;
    let opened = channel::Opened {
        base: Base { scheme, authority: authority(&arrived.asked.host, scheme) },
        asked: arrived.asked.clone(),
        peer: Arc::clone(&arrived.peer),
    };
    let upgrade = hyper::upgrade::on(&mut arrived.request);
    core.tasks.spawn(channel::run(Arc::clone(core), upgrade, listening, opened));
    Ok(switching(&key, None, &arrived.asked.tracking_id))
}

/// What a listener serves: SDK listeners streams and exchanges on hybrid relays; a connector says it, for relays of both kinds.
fn shapes(arrived: &Arrived, kind: &RelayKind) -> Result<Shapes, Refusal> {
    match (&arrived.query.shapes, kind) {
        (Some(shapes), _) => {
            let named = |name: &str| shapes.split(',').any(|shape| shape == name);
            let shapes = Shapes { stream: named("stream"), exchange: named("exchange"), one_way: false };
            if shapes == Shapes::default() {
                return Err(Malformed::BadParameter("sb-hc-viaduct-shapes").into());
            }
            Ok(shapes)
        }
        (None, RelayKind::Hybrid) => Ok(Shapes::HYBRID),
        // 2.1: the name belongs to a WCF relay.
        (None, RelayKind::Wcf(_)) => Err(Refusal::Conflict),
    }
}

/// What the listener says it is, for the admin door.
fn user_agent(arrived: &Arrived) -> Option<String> {
    let headers = arrived.request.headers();
    let agent = headers.get("relay-user-agent").or_else(|| headers.get(header::USER_AGENT))?;
    Some(agent.to_str().ok()?.chars().take(256).collect())
}

/// The authority for accept addresses, with its port written out as the service does (3.1).
fn authority(host: &str, scheme: &str) -> String {
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    match (has_port, scheme) {
        (true, _) => host.to_owned(),
        (false, "wss") => format!("{host}:443"),
        (false, _) => format!("{host}:80"),
    }
}

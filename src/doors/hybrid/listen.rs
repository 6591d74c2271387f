//! A listener opens its control channel (2.1).

use std::{sync::Arc, time::Instant};

use http::{HeaderValue, Response};

use super::{
    admit, channel,
    reply::{Body, switching},
    route::Arrived,
};
use crate::{
    entity::{RelayKind, RelayPath},
    gateway::{
        clock::{random_u128, unix_now},
        core::{Core, Transport},
    },
    relay::{ChannelTiming, ControlChannel, ListenerId, Malformed, Refusal, Registration, Shapes},
    store::StoreError,
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
    let path = RelayPath::parse(&arrived.asked.path)?;
    let token = admit::websocket_token(arrived.request.headers(), arrived.query.token.as_ref());
    let (target, authorized) =
        admit::look_up(core, &arrived.peer, &arrived.asked.host, path)?.listener(core, token.as_ref())?;
    if !target.path.is(&target.relay.path) {
        // A listener names its relay; only senders may add a suffix.
        return Err(Refusal::NoSuchRelay);
    }
    let shapes = shapes(&arrived, &target.relay.kind)?;
    let settings = core.settings.load_full();
    let registration = Registration {
        listener: ListenerId(random_u128()),
        gateway: core.id.clone(),
        relay: target.key.clone(),
        tag: Some(arrived.asked.tracking_id.tag()),
        shapes,
    };
    let timing = ChannelTiming {
        ping_every: settings.timeouts.ping,
        silence: settings.timeouts.silence,
        token_grace: settings.timeouts.token_grace,
        pending: settings.limits.pending_per_listener,
    };
    let rules =
        ControlChannel::new(registration.clone(), Some(authorized.expires), timing, Instant::now(), unix_now());
    let inbox = core.switchboard.enter_channel(registration.listener, target.key.clone());
    if let Err(error) = core.registrations.register(registration.clone(), settings.limits.listeners_per_relay).await {
        core.switchboard.leave_channel(registration.listener);
        return Err(match error {
            StoreError::Full { limit } => Refusal::TooManyListeners { limit },
            StoreError::Retryable(_) => Refusal::Overloaded,
            _ => Refusal::Internal,
        });
    }
    let scheme = if arrived.peer.transport == Transport::Tls { "wss" } else { "ws" };
    let opened = channel::Opened {
        registration,
        target,
        base: format!("{scheme}://{}", authority(&arrived.asked.host, scheme)),
        scheme,
        asked: arrived.asked.clone(),
        peer: Arc::clone(&arrived.peer),
    };
    let upgrade = hyper::upgrade::on(&mut arrived.request);
    core.tasks.spawn(channel::run(Arc::clone(core), upgrade, rules, inbox, opened));
    Ok(switching(&key, None, &arrived.asked.tracking_id))
}

/// What a listener serves: SDK listeners streams and exchanges on hybrid relays; a connector says it, for relays of both kinds.
fn shapes(arrived: &Arrived, kind: &RelayKind) -> Result<Shapes, Refusal> {
    match (&arrived.query.shapes, kind) {
        (Some(shapes), _) => {
            Ok(Shapes::parse(shapes).ok_or(Malformed::BadParameter("sb-hc-viaduct-shapes"))?)
        }
        (None, RelayKind::Hybrid) => Ok(Shapes::HYBRID),
        // 2.1: the name belongs to a WCF relay.
        (None, RelayKind::Wcf(_)) => Err(Refusal::Conflict),
    }
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

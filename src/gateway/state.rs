//! What the admin door is told.

use std::sync::{Arc, atomic::Ordering};

use super::{
    core::{Core, Entities},
    live::{LiveConnection, LiveListener},
};
use crate::{
    entity::{Namespace, Relay, RelayKey, RelayKind},
    management::{
        ConnectionState, GatewayState, ListenerState, NamespaceState, Readiness, RelayState, State,
    },
};

impl State for Core {
    fn readiness(&self) -> Readiness {
        let mut reasons = Vec::new();
        if self.draining.is_cancelled() {
            reasons.push("draining".to_owned());
        }
        if matches!(**self.directory.load(), Entities::Loading) {
            reasons.push("the store is loading".to_owned());
        }
        if !self.is_ready() && reasons.is_empty() {
            reasons.push("starting".to_owned());
        }
        if reasons.is_empty() { Readiness::Ready } else { Readiness::NotReady(reasons) }
    }

    fn state(&self) -> GatewayState {
        let listeners = self.live.all::<LiveListener>();
        let connections = self.live.all::<LiveConnection>();
        let mut namespaces: Vec<NamespaceState> = match &**self.directory.load() {
            Entities::Loading => Vec::new(),
            Entities::Ready(directory) => directory
                .namespaces()
                .map(|namespace| namespace_state(namespace, &listeners, &connections))
                .collect(),
        };
        namespaces.sort_by(|a, b| a.name.cmp(&b.name));
        GatewayState { gateway: self.id.to_string(), version: env!("CARGO_PKG_VERSION"), namespaces }
    }
}

fn namespace_state(
    namespace: &Namespace,
    listeners: &[Arc<LiveListener>],
    connections: &[Arc<LiveConnection>],
) -> NamespaceState {
    let mut relays: Vec<RelayState> =
        namespace.relays().map(|relay| relay_state(namespace, relay, listeners, connections)).collect();
    relays.sort_by(|a, b| a.path.cmp(&b.path));
    NamespaceState {
        name: namespace.name.to_string(),
        hosts: namespace.hosts.iter().map(ToString::to_string).collect(),
        relays,
    }
}

fn relay_state(
    namespace: &Namespace,
    relay: &Relay,
    listeners: &[Arc<LiveListener>],
    connections: &[Arc<LiveConnection>],
) -> RelayState {
    let key = RelayKey { namespace: namespace.name.clone(), path: relay.path.clone() };
    let listener = |live: &Arc<LiveListener>| ListenerState {
        id: live.id.clone(),
        remote: Some(live.remote),
        key_name: Some(live.key_name.to_string()),
        user_agent: live.user_agent.clone(),
        connected_at: live.connected_at.0,
        token_expires_at: Some(live.token_expires.0),
    };
    let connection = |live: &Arc<LiveConnection>| ConnectionState {
        tracking_id: live.tracking_id.clone(),
        door: live.door.to_string(),
        remote: Some(live.remote),
        key_name: live.key_name.as_ref().map(ToString::to_string),
        connected_at: live.connected_at.0,
        bytes_to_listener: live.counters.a_to_b.load(Ordering::Relaxed),
        bytes_to_sender: live.counters.b_to_a.load(Ordering::Relaxed),
    };
    RelayState {
        path: relay.path.to_string(),
        kind: match relay.kind {
            RelayKind::Hybrid => "hybrid".to_owned(),
            RelayKind::Wcf(_) => "wcf".to_owned(),
        },
        listeners: listeners.iter().filter(|live| live.relay == key).map(listener).collect(),
        connections: connections.iter().filter(|live| live.relay == key).map(connection).collect(),
    }
}

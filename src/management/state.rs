//! What a gateway tells about itself.

use std::net::SocketAddr;

use serde::Serialize;

/// A gateway, as the admin door sees it. Methods are quick: they read what is there and wait for nobody.
pub trait State: Send + Sync {
    /// Whether new work is welcome, and if not, why.
    fn readiness(&self) -> Readiness;

    /// Everything that is going on, for `GET /v1/state`.
    fn state(&self) -> GatewayState;
}

/// Whether a gateway takes new work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It does.
    Ready,
    /// It does not, for these reasons (`store is loading`, `draining`); never empty.
    NotReady(Vec<String>),
}

/// The answer of `GET /v1/state`. Keys and tokens have no place in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GatewayState {
    /// The gateway's name.
    pub gateway: String,
    /// The version that runs.
    pub version: &'static str,
    /// Sorted by name.
    pub namespaces: Vec<NamespaceState>,
}

/// One namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamespaceState {
    /// Its name.
    pub name: String,
    /// The hosts it answers at.
    pub hosts: Vec<String>,
    /// Sorted by path.
    pub relays: Vec<RelayState>,
}

/// One relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RelayState {
    /// Its path.
    pub path: String,
    /// `hybrid` or `wcf`.
    pub kind: String,
    /// Listeners connected now, oldest first.
    pub listeners: Vec<ListenerState>,
    /// Joined senders and running exchanges, oldest first.
    pub connections: Vec<ConnectionState>,
}

/// One connected listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListenerState {
    /// Its identifier in this gateway.
    pub id: String,
    /// Where it came from.
    pub remote: Option<SocketAddr>,
    /// The policy that let it in.
    pub key_name: Option<String>,
    /// What it says it is.
    pub user_agent: Option<String>,
    /// Seconds since 1970.
    pub connected_at: i64,
    /// When its token ends, in seconds since 1970.
    pub token_expires_at: Option<i64>,
}

/// One joined sender, or one running exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionState {
    /// Joins it with the log.
    pub tracking_id: String,
    /// The door it came through.
    pub door: String,
    /// Where it came from.
    pub remote: Option<SocketAddr>,
    /// The policy that let it in; none for an anonymous sender.
    pub key_name: Option<String>,
    /// Seconds since 1970.
    pub connected_at: i64,
    /// Payload so far, in bytes.
    pub bytes_to_listener: u64,
    /// Payload so far, in bytes.
    pub bytes_to_sender: u64,
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A gateway with one relay.
    pub(in super::super) struct Fake(Readiness);

    impl Fake {
        pub(in super::super) fn ready() -> Self {
            Self(Readiness::Ready)
        }

        pub(in super::super) fn not_ready(reason: &str) -> Self {
            Self(Readiness::NotReady(vec![reason.to_owned()]))
        }
    }

    impl State for Fake {
        fn readiness(&self) -> Readiness {
            self.0.clone()
        }

        fn state(&self) -> GatewayState {
            let listener = ListenerState {
                id: "1".into(),
                remote: None,
                key_name: Some("listen".into()),
                user_agent: None,
                connected_at: 0,
                token_expires_at: None,
            };
            let relay = RelayState {
                path: "credit-check".into(),
                kind: "wcf".into(),
                listeners: vec![listener],
                connections: Vec::new(),
            };
            let namespace = NamespaceState { name: "contoso".into(), hosts: Vec::new(), relays: vec![relay] };
            GatewayState { gateway: "g0".into(), version: "0", namespaces: vec![namespace] }
        }
    }
}

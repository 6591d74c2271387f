//! What every door of a gateway shares.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use arc_swap::ArcSwap;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    clock::random_u128, dialled::Dialled, live::Live, quota::Connections, switchboard::Switchboard,
    throttle::Throttle, web_streams::WebStreams,
};
use crate::{
    config::{DoorName, DoorPorts},
    doors::http_binding::Kept,
    entity::{
        Directory, DynamicRelays, HostName, RelayKey,
        limits::{Limits, Timeouts},
    },
    io::ServerTls,
    relay::{GatewayId, PendingLimits, RefuseReason, RendezvousTable, ToListenerGateway},
    store::{EntityStore, LeaseId, RegistrationStore},
    telemetry::Metrics,
    wire::hybrid::TrackingId,
};

/// The state of one gateway, handed to every door.
pub(crate) struct Core {
    /// This gateway's name in invitations.
    pub(crate) id: GatewayId,
    /// The number in tracking ids, `_G{n}`.
    pub(crate) number: u32,
    pub(crate) settings: ArcSwap<Settings>,
    pub(crate) directory: ArcSwap<Entities>,
    pub(crate) entities: Arc<dyn EntityStore>,
    pub(crate) registrations: Arc<dyn RegistrationStore>,
    /// Under which this gateway's registrations live.
    pub(crate) lease: LeaseId,
    pub(crate) live: Arc<Live>,
    pub(crate) switchboard: Switchboard,
    /// Senders waiting for a listener to dial in; the slot is where the dialled connection goes.
    pub(crate) rendezvous: Mutex<RendezvousTable<oneshot::Sender<Dialled>>>,
    pub(crate) connections: Connections,
    pub(crate) throttle: Throttle,
    /// Connections of listeners of HTTP bindings that wait for a next request.
    pub(crate) kept: Arc<Kept>,
    pub(crate) metrics: Arc<Metrics>,
    /// Cancelled when the gateway drains: no new work, listeners are sent elsewhere.
    pub(crate) draining: CancellationToken,
    /// Cancelled when the drain's time is over.
    pub(crate) closing: CancellationToken,
    /// Tasks that a drain waits for.
    pub(crate) tasks: TaskTracker,
    /// The ports of the first doors that WCF listeners dial.
    pub(crate) ports: DoorPorts,
    /// For TLS inside a web stream, whatever door that came through.
    pub(crate) inner_tls: Option<ServerTls>,
    pub(crate) web_streams: WebStreams,
    /// One token for each relay in use: cancelled when the relay is deleted or disabled.
    relay_tokens: Mutex<HashMap<RelayKey, RelayToken>>,
    ready: AtomicBool,
}

#[derive(Debug)]
struct RelayToken {
    token: CancellationToken,
    /// Whether a listener made the relay: then no entity's end is its end.
    dynamic: bool,
}

/// What a reload may change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) timeouts: Timeouts,
    /// The authority listeners are told to dial; `None`: the one they used themselves.
    pub(crate) public_address: Option<String>,
    /// The IPv4 address at which WCF listeners are told to dial; `None`: the one they used themselves.
    pub(crate) public_ipv4: Option<Ipv4Addr>,
    /// The ports at which they are told to dial, where they differ from [`Core::ports`].
    pub(crate) public_ports: DoorPorts,
    /// Namespace N also answers at N.domain.
    pub(crate) domain: Option<HostName>,
    /// The status for "no listener" towards HTTP senders: 404 as the service's logs show, or 502 as its guide says (5.7).
    pub(crate) no_listener_status: u16,
}

/// What is known of the entities.
#[derive(Debug)]
pub(crate) enum Entities {
    /// The store has not answered yet: nothing may be called missing.
    Loading,
    /// All there is.
    Ready(Arc<Directory>),
}

/// The parts a gateway is made of.
pub(crate) struct Parts {
    pub(crate) id: GatewayId,
    pub(crate) number: u32,
    pub(crate) settings: Settings,
    pub(crate) entities: Arc<dyn EntityStore>,
    pub(crate) registrations: Arc<dyn RegistrationStore>,
    pub(crate) lease: LeaseId,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) ports: DoorPorts,
    pub(crate) inner_tls: Option<ServerTls>,
}

impl Core {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        let limits = &parts.settings.limits;
        let rendezvous = RendezvousTable::new(PendingLimits {
            per_relay: limits.pending_per_relay,
            per_address: limits.pending_per_address,
        });
        Arc::new(Self {
            id: parts.id,
            number: parts.number,
            settings: ArcSwap::from_pointee(parts.settings),
            directory: ArcSwap::from_pointee(Entities::Loading),
            entities: parts.entities,
            registrations: parts.registrations,
            lease: parts.lease,
            live: Arc::default(),
            switchboard: Switchboard::default(),
            rendezvous: Mutex::new(rendezvous),
            connections: Connections::default(),
            throttle: Throttle::default(),
            kept: Arc::default(),
            metrics: parts.metrics,
            draining: CancellationToken::new(),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
            ports: parts.ports,
            inner_tls: parts.inner_tls,
            web_streams: WebStreams::default(),
            relay_tokens: Mutex::default(),
            ready: AtomicBool::new(false),
        })
    }

    pub(crate) fn rendezvous(&self) -> MutexGuard<'_, RendezvousTable<oneshot::Sender<Dialled>>> {
        lock(&self.rendezvous)
    }

    /// A name for the log and for the peer; the peer's own `given`, if it has one.
    pub(crate) fn tracking_id(&self, given: Option<&str>) -> TrackingId {
        TrackingId::new(given, random_u128(), self.number)
    }

    /// Sends a message to the gateway of a listener. All are here: a cluster adds a link and a codec.
    pub(crate) fn tell(&self, gateway: &GatewayId, message: ToListenerGateway) {
        if *gateway == self.id {
            if self.switchboard.tell_listener(message) == Err(RefuseReason::Busy) {
                self.metrics.listener_overflows.inc();
            }
        } else {
            tracing::warn!(%gateway, "no link to the gateway of a registration");
        }
    }

    /// The token of a relay: cancelled when the relay is deleted or disabled. A `dynamic` one is cancelled when its namespace lets
    /// listeners make no relays any more; with its last listener it goes without that, because what is joined lives on (relay page 4.7).
    pub(crate) fn relay_token(&self, relay: &RelayKey, dynamic: bool) -> CancellationToken {
        let mut tokens = lock(&self.relay_tokens);
        if let Some(found) = tokens.get(relay).filter(|found| found.dynamic == dynamic) {
            return found.token.clone();
        }
        let token = self.closing.child_token();
        // Whoever was admitted before the relay went may ask after its end was told; looked at under the lock, so that the
        // end is told either here or by `end_relays`.
        let ended = match &**self.directory.load() {
            Entities::Loading => false,
            Entities::Ready(directory) => has_ended(directory, relay, dynamic),
        };
        if ended {
            token.cancel();
        } else {
            tokens.insert(relay.clone(), RelayToken { token: token.clone(), dynamic });
        }
        token
    }

    /// Ends what runs on relays that are not in this directory any more.
    pub(crate) fn end_relays(&self, directory: &Directory) {
        lock(&self.relay_tokens).retain(|relay, RelayToken { token, dynamic }| {
            let ended = has_ended(directory, relay, *dynamic);
            if ended {
                token.cancel();
            }
            !ended
        });
    }

    pub(crate) fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }

    /// Entities are loaded, doors are open, no drain has begun.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed) && !self.draining.is_cancelled()
    }

    /// Takes expired rendezvous out of the table; their senders' meetings keep their own time.
    pub(crate) async fn sweep_rendezvous(self: Arc<Self>) {
        let mut every = tokio::time::interval(std::time::Duration::from_secs(1));
        loop {
            tokio::select! {
                () = self.closing.cancelled() => return,
                _ = every.tick() => {
                    let mut pending = self.rendezvous();
                    drop(pending.expire(Instant::now()));
                    self.metrics.pending_rendezvous.set(i64::try_from(pending.len()).unwrap_or(i64::MAX));
                }
            }
        }
    }
}

fn has_ended(directory: &Directory, relay: &RelayKey, dynamic: bool) -> bool {
    if dynamic {
        let namespace = directory.namespace(&relay.namespace);
        return namespace.is_none_or(|namespace| namespace.dynamic_relays == DynamicRelays::Off);
    }
    directory.relay(relay).is_none_or(|relay| !relay.enabled)
}

/// Where a peer came from and how: what a door knows before it reads a byte.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) door: DoorName,
    pub(crate) address: SocketAddr,
    /// Where it came to.
    pub(crate) local: Option<SocketAddr>,
    /// The name in the TLS handshake; `None` without TLS or without SNI.
    pub(crate) server_name: Option<String>,
    pub(crate) transport: Transport,
    pub(crate) _place: Arc<Place>,
}

/// Its place under the door's limit, kept as long as the connection lives.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) _counted: Gauged,
    pub(crate) _permit: Option<OwnedSemaphorePermit>,
}

/// A gauge that counts this connection until it is dropped.
#[derive(Debug)]
pub(crate) struct Gauged(Gauge);

impl Gauged {
    pub(crate) fn new(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Gauged {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Whether bytes travel in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Plain TCP.
    Clear,
    /// TLS from the first byte.
    Tls,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
impl Core {
    /// A gateway for unit tests, with nothing in its stores.
    pub(crate) async fn alone() -> Arc<Self> {
        use crate::store::{MemoryRegistrations, MemoryStore};
        let id = GatewayId::parse("g0").unwrap();
        let registrations = Arc::new(MemoryRegistrations::new());
        let lease = registrations.grant(id.clone(), std::time::Duration::from_secs(30)).await.unwrap();
        Self::new(Parts {
            id,
            number: 0,
            settings: Settings::default(),
            entities: Arc::new(MemoryStore::new()),
            registrations,
            lease,
            metrics: Arc::new(Metrics::new()),
            ports: DoorPorts::default(),
            inner_tls: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{EntityPath, Namespace, NamespaceName};

    #[tokio::test]
    async fn whoever_asks_for_the_token_of_a_relay_that_went_meanwhile_gets_a_cancelled_one() {
        let core = Core::alone().await;
        let relay = RelayKey {
            namespace: NamespaceName::parse("contoso").unwrap(),
            path: EntityPath::parse("gone").unwrap(),
        };
        let before = core.relay_token(&relay, false);
        assert!(!before.is_cancelled());
        let nothing = Arc::new(Directory::new(Vec::<Arc<Namespace>>::new(), None).unwrap());
        core.directory.store(Arc::new(Entities::Ready(Arc::clone(&nothing))));
        core.end_relays(&nothing);
        assert!(before.is_cancelled());
        assert!(core.relay_token(&relay, false).is_cancelled());
        assert!(lock(&core.relay_tokens).is_empty());
    }
}

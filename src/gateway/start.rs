//! A gateway: started from its configuration, reloaded, drained.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;

use super::{
    core::{Core, Parts, Settings},
    follow, open,
};
use crate::{
    config::{Config, DoorName, DoorPorts, Store},
    io::TlsError,
    management::AdminContext,
    relay::{GatewayId, PendingLimits},
    store::{
        EmbeddedStore, EntityStore, MemoryRegistrations, MemoryStore, RegistrationStore, SeedReport,
        StoreError,
    },
    telemetry::Metrics,
};

/// A running gateway. Dropped without [`Gateway::drain`], its tasks end with the runtime.
pub struct Gateway {
    core: Arc<Core>,
    tls: open::DoorTls,
    admin: Arc<ArcSwap<AdminContext>>,
    open: Vec<(DoorName, SocketAddr)>,
    doors: crate::config::Doors,
    store: Store,
}

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A door's address cannot be opened.
    #[error(
        "door {door} cannot be opened at {error}; is another process there, or is the port below 1024 without the right to it?"
    )]
    Door {
        /// The door.
        door: DoorName,
        /// What the operating system said, with the address.
        error: std::io::Error,
    },
    /// A certificate or its key.
    #[error("tls: {0}")]
    Tls(#[from] TlsError),
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// `gateway.name`.
    #[error("gateway.name: 1 to 255 visible ASCII characters are needed")]
    Name,
}

/// Why a new configuration is not taken. The old one stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// A certificate or its key.
    #[error("tls: {0}")]
    Tls(#[from] TlsError),
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// Doors open once.
    #[error("{0} cannot be changed by a reload; restart the gateway")]
    NeedsRestart(&'static str),
}

/// How long a lease on registrations lasts. The store in memory lives and dies with the gateway, so it is never renewed.
const LEASE: Duration = Duration::from_secs(30);

impl Gateway {
    /// Opens the store, seeds it with the declared entities, opens every door.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let tls = open::tls(&config)?;
        // Addresses first: of all that can go wrong it is the most likely, and it costs nothing.
        let bound = open::bind(&config.doors)?;
        let entities: Arc<dyn EntityStore> = match &config.store {
            Store::Embedded { .. } => Arc::new(EmbeddedStore::open(&config.gateway.data_dir)),
            Store::Memory => Arc::new(MemoryStore::new()),
        };
        let registrations: Arc<dyn RegistrationStore> = Arc::new(MemoryRegistrations::new());
        let id = GatewayId::parse(&config.gateway.name).map_err(|_| StartError::Name)?;
        let lease = registrations.grant(id.clone(), LEASE).await?;
        let core = Core::new(Parts {
            number: number_in(&config.gateway.name),
            id,
            settings: Settings::of(&config),
            entities: Arc::clone(&entities),
            registrations,
            lease,
            metrics: Arc::new(Metrics::new()),
            ports: DoorPorts {
                rendezvous: open::port(&bound, DoorName::Rendezvous),
                https: open::port(&bound, DoorName::Https),
                http: open::port(&bound, DoorName::Http),
            },
            inner_tls: open::inner_tls(&tls),
        });
        let admin = Arc::new(ArcSwap::from_pointee(open::admin_context(&core, &config)));
        let open = bound.iter().map(|door| (door.name, door.address)).collect();
        open::serve(&core, bound, &tls, &admin);
        tokio::spawn(Arc::clone(&core).sweep_rendezvous());
        entities.ready().await?;
        report(&entities.seed(&config.namespaces).await?);
        // Before any door is said to be open: what was declared is there for the first who asks.
        let snapshot = entities.watch().borrow().clone();
        follow::apply(&core, snapshot);
        tokio::spawn(follow::follow(Arc::clone(&core), entities.watch()));
        core.set_ready(true);
        Ok(Self { core, tls, admin, open, doors: config.doors, store: config.store })
    }

    /// Every open door with the address it got.
    pub fn doors(&self) -> &[(DoorName, SocketAddr)] {
        &self.open
    }

    /// Takes certificates, limits, time-outs and declared entities of a new configuration; no connection is cut.
    pub async fn reload(&self, config: Config) -> Result<(), ReloadError> {
        if config.doors != self.doors {
            return Err(ReloadError::NeedsRestart("doors"));
        }
        if config.store != self.store {
            return Err(ReloadError::NeedsRestart("store"));
        }
        // What can go wrong comes first, so that a refused configuration has changed nothing.
        let certificates = open::read_again(&self.tls, &config)?;
        report(&self.core.entities.seed(&config.namespaces).await?);
        for (tls, certificates) in certificates {
            tls.reload(certificates)?;
        }
        self.core.settings.store(Arc::new(Settings::of(&config)));
        self.core.rendezvous().set_limits(PendingLimits::from(&config.limits));
        self.admin.store(Arc::new(open::admin_context(&self.core, &config)));
        let snapshot = self.core.entities.watch().borrow().clone();
        follow::apply(&self.core, snapshot);
        Ok(())
    }

    /// Stops in order: not ready and no new work, registrations gone, listeners sent elsewhere once they have answered; what
    /// runs gets its time.
    pub async fn drain(self) {
        let core = self.core;
        core.set_ready(false);
        core.draining.cancel();
        if let Err(error) = core.registrations.revoke(core.lease).await {
            tracing::warn!(%error, "registrations stay until their lease ends");
        }
        core.tasks.close();
        let grace = core.settings.load().timeouts.drain;
        if tokio::time::timeout(grace, core.tasks.wait()).await.is_err() {
            tracing::warn!(remaining = core.tasks.len(), "grace period over");
            core.closing.cancel();
            // What is cut now still writes its close frames.
            let _ = tokio::time::timeout(CLOSE_TIME, core.tasks.wait()).await;
        }
        core.closing.cancel();
    }
}

/// How long connections may take to say goodbye once the grace period is over.
const CLOSE_TIME: Duration = Duration::from_secs(2);

impl Settings {
    fn of(config: &Config) -> Self {
        Self {
            limits: config.limits.clone(),
            timeouts: config.timeouts.clone(),
            public_address: config.gateway.public_address.clone(),
            public_ipv4: config.gateway.public_ipv4,
            public_ports: config.gateway.public_ports,
            domain: config.gateway.domain.clone(),
            no_listener_status: config.gateway.no_listener_status,
        }
    }
}

/// The number in `_G{n}`: the digits at the end of the gateway's name, so that a log line names its gateway.
fn number_in(name: &str) -> u32 {
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    name[name.len() - digits..].parse().unwrap_or(0)
}

fn report(report: &SeedReport) {
    if !report.added.is_empty() {
        tracing::info!(entities = ?report.added, "declared entities were added to the store");
    }
    if !report.applied.is_empty() {
        tracing::info!(entities = ?report.applied, "locked entities are as declared again");
    }
    if !report.unlocked.is_empty() {
        tracing::info!(entities = ?report.unlocked, "entities are no longer locked");
    }
    if !report.left_alone.is_empty() {
        tracing::info!(entities = ?report.left_alone, "entities differ from their declaration; the store's stay");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_in_tracking_ids_comes_from_the_name() {
        assert_eq!(number_in("g0"), 0);
        assert_eq!(number_in("relay-12"), 12);
        assert_eq!(number_in("relay"), 0);
        assert_eq!(number_in("9999999999999"), 0);
    }
}

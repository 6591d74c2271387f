//! A local door: opened, served, closed.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, lookup_host},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{http, net_tcp, tcp};
use crate::{
    config::{LocalDoor, LocalProtocol},
    connector::{
        dial::{DialError, Dialer, OpenSocket},
        endpoint::Endpoint,
        handshake::Ask,
        http_pool::{HttpPool, Way},
        listener::unix_now,
        random,
        readdressing::Readdressing,
        route::RouteState,
    },
    io::{Accepted, ServeOptions, bind, serve},
};

/// What a local door is told.
#[derive(Clone, Debug)]
pub(crate) struct DoorSettings {
    /// Where it is, and what its clients speak.
    pub(crate) local: LocalDoor,
    /// The relay, with what it adds to the path.
    pub(crate) endpoint: Endpoint,
    /// Opens connections.
    pub(crate) dialer: Dialer,
    /// What the route is doing.
    pub(crate) state: Arc<RouteState>,
    /// After the signal to stop, running connections get this long.
    pub(crate) grace: Duration,
}

/// A door that is open, but not served yet.
#[derive(Debug)]
pub(crate) struct Door {
    forwarding: Arc<Forwarding>,
    sockets: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
    grace: Duration,
}

/// A door that could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DoorError {
    /// The name of the local address has no address.
    #[error("{host} has no address: {error}")]
    NoAddress {
        /// The name.
        host: String,
        /// What the system says.
        error: io::Error,
    },
    /// Taken, or not ours.
    #[error("the local door could not be opened: {0}")]
    Bind(io::Error),
}

/// What the connections of one door share.
#[derive(Debug)]
pub(super) struct Forwarding {
    pub(super) local: LocalDoor,
    pub(super) endpoint: Endpoint,
    /// How To becomes that of the relay, for a `net.tcp` door.
    pub(super) readdressing: Option<Readdressing>,
    pub(super) dialer: Dialer,
    /// HTTP connections to the gateway.
    pub(super) pool: Arc<HttpPool>,
    pub(super) state: Arc<RouteState>,
    /// Nothing new; requests that run may end.
    pub(super) stop: CancellationToken,
    /// Ends whatever still runs when the grace is over.
    pub(super) cancel: CancellationToken,
}

/// Connections of one door at a time; further ones wait in the operating system's queue.
const MOST_CONNECTIONS: usize = 10_000;

impl Door {
    /// Opens the local address.
    pub(crate) async fn open(settings: DoorSettings) -> Result<Self, DoorError> {
        let DoorSettings { local, endpoint, dialer, state, grace } = settings;
        let no_address = |error| DoorError::NoAddress { host: local.host.clone(), error };
        let wanted: Vec<_> =
            lookup_host((local.host.as_str(), local.port)).await.map_err(no_address)?.collect();
        // Port 0 on two addresses would give two ports.
        let wanted = if local.port == 0 { &wanted[..wanted.len().min(1)] } else { &wanted[..] };
        let sockets = bind(wanted).map_err(DoorError::Bind)?;
        let addresses = sockets
            .iter()
            .map(TcpListener::local_addr)
            .collect::<io::Result<_>>()
            .map_err(DoorError::Bind)?;
        let pool =
            HttpPool::new(dialer.clone(), endpoint.authority().clone(), endpoint.security(), Way::ToGateway);
        let readdressing = Readdressing::to_relay(&local, &endpoint);
        let forwarding = Forwarding {
            local,
            endpoint,
            readdressing,
            dialer,
            pool,
            state,
            stop: CancellationToken::new(),
            cancel: CancellationToken::new(),
        };
        Ok(Self { forwarding: Arc::new(forwarding), sockets, addresses, grace })
    }

    /// Where it listens.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves until `stop`. `closed` is cancelled as soon as the address is free again; running connections then have
    /// their grace.
    pub(crate) async fn serve(self, stop: CancellationToken, closed: CancellationToken) {
        let Self { forwarding, sockets, addresses, grace } = self;
        forwarding.state.handle_online(unix_now());
        tracing::info!(local = ?addresses, relay = %forwarding.endpoint, "local door open");
        let tasks = TaskTracker::new();
        let options = ServeOptions { connections: MOST_CONNECTIONS, shutdown: stop, tasks: tasks.clone() };
        let for_connections = forwarding.clone();
        serve(sockets, options, move |accepted| connection(for_connections.clone(), accepted)).await;
        closed.cancel();
        forwarding.stop.cancel();
        tasks.close();
        tokio::select! {
            () = tasks.wait() => {}
            () = sleep(grace) => {
                forwarding.cancel.cancel();
                let _ = timeout(Duration::from_secs(2), tasks.wait()).await;
            }
        }
        forwarding.state.handle_stopped();
    }
}

async fn connection(forwarding: Arc<Forwarding>, accepted: Accepted) {
    let Accepted { tcp, peer, permit } = accepted;
    let _counted = forwarding.state.count();
    match forwarding.local.protocol {
        LocalProtocol::Tcp => tcp::serve(&forwarding, tcp.into(), peer).await,
        LocalProtocol::NetTcp => net_tcp::serve(&forwarding, tcp.into(), peer).await,
        LocalProtocol::Http => http::serve(&forwarding, tcp.into()).await,
    }
    drop(permit);
}

impl Forwarding {
    /// A stream to the relay, for one local connection.
    pub(super) async fn connect(
        &self,
        suffix: &str,
        query: Option<&str>,
        protocols: Option<&str>,
        headers: &[(String, String)],
    ) -> Result<OpenSocket, DialError> {
        let token = self.endpoint.token(unix_now());
        let target = self.endpoint.connect_target(&random::tracking_id(), suffix, query);
        let ask = Ask {
            path_and_query: &target,
            host: &self.endpoint.host_header(),
            token: token.as_ref().map(|token| &token.text),
            protocols,
            headers,
        };
        self.dialer.websocket(self.endpoint.authority(), self.endpoint.security(), &ask).await
    }

    /// Something went wrong with one local connection: logged, and kept for the state address.
    pub(super) fn complain(&self, peer: Option<SocketAddr>, error: &dyn std::fmt::Display) {
        tracing::warn!(relay = %self.endpoint, local = %self.local, ?peer, %error, "a connection could not be forwarded");
        self.state.handle_error(error.to_string(), unix_now());
    }
}

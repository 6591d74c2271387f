//! The routes of one process: started from a configuration, and changed by a new one without cutting what stays.

use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    authority::{Authority, AuthorityError, Security},
    dial::Dialer,
    endpoint::Endpoint,
    forward::{Door, DoorSettings},
    listener::{self, ListenerSettings, ListenerTiming, unix_now},
    readdressing::Readdressing,
    route::{RouteKind, RouteReport, RouteState},
    target::{Target, TargetError},
};
use crate::{
    config::connect::{ConnectConfig, Dial, ForwardRoute, ListenRoute, RouteShape},
    wire::soap::RewriteError,
};

/// A route that was read but cannot be served.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum RouteError {
    /// The service.
    #[error("{0}")]
    Target(#[from] TargetError),
    /// The gateway, or one of the further ones.
    #[error("the gateway's address: {0}")]
    Authority(#[from] AuthorityError),
    /// No To can be made of the service's address.
    #[error("the service's address: {0}")]
    To(#[from] RewriteError),
}

/// All routes of a process.
#[derive(Debug)]
pub(crate) struct Routes {
    timing: ListenerTiming,
    running: Vec<Running>,
    tasks: TaskTracker,
}

#[derive(Debug)]
struct Running {
    fingerprint: Fingerprint,
    state: Arc<RouteState>,
    stop: CancellationToken,
    /// Its local address is free again, if it had one.
    closed: CancellationToken,
}

/// Everything a route is made of, to tell whether it changed. Holds keys, so it is never shown.
#[derive(Clone, Debug)]
struct Fingerprint(SecretString);

enum Plan {
    Listen(ListenerSettings),
    Forward(DoorSettings),
}

/// How long a local address that is taken is left alone before it is tried again.
const BIND_AGAIN: Duration = Duration::from_secs(10);

impl Routes {
    /// No route yet.
    pub(crate) fn new(timing: ListenerTiming) -> Self {
        Self { timing, running: Vec::new(), tasks: TaskTracker::new() }
    }

    /// Makes the routes those of `config`: stops what is gone or changed, starts what is new or changed, and leaves the
    /// rest alone. With an error nothing was changed. `trust` stands for what `dialer` trusts.
    pub(crate) async fn apply(
        &mut self,
        config: &ConnectConfig,
        dialer: &Dialer,
        trust: &str,
    ) -> Result<(), (String, RouteError)> {
        let mut plans = Vec::new();
        for route in &config.listen {
            let settings =
                listener_settings(route, dialer, self.timing).map_err(|e| (route.name.clone(), e))?;
            plans.push((
                Fingerprint::of_listener(route, trust),
                settings.state.clone(),
                Plan::Listen(settings),
            ));
        }
        for route in &config.forward {
            let settings =
                forward_settings(route, dialer, self.timing).map_err(|e| (route.name.clone(), e))?;
            plans.push((Fingerprint::of_door(route, trust), settings.state.clone(), Plan::Forward(settings)));
        }
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.running)
            .into_iter()
            .partition(|running| plans.iter().any(|(wanted, ..)| wanted.same(&running.fingerprint)));
        for running in &gone {
            tracing::info!(
                route = running.state.name(),
                "route removed or changed; it ends when its work is done"
            );
            running.stop.cancel();
        }
        // A changed door must have let go of its address before the new one takes it.
        for running in gone {
            running.closed.cancelled().await;
        }
        self.running = kept;
        for (fingerprint, state, plan) in plans {
            if self.running.iter().any(|running| running.fingerprint.same(&fingerprint)) {
                continue;
            }
            let stop = CancellationToken::new();
            let closed = CancellationToken::new();
            match plan {
                Plan::Listen(settings) => {
                    closed.cancel();
                    self.tasks.spawn(listener::run(settings, stop.clone()));
                }
                Plan::Forward(settings) => {
                    self.tasks.spawn(keep_open(settings, stop.clone(), closed.clone()));
                }
            }
            self.running.push(Running { fingerprint, state, stop, closed });
        }
        Ok(())
    }

    /// What each route is doing, in the order of their start.
    pub(crate) fn states(&self) -> Vec<Arc<RouteState>> {
        self.running.iter().map(|running| running.state.clone()).collect()
    }

    /// Stops all routes and waits until their work is done or their grace is over.
    pub(crate) async fn stop(self) {
        for running in &self.running {
            running.stop.cancel();
        }
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// The reports of these routes.
pub(crate) fn reports(states: &[Arc<RouteState>]) -> Vec<RouteReport> {
    states.iter().map(|state| state.report()).collect()
}

/// What a listener needs, from its route.
pub(crate) fn listener_settings(
    route: &ListenRoute,
    dialer: &Dialer,
    timing: ListenerTiming,
) -> Result<ListenerSettings, RouteError> {
    let security = Security::from(route.dial);
    let endpoint = Endpoint::new(&route.connection, route.path.as_str(), security)?;
    let target = Target::new(&route.to)?;
    let gateways = route.gateways.iter().map(|text| Authority::parse(text, Some(security.default_port())));
    let gateways = gateways.collect::<Result<_, _>>()?;
    let readdressing = match &target {
        Target::NetTcp(service) => Some(Readdressing::to_service(endpoint.path(), service, route.any_to)?),
        _ => None,
    };
    let shapes: Vec<&str> = route.shapes.iter().map(|shape| shape_name(*shape)).collect();
    let state = RouteState::new(&route.name, RouteKind::Listen, endpoint.to_string(), target.to_string());
    Ok(ListenerSettings {
        endpoint,
        target,
        readdressing,
        shapes: shapes.join(","),
        gateways,
        dialer: dialer.clone(),
        state: Arc::new(state),
        timing,
    })
}

/// What a local door needs, from its route.
pub(crate) fn forward_settings(
    route: &ForwardRoute,
    dialer: &Dialer,
    timing: ListenerTiming,
) -> Result<DoorSettings, RouteError> {
    let endpoint = Endpoint::new(&route.connection, route.to.raw(), Security::from(route.dial))?;
    let state =
        RouteState::new(&route.name, RouteKind::Forward, route.local.to_string(), endpoint.to_string());
    Ok(DoorSettings {
        local: route.local.clone(),
        endpoint,
        dialer: dialer.clone(),
        state: Arc::new(state),
        grace: timing.grace,
    })
}

/// Opens a local door, again and again while its address is taken, and serves it.
async fn keep_open(settings: DoorSettings, stop: CancellationToken, closed: CancellationToken) {
    let state = settings.state.clone();
    loop {
        match Door::open(settings.clone()).await {
            Ok(door) => return door.serve(stop, closed).await,
            Err(error) => {
                tracing::error!(route = state.name(), %error, retry_in_s = BIND_AGAIN.as_secs(), "a local door is not open");
                state.handle_offline(error.to_string(), unix_now());
            }
        }
        tokio::select! {
            () = tokio::time::sleep(BIND_AGAIN) => {}
            () = stop.cancelled() => break,
        }
    }
    closed.cancel();
    state.handle_stopped();
}

fn shape_name(shape: RouteShape) -> &'static str {
    match shape {
        RouteShape::Stream => "stream",
        RouteShape::Exchange => "exchange",
    }
}

impl From<Dial> for Security {
    fn from(dial: Dial) -> Self {
        match dial {
            Dial::Tls => Self::Tls,
            Dial::Clear => Self::Clear,
        }
    }
}

impl Fingerprint {
    fn of_listener(route: &ListenRoute, trust: &str) -> Self {
        let ListenRoute { name, path, to, connection, dial, gateways, shapes, any_to } = route;
        Self(
            format!(
                "listen {name:?} {path:?} {to} {connection} {dial:?} {gateways:?} {shapes:?} {any_to} {trust}"
            )
            .into(),
        )
    }

    fn of_door(route: &ForwardRoute, trust: &str) -> Self {
        let ForwardRoute { name, local, to, connection, dial, .. } = route;
        Self(format!("forward {name:?} {local} {:?} {connection} {dial:?} {trust}", to.raw()).into())
    }

    fn same(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

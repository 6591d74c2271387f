//! The lender's building: the WCF service, the JSON face beside it, and a connector in front of each.

use std::{io, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    face::Face,
    service::CreditService,
    stage::{FACE_RELAY, SERVICE_RELAY, Stage},
};
use crate::{
    config::{
        ListenTarget,
        connect::{Dial, ListenRoute},
    },
    connector::{Dialer, ListenerTiming, Phase, ProxySettings, listener_settings, run_listener},
    entity::EntityPath,
    io::ClientTls,
};

/// How long a connector may take until it is online.
const ONLINE: Duration = Duration::from_secs(15);

/// Everything that runs in the building.
pub(super) struct Building {
    pub(super) service: CreditService,
    face: Option<Face>,
    dialer: Dialer,
    https_port: u16,
    stop: CancellationToken,
    connectors: TaskTracker,
}

/// Why something in the building did not start.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildingError {
    #[error("a port of this machine cannot be opened: {0}")]
    Listen(#[from] io::Error),
    #[error("the connector's settings are wrong: {0}")]
    Settings(String),
    #[error("the connector is not online after {} seconds: {reason}", ONLINE.as_secs())]
    Offline { reason: String },
}

impl Building {
    /// Starts the WCF service. `https_port` is the gateway's.
    pub(super) async fn open(tls: ClientTls, https_port: u16) -> Result<Self, BuildingError> {
        Ok(Self {
            service: CreditService::start().await?,
            face: None,
            // A proxy of this machine has nothing to do with loopback.
            dialer: Dialer::new(tls, ProxySettings::none()),
            https_port,
            stop: CancellationToken::new(),
            connectors: TaskTracker::new(),
        })
    }

    /// Puts a connector in front of the WCF service.
    pub(super) async fn connect_service(&self, stage: &Stage) -> Result<(), BuildingError> {
        self.connect(stage, SERVICE_RELAY, &self.service.endpoint()).await
    }

    /// Starts the JSON face and puts a connector in front of it.
    pub(super) async fn connect_face(&mut self, stage: &Stage) -> Result<(), BuildingError> {
        let face = Face::start(self.service.address(), self.service.endpoint()).await?;
        let url = format!("http://{}", face.address());
        self.face = Some(face);
        self.connect(stage, FACE_RELAY, &url).await
    }

    /// What `viaduct listen RELAY --to URL` does.
    async fn connect(&self, stage: &Stage, relay: &str, to: &str) -> Result<(), BuildingError> {
        let settings = |error: &dyn std::fmt::Display| BuildingError::Settings(error.to_string());
        let to: ListenTarget = to.parse().map_err(|error| settings(&error))?;
        let route = ListenRoute {
            name: relay.to_owned(),
            path: EntityPath::parse(relay).map_err(|error| settings(&error))?,
            shapes: to.shapes().to_vec(),
            to,
            connection: stage.listener(relay, self.https_port),
            dial: Dial::Tls,
            gateways: Vec::new(),
            any_to: false,
        };
        let timing = ListenerTiming { grace: Duration::from_secs(1), ..ListenerTiming::default() };
        let listener = listener_settings(&route, &self.dialer, timing).map_err(|error| settings(&error))?;
        let state = listener.state.clone();
        self.connectors.spawn(run_listener(listener, self.stop.clone()));
        let online = tokio::time::timeout(ONLINE, state.wait_for(Phase::Online)).await;
        online.map_err(|_| {
            let reason = state.report().last_error.unwrap_or_else(|| "no answer from the gateway".into());
            BuildingError::Offline { reason }
        })
    }

    /// Stops the connectors in order.
    pub(super) async fn close(self) {
        self.stop.cancel();
        self.connectors.close();
        // A connector gives running work a second; after that there is nothing left to wait for.
        let _ = tokio::time::timeout(Duration::from_secs(5), self.connectors.wait()).await;
    }
}

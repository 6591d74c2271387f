//! Who is let in: the namespace a host names, the relay a path names, the right a token gives. The same for every door.

use std::{net::IpAddr, sync::Arc, time::Instant};

use secrecy::{ExposeSecret, SecretString};

use crate::{
    auth::{AuthError, Authorized, TokenOptions, authorize},
    entity::{HostName, Namespace, Relay, RelayKey, RelayPath, Right, UnixTime},
    gateway::{
        clock::unix_now,
        core::{Core, Entities, Peer},
        quota::Counted,
    },
    relay::{Malformed, Refusal},
};

/// What a path names.
#[derive(Clone, Debug)]
pub(crate) struct Addressed {
    pub(crate) namespace: Arc<Namespace>,
    /// `None`: no such relay. Told only after the token was checked.
    pub(crate) relay: Option<Arc<Relay>>,
    pub(crate) path: RelayPath,
}

/// A relay that is there and may be used.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) namespace: Arc<Namespace>,
    pub(crate) relay: Arc<Relay>,
    pub(crate) key: RelayKey,
    pub(crate) path: RelayPath,
}

/// Looks up the namespace by the `Host`, which the name in the TLS handshake must not contradict, and the relay by the path.
pub(crate) fn look_up(core: &Core, peer: &Peer, host: &str, path: RelayPath) -> Result<Addressed, Refusal> {
    let directory = match &**core.directory.load() {
        Entities::Loading => return Err(Refusal::Starting),
        Entities::Ready(directory) => Arc::clone(directory),
    };
    let named =
        |host: &str| HostName::parse(host).ok().and_then(|host| directory.namespace_of(&host).cloned());
    let namespace = named(host).ok_or(Malformed::UnknownHost)?;
    if let Some(server_name) = &peer.server_name
        && named(server_name).is_none_or(|other| other.name != namespace.name)
    {
        return Err(Malformed::HostMismatch.into());
    }
    let relay = namespace.find(&path).cloned();
    Ok(Addressed { namespace, relay, path })
}

impl Target {
    /// Takes a place under the quota of the namespace; it is free again when the value is dropped.
    pub(crate) fn count(&self, core: &Core) -> Result<Counted, Refusal> {
        let limit = core.settings.load().limits.connections_per_namespace;
        core.connections.enter(&self.namespace.name, limit).ok_or(Refusal::TooManyConnections { limit })
    }
}

impl Addressed {
    /// Checks the right of a sender; an anonymous relay asks for none, and ignores a token (6.5).
    pub(crate) fn sender(
        self,
        core: &Core,
        token: Option<&SecretString>,
    ) -> Result<(Target, Option<Authorized>), Refusal> {
        let needs_token = self.relay.as_ref().is_none_or(|relay| relay.requires_client_authorization);
        let authorized = if needs_token { Some(self.check(core, token, Right::Send)?) } else { None };
        Ok((self.target()?, authorized))
    }

    /// Checks the right of a listener.
    pub(crate) fn listener(
        self,
        core: &Core,
        token: Option<&SecretString>,
    ) -> Result<(Target, Authorized), Refusal> {
        let authorized = self.check(core, token, Right::Listen)?;
        Ok((self.target()?, authorized))
    }

    fn check(
        &self,
        core: &Core,
        token: Option<&SecretString>,
        right: Right,
    ) -> Result<Authorized, AuthError> {
        check_token(
            core,
            token.map(|token| token.expose_secret()),
            right,
            &self.namespace,
            self.relay.as_deref(),
            &self.path,
        )
    }

    fn target(self) -> Result<Target, Refusal> {
        let relay = self.relay.ok_or(Refusal::NoSuchRelay)?;
        if !relay.enabled {
            return Err(Refusal::Disabled);
        }
        let key = RelayKey { namespace: self.namespace.name.clone(), path: relay.path.clone() };
        Ok(Target { namespace: self.namespace, relay, key, path: self.path })
    }
}

/// Checks the token by which a connected listener wants to go on, against the policies of now: keys may have changed since.
pub(crate) fn renew(core: &Core, target: &Target, token: &SecretString) -> Result<UnixTime, AuthError> {
    let directory = match &**core.directory.load() {
        Entities::Ready(directory) => Some(Arc::clone(directory)),
        Entities::Loading => None,
    };
    let namespace = directory.as_ref().and_then(|directory| directory.namespace(&target.key.namespace));
    let namespace = namespace.unwrap_or(&target.namespace);
    let relay = namespace.relay(&target.key.path).map(|relay| &**relay);
    check_token(core, Some(token.expose_secret()), Right::Listen, namespace, relay, &target.path)
        .map(|authorized| authorized.expires)
}

/// Whether a relay is there and switched off.
pub(crate) fn is_disabled(core: &Core, key: &RelayKey) -> bool {
    match &**core.directory.load() {
        Entities::Ready(directory) => directory.relay(key).is_some_and(|relay| !relay.enabled),
        Entities::Loading => false,
    }
}

/// An address that fails too often waits for its next answer (hybrid page 2.5).
pub(crate) async fn hold_back(core: &Core, refusal: &Refusal, address: IpAddr) {
    let settings = core.settings.load_full();
    let limit = settings.limits.failed_handshakes_per_minute;
    let guessing =
        matches!(refusal, Refusal::Unauthorized(_) | Refusal::Malformed(Malformed::UnknownRendezvous(_)));
    if guessing && core.throttle.failed(address, limit, Instant::now()) {
        tokio::time::sleep(settings.timeouts.refusal_delay).await;
    }
}

fn check_token(
    core: &Core,
    token: Option<&str>,
    right: Right,
    namespace: &Namespace,
    relay: Option<&Relay>,
    path: &RelayPath,
) -> Result<Authorized, AuthError> {
    let settings = core.settings.load();
    let options = TokenOptions::new(&settings.limits, &settings.timeouts);
    authorize(token, right, namespace, relay, path, unix_now(), &options)
}

//! Who is let in: the namespace a host names, the relay a path names, the right a token gives. The same for every door.

use std::{net::IpAddr, sync::Arc, time::Instant};

use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use crate::{
    auth::{AuthError, Authorized, SwtIssuer, TokenOptions, WcfTokens},
    entity::{
        DynamicRelays, HostName, Namespace, Relay, RelayKey, RelayKind, RelayPath, Right, ServiceAddress,
        UnixTime,
    },
    gateway::{
        clock::unix_now,
        core::{Core, Entities, Peer, Transport},
        quota::Counted,
    },
    relay::{Malformed, Refusal, listener_link::ListenRequest, one_above_the_other, wcf_type},
};

/// What a path names.
#[derive(Clone, Debug)]
pub(crate) struct Addressed {
    pub(crate) namespace: Arc<Namespace>,
    /// `None`: no such relay. Told only after the token was checked.
    pub(crate) relay: Option<Arc<Relay>>,
    /// Whether `relay` is one that listeners made.
    pub(crate) dynamic: bool,
    pub(crate) path: RelayPath,
}

/// A relay that is there and may be used.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) namespace: Arc<Namespace>,
    pub(crate) relay: Arc<Relay>,
    /// Whether listeners made it.
    pub(crate) dynamic: bool,
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
    let declared = namespace.find(&path).cloned();
    Ok(match made(core, &namespace, declared.as_deref(), &path) {
        Some(made) => Addressed { namespace, relay: Some(made), dynamic: true, path },
        None => Addressed { namespace, relay: declared, dynamic: false, path },
    })
}

/// The relay that listeners made for this path, unless a declared one is as near to it. The first listener's terms are those of all.
fn made(
    core: &Core,
    namespace: &Namespace,
    declared: Option<&Relay>,
    path: &RelayPath,
) -> Option<Arc<Relay>> {
    if namespace.dynamic_relays == DynamicRelays::Off {
        return None;
    }
    let at_least = declared.map_or(0, |relay| relay.path.segments().count());
    path.prefixes().take_while(|prefix| prefix.segments().count() > at_least).find_map(|path| {
        let key = RelayKey { namespace: namespace.name.clone(), path };
        let first = core.registrations.candidates(&key).into_iter().next()?;
        let terms = first.wcf.filter(|terms| terms.dynamic)?;
        terms.make(key.path, namespace.dynamic_relays).map(Arc::new)
    })
}

impl Target {
    /// Cancelled when the relay may not be used any more.
    pub(crate) fn token(&self, core: &Core) -> CancellationToken {
        core.relay_token(&self.key, self.dynamic)
    }

    /// Takes a place under the quota of the namespace; it is free again when the value is dropped.
    pub(crate) fn count(&self, core: &Core) -> Result<Counted, Refusal> {
        let limit = core.settings.load().limits.connections_per_namespace;
        core.connections.enter(&self.namespace.name, limit).ok_or(Refusal::TooManyConnections { limit })
    }

    /// Whether a sender came as safely as the relay wants it.
    pub(crate) fn check_transport(&self, peer: &Peer) -> Result<(), Refusal> {
        if self.relay.requires_transport_security && peer.transport == Transport::Clear {
            return Err(Refusal::TransportSecurity);
        }
        Ok(())
    }
}

impl Addressed {
    /// The relay's place in the directory, if there is one.
    pub(crate) fn key(&self) -> Option<RelayKey> {
        let path = self.relay.as_ref()?.path.clone();
        Some(RelayKey { namespace: self.namespace.name.clone(), path })
    }

    /// Whether listeners may make the relays of its namespace.
    pub(crate) fn relays_come_and_go(&self) -> bool {
        self.namespace.dynamic_relays != DynamicRelays::Off
    }

    /// Whether a sender has to show a token. Where there is no relay only its token tells whether it may know that.
    pub(crate) fn needs_token(&self) -> bool {
        self.relay.as_ref().is_none_or(|relay| relay.requires_client_authorization)
    }

    /// Checks the right of a sender; an anonymous relay asks for none, and ignores a token (6.5).
    pub(crate) fn sender(
        self,
        core: &Core,
        token: Option<&SecretString>,
    ) -> Result<(Target, Option<Authorized>), Refusal> {
        let authorized = if self.needs_token() { Some(self.check(core, token, Right::Send)?) } else { None };
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

    /// Checks what a WCF listener asks for: its right, then the relay that it names or makes (relay page 4.8).
    pub(crate) fn wcf_listener(
        self,
        core: &Core,
        request: &ListenRequest,
    ) -> Result<(Target, Authorized), Refusal> {
        let here = |relay: &Relay| {
            self.path.decoded_suffix(&relay.path).is_some_and(|suffix| suffix.trim_matches('/').is_empty())
        };
        // A listener names its relay: what lies above it is another one.
        let declared = self.relay.clone().filter(|relay| !self.dynamic && here(relay));
        let authorized = check_token(
            core,
            request.token.as_ref().map(|token| token.expose_secret()),
            Right::Listen,
            &self.namespace,
            declared.as_deref(),
            &self.path,
        )?;
        let wcf_type = wcf_type(request.listener_type).ok_or(Malformed::BadParameter("listener-type"))?;
        if let Some(relay) = declared {
            if !relay.enabled {
                return Err(Refusal::Disabled);
            }
            if relay.kind != RelayKind::Wcf(wcf_type) {
                return Err(Refusal::Conflict);
            }
            return Ok((Self { relay: Some(relay), dynamic: false, ..self }.target()?, authorized));
        }
        let path = self.path.prefixes().next().filter(|path| self.path.segments().eq(path.segments()));
        let path =
            path.filter(|_| request.dynamic_relay && self.namespace.dynamic_relays != DynamicRelays::Off);
        let path = path.ok_or(Refusal::NoSuchRelay)?;
        // What lies above or below and has policies of its own belongs to somebody else.
        let taken =
            |relay: &Arc<Relay>| !relay.policies.is_empty() && one_above_the_other(&relay.path, &path);
        if self.namespace.relays().any(taken) {
            return Err(Refusal::Conflict);
        }
        let made = Relay::new(path, RelayKind::Wcf(wcf_type));
        Ok((Self { relay: Some(Arc::new(made)), dynamic: true, ..self }.target()?, authorized))
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
        Ok(Target { namespace: self.namespace, relay, dynamic: self.dynamic, key, path: self.path })
    }
}

/// A sender of WCF Relay: the relay at its address, its right, and whether it may come as it came (relay page 3.2, 4.4).
pub(crate) fn wcf_sender(
    core: &Core,
    peer: &Peer,
    address: &ServiceAddress,
    token: Option<&SecretString>,
) -> Result<(Target, Option<Authorized>), Refusal> {
    if core.draining.is_cancelled() {
        return Err(Refusal::Draining);
    }
    let addressed = look_up(core, peer, &address.authority, address.path.clone())?;
    let come_and_go = addressed.relays_come_and_go();
    let (target, authorized) =
        addressed.sender(core, token).map_err(|refusal| if_relays_come_and_go(come_and_go, refusal))?;
    target.check_transport(peer)?;
    Ok((target, authorized))
}

/// Where listeners make relays, a relay that is not there is one that nobody listens on: its sender may try again.
pub(crate) fn if_relays_come_and_go(they_do: bool, refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::NoSuchRelay if they_do => Refusal::NoListener,
        refusal => refusal,
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
    // Clients of hybrid connections have no other tokens than signatures. Where there is no relay yet, a listener makes a WCF relay.
    let is_hybrid = relay.is_some_and(|relay| relay.kind == RelayKind::Hybrid);
    let issuers: &[SwtIssuer] = if is_hybrid { &[] } else { &namespace.issuers };
    WcfTokens { options: &options, issuers }.authorize(token, right, namespace, relay, path, unix_now())
}

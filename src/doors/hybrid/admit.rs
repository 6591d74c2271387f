//! Who is let in: the namespace a host names, the relay a path names, the right a token gives.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, header};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    auth::{Authorized, AuthError, TokenOptions, authorize},
    entity::{HostName, Namespace, Relay, RelayKey, RelayPath, Right},
    gateway::{
        clock::unix_now,
        core::{Core, Entities, Peer},
    },
    relay::{Malformed, Refusal},
};

const SERVICE_BUS_AUTHORIZATION: HeaderName = HeaderName::from_static("servicebusauthorization");

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

/// A token and where it stood.
#[derive(Debug)]
pub(crate) struct FoundToken {
    pub(crate) token: SecretString,
    /// It stood in `Authorization`, which then belongs to the relay and is not passed on (1.3).
    pub(crate) in_authorization: bool,
}

/// Looks up the namespace by the `Host`, which the name in the TLS handshake must not contradict, and the relay by the path.
pub(crate) fn look_up(core: &Core, peer: &Peer, host: &str, path: RelayPath) -> Result<Addressed, Refusal> {
    let directory = match &**core.directory.load() {
        Entities::Loading => return Err(Refusal::Starting),
        Entities::Ready(directory) => Arc::clone(directory),
    };
    let named = |host: &str| HostName::parse(host).ok().and_then(|host| directory.namespace_of(&host).cloned());
    let namespace = named(host).ok_or(Malformed::UnknownHost)?;
    if let Some(server_name) = &peer.server_name
        && named(server_name).is_none_or(|other| other.name != namespace.name)
    {
        return Err(Malformed::HostMismatch.into());
    }
    let relay = namespace.find(&path).cloned();
    Ok(Addressed { namespace, relay, path })
}

impl Addressed {
    /// Checks the right of a sender; an anonymous relay asks for none, and ignores a token (6.5).
    pub(crate) fn sender(self, core: &Core, token: Option<&FoundToken>) -> Result<Target, Refusal> {
        if self.relay.as_ref().is_none_or(|relay| relay.requires_client_authorization) {
            self.check(core, token, Right::Send)?;
        }
        self.target()
    }

    /// Checks the right of a listener.
    pub(crate) fn listener(self, core: &Core, token: Option<&FoundToken>) -> Result<(Target, Authorized), Refusal> {
        let authorized = self.check(core, token, Right::Listen)?;
        Ok((self.target()?, authorized))
    }

    fn check(&self, core: &Core, token: Option<&FoundToken>, right: Right) -> Result<Authorized, AuthError> {
        let token = token.map(|found| found.token.expose_secret());
        check_token(core, token, right, &self.namespace, self.relay.as_deref(), &self.path)
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

/// One check for handshakes, requests and renewals.
pub(crate) fn check_token(
    core: &Core,
    token: Option<&str>,
    right: Right,
    namespace: &Namespace,
    relay: Option<&Relay>,
    path: &RelayPath,
) -> Result<Authorized, AuthError> {
    let settings = core.settings.load();
    let options = TokenOptions { skew: settings.timeouts.token_skew, accept_bare_audience: false };
    authorize(token, right, namespace, relay, path, unix_now(), &options)
}

/// The token of a WebSocket: `ServiceBusAuthorization`, then `sb-hc-token`, then `Authorization` (1.3).
pub(crate) fn websocket_token(headers: &HeaderMap, in_query: Option<&SecretString>) -> Option<FoundToken> {
    in_header(headers, &SERVICE_BUS_AUTHORIZATION)
        .or_else(|| from_query(in_query))
        .or_else(|| in_header(headers, &header::AUTHORIZATION))
}

/// The token of an HTTP request: `sb-hc-token`, then `ServiceBusAuthorization`, then `Authorization` (1.3).
pub(crate) fn http_token(headers: &HeaderMap, in_query: Option<&SecretString>) -> Option<FoundToken> {
    from_query(in_query)
        .or_else(|| in_header(headers, &SERVICE_BUS_AUTHORIZATION))
        .or_else(|| in_header(headers, &header::AUTHORIZATION))
}

fn from_query(token: Option<&SecretString>) -> Option<FoundToken> {
    token.map(|token| FoundToken { token: token.clone(), in_authorization: false })
}

fn in_header(headers: &HeaderMap, name: &HeaderName) -> Option<FoundToken> {
    let token = headers.get(name)?.to_str().ok()?;
    Some(FoundToken { token: token.into(), in_authorization: *name == header::AUTHORIZATION })
}

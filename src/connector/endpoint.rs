//! Where a route's gateway is, which URLs it dials there, and with which token.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

use super::authority::{Authority, AuthorityError, Security};
use crate::{
    auth,
    entity::{ConnectionString, Credential, UnixTime},
};

/// One relay at one gateway, as a connection string names it.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    authority: Authority,
    security: Security,
    path: String,
    credential: Credential,
}

/// A token for the gateway.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// The text for `ServiceBusAuthorization`.
    pub(crate) text: SecretString,
    /// When it is due to be replaced; `None` when we cannot make another one.
    pub(crate) renew_at: Option<UnixTime>,
}

/// How long the tokens we make are good: as those of the SDKs.
pub(crate) const TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// How long before its end a token is replaced. Clocks may differ by as much.
pub(crate) const RENEW_BEFORE: Duration = Duration::from_secs(300);

impl Endpoint {
    /// The relay at `path` (with a sender's suffix, if there is one), at the gateway of the connection string.
    pub(crate) fn new(
        connection: &ConnectionString,
        path: &str,
        security: Security,
    ) -> Result<Self, AuthorityError> {
        let port = connection.port.unwrap_or(security.default_port());
        Ok(Self {
            authority: Authority::new(connection.host.as_str(), port)?,
            security,
            path: path.trim_start_matches('/').to_owned(),
            credential: connection.credential.clone(),
        })
    }

    /// The gateway.
    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// TLS or clear.
    pub(crate) fn security(&self) -> Security {
        self.security
    }

    /// The relay's path, without a leading slash, percent-encoded.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The value of `Host`.
    pub(crate) fn host_header(&self) -> String {
        self.authority.host_header(self.security.default_port())
    }

    /// The request target of a control channel.
    pub(crate) fn listen_target(&self, id: &str, shapes: &str) -> String {
        format!("/$hc/{}?sb-hc-action=listen&sb-hc-id={id}&sb-hc-viaduct-shapes={shapes}", self.path)
    }

    /// The request target of a WebSocket sender. `suffix` is empty or begins with a slash.
    pub(crate) fn connect_target(&self, id: &str, suffix: &str, query: Option<&str>) -> String {
        let query =
            query.filter(|query| !query.is_empty()).map(|query| format!("{query}&")).unwrap_or_default();
        format!("/$hc/{}{suffix}?{query}sb-hc-action=connect&sb-hc-id={id}", self.path)
    }

    /// The request target of an HTTP request through the relay.
    pub(crate) fn request_target(&self, suffix: &str, query: Option<&str>) -> String {
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        format!("/{}{suffix}{query}", self.path)
    }

    /// A token for this relay, if the connection string holds what it takes.
    pub(crate) fn token(&self, now: UnixTime) -> Option<Token> {
        match &self.credential {
            Credential::Key { name, key } => {
                let life = i64::try_from(TOKEN_LIFE.as_secs()).unwrap_or(i64::MAX);
                let before = i64::try_from(RENEW_BEFORE.as_secs()).unwrap_or(0);
                let expires = UnixTime(now.0.saturating_add(life));
                // Audiences are compared without port and scheme; .NET writes them like this (hybrid page 6.3).
                // The gateway takes an audience apart once, so what is encoded in the path must not be so in it.
                let path = percent_decode_str(&self.path).decode_utf8_lossy();
                let audience = format!("http://{}/{path}", bare_host(&self.authority));
                let text = auth::mint(&audience, name, key, expires);
                Some(Token { text: text.into(), renew_at: Some(UnixTime(expires.0 - before)) })
            }
            Credential::Token(text) => Some(Token { text: text.clone(), renew_at: None }),
            Credential::None => None,
        }
    }
}

fn bare_host(authority: &Authority) -> String {
    authority.host_header(authority.port())
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sb://{}/{}", self.host_header(), self.path)
    }
}

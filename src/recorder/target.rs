//! Where the tee and the player dial.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::connector::{Authority, DialError, Dialer, Security};
use crate::inspect::scrub::Protocol;
use crate::io::Stream;
use crate::wire::framing::DEFAULT_PORT;

/// The other side of a recording: `net.tcp://host[:port]`, `http://…`, `https://…`, or `tcp://host:port` where it does not matter what is spoken.
/// A path is taken and not looked at: it is what the client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    scheme: Scheme,
    authority: Authority,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Tcp,
    NetTcp,
    Http,
    Https,
}

/// A text that is no target.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum TargetError {
    /// No URL.
    #[error("{0:?} is no URL; write net.tcp://host:port, http://host:port or https://host:port")]
    NoUrl(String),
    /// A scheme that nothing here speaks.
    #[error("scheme {0:?} is not known; known here: net.tcp, http, https")]
    Scheme(String),
    /// No host, or no port where there is no usual one.
    #[error("{0:?} names no host and port")]
    NoAuthority(String),
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let url = Url::parse(text).map_err(|_| TargetError::NoUrl(text.to_owned()))?;
        let (scheme, usual) = match url.scheme() {
            "tcp" => (Scheme::Tcp, None),
            "net.tcp" => (Scheme::NetTcp, Some(DEFAULT_PORT)),
            "http" | "ws" => (Scheme::Http, Some(80)),
            "https" | "wss" => (Scheme::Https, Some(443)),
            other => return Err(TargetError::Scheme(other.to_owned())),
        };
        let authority = url.host_str().zip(url.port().or(usual));
        let authority = authority.and_then(|(host, port)| Authority::new(host, port).ok());
        Ok(Self { scheme, authority: authority.ok_or_else(|| TargetError::NoAuthority(text.to_owned()))? })
    }
}

impl Target {
    /// What is spoken there; `None` for `tcp:`, which does not say it.
    pub(crate) fn protocol(&self) -> Option<Protocol> {
        match self.scheme {
            Scheme::Tcp => None,
            Scheme::NetTcp => Some(Protocol::NetTcp),
            Scheme::Http | Scheme::Https => Some(Protocol::Http),
        }
    }

    /// Whether it is spoken inside TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// The host, without brackets.
    pub(crate) fn host(&self) -> &str {
        self.authority.host()
    }

    /// Opens a connection; TLS through the proxy of the environment, if there is one.
    pub(crate) async fn dial(&self, dialer: &Dialer) -> Result<Stream, DialError> {
        match self.scheme {
            Scheme::Https => dialer.gateway(&self.authority, Security::Tls).await,
            _ => dialer.service(&self.authority, Security::Clear).await,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Tcp => "tcp",
            Scheme::NetTcp => "net.tcp",
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(out, "{scheme}://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_each_kind_are_taken_with_their_usual_ports() {
        for (text, shown) in [
            ("net.tcp://Host/Service", "net.tcp://host:808"),
            ("net.tcp://[::1]:9000", "net.tcp://[::1]:9000"),
            ("http://h:8080/a?b", "http://h:8080"),
            ("https://relay.example.net", "https://relay.example.net:443"),
            ("wss://h/$hc/x", "https://h:443"),
            ("tcp://127.0.0.1:9", "tcp://127.0.0.1:9"),
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_cannot_be_dialled_is_refused() {
        let error = |text: &str| text.parse::<Target>().unwrap_err();
        assert_eq!(error("ftp://h/"), TargetError::Scheme("ftp".to_owned()));
        assert!(matches!(error("tcp://h"), TargetError::NoAuthority(_)));
        assert!(matches!(error("host:1"), TargetError::Scheme(_) | TargetError::NoUrl(_)));
    }
}

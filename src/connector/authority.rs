//! A host and a port as they stand in a URL, and the rule about which of them may be dialled for a rendezvous.

use std::{fmt, net::Ipv6Addr};

use url::Url;

/// A host name or address with a port. The host is in lower case and without brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Authority {
    host: String,
    port: u16,
}

/// Text that is no authority.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum AuthorityError {
    /// Nothing before the port.
    #[error("no host name")]
    NoHost,
    /// No port, and no default to take its place.
    #[error("no port: write host:port")]
    NoPort,
    /// A port that is not 1 to 65535.
    #[error("the port must be a number from 1 to 65535")]
    BadPort,
    /// A character that no host name holds.
    #[error("{0:?} is no host name")]
    BadHost(String),
}

impl Authority {
    /// A host, with or without the brackets of an IPv6 address, and a port.
    pub(crate) fn new(host: &str, port: u16) -> Result<Self, AuthorityError> {
        let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let bare = bracketed.unwrap_or(host);
        if bare.is_empty() {
            return Err(AuthorityError::NoHost);
        }
        let is_name = bare.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
        if (bracketed.is_some() || !is_name) && bare.parse::<Ipv6Addr>().is_err() {
            return Err(AuthorityError::BadHost(host.to_owned()));
        }
        Ok(Self { host: bare.trim_end_matches('.').to_ascii_lowercase(), port })
    }

    /// Reads `host`, `host:port`, `[::1]` or `[::1]:port`. `default_port` stands in for a missing port.
    pub(crate) fn parse(text: &str, default_port: Option<u16>) -> Result<Self, AuthorityError> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or(AuthorityError::BadPort)?,
            None => default_port.ok_or(AuthorityError::NoPort)?,
        };
        if host.contains(':') && !host.starts_with('[') {
            return Err(AuthorityError::BadHost(host.to_owned()));
        }
        Self::new(host, port)
    }

    /// The host in lower case, without brackets: what is resolved and what TLS checks.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// As it stands in a `Host` header: the port is left out when it is `default_port`.
    pub(crate) fn host_header(&self, default_port: u16) -> String {
        let text = self.to_string();
        match text.strip_suffix(&format!(":{default_port}")) {
            Some(host) if self.port == default_port => host.to_owned(),
            _ => text,
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// TLS, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// `wss:` and `https:`.
    Tls,
    /// `ws:` and `http:`: only where the user said so.
    Clear,
}

impl Security {
    /// 443 or 80.
    pub(crate) fn default_port(self) -> u16 {
        match self {
            Self::Tls => 443,
            Self::Clear => 80,
        }
    }
}

/// Where a rendezvous may be dialled: a gateway that was taken over must not turn its listeners into a tool that
/// opens connections inside their network (design, section 5).
#[derive(Clone, Debug)]
pub(crate) struct DialPolicy {
    security: Security,
    allowed: Vec<Authority>,
}

/// Where a rendezvous is: what is needed to dial it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RendezvousAddress {
    /// The authority to connect to.
    pub(crate) authority: Authority,
    /// Path and query exactly as they stood in the address.
    pub(crate) path_and_query: String,
}

/// An address that is not dialled.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum AddressError {
    /// No absolute URL, or one with characters that do not belong there.
    #[error("the gateway sent a rendezvous address that is no URL")]
    NotAUrl,
    /// Not `wss:`, and not `ws:` where that is allowed.
    #[error(
        "the gateway sent a rendezvous address of the scheme {0:?}; only wss: is dialled (ws: with --insecure)"
    )]
    Scheme(String),
    /// A gateway that nobody named.
    #[error("the gateway sent a rendezvous address at {0}, which is neither its own nor named by --gateways")]
    Elsewhere(Authority),
}

impl DialPolicy {
    /// The authority of the control channel, and the gateways the user named.
    pub(crate) fn new(security: Security, control_channel: Authority, gateways: &[Authority]) -> Self {
        let mut allowed = vec![control_channel];
        allowed.extend_from_slice(gateways);
        Self { security, allowed }
    }

    /// Checks an address from an `accept` or a `request` message. What comes back keeps path and query byte for byte:
    /// the address is opened as it is (hybrid page 3.1).
    pub(crate) fn check(&self, address: &str) -> Result<RendezvousAddress, AddressError> {
        // The URL type repairs what it reads; an address with such characters is refused instead.
        if !address.bytes().all(|b| b.is_ascii_graphic()) || address.contains(['\\', '#']) {
            return Err(AddressError::NotAUrl);
        }
        let url = Url::parse(address).map_err(|_| AddressError::NotAUrl)?;
        match (url.scheme(), self.security) {
            ("wss", Security::Tls) | ("ws", Security::Clear) => {}
            (scheme, _) => return Err(AddressError::Scheme(scheme.to_owned())),
        }
        let host = url.host_str().ok_or(AddressError::NotAUrl)?;
        let port = url.port().unwrap_or(self.security.default_port());
        let authority = Authority::new(host, port).map_err(|_| AddressError::NotAUrl)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::NotAUrl);
        }
        if !self.allowed.contains(&authority) {
            return Err(AddressError::Elsewhere(authority));
        }
        let after_scheme = address.split_once("://").ok_or(AddressError::NotAUrl)?.1;
        let start = after_scheme.find(['/', '?']).ok_or(AddressError::NotAUrl)?;
        let path_and_query = &after_scheme[start..];
        if !path_and_query.starts_with('/') {
            return Err(AddressError::NotAUrl);
        }
        Ok(RendezvousAddress { authority, path_and_query: path_and_query.to_owned() })
    }
}

impl RendezvousAddress {
    /// The path without `/$hc`, still percent-encoded: what the sender asked for. `None` when it is not of that form.
    pub(crate) fn relay_path(&self) -> Option<&str> {
        let path = self.path_and_query.split('?').next().unwrap_or_default();
        let marker = path.get(..4).filter(|m| m.eq_ignore_ascii_case("/$hc"));
        let rest = match marker {
            Some(_) => &path[4..],
            None => path.get(..6).filter(|m| m.eq_ignore_ascii_case("/%24hc")).map(|_| &path[6..])?,
        };
        rest.starts_with('/').then_some(rest)
    }

    /// The query as it stood in the address.
    pub(crate) fn query(&self) -> Option<&str> {
        self.path_and_query.split_once('?').map(|(_, query)| query)
    }

    /// The path and query that refuse this sender (hybrid page 3.4).
    pub(crate) fn rejection(&self, status: u16, description: &str) -> String {
        let joint = if self.path_and_query.contains('?') { '&' } else { '?' };
        let description: String = url::form_urlencoded::byte_serialize(description.as_bytes()).collect();
        format!(
            "{}{joint}sb-hc-statusCode={status}&sb-hc-statusDescription={description}",
            self.path_and_query
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(text: &str) -> Authority {
        Authority::parse(text, Some(443)).unwrap()
    }

    fn policy() -> DialPolicy {
        DialPolicy::new(Security::Tls, authority("relay.example.net"), &[authority("g1.example.net:8443")])
    }

    #[test]
    fn reads_hosts_with_and_without_port() {
        assert_eq!(authority("Relay.Example.net").to_string(), "relay.example.net:443");
        assert_eq!(authority("10.0.0.1:80").to_string(), "10.0.0.1:80");
        assert_eq!(authority("[::1]:9").to_string(), "[::1]:9");
        assert_eq!(authority("[::1]").to_string(), "[::1]:443");
        assert_eq!(authority("h.").host(), "h");
        for wrong in ["", ":80", "h:0", "h:65536", "h:x", "a b", "a/b", "::1", "u@h", "[x]:1"] {
            assert!(Authority::parse(wrong, Some(443)).is_err(), "{wrong}");
        }
        assert_eq!(Authority::parse("h", None), Err(AuthorityError::NoPort));
    }

    #[test]
    fn a_host_header_leaves_out_the_default_port() {
        assert_eq!(authority("h").host_header(443), "h");
        assert_eq!(authority("h:8443").host_header(443), "h:8443");
        assert_eq!(authority("[::1]").host_header(443), "[::1]");
    }

    #[test]
    fn an_address_at_a_known_gateway_is_dialled_as_it_is() {
        let text = "wss://RELAY.example.net:443/$hc/plant7/a%20b//x?mode=fast&sb-hc-action=accept&sb-hc-id=1";
        let address = policy().check(text).unwrap();
        assert_eq!(address.authority, authority("relay.example.net"));
        assert_eq!(address.path_and_query, "/$hc/plant7/a%20b//x?mode=fast&sb-hc-action=accept&sb-hc-id=1");
        assert_eq!(address.relay_path(), Some("/plant7/a%20b//x"));
        assert!(policy().check("wss://g1.example.net:8443/$hc/a?b=c").is_ok());
    }

    #[test]
    fn an_address_elsewhere_or_in_clear_is_not_dialled() {
        let elsewhere = policy().check("wss://10.0.0.1:443/$hc/a?b=c");
        assert_eq!(elsewhere, Err(AddressError::Elsewhere(authority("10.0.0.1"))));
        assert_eq!(
            policy().check("wss://relay.example.net:9/$hc/a?b"),
            Err(AddressError::Elsewhere(authority("relay.example.net:9")))
        );
        for scheme in ["ws", "http", "https", "file"] {
            let address = format!("{scheme}://relay.example.net/$hc/a?b=c");
            assert!(matches!(policy().check(&address), Err(AddressError::Scheme(_))), "{scheme}");
        }
    }

    #[test]
    fn an_address_that_would_be_repaired_is_refused() {
        for wrong in [
            "",
            "/$hc/a",
            "wss:relay.example.net/$hc/a",
            "wss://relay.example.net\\@evil/$hc/a",
            "wss://relay.example.net/$hc/a b",
            "wss://relay.example.net/$hc/a\r\nX: y",
            "wss://user:pass@relay.example.net/$hc/a",
            "wss://relay.example.net?x",
            "wss://relay.example.net",
            "wss://relay.example.net/#f",
        ] {
            assert!(policy().check(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rejection_is_added_to_the_query() {
        let address = policy().check("wss://relay.example.net/$hc/a?sb-hc-action=accept").unwrap();
        assert_eq!(
            address.rejection(502, "not today & not so"),
            "/$hc/a?sb-hc-action=accept&sb-hc-statusCode=502&sb-hc-statusDescription=not+today+%26+not+so"
        );
    }

    #[test]
    fn clear_is_dialled_only_where_the_user_said_so() {
        let clear = DialPolicy::new(Security::Clear, Authority::parse("localhost:80", None).unwrap(), &[]);
        assert!(clear.check("ws://localhost/$hc/a?b").is_ok());
        assert!(clear.check("wss://localhost:80/$hc/a?b").is_err());
    }
}

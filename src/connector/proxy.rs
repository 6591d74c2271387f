//! `HTTPS_PROXY` and `NO_PROXY`: whether a connection to a gateway goes through a proxy. Reads no environment itself.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ipnet::IpNet;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};

use super::authority::{Authority, AuthorityError};

/// An HTTP proxy that is asked with `CONNECT`.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) authority: Authority,
    /// The value of `Proxy-Authorization`, when the URL held a name and a password.
    pub(crate) authorization: Option<SecretString>,
}

/// The proxy, if there is one, and what does not go through it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProxySettings {
    proxy: Option<Proxy>,
    exceptions: Vec<Exception>,
}

/// A value of `HTTPS_PROXY` that cannot be used. Shows nothing of it: it may hold a password.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum ProxyError {
    /// `https://`, `socks5://` and others.
    #[error("HTTPS_PROXY names a proxy of the scheme {0:?}; only http:// is spoken")]
    Scheme(String),
    /// Host or port.
    #[error("HTTPS_PROXY: {0}")]
    Authority(AuthorityError),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    Everything,
    Net(IpNet),
    /// A name and all names below it; a port if one was given.
    Name(String, Option<u16>),
}

impl ProxySettings {
    /// No proxy.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// From the values of `HTTPS_PROXY` (or `https_proxy`) and `NO_PROXY` (or `no_proxy`); empty is unset.
    pub(crate) fn from_values(https_proxy: Option<&str>, no_proxy: Option<&str>) -> Result<Self, ProxyError> {
        let proxy = match https_proxy.map(str::trim).filter(|value| !value.is_empty()) {
            Some(value) => Some(Proxy::parse(value)?),
            None => None,
        };
        let exceptions =
            no_proxy.unwrap_or_default().split([',', ' ']).filter_map(Exception::parse).collect();
        Ok(Self { proxy, exceptions })
    }

    /// The proxy for a connection to `to`, or none. As in curl, loopback is no exception by itself.
    pub(crate) fn choose(&self, to: &Authority) -> Option<&Proxy> {
        let proxy = self.proxy.as_ref()?;
        (!self.exceptions.iter().any(|exception| exception.covers(to))).then_some(proxy)
    }
}

impl Proxy {
    fn parse(value: &str) -> Result<Self, ProxyError> {
        let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(ProxyError::Scheme(scheme.to_owned()));
        }
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user_info, host) = match rest.rsplit_once('@') {
            Some((user_info, host)) => (Some(user_info), host),
            None => (None, rest),
        };
        let authority = Authority::parse(host, Some(80)).map_err(ProxyError::Authority)?;
        let authorization = user_info.map(|user_info| {
            let (name, password) = user_info.split_once(':').unwrap_or((user_info, ""));
            let mut both: Vec<u8> = percent_decode_str(name).collect();
            both.push(b':');
            both.extend(percent_decode_str(password));
            SecretString::from(format!("Basic {}", STANDARD.encode(both)))
        });
        Ok(Self { authority, authorization })
    }

    /// The request that opens a tunnel, RFC 9110 9.3.6.
    pub(crate) fn connect_request(&self, to: &Authority) -> SecretString {
        let authorization = self
            .authorization
            .as_ref()
            .map(|value| format!("Proxy-Authorization: {}\r\n", value.expose_secret()))
            .unwrap_or_default();
        format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{authorization}\r\n").into()
    }
}

impl Exception {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        if text == "*" {
            return Some(Self::Everything);
        }
        if let Ok(net) = text.parse::<IpNet>() {
            return Some(Self::Net(net));
        }
        if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Some(Self::Net(address.into()));
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().ok()?)),
            None => (text, None),
        };
        let name = name.trim_start_matches("*.").trim_start_matches('.');
        Some(Self::Name(name.to_ascii_lowercase(), port))
    }

    fn covers(&self, to: &Authority) -> bool {
        match self {
            Self::Everything => true,
            Self::Net(net) => to.host().parse::<IpAddr>().is_ok_and(|address| net.contains(&address)),
            Self::Name(name, port) => {
                let host = to.host();
                let below = host
                    .strip_suffix(name.as_str())
                    .is_some_and(|front| front.is_empty() || front.ends_with('.'));
                below && port.is_none_or(|port| port == to.port())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(no_proxy: &str, to: &str) -> bool {
        let settings = ProxySettings::from_values(Some("proxy:3128"), Some(no_proxy)).unwrap();
        settings.choose(&Authority::parse(to, Some(443)).unwrap()).is_some()
    }

    #[test]
    fn a_proxy_url_may_lack_everything_but_a_host() {
        let settings = ProxySettings::from_values(Some("http://Proxy.corp"), None).unwrap();
        let proxy = settings.choose(&Authority::parse("h", Some(443)).unwrap()).unwrap();
        assert_eq!(proxy.authority.to_string(), "proxy.corp:80");
        assert!(proxy.authorization.is_none());
        assert!(ProxySettings::from_values(Some(" "), None).unwrap().proxy.is_none());
        assert!(ProxySettings::from_values(None, Some("*")).unwrap().proxy.is_none());
    }

    #[test]
    fn name_and_password_become_basic_authorization_and_stay_hidden() {
        let settings = ProxySettings::from_values(Some("http://us%40er:p%3Aw@proxy:3128/"), None).unwrap();
        let to = Authority::parse("relay.example.net", Some(443)).unwrap();
        let proxy = settings.choose(&to).unwrap();
        let request = proxy.connect_request(&to);
        let wanted = format!(
            "CONNECT relay.example.net:443 HTTP/1.1\r\nHost: relay.example.net:443\r\nProxy-Authorization: Basic {}\r\n\r\n",
            STANDARD.encode("us@er:p:w")
        );
        assert_eq!(request.expose_secret(), wanted);
        assert!(!format!("{settings:?}").contains(&STANDARD.encode("us@er:p:w")));
    }

    #[test]
    fn other_proxies_are_refused_in_words() {
        let error = ProxySettings::from_values(Some("socks5://u:secret@h"), None).unwrap_err();
        assert_eq!(error, ProxyError::Scheme("socks5".to_owned()));
        let error = ProxySettings::from_values(Some("http://u:secret@h:x"), None).unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn exceptions_are_names_suffixes_addresses_and_ranges() {
        assert!(chosen("", "relay.example.net"));
        assert!(!chosen("*", "relay.example.net"));
        assert!(!chosen("example.net", "relay.example.net"));
        assert!(!chosen(".example.net , other", "relay.example.net"));
        assert!(!chosen("*.example.net", "relay.example.net"));
        assert!(chosen("ample.net", "relay.example.net"));
        assert!(!chosen("relay.example.net:443", "relay.example.net"));
        assert!(chosen("relay.example.net:8443", "relay.example.net"));
        assert!(!chosen("10.0.0.0/8", "10.1.2.3"));
        assert!(!chosen("::1", "[::1]"));
        assert!(chosen("10.0.0.0/8", "11.1.2.3"));
        assert!(chosen("", "127.0.0.1"));
    }
}

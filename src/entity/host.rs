//! The name by which a namespace is reached.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::NameError;

/// A host name or address literal: lower case, without port, without trailing dot.
///
/// At most 253 characters of `[a-z0-9._-]`, or an IPv6 address in brackets. Names with other letters are written
/// in their ASCII form (`xn--…`). Two spellings of one host are equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct HostName(String);

impl HostName {
    /// Reads `host` or `host:port` as it stands in a `Host` header, an SNI or a Via; the port is dropped.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        Self::parse_authority(text).map(|(host, _)| host)
    }

    /// Reads `host`, `host:` or `host:port`, and keeps the port. User information is refused.
    pub fn parse_authority(text: &str) -> Result<(Self, Option<u16>), NameError> {
        let (host, port) = match text.find(']') {
            Some(end) if text.starts_with('[') => text.split_at(end + 1),
            _ => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            Some("") => None,
            // `u16::from_str` takes a leading `+`; an authority has none.
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().ok().filter(|port| *port != 0).ok_or(NameError::BadPort)?)
            }
            _ => return Err(NameError::BadPort),
        };
        Ok((Self::without_port(host)?, port))
    }

    fn without_port(host: &str) -> Result<Self, NameError> {
        if let Some(inner) = host.strip_prefix('[') {
            let address = inner.strip_suffix(']').and_then(|text| text.parse::<Ipv6Addr>().ok());
            return address.map(|address| Self(format!("[{address}]"))).ok_or(NameError::BadAddress);
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        if host.is_empty() {
            return Err(NameError::Empty);
        }
        if host.len() > LONGEST {
            return Err(NameError::TooLong { length: host.chars().count(), most: LONGEST });
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if let Some(found) = host.chars().find(|c| !allowed(*c)) {
            return Err(NameError::BadCharacter { found });
        }
        if host.split('.').any(|label| label.is_empty() || label.len() > LONGEST_LABEL) {
            return Err(NameError::BadLabel);
        }
        Ok(Self(host.to_ascii_lowercase()))
    }

    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// RFC 1035 2.3.4: 255 octets on the wire are 253 characters of text.
const LONGEST: usize = 253;
/// RFC 1035 2.3.4.
const LONGEST_LABEL: usize = 63;

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl FromStr for HostName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for HostName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<HostName> for String {
    fn from(host: HostName) -> Self {
        host.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(text: &str) -> String {
        HostName::parse(text).unwrap().to_string()
    }

    #[test]
    fn port_case_and_trailing_dot_do_not_count() {
        for text in [
            "relay.example.net",
            "Relay.Example.NET:443",
            "relay.example.net.",
            "relay.example.net.:8443",
            "relay.example.net:",
        ] {
            assert_eq!(host(text), "relay.example.net", "{text}");
        }
    }

    #[test]
    fn keeps_the_brackets_of_ipv6_and_folds_its_spellings() {
        assert_eq!(host("[::1]:443"), "[::1]");
        assert_eq!(host("[2001:DB8:0::1]"), "[2001:db8::1]");
        assert_eq!(HostName::parse("[nonsense]"), Err(NameError::BadAddress));
        assert_eq!(HostName::parse("[::1"), Err(NameError::BadPort));
        assert_eq!(HostName::parse("[::1]x"), Err(NameError::BadPort));
    }

    #[test]
    fn keeps_the_port_when_asked() {
        assert_eq!(HostName::parse_authority("h:8443").unwrap().1, Some(8443));
        assert_eq!(HostName::parse_authority("h").unwrap().1, None);
        for bad in ["h:0", "h:65536", "h:+1", "h:1:2", "h: 1"] {
            assert_eq!(HostName::parse_authority(bad), Err(NameError::BadPort), "{bad}");
        }
    }

    #[test]
    fn refuses_what_is_no_host() {
        assert_eq!(HostName::parse(""), Err(NameError::Empty));
        assert_eq!(HostName::parse(":443"), Err(NameError::Empty));
        assert_eq!(HostName::parse("a..b"), Err(NameError::BadLabel));
        assert_eq!(HostName::parse(&"a".repeat(64)), Err(NameError::BadLabel));
        assert_eq!(HostName::parse("user@host"), Err(NameError::BadCharacter { found: '@' }));
        assert_eq!(HostName::parse("host/path"), Err(NameError::BadCharacter { found: '/' }));
        let long = "a.".repeat(127);
        assert_eq!(HostName::parse(&format!("{long}aa")), Err(NameError::TooLong { length: 256, most: 253 }));
    }

    proptest! {
        #[test]
        fn never_panics_and_reads_its_own_text(text in ".{0,80}") {
            if let Ok(host) = HostName::parse(&text) {
                prop_assert_eq!(HostName::parse(host.as_str()).unwrap(), host);
            }
        }
    }
}

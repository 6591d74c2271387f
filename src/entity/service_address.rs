//! The address of a WCF service, as its library writes it.

use super::{HostName, NameError, PathError, RelayPath};

/// `sb://HOST/PATH/`, or the same with `net.tcp`, `http` or `https`: scheme, host and path. Relay page 2.2.
///
/// To check a token for it, find the namespace by its host and the relay by its path, and give `auth` the same path. Nothing else of the
/// address counts: no scheme, no port, no slash at the end and no query, neither here nor in the token's audience. Relay page 8.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAddress {
    /// The host as written, perhaps with a port that means nothing: libraries dial fixed ports (relay page 12).
    pub authority: String,
    /// The host.
    pub host: HostName,
    /// What it names in the host's namespace, without query.
    pub path: RelayPath,
}

/// What is wrong with an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It is longer than any that the library takes.
    #[error("the address is longer than {max} bytes")]
    TooLong {
        /// In bytes.
        max: usize,
    },
    /// Neither `sb://` nor one of the schemes that mean the same.
    #[error("the address does not begin with sb://")]
    Scheme,
    /// The host is none.
    #[error("the address names no host: {0}")]
    Host(#[source] NameError),
    /// The path is none that a relay could have.
    #[error("the address names no path: {0}")]
    Path(#[source] PathError),
}

impl ServiceAddress {
    /// As long as a Via. Framing page 1.2.
    pub const LONGEST: usize = 2048;

    /// Takes an address apart; its query and fragment mean nothing.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > Self::LONGEST {
            return Err(AddressError::TooLong { max: Self::LONGEST });
        }
        let (scheme, rest) = text.split_once("://").ok_or(AddressError::Scheme)?;
        if !["sb", "net.tcp", "http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(AddressError::Scheme);
        }
        let rest = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = HostName::parse(authority).map_err(AddressError::Host)?;
        let path = RelayPath::parse(path).map_err(AddressError::Path)?;
        Ok(Self { authority: authority.to_owned(), host, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_scheme_port_query_and_last_slash() {
        for text in [
            "sb://ns.example.net/a/b",
            "SB://NS.example.net:9351/a/b/",
            "net.tcp://ns.example.net:9351/a/b?x=y",
            "https://ns.example.net/a/b#z",
        ] {
            let address = ServiceAddress::parse(text).unwrap();
            assert_eq!(address.host.to_string(), "ns.example.net", "{text}");
            assert!(text.contains(&address.authority), "{text}");
            assert_eq!(address.path.segments().collect::<Vec<_>>(), ["a", "b"], "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_address() {
        for (text, error) in [
            ("", AddressError::Scheme),
            ("/a/b", AddressError::Scheme),
            ("ns/a", AddressError::Scheme),
            ("amqp://h/a", AddressError::Scheme),
            ("sb:///a", AddressError::Host(NameError::Empty)),
            ("sb://u@h/a", AddressError::Host(NameError::BadCharacter { found: '@' })),
            ("sb://h:0x/a", AddressError::Host(NameError::BadPort)),
            ("sb://h/a/../b", AddressError::Path(PathError::DotSegment)),
            ("sb://h/a%2fb", AddressError::Path(PathError::EncodedSlash)),
        ] {
            assert_eq!(ServiceAddress::parse(text), Err(error), "{text}");
        }
        let long = format!("sb://ns/{}", "a".repeat(2048));
        assert_eq!(ServiceAddress::parse(&long), Err(AddressError::TooLong { max: 2048 }));
    }
}

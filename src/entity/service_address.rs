//! The address of a WCF service, as its library writes it.

use super::{HostName, NameError, PathError, RelayPath};

/// `sb://HOST/PATH/`: scheme, host and path. Relay page 2.2.
#[derive(Clone, Debug)]
pub struct ServiceAddress {
    /// As written, perhaps with a port that means nothing: libraries dial fixed ports (relay page 12).
    pub host: String,
    /// What it names in the host's namespace.
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
        if !["sb", "http", "https", "net.tcp"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(AddressError::Scheme);
        }
        let rest = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        HostName::parse_authority(authority).map_err(AddressError::Host)?;
        Ok(Self { host: authority.to_owned(), path: RelayPath::parse(path).map_err(AddressError::Path)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_every_spelling_of_a_library() {
        for text in
            ["sb://ns.example.net/a/b/", "SB://ns.example.net:9351/a/b?x=1", "https://ns.example.net/a/b#c"]
        {
            let address = ServiceAddress::parse(text).unwrap();
            assert!(address.host.starts_with("ns.example.net"), "{text}");
            assert_eq!(address.path.segments().collect::<Vec<_>>(), ["a", "b"], "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_others() {
        assert_eq!(ServiceAddress::parse("ns/a").unwrap_err(), AddressError::Scheme);
        assert_eq!(ServiceAddress::parse("amqp://ns/a").unwrap_err(), AddressError::Scheme);
        assert!(matches!(ServiceAddress::parse("sb:///a"), Err(AddressError::Host(_))));
        assert!(matches!(ServiceAddress::parse("sb://ns/a/../b"), Err(AddressError::Path(_))));
        let long = format!("sb://ns/{}", "a".repeat(2048));
        assert!(matches!(ServiceAddress::parse(&long), Err(AddressError::TooLong { .. })));
    }
}

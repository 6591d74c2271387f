//! Host and Origin of a request at the admin door.
//!
//! A page in an operator's browser can reach a door on loopback by its own name, if its owner points that name there
//! (DNS rebinding). It cannot choose the Host header, so a name that is not ours is refused; and what another origin
//! sends is refused by its Origin.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Uri};

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    Host,
    Origin,
}

/// Whether the request was made for this door, by a program or by a page of this door. `names`: lower case, no ports.
pub(super) fn check(uri: &Uri, headers: &HeaderMap, names: &[String]) -> Result<(), Foreign> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (uri.authority(), hosts.next(), hosts.next()) {
        (Some(authority), None, _) => authority.as_str(),
        (_, Some(host), None) => host.to_str().map_err(|_| Foreign::Host)?,
        _ => return Err(Foreign::Host),
    };
    if !is_ours(name_of(host), names) {
        return Err(Foreign::Host);
    }
    for origin in headers.get_all(ORIGIN) {
        let origin = origin.to_str().map_err(|_| Foreign::Origin)?;
        let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        if !authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host)) {
            return Err(Foreign::Origin);
        }
    }
    Ok(())
}

/// An address cannot be rebound, so only names are looked up.
fn is_ours(name: &str, names: &[String]) -> bool {
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || names.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// The host without its port.
fn name_of(host: &str) -> &str {
    if host.starts_with('[') {
        return host.split_inclusive(']').next().unwrap_or(host);
    }
    host.split_once(':').map_or(host, |(name, _)| name).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(host: &str, origin: Option<&str>) -> Result<(), Foreign> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        check(&Uri::from_static("/v1/state"), &headers, &["relay.example.net".to_owned()])
    }

    #[test]
    fn addresses_and_own_names_are_ours() {
        for host in
            ["127.0.0.1:9090", "[::1]:9090", "[::1]", "localhost:9090", "LOCALHOST", "Relay.example.net:9090"]
        {
            assert_eq!(checked(host, None), Ok(()), "{host}");
        }
    }

    #[test]
    fn a_name_somebody_points_here_is_refused() {
        for host in
            ["evil.example", "evil.example:9090", "localhost.evil.example", "127.0.0.1.evil.example", ""]
        {
            assert_eq!(checked(host, None), Err(Foreign::Host), "{host}");
        }
    }

    #[test]
    fn no_host_and_two_hosts_are_refused() {
        let mut headers = HeaderMap::new();
        assert_eq!(check(&Uri::from_static("/"), &headers, &[]), Err(Foreign::Host));
        headers.append(HOST, "localhost".parse().unwrap());
        headers.append(HOST, "localhost".parse().unwrap());
        assert_eq!(check(&Uri::from_static("/"), &headers, &[]), Err(Foreign::Host));
    }

    #[test]
    fn only_the_own_origin_may_ask() {
        assert_eq!(checked("localhost:9090", Some("http://localhost:9090")), Ok(()));
        assert_eq!(checked("localhost:9090", Some("http://localhost:8000")), Err(Foreign::Origin));
        assert_eq!(checked("localhost:9090", Some("https://evil.example")), Err(Foreign::Origin));
        assert_eq!(checked("localhost:9090", Some("null")), Err(Foreign::Origin));
    }
}

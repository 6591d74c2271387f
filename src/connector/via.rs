//! What a Via becomes on its way: the relay's address at the gateway, the service's own at the service. No I/O.

use super::{
    base_path::{PathRefused, Suffix},
    endpoint::Endpoint,
    target::NetTcpTarget,
};
use crate::wire::framing::{FramingLimits, Policy, Scheme, Via};

/// A Via that is not passed on.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum ViaRefused {
    /// Another scheme than `net.tcp` or `sb`.
    #[error("the via is no net.tcp address")]
    Scheme,
    /// The path.
    #[error("the via was not passed on: {0}")]
    Path(#[from] PathRefused),
    /// Longer than a service takes.
    #[error("the via becomes longer than 2048 bytes")]
    TooLong,
}

/// The service's address with what the client asked for below the relay (framing page 7.4: the dispatcher of .NET looks
/// at scheme and path, port sharing at the path).
pub(crate) fn service_via(via: &Via, relay: &str, target: &NetTcpTarget) -> Result<String, ViaRefused> {
    let suffix = suffix(via, relay)?;
    let host = target.authority.host_header(super::target::NET_TCP_PORT);
    let path = match (target.base.as_str(), suffix.as_str()) {
        // "net.tcp://host" and "net.tcp://host/" are the same address; .NET writes the second.
        ("" | "/", "") => "/".to_owned(),
        _ => target.base.join(&suffix),
    };
    fits(format!("net.tcp://{host}{path}"))
}

/// The relay's address with what the client asked for below the local door, and that suffix for the gateway.
pub(crate) fn relay_via(via: &Via, door_path: &str, endpoint: &Endpoint) -> Result<(String, Suffix), ViaRefused> {
    let suffix = suffix(via, door_path)?;
    let host = endpoint.authority().host_header(endpoint.authority().port());
    let via = fits(format!("net.tcp://{host}/{}{}", endpoint.path(), suffix.as_str()))?;
    Ok((via, suffix))
}

/// What the preambles we pass on may hold. Tokens stay behind at the door that asked for them.
pub(crate) fn policy() -> Policy {
    Policy::relay(FramingLimits { token: 0, envelope: 0, ..FramingLimits::default() })
}

fn suffix(via: &Via, prefix: &str) -> Result<Suffix, ViaRefused> {
    if !matches!(via.scheme(), Scheme::NetTcp | Scheme::Sb) {
        return Err(ViaRefused::Scheme);
    }
    Ok(Suffix::from_via(prefix, via.path())?)
}

fn fits(via: String) -> Result<String, ViaRefused> {
    if via.len() <= FramingLimits::default().via { Ok(via) } else { Err(ViaRefused::TooLong) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::ListenTarget,
        connector::{authority::Security, target::Target},
        entity::ConnectionString,
    };

    fn via(text: &str) -> Via {
        Via::parse(text, &FramingLimits::default()).unwrap()
    }

    fn at_service(text: &str, to: &str) -> Result<String, ViaRefused> {
        let written: ListenTarget = to.parse().unwrap();
        let Ok(Target::NetTcp(target)) = Target::new(&written) else { panic!("{to}") };
        service_via(&via(text), "credit/check", &target)
    }

    #[test]
    fn the_via_becomes_the_services_own_address() {
        let to = "net.tcp://svc:9000/Credit.svc";
        assert_eq!(at_service("net.tcp://relay/credit/check", to).unwrap(), "net.tcp://svc:9000/Credit.svc");
        assert_eq!(
            at_service("net.tcp://relay:808/Credit/CHECK/v2/x", to).unwrap(),
            "net.tcp://svc:9000/Credit.svc/v2/x"
        );
        assert_eq!(at_service("sb://relay/credit/check/", to).unwrap(), "net.tcp://svc:9000/Credit.svc/");
        assert_eq!(
            at_service("net.tcp://relay/credit/check", "net.tcp://svc:808/").unwrap(),
            "net.tcp://svc/"
        );
        assert_eq!(
            at_service("net.tcp://relay/credit/check/a b", "net.tcp://svc/").unwrap(),
            "net.tcp://svc/a b"
        );
    }

    #[test]
    fn a_via_of_another_relay_or_out_of_the_base_is_refused() {
        let to = "net.tcp://svc/Credit.svc";
        for path in [
            "/",
            "/other",
            "/credit/checkers",
            "/credit/check/../x",
            "/credit/check/..%2fx",
            "/credit/check/%5cx",
        ] {
            let refused = at_service(&format!("net.tcp://relay{path}"), to);
            assert!(matches!(refused, Err(ViaRefused::Path(_))), "{path}: {refused:?}");
        }
        assert_eq!(at_service("http://relay/credit/check", to), Err(ViaRefused::Scheme));
        let long = format!("net.tcp://r/credit/check/{}", "a".repeat(2000));
        assert_eq!(at_service(&long, &format!("{to}/{}", "b".repeat(100))), Err(ViaRefused::TooLong));
    }

    #[test]
    fn a_local_door_names_the_relay() {
        let connection = ConnectionString::parse("Endpoint=sb://relay.example.net:8443/").unwrap();
        let endpoint = Endpoint::new(&connection, "credit/check", Security::Tls).unwrap();
        let (text, suffix) = relay_via(&via("net.tcp://127.0.0.1:9000/v2"), "/", &endpoint).unwrap();
        assert_eq!((text.as_str(), suffix.as_str()), ("net.tcp://relay.example.net/credit/check/v2", "/v2"));
        let (text, _) = relay_via(&via("net.tcp://127.0.0.1:9000/Svc"), "/svc", &endpoint).unwrap();
        assert_eq!(text, "net.tcp://relay.example.net/credit/check");
        assert!(relay_via(&via("net.tcp://127.0.0.1:9000/other"), "/svc", &endpoint).is_err());
    }
}

//! Whether To is rewritten in a session, and what it becomes; framing page 7.4.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{endpoint::Endpoint, target::NetTcpTarget};
use crate::{
    config::{LocalDoor, LocalProtocol},
    wire::{
        framing::{FramingLimits, Protection, Scheme, Session, Via},
        soap::{InitiatorRewriter, RewriteError, ToRoute},
    },
};

/// How the addresses of one route are changed.
#[derive(Debug)]
pub(crate) struct Readdressing {
    route: ToRoute,
    front: Front,
    /// It was logged that some session's To cannot be read.
    told: AtomicBool,
}

/// Which addresses mean this end of the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Front {
    /// The relay's path, at any host: a relay has many names.
    Relay,
    /// What has the host and port of the Via that the client came by: at a door other paths may be those of any service.
    Door,
}

impl Readdressing {
    /// From the relay's address to the service's.
    ///
    /// # Errors
    /// [`RewriteError::NotAnAddress`].
    pub(crate) fn to_service(relay: &str, target: &NetTcpTarget, any_to: bool) -> Result<Self, RewriteError> {
        // As the Via has it: .NET writes a slash where there is no path.
        let slash = if target.base.as_str().is_empty() { "/" } else { "" };
        let route = ToRoute::new(relay, &format!("{target}{slash}"), any_to)?;
        Ok(Self { route, front: Front::Relay, told: AtomicBool::new(false) })
    }

    /// From a local door's address to the relay's; any other To is left to whoever listens there.
    pub(crate) fn to_relay(door: &LocalDoor, endpoint: &Endpoint) -> Option<Self> {
        if door.protocol != LocalProtocol::NetTcp {
            return None;
        }
        let host = endpoint.authority().host_header(endpoint.authority().port());
        let relay = format!("net.tcp://{host}/{}", endpoint.path());
        // A path that is no plain one is below no Via either.
        let route = ToRoute::new(&door.path, &relay, true).ok()?;
        Some(Self { route, front: Front::Door, told: AtomicBool::new(false) })
    }

    /// What rewrites To in a session whose Via becomes `uri`; `None`: its envelopes pass as they are. That is so where Via and
    /// `uri` agree in all that a service compares, and where To cannot be read, which `name`'s log is told once.
    pub(super) fn rewriter(
        &self,
        session: &Session,
        uri: &str,
        name: &dyn std::fmt::Display,
    ) -> Option<InitiatorRewriter> {
        let via = &session.preamble.via;
        if agree(via, uri) {
            return None;
        }
        let route = match self.front {
            Front::Relay => self.route.clone(),
            Front::Door => self.route.clone().for_via(via),
        };
        let rewriter = InitiatorRewriter::new(session, &super::via::policy().limits, &route);
        if rewriter.is_none() && !self.told.swap(true, Ordering::Relaxed) {
            let why = match session.protection {
                Protection::Upgraded(_) => "the session is encrypted between client and service",
                Protection::Clear => "the encoding of its envelopes is not read here",
            };
            tracing::warn!(
                relay = %name, to = uri, encoding = session.preamble.encoding.content_type(),
                "to is not rewritten: {why}; if the service refuses the client's address, give both sides one path and port"
            );
        }
        rewriter
    }
}

/// Whether a service at `uri` takes a To like this Via: scheme, port and path count, in any case, the host does not.
fn agree(via: &Via, uri: &str) -> bool {
    let Ok(other) = Via::parse(uri, &FramingLimits { via: uri.len(), ..FramingLimits::default() }) else {
        return false;
    };
    let path = |via: &Via| via.path().trim_end_matches('/').to_ascii_lowercase();
    via.scheme() == Scheme::NetTcp && via.port() == other.port() && path(via) == path(&other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::ListenTarget,
        connector::{target::Target, via::service_via},
        wire::framing::{PreambleEvent, PreambleReader, encode},
    };

    fn session(via: &str, encoding: u8, end: &[u8]) -> Session {
        let mut bytes = vec![0, 1, 0, 1, 2];
        encode::via(via, &mut bytes);
        bytes.extend([3, encoding]);
        bytes.extend_from_slice(end);
        let (mut reader, mut at) = (PreambleReader::new(), 0);
        loop {
            let (event, used) = reader.read(&bytes[at..], &crate::connector::via::policy()).unwrap().unwrap();
            at += used;
            if let PreambleEvent::Begun(session) = event {
                return session;
            }
        }
    }

    fn built(via: &str, to: &str) -> bool {
        let written: ListenTarget = to.parse().unwrap();
        let Ok(Target::NetTcp(target)) = Target::new(&written) else { panic!("{to}") };
        let readdressing = Readdressing::to_service("credit", &target, false).unwrap();
        let session = session(via, 8, b"\x0c");
        let uri = service_via(&session.preamble.via, "credit", &target).unwrap();
        readdressing.rewriter(&session, &uri, &"credit").is_some()
    }

    #[test]
    fn no_rewriter_is_built_where_scheme_port_and_path_agree() {
        for (via, to) in [
            ("net.tcp://relay/credit", "net.tcp://svc/credit"),
            ("net.tcp://relay:808/credit/v2", "net.tcp://svc:808/Credit"),
            ("net.tcp://relay:9000/Credit/", "net.tcp://10.0.0.1:9000/credit"),
        ] {
            assert!(!built(via, to), "{via} {to}");
        }
    }

    #[test]
    fn one_is_built_where_one_of_them_differs() {
        for (via, to) in [
            ("sb://relay/credit", "net.tcp://svc/credit"),
            ("net.tcp://relay/credit", "net.tcp://svc:9000/credit"),
            ("net.tcp://relay/credit", "net.tcp://svc/legacy/credit"),
            ("net.tcp://relay/credit", "net.tcp://svc"),
        ] {
            assert!(built(via, to), "{via} {to}");
        }
    }

    #[test]
    fn what_cannot_be_read_passes_and_is_told_once() {
        let written: ListenTarget = "net.tcp://svc:9000/x".parse().unwrap();
        let Ok(Target::NetTcp(target)) = Target::new(&written) else { panic!() };
        let readdressing = Readdressing::to_service("credit", &target, false).unwrap();
        let tls = session("net.tcp://relay/credit", 8, b"\x09\x13application/ssl-tls");
        assert!(readdressing.rewriter(&tls, "net.tcp://svc:9000/x", &"credit").is_none());
        assert!(readdressing.told.load(Ordering::Relaxed));
        let mtom = session("net.tcp://relay/credit", 6, b"\x0c");
        assert!(readdressing.rewriter(&mtom, "net.tcp://svc:9000/x", &"credit").is_none());
    }
}

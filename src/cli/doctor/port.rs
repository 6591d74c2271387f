//! Is the port open, and is what should be behind it there?

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::args::Wcf;
use super::behind::{Behind, recognise};
use super::doors::Door;
use super::finding::{Check, Fault, Finding, Whose};
use crate::connector::DialError;
use crate::io::Stream;

/// What became of a connection to one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It stands.
    Open,
    /// Somebody said no.
    Refused,
    /// Nobody said anything.
    Dropped,
    /// This machine did not try.
    Forbidden,
    /// Something on the way said that there is none.
    Unreachable(String),
}

/// How long a connection may take. A refusal takes one round trip.
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(5);

impl Reach {
    fn of(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Self::Refused,
            ErrorKind::TimedOut => Self::Dropped,
            ErrorKind::PermissionDenied => Self::Forbidden,
            _ => Self::Unreachable(error.to_string()),
        }
    }
}

/// Tries every address of a name at once. The connection is the first that stands.
pub(super) async fn reach(
    addresses: &[IpAddr],
    port: u16,
) -> (Option<(TcpStream, SocketAddr)>, Vec<(SocketAddr, Reach)>) {
    let tries = addresses.iter().map(|address| async move {
        let address = SocketAddr::new(*address, port);
        match timeout(CONNECT_WITHIN, Stream::connect(address)).await {
            Ok(Ok(stream)) => (address, Reach::Open, Some(stream)),
            Ok(Err(error)) => (address, Reach::of(&error), None),
            Err(_) => (address, Reach::Dropped, None),
        }
    });
    let mut first = None;
    let mut tried = Vec::new();
    for (address, reach, stream) in futures_util::future::join_all(tries).await {
        if let (None, Some(Stream::Tcp(tcp))) = (&first, stream) {
            first = Some((tcp, address));
        }
        tried.push((address, reach));
    }
    (first, tried)
}

/// What the tries mean. `None`: every address answers; what is behind the port decides.
pub(super) fn reached(door: Door, tried: &[(SocketAddr, Reach)], wcf: Option<Wcf>) -> Option<Finding> {
    let (address, reach) = tried.iter().find(|(_, reach)| *reach != Reach::Open)?;
    let open = tried.iter().filter(|(_, reach)| *reach == Reach::Open).count();
    let alone = wcf == Some(Wcf::Https) && !matches!(door, Door::Https | Door::Http);
    if alone && *reach == Reach::Refused {
        let text = format!("{address} refuses connections, as it should where 443 is the only door");
        return Some(Finding::ok(Check::Port, text).at(door));
    }
    let needed = door.needed_for();
    let section = match door {
        Door::Https | Door::Http => "",
        _ => ", or leave it and see that nobody needs it",
    };
    let (fault, seen, whose, advice) = match reach {
        Reach::Open => return None,
        Reach::Refused => (
            Fault::PortRefused,
            format!("{address} refuses connections (needed for {needed})"),
            Whose::Gateway,
            format!(
                "see that the gateway runs and has {door} = \"0.0.0.0:{}\" in [doors]{section}; a firewall that rejects \
                 looks the same",
                address.port()
            ),
        ),
        Reach::Dropped if alone => (
            Fault::PortDropped,
            format!("{address} does not answer: every start of a client waits for it before it goes to 443"),
            Whose::Network,
            "let the firewall refuse (reject, TCP reset), not drop".to_owned(),
        ),
        Reach::Dropped => (
            Fault::PortDropped,
            format!("{address} did not answer in {} s (needed for {needed})", CONNECT_WITHIN.as_secs()),
            Whose::Network,
            format!(
                "let TCP {} from here to there through the firewalls between; where that cannot be, let them refuse, not \
                 drop. If the address is not the gateway's, correct its record",
                address.port()
            ),
        ),
        Reach::Forbidden => (
            Fault::PortForbidden,
            format!("this machine lets no connection out to {address}"),
            Whose::Here,
            format!("let TCP {} out in the firewall of this machine", address.port()),
        ),
        Reach::Unreachable(text) => (
            Fault::PortUnreachable,
            format!("there is no way to {address}: {text}"),
            Whose::Network,
            "look at routes, VPN and the address itself; an IPv6 address needs IPv6 here".to_owned(),
        ),
    };
    if open > 0 {
        let seen = format!("{open} of {} addresses answer, but {seen}", tried.len());
        return Some(Finding::warning(Check::Port, Fault::PortPartly, seen, whose, advice).at(door));
    }
    // Without these two something is slower or plainer, and nothing is broken; and where 443 is to be alone, only time is lost.
    let passing = alone || door == Door::Probe || (door == Door::Http && wcf != Some(Wcf::Https));
    let finding = match passing {
        true => Finding::warning(Check::Port, fault, seen, whose, advice),
        false => Finding::failed(Check::Port, fault, seen, whose, advice),
    };
    Some(finding.at(door))
}

/// What the proxy's answer means for 443.
pub(super) fn through_proxy(error: &DialError) -> Finding {
    let seen = error.to_string();
    match error {
        DialError::ProxyRefused { .. } => Finding::failed(
            Check::Port,
            Fault::ProxyRefused,
            seen,
            Whose::Network,
            "let the proxy allow CONNECT to this host and port, or name the host in NO_PROXY where there is a direct way",
        ),
        _ => Finding::failed(
            Check::Port,
            Fault::ProxyUnreachable,
            seen,
            Whose::Here,
            "correct HTTPS_PROXY, or unset it where there is a direct way",
        ),
    }
    .at(Door::Https)
}

/// What is behind an open port. `place` is the address, with the proxy if there is one.
pub(super) fn behind(door: Door, place: &str, behind: &Behind) -> Finding {
    let belongs = match door {
        Door::Https => "a relay over TLS",
        Door::Http => "a relay over HTTP",
        Door::Amqps => "AMQP inside TLS",
        Door::Oneway | Door::OnewayTls | Door::NetTcp => "net.tcp framing",
        Door::NetTcps => "net.tcp framing inside TLS",
        Door::Rendezvous | Door::Probe => "the relay's own preamble",
    };
    let forward = format!(
        "let port and forwarding rules lead to the gateway's door {door}; a load balancer must pass TCP through, not end \
         TLS or speak HTTP"
    );
    let finding = match behind {
        Behind::Right(seen) => Finding::ok(Check::Port, format!("{place} {seen}")),
        Behind::NotOk(status) => Finding::warning(
            Check::Port,
            Fault::HttpNotOk,
            format!("{place} answers GET / with {status}: one-way senders take HTTP for unavailable"),
            Whose::Gateway,
            "let GET / on this port be answered with 200, without redirection to https",
        ),
        Behind::HangsUp => Finding::failed(
            Check::Port,
            Fault::PortHangsUp,
            format!("{place} takes the connection and closes it; {belongs} belongs there"),
            Whose::Network,
            format!(
                "see whether a load balancer stands there without a gateway behind it, or a firewall that looks into TLS; {forward}"
            ),
        ),
        Behind::Silent => Finding::failed(
            Check::Port,
            Fault::PortSilent,
            format!("{place} takes the connection and answers nothing; {belongs} belongs there"),
            Whose::Network,
            forward,
        ),
        Behind::TlsRefused(why) => Finding::failed(
            Check::Port,
            Fault::TlsRefused,
            format!("{place} speaks TLS but not with us: {why}"),
            Whose::Gateway,
            "it must speak TLS 1.2 or 1.3 under this name; a box that looks into TLS on the way may also say so",
        ),
        Behind::WeakKey(why) => Finding::failed(
            Check::Certificate,
            Fault::CertificateWeak,
            format!("{place} shows a key that is too weak, or not its own: {why}"),
            Whose::Gateway,
            "use a key of ECDSA P-256 or RSA 2048, and the certificate that was made for it",
        ),
        Behind::Else(said) => Finding::failed(
            Check::Port,
            Fault::PortElse,
            format!("behind {place} is {}; {belongs} belongs there", recognise(said)),
            Whose::Network,
            forward,
        ),
        Behind::OtherHttp(seen) => Finding::failed(
            Check::Port,
            Fault::PortElse,
            format!("behind {place} is a web server that is no relay: {seen}"),
            Whose::Network,
            forward,
        ),
    };
    finding.at(door)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Status;

    fn judged(door: Door, reaches: &[Reach], wcf: Option<Wcf>) -> Option<(Status, Option<Fault>)> {
        let tried: Vec<_> = reaches
            .iter()
            .enumerate()
            .map(|(n, reach)| (SocketAddr::from(([203, 0, 113, n as u8], 443)), reach.clone()))
            .collect();
        reached(door, &tried, wcf).map(|finding| (finding.status, finding.fault()))
    }

    #[test]
    fn each_way_of_not_getting_there_is_a_fault_of_its_own() {
        use Fault::*;
        for (reach, fault) in [
            (Reach::Refused, PortRefused),
            (Reach::Dropped, PortDropped),
            (Reach::Forbidden, PortForbidden),
            (Reach::Unreachable("no route".to_owned()), PortUnreachable),
        ] {
            assert_eq!(judged(Door::Https, &[reach], None), Some((Status::Failed, Some(fault))));
        }
        assert_eq!(judged(Door::Https, &[Reach::Open, Reach::Open], None), None);
    }

    #[test]
    fn one_address_of_two_that_answers_is_a_warning() {
        let both = [Reach::Open, Reach::Dropped];
        assert_eq!(judged(Door::Https, &both, None), Some((Status::Warning, Some(Fault::PortPartly))));
    }

    #[test]
    fn doors_without_which_nothing_breaks_are_warnings() {
        let all = Some(Wcf::All);
        assert_eq!(judged(Door::Probe, &[Reach::Refused], all).unwrap().0, Status::Warning);
        assert_eq!(judged(Door::Http, &[Reach::Refused], all).unwrap().0, Status::Warning);
        assert_eq!(judged(Door::Oneway, &[Reach::Refused], all).unwrap().0, Status::Failed);
    }

    // Relay page 1.2: refuse, never drop.
    #[test]
    fn where_443_is_alone_the_others_must_refuse() {
        let alone = Some(Wcf::Https);
        assert_eq!(judged(Door::Amqps, &[Reach::Refused], alone), Some((Status::Ok, None)));
        let dropped = Some((Status::Warning, Some(Fault::PortDropped)));
        assert_eq!(judged(Door::Amqps, &[Reach::Dropped], alone), dropped);
        assert_eq!(judged(Door::Https, &[Reach::Refused], alone).unwrap().0, Status::Failed);
        assert_eq!(judged(Door::Http, &[Reach::Refused], alone).unwrap().0, Status::Failed);
    }

    #[test]
    fn what_else_is_behind_a_port_is_named() {
        let of = |seen: Behind| behind(Door::Amqps, "203.0.113.7:5671", &seen);
        assert_eq!(of(Behind::Right("speaks AMQP".to_owned())).status, Status::Ok);
        assert_eq!(of(Behind::HangsUp).fault(), Some(Fault::PortHangsUp));
        assert_eq!(of(Behind::Silent).fault(), Some(Fault::PortSilent));
        assert_eq!(of(Behind::TlsRefused("no".to_owned())).fault(), Some(Fault::TlsRefused));
        let ssh = of(Behind::Else(b"SSH-2.0-x\r\n".to_vec()));
        assert_eq!(ssh.fault(), Some(Fault::PortElse));
        assert!(ssh.seen.contains("an SSH server"), "{}", ssh.seen);
        assert_eq!(of(Behind::NotOk(404)).status, Status::Warning);
    }

    #[test]
    fn errors_of_the_system_are_sorted() {
        let of = |kind| Reach::of(&io::Error::from(kind));
        assert_eq!(of(ErrorKind::ConnectionRefused), Reach::Refused);
        assert_eq!(of(ErrorKind::TimedOut), Reach::Dropped);
        assert_eq!(of(ErrorKind::PermissionDenied), Reach::Forbidden);
        assert!(matches!(of(ErrorKind::NetworkUnreachable), Reach::Unreachable(_)));
    }
}

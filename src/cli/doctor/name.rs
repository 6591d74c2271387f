//! Does the name lead somewhere?

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use super::finding::{Check, Fault, Finding, Whose};

/// Whether this machine's hosts file knows the name: then it decides, whatever name servers say.
pub(super) fn in_hosts_file(host: &str) -> bool {
    let file = match std::env::var_os("SystemRoot") {
        Some(windows) => Path::new(&windows).join(r"System32\drivers\etc\hosts"),
        None => PathBuf::from("/etc/hosts"),
    };
    std::fs::read(file).is_ok_and(|text| names(&String::from_utf8_lossy(&text), host))
}

/// Whether a line of this hosts file gives the name an address.
fn names(hosts: &str, host: &str) -> bool {
    hosts.lines().any(|line| {
        let line = line.split('#').next().unwrap_or_default();
        line.split_whitespace().skip(1).any(|name| name.eq_ignore_ascii_case(host))
    })
}

/// What became of a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Resolved {
    /// It is an address itself.
    Address(IpAddr),
    /// At least one.
    Addresses(Vec<IpAddr>),
    /// None, in the words of the system.
    Nothing(String),
    /// No answer in time.
    Silence,
}

/// How long the system may look.
const WITHIN: Duration = Duration::from_secs(10);

/// Addresses of one name that are looked at.
const MOST: usize = 8;

/// Looks a name up, as every command does: hosts file, then name servers.
pub(super) async fn resolve(host: &str) -> Resolved {
    if let Ok(address) = host.parse() {
        return Resolved::Address(address);
    }
    match timeout(WITHIN, lookup_host((host, 0))).await {
        Ok(Ok(found)) => {
            let mut addresses = Vec::new();
            for address in found.map(|one| one.ip().to_canonical()) {
                if !addresses.contains(&address) && addresses.len() < MOST {
                    addresses.push(address);
                }
            }
            match addresses.is_empty() {
                true => Resolved::Nothing("the name is known but has no address".to_owned()),
                false => Resolved::Addresses(addresses),
            }
        }
        Ok(Err(error)) => Resolved::Nothing(error.to_string()),
        Err(_) => Resolved::Silence,
    }
}

impl Resolved {
    /// Where connections go.
    pub(super) fn addresses(&self) -> &[IpAddr] {
        match self {
            Self::Address(address) => std::slice::from_ref(address),
            Self::Addresses(addresses) => addresses,
            Self::Nothing(_) | Self::Silence => &[],
        }
    }
}

/// What it means. `proxy` is what 443 goes through; WCF programs dial their other ports without one.
pub(super) fn verdict(
    host: &str,
    resolved: &Resolved,
    hosts_file: bool,
    proxy: Option<&str>,
    wcf: bool,
) -> Finding {
    let text = match resolved {
        Resolved::Address(address) => return Finding::ok(Check::Name, format!("{address} needs no look-up")),
        Resolved::Addresses(addresses) => {
            let list = addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ");
            if wcf && !addresses.iter().any(IpAddr::is_ipv4) {
                return Finding::failed(
                    Check::Name,
                    Fault::NoIpv4,
                    format!("{host} is {list}: no IPv4 address"),
                    Whose::Here,
                    "give the name an A record: listeners of Microsoft.ServiceBus.dll look for an IPv4 address at start, \
                     and rendezvous name one",
                );
            }
            let source = if hosts_file { " (from the hosts file)" } else { "" };
            return Finding::ok(Check::Name, format!("{host} is {list}{source}"));
        }
        Resolved::Silence => format!("no answer in {} s", WITHIN.as_secs()),
        Resolved::Nothing(text) => text.clone(),
    };
    if let Some(proxy) = proxy
        && !wcf
    {
        return Finding::ok(Check::Name, format!("{host} is not known here; the proxy {proxy} looks it up"));
    }
    // glibc says so in place of "Name or service not known"; Windows gives this number.
    let silent = *resolved == Resolved::Silence
        || text.contains("emporary failure")
        || text.contains("os error 11002");
    if silent {
        return Finding::failed(
            Check::Name,
            Fault::NameServerSilent,
            format!("{host} cannot be looked up: {text}"),
            Whose::Here,
            "look at this machine's name servers (nslookup, resolv.conf); a line in the hosts file helps until they answer",
        );
    }
    Finding::failed(
        Check::Name,
        Fault::NameUnknown,
        format!("{host} has no address: {text}"),
        Whose::Here,
        "correct the host of Endpoint, or give the name an A record or a line in this machine's hosts file",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Status;

    fn addresses(list: &[&str]) -> Resolved {
        Resolved::Addresses(list.iter().map(|one| one.parse().unwrap()).collect())
    }

    fn nothing(text: &str) -> Resolved {
        Resolved::Nothing(format!("failed to lookup address information: {text}"))
    }

    fn fault(resolved: &Resolved, proxy: Option<&str>, wcf: bool) -> Option<Fault> {
        let finding = verdict("relay.example.net", resolved, false, proxy, wcf);
        assert_eq!(finding.status == Status::Failed, finding.trouble.is_some());
        finding.fault()
    }

    #[test]
    fn a_name_with_an_address_is_good_and_wcf_wants_one_of_ipv4() {
        assert_eq!(fault(&addresses(&["203.0.113.7", "2001:db8::7"]), None, true), None);
        assert_eq!(fault(&addresses(&["2001:db8::7"]), None, false), None);
        assert_eq!(fault(&addresses(&["2001:db8::7"]), None, true), Some(Fault::NoIpv4));
        assert_eq!(fault(&Resolved::Address("::1".parse().unwrap()), None, true), None);
    }

    #[test]
    fn an_unknown_name_is_told_from_a_name_server_that_does_not_answer() {
        assert_eq!(fault(&nothing("Name or service not known"), None, false), Some(Fault::NameUnknown));
        let silent = Some(Fault::NameServerSilent);
        assert_eq!(fault(&nothing("Temporary failure in name resolution"), None, false), silent);
        assert_eq!(fault(&Resolved::Silence, None, false), silent);
    }

    #[test]
    fn behind_a_proxy_only_wcf_needs_the_name_here() {
        let unknown = nothing("Name or service not known");
        assert_eq!(fault(&unknown, Some("proxy:3128"), false), None);
        assert_eq!(fault(&unknown, Some("proxy:3128"), true), Some(Fault::NameUnknown));
    }

    #[test]
    fn a_hosts_file_is_read_as_the_system_reads_it() {
        let hosts = "127.0.0.1 localhost\n# 203.0.113.7 a.example.net\n203.0.113.7\tB.example.net c.example.net # d\n";
        for (host, expected) in [
            ("a.example.net", false),
            ("b.example.net", true),
            ("c.example.net", true),
            ("d", false),
            ("203.0.113.7", false),
        ] {
            assert_eq!(names(hosts, host), expected, "{host}");
        }
        let found = verdict("b.example.net", &addresses(&["203.0.113.7"]), true, None, false);
        assert_eq!(found.seen, "b.example.net is 203.0.113.7 (from the hosts file)");
    }

    #[tokio::test]
    async fn an_address_is_not_looked_up() {
        assert_eq!(resolve("127.0.0.1").await, Resolved::Address("127.0.0.1".parse().unwrap()));
        let Resolved::Addresses(found) = resolve("localhost").await else { panic!("localhost is known") };
        assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
    }
}

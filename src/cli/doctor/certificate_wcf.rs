//! What `Microsoft.ServiceBus.dll` and old Windows want of a certificate beyond the rest.

use super::certificate::{Exhibit, Viewer, failed, warning};
use super::doors::Door;
use super::finding::{Fault, Finding, Whose};
use super::shown::AZURE;

/// Relay page 1.3: the name without `*.` has two labels or more, and the host has at most one more in front of it.
pub(super) fn compatible(name: &str, host: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name).to_ascii_lowercase();
    let host = host.to_ascii_lowercase();
    let Some(front) = host.strip_suffix(name.as_str()) else { return false };
    name.contains('.')
        && (front.is_empty()
            || front.strip_suffix('.').is_some_and(|label| !label.is_empty() && !label.contains('.')))
}

/// What `Microsoft.ServiceBus.dll` and old Windows want beyond the rest (relay page 1.3).
pub(super) fn verdict(exhibit: &Exhibit, viewer: &Viewer<'_>) -> Vec<Finding> {
    let shown = &exhibit.shown;
    let mut found = Vec::new();
    if exhibit.door == Door::OnewayTls && shown.dns_names.len() != 1 {
        let seen = format!("it holds {} dNSNames", shown.dns_names.len());
        let advice = "show a certificate with exactly one dNSName on 9351, a wildcard if need be: libraries 2.x and 3.x throw \
                      otherwise (`[[tls.certificates]]` with doors = [\"oneway_tls\"])";
        found.push(failed(Fault::CertificateDnsNames, seen, Whose::Gateway, advice));
    }
    if shown.rsa {
        let seen = "its key is of RSA".to_owned();
        let advice = "if clients run on Windows before Server 2016 or 10, use a key of ECDSA P-256: with RSA they have no cipher \
                      suite in common with this gateway";
        found.push(warning(Fault::CertificateRsa, seen, Whose::Gateway, advice));
    }
    let ipv4 = || viewer.addresses.iter().find(|address| address.is_ipv4());
    let root = |name: &String| viewer.host.ends_with(AZURE) && compatible(name, "x.servicebus.windows.net");
    if exhibit.door == Door::Https
        && let Some(address) = ipv4()
        && !viewer.addresses.iter().any(|address| shown.addresses.contains(address))
        && !shown.dns_names.iter().any(root)
    {
        let seen = format!("it does not hold the address {address}");
        let advice = "add the gateway's IPv4 address (public_ipv4) as iPAddress where services of library 2.x are to use 443 \
                      alone: their rendezvous names the address, not the host";
        found.push(warning(Fault::CertificateNoAddress, seen, Whose::Gateway, advice));
    }
    found
}

#[cfg(test)]
mod tests {
    use rcgen::SanType;

    use super::*;
    use crate::cli::doctor::certificate::tests::{exhibit, faults, names, viewer};

    // Relay page 1.3.
    #[test]
    fn wcf_wants_one_dns_name_on_9351_and_no_more_there() {
        let wcf = Viewer { wcf: true, ..viewer() };
        let two = |door| exhibit(door, |params| names(params, &["relay.example.net", "localhost"]));
        assert_eq!(faults(&two(Door::OnewayTls), &wcf), [Fault::CertificateDnsNames]);
        assert_eq!(faults(&two(Door::OnewayTls), &viewer()), []);
        assert_eq!(faults(&two(Door::Amqps), &wcf), []);
        let domain = |door| exhibit(door, |params| names(params, &["*.example.net"]));
        assert_eq!(faults(&domain(Door::OnewayTls), &wcf), []);
        assert_eq!(faults(&domain(Door::Amqps), &wcf), [Fault::CertificateNameMismatch]);
    }

    #[test]
    fn wcf_on_443_may_want_the_address_and_old_windows_no_rsa() {
        let addresses = ["203.0.113.7".parse().unwrap()];
        let wcf = Viewer { wcf: true, addresses: &addresses, ..viewer() };
        assert_eq!(faults(&exhibit(Door::Https, |_| {}), &wcf), [Fault::CertificateNoAddress]);
        let with = exhibit(Door::Https, |params| {
            params.subject_alt_names.push(SanType::IpAddress(addresses[0]));
        });
        assert_eq!(faults(&with, &wcf), []);
        let mut rsa = with;
        rsa.shown.rsa = true;
        assert_eq!(faults(&rsa, &wcf), [Fault::CertificateRsa]);
    }

    #[test]
    fn a_domain_is_compatible_with_hosts_one_label_below() {
        for (name, host, expected) in [
            ("example.net", "ns.example.net", true),
            ("*.example.net", "NS.example.net", true),
            ("example.net", "example.net", true),
            ("example.net", "a.b.example.net", false),
            ("example.net", "badexample.net", false),
            ("net", "example.net", false),
        ] {
            assert_eq!(compatible(name, host), expected, "{name} {host}");
        }
    }
}

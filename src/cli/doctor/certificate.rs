//! Would clients take the certificate? Each thing that is wrong with it is a finding of its own.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;

use super::clock::Reading;
use super::doors::Door;
use super::finding::{Check, Fault, Finding, Whose};
use super::shown::{AZURE, Shown};
use crate::entity::UnixTime;
use crate::io::{ChainFault, ClientTls, is_for_host};

/// What a door showed, and what it is compared with.
#[derive(Clone, Debug)]
pub(super) struct Exhibit {
    pub(super) door: Door,
    pub(super) shown: Shown,
    /// Whether the chain leads to a trusted root, at a time at which the leaf itself is good.
    pub(super) chain: Result<(), ChainFault>,
    /// Whether it is for the host.
    pub(super) for_host: bool,
}

/// Who looks.
#[derive(Clone, Debug)]
pub(super) struct Viewer<'a> {
    /// The host of the connection string.
    pub(super) host: &'a str,
    /// Its addresses.
    pub(super) addresses: &'a [IpAddr],
    pub(super) now: UnixTime,
    /// Both clocks, if the gateway said its own.
    pub(super) clocks: Option<Reading>,
    /// WCF programs are to be served.
    pub(super) wcf: bool,
    /// The proxy that 443 is reached through.
    pub(super) proxy: Option<&'a str>,
    /// A root was named with `--ca`.
    pub(super) ca: bool,
}

/// From which time before its end a certificate is worth a warning: two weeks.
const ENDS_SOON: i64 = 14 * 86_400;

impl Exhibit {
    /// Reads what was shown. `None`: the server's own certificate is none.
    pub(super) fn new(
        door: Door,
        chain: &[CertificateDer<'static>],
        tls: &ClientTls,
        host: &str,
        now: UnixTime,
    ) -> Option<Self> {
        let shown = Shown::read(chain)?;
        // Times are judged apart, so that a certificate that has ended and is nobody's is told both.
        let at = now.0.clamp(shown.from.0, shown.until.0.max(shown.from.0));
        let chain_fault = tls.chain_leads_to_a_root(chain, u64::try_from(at).unwrap_or_default());
        let for_host = is_for_host(chain.first()?, host);
        Some(Self { door, shown, chain: chain_fault, for_host })
    }
}

/// Everything that is to be said about it: at least one finding.
pub(super) fn verdict(exhibit: &Exhibit, viewer: &Viewer<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = [azure(exhibit, viewer)].into_iter().flatten().collect();
    found.extend(time(exhibit, viewer));
    found.extend(chain(exhibit, viewer));
    found.extend(names(exhibit, viewer));
    if viewer.wcf {
        found.extend(for_wcf(exhibit, viewer));
    }
    if !found.iter().any(|finding| finding.is_failure()) {
        let Shown { issuer, until, .. } = &exhibit.shown;
        let names = exhibit.shown.names();
        let text = format!("of {issuer}, for {names}, until {until}");
        found.insert(0, Finding::ok(Check::Certificate, text));
    }
    found.into_iter().map(|finding| finding.at(exhibit.door)).collect()
}

fn failed(fault: Fault, seen: String, whose: Whose, advice: impl Into<String>) -> Finding {
    Finding::failed(Check::Certificate, fault, seen, whose, advice)
}

fn warning(fault: Fault, seen: String, whose: Whose, advice: impl Into<String>) -> Finding {
    Finding::warning(Check::Certificate, fault, seen, whose, advice)
}

/// A name of Azure that still leads there.
fn azure(exhibit: &Exhibit, viewer: &Viewer<'_>) -> Option<Finding> {
    let theirs = exhibit.shown.azure && viewer.host.ends_with(AZURE);
    theirs.then(|| {
        Finding::failed(
            Check::Name,
            Fault::NameIsAzures,
            format!("{} still leads to Azure: what answers shows Microsoft's certificate", viewer.host),
            Whose::Here,
            "give the name your gateway's address, in this machine's hosts file or in a DNS zone of your own",
        )
    })
}

fn time(exhibit: &Exhibit, viewer: &Viewer<'_>) -> Option<Finding> {
    let Shown { from, until, .. } = exhibit.shown;
    let now = viewer.now;
    let good = |at: UnixTime| from <= at && at <= until;
    // Where the gateway's own clock finds it good, ours is what is wrong.
    let ours_is_wrong = viewer.clocks.is_some_and(|clocks| good(clocks.gateway));
    let (whose, otherwise) = match ours_is_wrong {
        true => (Whose::Here, "set this machine's clock: by the gateway's the certificate is good"),
        false => (Whose::Gateway, ""),
    };
    let advice = |text: &str| if otherwise.is_empty() { text.to_owned() } else { otherwise.to_owned() };
    if now > until {
        let seen = format!("it ended {until}; it is {now} here");
        let advice = advice("renew it, and send the gateway SIGHUP: it then reads the file again");
        return Some(failed(Fault::CertificateExpired, seen, whose, advice));
    }
    if now < from {
        let seen = format!("it begins {from}; it is {now} here");
        let advice =
            advice("look at the clocks of this machine and of the one that made the certificate, or wait");
        return Some(failed(Fault::CertificateNotYetValid, seen, whose, advice));
    }
    (until.0 - now.0 < ENDS_SOON).then(|| {
        let seen = format!("it ends soon, {until}");
        let advice = "renew it, and send the gateway SIGHUP: it then reads the file again";
        warning(Fault::CertificateEndsSoon, seen, Whose::Gateway, advice)
    })
}

fn chain(exhibit: &Exhibit, viewer: &Viewer<'_>) -> Option<Finding> {
    let Shown { issuer, missing, length, self_signed, names_its_issuer, .. } = &exhibit.shown;
    let fault = exhibit.chain.err()?;
    let finding = match fault {
        ChainFault::UnknownIssuer if *self_signed => failed(
            Fault::CertificateSelfSigned,
            format!("it signed itself ({issuer})"),
            Whose::Gateway,
            "use one that an authority signed (`viaduct init` makes both); WCF programs take a self-signed one only \
             where it stands among the machine's trusted roots",
        ),
        ChainFault::UnknownIssuer
            if exhibit.door == Door::Https && viewer.ca && viewer.proxy.is_some() && !names_its_issuer =>
        {
            failed(
                Fault::CertificateIntercepted,
                format!(
                    "{issuer} signed it, which is not what --ca names, and it came through the proxy {}",
                    viewer.proxy.unwrap_or_default()
                ),
                Whose::Network,
                "if that is the proxy's own authority, it opens TLS: let it pass this host through unopened, or name the \
                 host in NO_PROXY. If it is the gateway's, name its root with --ca",
            )
        }
        ChainFault::UnknownIssuer if *names_its_issuer && missing.is_some() => {
            let missing = missing.as_deref().unwrap_or_default();
            failed(
                Fault::CertificateChainIncomplete,
                format!("the chain stops after {}: {missing} is not sent", count(*length)),
                Whose::Gateway,
                "put the intermediate certificates behind the server's own in the file of [tls] certificate, the server's \
                 first; Windows may hide the fault by fetching them",
            )
        }
        ChainFault::UnknownIssuer => {
            let top = missing.as_ref().unwrap_or(issuer);
            let seen = format!(
                "no root that is trusted here signed it: it is of {issuer}, and its chain ends at {top}"
            );
            let advice = match viewer.ca {
                true => {
                    "name the root of that authority with --ca, or, if it is an intermediate, let the gateway send it; on \
                     Windows the root must stand in the machine's store (certlm.msc, Trusted Root Certification Authorities)"
                }
                false => {
                    "name the gateway's root with --ca FILE or VIADUCT_CA; on Windows it must also stand in the machine's \
                     store (certlm.msc, Trusted Root Certification Authorities). If the name is none of yours, something on \
                     the way opens TLS: let it pass this host through"
                }
            };
            failed(Fault::CertificateIssuerUnknown, seen, Whose::Here, advice)
        }
        ChainFault::Weak => failed(
            Fault::CertificateWeak,
            fault.to_string(),
            Whose::Gateway,
            "use a key of ECDSA P-256 or RSA 2048 and signatures with SHA-256",
        ),
        ChainFault::NotValidNow => failed(
            Fault::CertificateUnfit,
            fault.to_string(),
            Whose::Gateway,
            "renew the certificate of the authority above it, and put it into the file of [tls] certificate",
        ),
        ChainFault::Authority | ChainFault::NotForServers => failed(
            Fault::CertificateUnfit,
            fault.to_string(),
            Whose::Gateway,
            "use a certificate for server authentication (extended key usage serverAuth, no CA)",
        ),
        _ => failed(Fault::CertificateUnfit, fault.to_string(), Whose::Gateway, "have it made again"),
    };
    Some(finding)
}

fn count(length: usize) -> String {
    match length {
        1 => "the server's own certificate".to_owned(),
        length => format!("{length} certificates"),
    }
}

fn names(exhibit: &Exhibit, viewer: &Viewer<'_>) -> Option<Finding> {
    if exhibit.for_host {
        return None;
    }
    let host = viewer.host;
    let seen = format!("it is for {}, not for {host}", exhibit.shown.names());
    let advice = match exhibit.door {
        Door::OnewayTls => {
            "show a certificate with this name as the only dNSName on 9351 (`[[tls.certificates]]` with doors = [\"oneway_tls\"])"
        }
        _ => {
            "use a certificate that holds this host name as dNSName, or the host name that the certificate holds; \
             `[[tls.certificates]]` adds one for a further name"
        }
    };
    // WCF takes a certificate for the domain above the host on 9351 and 443 (relay page 1.3); nobody else does.
    let lenient =
        exhibit.door == Door::OnewayTls && exhibit.shown.dns_names.iter().any(|name| compatible(name, host));
    (!lenient).then(|| failed(Fault::CertificateNameMismatch, seen, Whose::Gateway, advice))
}

/// Relay page 1.3: the name without `*.` has two labels or more, and the host has at most one more in front of it.
fn compatible(name: &str, host: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name).to_ascii_lowercase();
    let host = host.to_ascii_lowercase();
    let Some(front) = host.strip_suffix(name.as_str()) else { return false };
    name.contains('.')
        && (front.is_empty()
            || front.strip_suffix('.').is_some_and(|label| !label.is_empty() && !label.contains('.')))
}

/// What `Microsoft.ServiceBus.dll` and old Windows want beyond the rest (relay page 1.3).
fn for_wcf(exhibit: &Exhibit, viewer: &Viewer<'_>) -> Vec<Finding> {
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
    use rcgen::{CertificateParams, SanType};

    use super::*;
    use crate::cli::doctor::finding::Status;
    use crate::cli::doctor::shown::tests::leaf;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    fn exhibit(door: Door, change: impl FnOnce(&mut CertificateParams)) -> Exhibit {
        let shown = leaf("Example CA", change);
        let for_host = shown.dns_names.iter().any(|name| name == "relay.example.net");
        Exhibit { door, shown, chain: Ok(()), for_host }
    }

    fn viewer() -> Viewer<'static> {
        Viewer {
            host: "relay.example.net",
            addresses: &[],
            now: NOW,
            clocks: None,
            wcf: false,
            proxy: None,
            ca: false,
        }
    }

    fn faults(exhibit: &Exhibit, viewer: &Viewer<'_>) -> Vec<Fault> {
        verdict(exhibit, viewer).iter().filter_map(Finding::fault).collect()
    }

    fn names(params: &mut CertificateParams, names: &[&str]) {
        params.subject_alt_names =
            names.iter().map(|name| SanType::DnsName((*name).try_into().unwrap())).collect();
    }

    #[test]
    fn a_good_certificate_is_one_line_with_issuer_names_and_end() {
        let found = verdict(&exhibit(Door::Https, |_| {}), &viewer());
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].status, &found[0].doors[..]), (Status::Ok, &[Door::Https][..]));
        assert!(found[0].seen.contains("CN=Example CA") && found[0].seen.contains("relay.example.net"));
    }

    #[test]
    fn an_end_is_the_gateways_fault_unless_its_clock_finds_it_good() {
        let past = exhibit(Door::Https, |params| params.not_after = rcgen::date_time_ymd(2026, 12, 31));
        let found = verdict(&past, &viewer());
        assert_eq!(found[0].fault(), Some(Fault::CertificateExpired));
        assert_eq!(found[0].trouble.as_ref().unwrap().whose, Whose::Gateway);
        let clocks = Some(Reading { gateway: UnixTime(NOW.0 - 40 * 86_400), ours: NOW });
        let found = verdict(&past, &Viewer { clocks, ..viewer() });
        assert_eq!(found[0].trouble.as_ref().unwrap().whose, Whose::Here);
        let future = exhibit(Door::Https, |params| params.not_before = rcgen::date_time_ymd(2027, 2, 1));
        assert_eq!(faults(&future, &viewer()), [Fault::CertificateNotYetValid]);
        let soon = exhibit(Door::Https, |params| params.not_after = rcgen::date_time_ymd(2027, 1, 20));
        let found = verdict(&soon, &viewer());
        assert_eq!(found.iter().map(|one| one.status).collect::<Vec<_>>(), [Status::Ok, Status::Warning]);
    }

    #[test]
    fn what_is_wrong_with_a_chain_is_told_apart() {
        let of = |change: fn(&mut Exhibit), viewer: &Viewer<'_>| {
            let mut exhibit = exhibit(Door::Https, |_| {});
            exhibit.chain = Err(ChainFault::UnknownIssuer);
            change(&mut exhibit);
            faults(&exhibit, viewer)
        };
        assert_eq!(of(|_| {}, &viewer()), [Fault::CertificateIssuerUnknown]);
        assert_eq!(of(|one| one.shown.self_signed = true, &viewer()), [Fault::CertificateSelfSigned]);
        assert_eq!(
            of(|one| one.shown.names_its_issuer = true, &viewer()),
            [Fault::CertificateChainIncomplete]
        );
        let through = Viewer { proxy: Some("proxy:3128"), ca: true, ..viewer() };
        assert_eq!(of(|_| {}, &through), [Fault::CertificateIntercepted]);
        assert_eq!(of(|_| {}, &Viewer { ca: false, ..through }), [Fault::CertificateIssuerUnknown]);
        assert_eq!(of(|one| one.chain = Err(ChainFault::Weak), &viewer()), [Fault::CertificateWeak]);
        for unfit in
            [ChainFault::Authority, ChainFault::NotForServers, ChainFault::NotValidNow, ChainFault::Malformed]
        {
            let mut exhibit = exhibit(Door::Https, |_| {});
            exhibit.chain = Err(unfit);
            assert_eq!(faults(&exhibit, &viewer()), [Fault::CertificateUnfit]);
        }
    }

    #[test]
    fn two_faults_are_two_findings() {
        let mut both = exhibit(Door::Https, |params| {
            names(params, &["other.example.net"]);
            params.not_after = rcgen::date_time_ymd(2026, 12, 31);
        });
        both.chain = Err(ChainFault::UnknownIssuer);
        let expected =
            [Fault::CertificateExpired, Fault::CertificateIssuerUnknown, Fault::CertificateNameMismatch];
        assert_eq!(faults(&both, &viewer()), expected);
    }

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
    fn a_name_that_still_leads_to_azure_is_said_first() {
        let mut theirs = exhibit(Door::Https, |params| names(params, &["*.servicebus.windows.net"]));
        theirs.shown.azure = true;
        theirs.for_host = true;
        let host = Viewer { host: "contoso.servicebus.windows.net", ..viewer() };
        let found = verdict(&theirs, &host);
        assert_eq!((found[0].fault(), found[0].check), (Some(Fault::NameIsAzures), Check::Name));
        assert_eq!(faults(&theirs, &viewer()), []);
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

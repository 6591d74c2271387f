//! Would clients take the certificate? Each thing that is wrong with it is a finding of its own.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;

use super::clock::Reading;
use super::doors::Door;
use super::finding::{Check, Fault, Finding, Whose};
use super::shown::{AZURE, Shown};
use super::{certificate_chain, certificate_wcf};
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
    found.extend(certificate_chain::verdict(exhibit, viewer));
    found.extend(names(exhibit, viewer));
    if viewer.wcf {
        found.extend(certificate_wcf::verdict(exhibit, viewer));
    }
    if !found.iter().any(|finding| finding.is_failure()) {
        let Shown { issuer, until, .. } = &exhibit.shown;
        let names = exhibit.shown.names();
        let text = format!("of {issuer}, for {names}, until {until}");
        found.insert(0, Finding::ok(Check::Certificate, text));
    }
    found.into_iter().map(|finding| finding.at(exhibit.door)).collect()
}

pub(super) fn failed(fault: Fault, seen: String, whose: Whose, advice: impl Into<String>) -> Finding {
    Finding::failed(Check::Certificate, fault, seen, whose, advice)
}

pub(super) fn warning(fault: Fault, seen: String, whose: Whose, advice: impl Into<String>) -> Finding {
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
    let lenient = exhibit.door == Door::OnewayTls
        && exhibit.shown.dns_names.iter().any(|name| certificate_wcf::compatible(name, host));
    (!lenient).then(|| failed(Fault::CertificateNameMismatch, seen, Whose::Gateway, advice))
}

#[cfg(test)]
pub(super) mod tests {
    use rcgen::{CertificateParams, SanType};

    use super::*;
    use crate::cli::doctor::finding::Status;
    use crate::cli::doctor::shown::tests::leaf;

    pub(in crate::cli::doctor) const NOW: UnixTime = UnixTime(1_800_000_000);

    pub(in crate::cli::doctor) fn exhibit(
        door: Door,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Exhibit {
        let shown = leaf("Example CA", change);
        let for_host = shown.dns_names.iter().any(|name| name == "relay.example.net");
        Exhibit { door, shown, chain: Ok(()), for_host }
    }

    pub(in crate::cli::doctor) fn viewer() -> Viewer<'static> {
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

    pub(in crate::cli::doctor) fn faults(exhibit: &Exhibit, viewer: &Viewer<'_>) -> Vec<Fault> {
        verdict(exhibit, viewer).iter().filter_map(Finding::fault).collect()
    }

    pub(in crate::cli::doctor) fn names(params: &mut CertificateParams, names: &[&str]) {
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
}

//! What a server's certificate says about itself.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate, X509Name};
use x509_parser::public_key::PublicKey;

use crate::entity::UnixTime;

/// What a server showed, the parts that matter to the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// dNSNames, in the order of the certificate.
    pub(super) dns_names: Vec<String>,
    /// iPAddresses.
    pub(super) addresses: Vec<IpAddr>,
    /// Whose it is, as X.500 writes it.
    pub(super) subject: String,
    /// Who signed it.
    pub(super) issuer: String,
    /// Who signed the last one that was shown; nobody where that signed itself.
    pub(super) missing: Option<String>,
    /// Certificates that were shown.
    pub(super) length: usize,
    /// It says where its issuer's certificate can be fetched (caIssuers): that is then an intermediate, and no root.
    pub(super) names_its_issuer: bool,
    /// From when it is good.
    pub(super) from: UnixTime,
    /// Until when.
    pub(super) until: UnixTime,
    /// Its key is of RSA.
    pub(super) rsa: bool,
    /// It signed itself.
    pub(super) self_signed: bool,
    /// It belongs to Microsoft and is for Azure's relays.
    pub(super) azure: bool,
}

/// id-ad-caIssuers, RFC 5280 4.2.2.1.
const CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";

/// Names that are shown in one line.
const MOST_NAMES: usize = 6;

/// The domain of Azure's relays.
pub(super) const AZURE: &str = ".servicebus.windows.net";

impl Shown {
    /// Reads a chain, leaf first. `None`: its leaf is no certificate.
    pub(super) fn read(chain: &[CertificateDer<'_>]) -> Option<Self> {
        let leaf = parse(chain.first()?)?;
        let last = parse(chain.last()?)?;
        let mut shown = Self {
            subject: name(leaf.subject()),
            issuer: name(leaf.issuer()),
            missing: (last.subject() != last.issuer()).then(|| name(last.issuer())),
            length: chain.len(),
            from: UnixTime(leaf.validity().not_before.timestamp()),
            until: UnixTime(leaf.validity().not_after.timestamp()),
            rsa: matches!(leaf.public_key().parsed(), Ok(PublicKey::RSA(_))),
            self_signed: leaf.subject() == leaf.issuer(),
            dns_names: Vec::new(),
            addresses: Vec::new(),
            names_its_issuer: false,
            azure: false,
        };
        for extension in leaf.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(names) => {
                    names.general_names.iter().for_each(|name| shown.add(name));
                }
                ParsedExtension::AuthorityInfoAccess(access) => {
                    shown.names_its_issuer |=
                        access.iter().any(|one| one.access_method.to_id_string() == CA_ISSUERS);
                }
                _ => {}
            }
        }
        let microsoft = |name: &X509Name<'_>| {
            name.iter_organization().any(|one| one.as_str().is_ok_and(|text| text == "Microsoft Corporation"))
        };
        shown.azure = (microsoft(leaf.issuer()) || microsoft(leaf.subject()))
            && shown.dns_names.iter().any(|name| name.to_ascii_lowercase().ends_with(AZURE));
        Some(shown)
    }

    fn add(&mut self, name: &GeneralName<'_>) {
        match name {
            GeneralName::DNSName(name) => self.dns_names.push((*name).to_owned()),
            GeneralName::IPAddress(bytes) => {
                let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
                let address = v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
                self.addresses.extend(address);
            }
            _ => {}
        }
    }

    /// `relay.example.net, 203.0.113.7`.
    pub(super) fn names(&self) -> String {
        let all: Vec<String> =
            self.dns_names.iter().cloned().chain(self.addresses.iter().map(IpAddr::to_string)).collect();
        match all.len() {
            0 => "no name at all".to_owned(),
            len if len > MOST_NAMES => {
                format!("{} and {} more", all[..MOST_NAMES].join(", "), len - MOST_NAMES)
            }
            _ => all.join(", "),
        }
    }
}

fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    X509Certificate::from_der(certificate).ok().map(|(_, certificate)| certificate)
}

/// Cut: whoever answers wrote it.
fn name(name: &X509Name<'_>) -> String {
    let text: String = name.to_string().chars().take(120).collect();
    if text.is_empty() { "nobody named".to_owned() } else { text }
}

#[cfg(test)]
pub(super) mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair, SanType,
    };

    use super::*;

    /// A leaf signed by an authority called `issuer`.
    pub(in crate::cli::doctor) fn leaf(issuer: &str, change: impl FnOnce(&mut CertificateParams)) -> Shown {
        let mut ca = CertificateParams::default();
        ca.distinguished_name.push(DnType::CommonName, issuer);
        ca.distinguished_name.push(DnType::OrganizationName, issuer);
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = Issuer::new(ca, KeyPair::generate().unwrap());
        let mut params = CertificateParams::new(vec!["relay.example.net".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "relay.example.net");
        change(&mut params);
        let signed = params.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
        Shown::read(&[signed.der().clone()]).unwrap()
    }

    #[test]
    fn names_times_and_issuer_are_read() {
        let shown = leaf("Example CA", |params| {
            params.subject_alt_names.push(SanType::IpAddress("203.0.113.7".parse().unwrap()));
            params.not_before = rcgen::date_time_ymd(2026, 1, 1);
            params.not_after = rcgen::date_time_ymd(2027, 1, 15);
        });
        assert_eq!(shown.names(), "relay.example.net, 203.0.113.7");
        assert!(shown.issuer.contains("CN=Example CA"), "{}", shown.issuer);
        assert_eq!(shown.missing.as_ref(), Some(&shown.issuer));
        assert_eq!((shown.from, shown.until), (UnixTime(1_767_225_600), UnixTime(1_799_971_200)));
        assert!(!shown.rsa && !shown.self_signed && !shown.azure && !shown.names_its_issuer);
    }

    #[test]
    fn azures_own_and_one_that_names_its_issuer_are_known() {
        let azure = leaf("Microsoft Corporation", |params| {
            params.subject_alt_names = vec![SanType::DnsName("*.servicebus.windows.net".try_into().unwrap())];
        });
        assert!(azure.azure);
        assert!(!leaf("Microsoft Corporation", |_| {}).azure);
        // SEQUENCE { SEQUENCE { OID caIssuers, [6] "http://ca" } }
        let access = b"\x30\x15\x30\x13\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86\x07http://".to_vec();
        let named = leaf("Example Issuing CA", |params| {
            params.custom_extensions =
                vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], access)];
        });
        assert!(named.names_its_issuer);
    }

    #[test]
    fn many_names_are_cut_and_junk_is_no_certificate() {
        let many = leaf("Example CA", |params| {
            params.subject_alt_names =
                (0..9).map(|n| SanType::DnsName(format!("h{n}.example.net").try_into().unwrap())).collect();
        });
        assert!(many.names().ends_with("h5.example.net and 3 more"), "{}", many.names());
        assert_eq!(Shown::read(&[CertificateDer::from(vec![1, 2, 3])]), None);
        assert_eq!(Shown::read(&[]), None);
    }
}

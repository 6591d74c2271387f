//! A private certificate authority, for `viaduct init` and the demo.

use std::net::IpAddr;

use jiff::civil::Date;
use jiff::{ToSpan, ZonedDateTime};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, date_time_ymd,
};

/// How long the authority is good.
const CA_YEARS: i64 = 10;
/// How long a server certificate is good: Apple's systems refuse more than 825 days.
const SERVER_DAYS: i64 = 820;

/// An authority of one's own: ECDSA P-256, which every client of the last fifteen years takes.
pub(crate) struct PrivateCa {
    certificate: String,
    key: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key, both PEM.
pub(crate) struct ServerCertificate {
    /// The certificate itself; clients that trust the authority need no more.
    pub(crate) certificate: String,
    /// PKCS #8.
    pub(crate) key: String,
    /// The last day on which it is good.
    pub(crate) until: Date,
}

impl PrivateCa {
    /// Makes an authority that is called `name`.
    pub(crate) fn new(name: &str) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let (mut params, _) = params(CA_YEARS.years());
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?.pem();
        let key_pem = key.serialize_pem();
        Ok(Self { certificate, key: key_pem, issuer: Issuer::new(params, key) })
    }

    /// What clients are told to trust, PEM.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The authority's own key, PKCS #8 in PEM.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Makes a server certificate for names and addresses; the first is its common name.
    pub(crate) fn issue(&self, names: &[String]) -> Result<ServerCertificate, rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let (mut params, until) = params(SERVER_DAYS.days());
        if let Some(name) = names.first() {
            params.distinguished_name.push(DnType::CommonName, name.as_str());
        }
        for name in names {
            params.subject_alt_names.push(match name.parse::<IpAddr>() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(name.as_str().try_into()?),
            });
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(ServerCertificate { certificate, key: key.serialize_pem(), until })
    }
}

/// Parameters with a validity that begins yesterday, because clocks differ, and the day on which it ends.
fn params(length: jiff::Span) -> (CertificateParams, Date) {
    let today = ZonedDateTime::now().date();
    let until = today.saturating_add(length);
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let (year, month, day) = parts(today.saturating_sub(1.day()));
    params.not_before = date_time_ymd(year, month, day);
    let (year, month, day) = parts(until);
    params.not_after = date_time_ymd(year, month, day);
    (params, until)
}

fn parts(date: Date) -> (i32, u8, u8) {
    (date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls_pki_types::pem::PemObject;
    use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

    use super::*;

    #[test]
    fn a_client_that_trusts_the_authority_accepts_each_name() {
        let ca = PrivateCa::new("Test CA").unwrap();
        let names = ["relay.example.net", "localhost", "127.0.0.1"].map(str::to_owned);
        let server = ca.issue(&names).unwrap();

        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.certificate().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build().unwrap();
        let certificate = CertificateDer::from_pem_slice(server.certificate.as_bytes()).unwrap();
        let verify = |name: &str| {
            let name = ServerName::try_from(name.to_owned()).unwrap();
            verifier.verify_server_cert(&certificate, &[], &name, &[], UnixTime::now())
        };
        for name in &names {
            verify(name).unwrap();
        }
        verify("other.example.net").unwrap_err();
    }

    #[test]
    fn keys_are_in_a_form_that_rustls_reads() {
        let ca = PrivateCa::new("Test CA").unwrap();
        let server = ca.issue(&["localhost".to_owned()]).unwrap();
        for key in [ca.key(), &server.key] {
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
        }
    }
}

//! A throw-away certificate authority and a server certificate for each run.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};

/// Where the certificate authority and the server certificate of one run lie.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The authority's certificate, PEM: what clients trust.
    pub authority: PathBuf,
    /// The server's certificate chain, PEM.
    pub certificate: PathBuf,
    /// The server's private key, PEM.
    pub key: PathBuf,
}

impl Certificates {
    /// Writes an authority and a certificate for `names` into `dir`.
    pub fn write(dir: &Path, names: &[&str]) -> Self {
        let mut authority = CertificateParams::default();
        authority.distinguished_name.push(DnType::CommonName, "interop tests");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_key = KeyPair::generate().expect("a key pair");
        let issuer = CertifiedIssuer::self_signed(authority, authority_key).expect("a certificate authority");

        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut server = CertificateParams::new(names.clone()).expect("valid names");
        server.distinguished_name.push(DnType::CommonName, names[0].as_str());
        server.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().expect("a key pair");
        let certificate = server.signed_by(&key, &issuer).expect("a server certificate");

        let written = Self {
            authority: dir.join("ca.pem"),
            certificate: dir.join("server.pem"),
            key: dir.join("server.key"),
        };
        fs::write(&written.authority, issuer.pem()).expect("the authority is written");
        fs::write(&written.certificate, certificate.pem()).expect("the certificate is written");
        fs::write(&written.key, key.serialize_pem()).expect("the key is written");
        written
    }
}

//! Certificates, and which of them a client is shown.

use std::{collections::HashMap, sync::Arc};

use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

/// A certificate chain with its key, and the names it is shown for.
#[derive(Clone, Debug)]
pub struct Certificate {
    names: Vec<String>,
    key: Arc<CertifiedKey>,
}

impl Certificate {
    /// Reads a chain (leaf first) and its key from PEM. `names` are host names, `*.` for any one label; a certificate without names is shown to
    /// clients that ask for a name no other has, or for none.
    pub fn from_pem(names: Vec<String>, chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|error| TlsError::BadCertificate(error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| TlsError::BadKey(error.to_string()))?;
        Self::from_der(names, chain, key)
    }

    /// The same from DER.
    pub fn from_der(
        names: Vec<String>,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, TlsError> {
        if chain.is_empty() {
            return Err(TlsError::NoCertificate);
        }
        let key = CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(TlsError::Rustls)?;
        let names = names.into_iter().map(|name| name.to_ascii_lowercase()).collect();
        Ok(Self { names, key: Arc::new(key) })
    }
}

/// What is wrong with a TLS set-up. All of it is the configuration's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The PEM of a chain cannot be read.
    #[error("certificate cannot be read: {0}")]
    BadCertificate(String),
    /// The PEM of a key cannot be read.
    #[error("private key cannot be read: {0}")]
    BadKey(String),
    /// A chain without a certificate, or a server without a chain.
    #[error("no certificate")]
    NoCertificate,
    /// Two certificates for one name.
    #[error("two certificates for {0}")]
    TwoCertificates(String),
    /// A root that cannot be trusted as it is.
    #[error("trusted root cannot be used: {0}")]
    BadRoot(rustls::Error),
    /// Key and certificate do not match, or their kind is not known.
    #[error(transparent)]
    Rustls(rustls::Error),
}

/// Which certificate belongs to which name.
#[derive(Debug)]
pub(super) struct CertificateTable {
    names: HashMap<String, Arc<CertifiedKey>>,
    default: Arc<CertifiedKey>,
}

impl CertificateTable {
    /// The default is the first certificate without names, else the first.
    pub(super) fn new(certificates: Vec<Certificate>) -> Result<Self, TlsError> {
        let unnamed = certificates.iter().find(|one| one.names.is_empty());
        let default = unnamed.or(certificates.first()).ok_or(TlsError::NoCertificate)?.key.clone();
        let mut names = HashMap::new();
        for certificate in certificates {
            for name in certificate.names {
                if names.contains_key(&name) {
                    return Err(TlsError::TwoCertificates(name));
                }
                names.insert(name, certificate.key.clone());
            }
        }
        Ok(Self { names, default })
    }

    /// The certificate for a name: its own, that of `*.` and its parent, or the default. Without a name the default.
    pub(super) fn find(&self, name: Option<&str>) -> Arc<CertifiedKey> {
        let found = name.and_then(|name| {
            let name = name.to_ascii_lowercase();
            let own = self.names.get(&name);
            own.or_else(|| {
                let (_, parent) = name.split_once('.')?;
                self.names.get(&format!("*.{parent}"))
            })
        });
        found.unwrap_or(&self.default).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(names: &[&str]) -> Certificate {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let chain = made.cert.pem();
        Certificate::from_pem(names, chain.as_bytes(), made.signing_key.serialize_pem().as_bytes()).unwrap()
    }

    #[test]
    fn finds_by_name_then_by_wildcard_then_the_default() {
        let (exact, wild, default) =
            (certificate(&["A.example"]), certificate(&["*.example"]), certificate(&[]));
        let table = CertificateTable::new(vec![exact.clone(), wild.clone(), default.clone()]).unwrap();
        assert!(Arc::ptr_eq(&table.find(Some("a.EXAMPLE")), &exact.key));
        assert!(Arc::ptr_eq(&table.find(Some("b.example")), &wild.key));
        assert!(Arc::ptr_eq(&table.find(Some("c.b.example")), &default.key));
        assert!(Arc::ptr_eq(&table.find(None), &default.key));
    }

    #[test]
    fn the_first_is_the_default_where_all_have_names() {
        let (one, two) = (certificate(&["a"]), certificate(&["b"]));
        let table = CertificateTable::new(vec![one.clone(), two]).unwrap();
        assert!(Arc::ptr_eq(&table.find(Some("c")), &one.key));
    }

    #[test]
    fn refuses_two_certificates_for_one_name_and_a_table_without_any() {
        let twice = CertificateTable::new(vec![certificate(&["a"]), certificate(&["A"])]);
        assert!(matches!(twice, Err(TlsError::TwoCertificates(name)) if name == "a"));
        assert!(matches!(CertificateTable::new(Vec::new()), Err(TlsError::NoCertificate)));
    }

    #[test]
    fn refuses_pem_without_a_certificate_or_a_key() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let refused = |chain: &str, key: &str| {
            Certificate::from_pem(Vec::new(), chain.as_bytes(), key.as_bytes()).unwrap_err()
        };
        assert!(matches!(refused("", &key), TlsError::NoCertificate));
        assert!(matches!(refused(&chain, &chain), TlsError::BadKey(_)));
        let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        assert!(matches!(refused(&chain, &other.signing_key.serialize_pem()), TlsError::Rustls(_)));
    }
}

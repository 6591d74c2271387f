//! The client's side: trusted roots.

use std::{io, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::net::TcpStream;

use super::{TlsError, TlsStream, session::Session};

/// Dials TLS 1.2 and 1.3, trusting Mozilla's roots and more. Clones share their sessions, so that later handshakes are short.
#[derive(Clone, Debug)]
pub struct ClientTls {
    pub(super) config: Arc<ClientConfig>,
    pub(super) roots: Arc<RootCertStore>,
}

impl ClientTls {
    /// Trusts Mozilla's roots and those in `extra`, each a PEM text with any number of certificates. Offers `http/1.1`.
    pub fn new(extra: &[&[u8]]) -> Result<Self, TlsError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for pem in extra {
            let before = roots.len();
            for root in CertificateDer::pem_slice_iter(pem) {
                let root = root.map_err(|error| TlsError::BadCertificate(error.to_string()))?;
                roots.add(root).map_err(TlsError::BadRoot)?;
            }
            if roots.len() == before {
                return Err(TlsError::NoCertificate);
            }
        }
        let roots = Arc::new(roots);
        let mut config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Rustls)?
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), roots })
    }

    /// The same roots, no application protocol: for servers whose protocol is no HTTP.
    #[must_use]
    pub fn without_alpn(&self) -> Self {
        let mut config = (*self.config).clone();
        config.alpn_protocols = Vec::new();
        Self { config: Arc::new(config), roots: self.roots.clone() }
    }

    /// Does the handshake with the server called `name`, a host name or an address without brackets. The caller sets the deadline.
    pub async fn connect(&self, name: &str, tcp: TcpStream) -> io::Result<TlsStream> {
        let name = ServerName::try_from(name.to_owned())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let session = Session::client(self.config.clone(), name).map_err(io::Error::other)?;
        TlsStream::handshake(tcp, session, &[]).await
    }
}

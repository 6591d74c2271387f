//! The server's side: certificates by name, tickets, reload.

use std::{cell::RefCell, io, sync::Arc};

use arc_swap::ArcSwap;
use bytes::Bytes;
use rustls::{
    CipherSuite, ServerConfig,
    crypto::{CryptoProvider, ring},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::net::TcpStream;

use super::{Certificate, TlsError, TlsStream, certificate::CertificateTable, session::Session};

/// Which application protocols a server names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alpn {
    /// `http/1.1` alone: clients that also speak HTTP/2 must not choose it, since WebSocket upgrades are HTTP/1.1 (hybrid page 1).
    Http11,
    /// None: what runs inside is no HTTP.
    None,
}

/// Accepts TLS 1.2 and 1.3. Clones share their certificates, so that one reload serves every door.
#[derive(Clone, Debug)]
pub struct ServerTls {
    pub(super) config: Arc<ServerConfig>,
    certificates: Arc<Certificates>,
}

impl ServerTls {
    /// Shows these certificates: by name, else the first without names, else the first.
    ///
    /// Sessions are resumed by tickets in both versions, because full handshakes are the cost of a rendezvous; their keys live in this value.
    pub fn new(certificates: Vec<Certificate>, alpn: Alpn) -> Result<Self, TlsError> {
        let table = CertificateTable::new(certificates)?;
        let certificates = Arc::new(Certificates { table: ArcSwap::from_pointee(table) });
        let mut config = ServerConfig::builder_with_provider(provider().into())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Rustls)?
            .with_no_client_auth()
            .with_cert_resolver(certificates.clone());
        config.ignore_client_order = true;
        config.ticketer = ring::Ticketer::new().map_err(TlsError::Rustls)?;
        config.alpn_protocols = match alpn {
            Alpn::Http11 => vec![b"http/1.1".to_vec()],
            Alpn::None => Vec::new(),
        };
        Ok(Self { config: Arc::new(config), certificates })
    }

    /// The same certificates and tickets with other application protocols.
    #[must_use]
    pub fn with_alpn(&self, alpn: Alpn) -> Self {
        let mut config = (*self.config).clone();
        config.alpn_protocols = match alpn {
            Alpn::Http11 => vec![b"http/1.1".to_vec()],
            Alpn::None => Vec::new(),
        };
        Self { config: Arc::new(config), certificates: self.certificates.clone() }
    }

    /// Shows other certificates from now on; connections that are open keep theirs.
    ///
    /// # Errors
    /// As [`ServerTls::new`]; the old certificates then stay.
    pub fn reload(&self, certificates: Vec<Certificate>) -> Result<(), TlsError> {
        self.certificates.table.store(Arc::new(CertificateTable::new(certificates)?));
        Ok(())
    }

    /// The same for a client that says no name and means `host`: a client of net.tcp says it in clear, before the handshake (framing
    /// page 4.1).
    #[must_use]
    pub fn for_host(&self, host: &str) -> Self {
        let mut config = (*self.config).clone();
        let certificates = self.certificates.clone();
        config.cert_resolver = Arc::new(ForHost { certificates, host: host.to_owned() });
        Self { config: Arc::new(config), certificates: self.certificates.clone() }
    }

    /// Does the handshake. The caller sets the deadline; dropping the future drops the connection.
    pub async fn accept(&self, tcp: TcpStream) -> io::Result<TlsStream> {
        self.accept_after(tcp, Bytes::new()).await
    }

    /// The same, where `early` was already read from the connection.
    pub async fn accept_after(&self, tcp: TcpStream, early: Bytes) -> io::Result<TlsStream> {
        let session = Session::server(self.config.clone()).map_err(io::Error::other)?;
        TlsStream::handshake(tcp, session, &early).await
    }
}

/// AES-128 first: Windows before 10 ties each suite to one curve, and this one to P-256, which comes first among the curves
/// (docs/pointing-clients.md).
fn provider() -> CryptoProvider {
    let mut provider = ring::default_provider();
    let is_aes_128 = |suite: CipherSuite| suite.as_str().is_some_and(|name| name.contains("AES_128"));
    provider.cipher_suites.sort_by_key(|suite| !is_aes_128(suite.suite()));
    provider
}

/// What rustls asks for the certificate.
#[derive(Debug)]
struct Certificates {
    table: ArcSwap<CertificateTable>,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name();
        ASKED_NAME.set(name.map(Into::into));
        Some(self.table.load().find(name))
    }
}

/// The same for clients that say no name.
#[derive(Debug)]
struct ForHost {
    certificates: Arc<Certificates>,
    host: String,
}

impl ResolvesServerCert for ForHost {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if hello.server_name().is_some() {
            return self.certificates.resolve(hello);
        }
        ASKED_NAME.set(None);
        Some(self.certificates.table.load().find(Some(&self.host)))
    }
}

thread_local! {
    /// The name in the ClientHello that this thread just looked at: rustls's unbuffered server tells it to the resolver alone, and calls that in the
    /// middle of our own call, which takes it from here.
    static ASKED_NAME: RefCell<Option<Box<str>>> = const { RefCell::new(None) };
}

/// Takes the name that the resolver saw since the last call on this thread.
pub(super) fn take_asked_name() -> Option<Box<str>> {
    ASKED_NAME.take()
}

#[cfg(test)]
mod tests {
    use rustls::{
        ClientConfig, Error, NamedGroup, RootCertStore,
        crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup},
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    };
    use tokio::net::TcpListener;

    use super::*;

    /// A key exchange that no server here knows, so that it asks the client to say hello again.
    #[derive(Debug)]
    struct Unknown;

    struct Share(Box<dyn ActiveKeyExchange>);

    impl SupportedKxGroup for Unknown {
        fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
            Ok(Box::new(Share(ring::kx_group::X25519.start()?)))
        }

        fn name(&self) -> NamedGroup {
            NamedGroup::X448
        }
    }

    impl ActiveKeyExchange for Share {
        fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
            self.0.complete(peer)
        }

        fn pub_key(&self) -> &[u8] {
            self.0.pub_key()
        }

        fn group(&self) -> NamedGroup {
            NamedGroup::X448
        }
    }

    #[tokio::test]
    async fn a_client_that_says_hello_twice_leaves_no_name_behind_for_the_next() {
        let made = rcgen::generate_simple_self_signed(vec!["a.example".to_owned()]).unwrap();
        let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let certificate = Certificate::from_pem(Vec::new(), chain.as_bytes(), key.as_bytes()).unwrap();
        let server = ServerTls::new(vec![certificate], Alpn::None).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()).unwrap();
        let mut provider = ring::default_provider();
        provider.kx_groups.insert(0, &Unknown);
        let config = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("a.example").unwrap();
        let session = Session::client(config.into(), name).unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (ours, theirs) = tokio::join!(listener.accept(), TcpStream::connect(address));
        let (accepted, connected) =
            tokio::join!(server.accept(ours.unwrap().0), TlsStream::handshake(theirs.unwrap(), session, &[]));
        assert_eq!(connected.unwrap().server_name(), None, "it was not asked for a name");
        assert_eq!(accepted.unwrap().server_name(), Some("a.example"));
        assert_eq!(take_asked_name(), None);
    }

    #[tokio::test]
    async fn a_client_that_says_no_name_is_shown_the_certificate_of_the_host_that_it_meant() {
        let made = |host: &str| {
            let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
            let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
            let names = vec![host.to_owned()];
            (chain.clone(), Certificate::from_pem(names, chain.as_bytes(), key.as_bytes()).unwrap())
        };
        let ((_, default), (chain, meant)) = (made("a.example"), made("b.example"));
        let server = ServerTls::new(vec![default, meant], Alpn::None).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()).unwrap();
        let mut config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.enable_sni = false;
        let config = Arc::new(config);

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for (server, is_right) in [(server.for_host("B.example"), true), (server, false)] {
            let name = ServerName::try_from("b.example").unwrap();
            let session = Session::client(config.clone(), name).unwrap();
            let (ours, theirs) = tokio::join!(listener.accept(), TcpStream::connect(address));
            let (accepted, connected) = tokio::join!(
                server.accept(ours.unwrap().0),
                TlsStream::handshake(theirs.unwrap(), session, &[])
            );
            assert_eq!((accepted.is_ok(), connected.is_ok()), (is_right, is_right));
        }
    }
}

//! A handshake for the sake of looking: what a server shows is kept, whatever it is worth, and judged afterwards.

use std::{io, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::net::TcpStream;
use webpki::{EndEntityCert, KeyUsage};

use super::{ClientTls, TlsStream, session::Session};

/// Whether the client says in its first message which host it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sni {
    /// As every client on 443, 5671 and 9352.
    Named,
    /// As WCF inside net.tcp framing (relay page 1.3): the server shows what it shows to the nameless.
    Nameless,
}

/// A connection to a server whose certificate nobody has judged. Nothing secret may be sent on it.
#[derive(Debug)]
pub struct Looked {
    /// The connection.
    pub stream: TlsStream,
    /// What the server showed, its own certificate first. At least one.
    pub chain: Vec<CertificateDer<'static>>,
    /// `TLS 1.3 with TLS13_AES_256_GCM_SHA384`.
    pub agreed: String,
}

/// Why there is nothing to look at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LookFault {
    /// The server will have no handshake with us.
    #[error("it refuses the TLS handshake: {0}")]
    Refused(String),
    /// Its key is too weak for a handshake, or it does not hold the one of its certificate.
    #[error("its key is not taken: {0}")]
    Key(String),
    /// What came is no TLS.
    #[error("what answers is no TLS")]
    NotTls,
    /// The connection broke, or the name is none.
    #[error(transparent)]
    Broken(#[from] io::Error),
}

/// Why a chain leads to no root that is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainFault {
    /// No root of ours signed it, nor anything that was sent with it.
    #[error("no trusted root signed it")]
    UnknownIssuer,
    /// One above it is not good at that time.
    #[error("a certificate above it has ended or has not begun")]
    NotValidNow,
    /// The certificate of an authority, shown as a server's own.
    #[error("it is the certificate of an authority, not of a server")]
    Authority,
    /// It says that it is for something else.
    #[error("it is not for servers")]
    NotForServers,
    /// A signature or a key of a kind that nobody takes any more: SHA-1, RSA below 2048 bits.
    #[error("its signature or a key above it is too weak or of an unknown kind")]
    Weak,
    /// The bytes are no certificate, or break a rule.
    #[error("it breaks a rule of certificates")]
    Malformed,
}

impl ClientTls {
    /// Does the handshake with the server called `name` and takes whatever certificate it shows. The caller sets the deadline.
    ///
    /// # Errors
    /// [`LookFault`].
    pub async fn look(&self, name: &str, tcp: TcpStream, sni: Sni) -> Result<Looked, LookFault> {
        let name = ServerName::try_from(name.to_owned())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let algorithms = ring::default_provider().signature_verification_algorithms;
        let mut config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(TakesAny(algorithms)))
            .with_no_client_auth();
        config.alpn_protocols = self.config.alpn_protocols.clone();
        config.enable_sni = sni == Sni::Named;
        let session = Session::client(Arc::new(config), name).map_err(io::Error::other)?;
        let stream = TlsStream::handshake(tcp, session, &[]).await.map_err(fault)?;
        let common = stream.agreed();
        let chain: Vec<_> = common
            .peer_certificates()
            .unwrap_or_default()
            .iter()
            .map(|one| one.clone().into_owned())
            .collect();
        if chain.is_empty() {
            return Err(LookFault::Refused("no certificate was shown".to_owned()));
        }
        let version = match common.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS 1.3",
        };
        let suite = common.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()));
        let agreed = format!("{version} with {}", suite.unwrap_or_default());
        Ok(Looked { stream, chain, agreed })
    }

    /// Whether a chain, leaf first, would lead to a trusted root at that time. Names are not looked at.
    ///
    /// # Errors
    /// [`ChainFault`], the first that is met.
    pub fn chain_leads_to_a_root(
        &self,
        chain: &[CertificateDer<'static>],
        seconds_since_1970: u64,
    ) -> Result<(), ChainFault> {
        let (leaf, above) = chain.split_first().ok_or(ChainFault::Malformed)?;
        let leaf = EndEntityCert::try_from(leaf).map_err(ChainFault::from)?;
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds_since_1970));
        let algorithms = ring::default_provider().signature_verification_algorithms.all;
        leaf.verify_for_usage(algorithms, &self.roots.roots, above, at, KeyUsage::server_auth(), None, None)
            .map(|_| ())
            .map_err(ChainFault::from)
    }
}

/// Whether a certificate is for that host name or address, as every client but WCF on 9351 compares them.
pub fn is_for_host(leaf: &CertificateDer<'_>, host: &str) -> bool {
    let Ok(name) = ServerName::try_from(host) else { return false };
    EndEntityCert::try_from(leaf).is_ok_and(|leaf| leaf.verify_is_valid_for_subject_name(&name).is_ok())
}

fn fault(error: io::Error) -> LookFault {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::AlertReceived(alert)) => LookFault::Refused(format!("{alert:?}")),
        Some(Error::PeerIncompatible(reason)) => LookFault::Refused(format!("{reason:?}")),
        Some(Error::InvalidCertificate(reason)) => LookFault::Key(format!("{reason:?}")),
        Some(Error::InvalidMessage(_) | Error::InappropriateMessage { .. }) => LookFault::NotTls,
        _ => LookFault::Broken(error),
    }
}

impl From<webpki::Error> for ChainFault {
    fn from(error: webpki::Error) -> Self {
        use webpki::Error as E;
        #[allow(deprecated, reason = "older forms of the same answers")]
        match error {
            E::UnknownIssuer | E::InvalidSignatureForPublicKey => Self::UnknownIssuer,
            E::CertExpired { .. } | E::CertNotValidYet { .. } | E::InvalidCertValidity => Self::NotValidNow,
            E::CaUsedAsEndEntity => Self::Authority,
            E::RequiredEkuNotFound | E::RequiredEkuNotFoundContext(_) => Self::NotForServers,
            E::UnsupportedSignatureAlgorithm
            | E::UnsupportedSignatureAlgorithmContext(_)
            | E::UnsupportedSignatureAlgorithmForPublicKey
            | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Self::Weak,
            _ => Self::Malformed,
        }
    }
}

/// Takes any certificate; that the server holds its key is checked all the same, or there would be nothing to look at.
#[derive(Debug)]
struct TakesAny(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for TakesAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
    use rustls::pki_types::pem::PemObject;
    use tokio::net::TcpListener;

    use super::*;
    use crate::io::{Alpn, Certificate, ServerTls};

    const NOW: u64 = 1_800_000_000;

    struct Ca(Issuer<'static, KeyPair>, String);

    fn ca(name: &str) -> Ca {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Ca(Issuer::new(params, key), pem)
    }

    fn signed(ca: &Ca, change: impl Fn(&mut CertificateParams)) -> (String, String) {
        let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &ca.0).unwrap().pem(), key.serialize_pem())
    }

    fn der(pem: &str) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()]
    }

    #[test]
    fn a_chain_leads_to_a_root_or_says_why_not() {
        let (ours, other) = (ca("ours"), ca("other"));
        let tls = ClientTls::new(&[ours.1.as_bytes()]).unwrap();
        let at = |pem: &str, at| tls.chain_leads_to_a_root(&der(pem), at);
        assert_eq!(at(&signed(&ours, |_| {}).0, NOW), Ok(()));
        assert_eq!(at(&signed(&other, |_| {}).0, NOW), Err(ChainFault::UnknownIssuer));
        let past = signed(&ours, |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1)).0;
        assert_eq!(at(&past, NOW), Err(ChainFault::NotValidNow));
        assert_eq!(at(&past, 1_500_000_000), Ok(()));
        let authority = signed(&ours, |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)).0;
        assert_eq!(at(&authority, NOW), Err(ChainFault::Authority));
        let mail = |params: &mut CertificateParams| {
            params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::EmailProtection];
        };
        assert_eq!(at(&signed(&ours, mail).0, NOW), Err(ChainFault::NotForServers));
        assert_eq!(tls.chain_leads_to_a_root(&[], NOW), Err(ChainFault::Malformed));
        let junk = [CertificateDer::from(vec![1, 2, 3])];
        assert_eq!(tls.chain_leads_to_a_root(&junk, NOW), Err(ChainFault::Malformed));
    }

    #[test]
    fn a_certificate_is_for_the_names_it_holds() {
        let pem = signed(&ca("ours"), |params| {
            params.subject_alt_names = vec![
                rcgen::SanType::DnsName("*.example.net".try_into().unwrap()),
                rcgen::SanType::IpAddress("203.0.113.7".parse().unwrap()),
            ];
        });
        let leaf = &der(&pem.0)[0];
        for (host, expected) in [
            ("a.example.net", true),
            ("example.net", false),
            ("a.b.example.net", false),
            ("203.0.113.7", true),
            ("203.0.113.8", false),
            ("no name", false),
        ] {
            assert_eq!(is_for_host(leaf, host), expected, "{host}");
        }
    }

    #[tokio::test]
    async fn what_is_no_tls_is_told_from_what_refuses_it() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let client = ClientTls::new(&[]).unwrap();
        for (answer, refused) in
            [(&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], false), (b"\x15\x03\x03\0\x02\x02\x28", true)]
        {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let server = async {
                let (mut tcp, _) = listener.accept().await.unwrap();
                let mut hello = [0; 1024];
                assert!(tcp.read(&mut hello).await.unwrap() > 0);
                tcp.write_all(answer).await.unwrap();
                tcp
            };
            let looking = async {
                let tcp = TcpStream::connect(address).await.unwrap();
                client.look("a.example", tcp, Sni::Named).await.unwrap_err()
            };
            let (_tcp, fault) = tokio::join!(server, looking);
            match fault {
                LookFault::Refused(alert) => assert!(refused && alert == "HandshakeFailure", "{alert}"),
                LookFault::NotTls => assert!(!refused),
                other => panic!("{other}"),
            }
        }
    }

    #[tokio::test]
    async fn what_nobody_trusts_is_shown_and_a_client_may_stay_nameless() {
        let (chain, key) = signed(&ca("nobody's"), |_| {});
        let certificate = Certificate::from_pem(Vec::new(), chain.as_bytes(), key.as_bytes()).unwrap();
        let server = ServerTls::new(vec![certificate], Alpn::None).unwrap();
        let client = ClientTls::new(&[]).unwrap();
        for (sni, name) in [(Sni::Named, Some("a.example")), (Sni::Nameless, None)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (theirs, ours) = tokio::join!(listener.accept(), TcpStream::connect(address));
            let (accepted, looked) =
                tokio::join!(server.accept(theirs.unwrap().0), client.look("a.example", ours.unwrap(), sni));
            let looked = looked.unwrap();
            assert_eq!(looked.chain, der(&chain));
            assert!(looked.agreed.starts_with("TLS 1.3 with TLS13_"), "{}", looked.agreed);
            assert_eq!(accepted.unwrap().server_name(), name);
        }
    }
}

//! Small servers that answer as this or that thing in a network does.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

/// A connection, in clear or inside TLS.
pub(crate) trait Line: Read + Write {}
impl<T: Read + Write> Line for T {}

/// Serves every connection with `answer`, each on a thread of its own; says its port.
pub(crate) fn serve(answer: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let answer = Arc::clone(&answer);
            socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a read time-out");
            // Whoever looks at certificates hangs up in the middle.
            std::thread::spawn(move || answer(socket));
        }
    });
    port
}

/// Says these bytes to everybody, once something was asked.
pub(crate) fn says(bytes: &'static [u8]) -> u16 {
    serve(move |mut socket| {
        let mut asked = [0; 1024];
        let _ = socket.read(&mut asked)?;
        socket.write_all(bytes)?;
        // Until the other side hangs up: a reset would take the bytes away.
        io::copy(&mut socket, &mut io::sink()).map(|_| ())
    })
}

/// Speaks TLS and then as a gateway's `https` door does; `date` goes into its answers.
pub(crate) fn gateway(shows: &Shows, date: Option<&'static str>) -> u16 {
    let config = shows.config();
    serve(move |socket| {
        relay(&mut tls(&config, socket)?, date, "400 This endpoint is only for web-socket requests")
    })
}

/// As [`gateway`], and answers WebSocket handshakes with this status line.
pub(crate) fn refusing_gateway(shows: &Shows, refusal: &'static str) -> u16 {
    let config = shows.config();
    serve(move |socket| relay(&mut tls(&config, socket)?, None, refusal))
}

fn relay(line: &mut impl Line, date: Option<&str>, refusal: &str) -> io::Result<()> {
    let head = head(line)?;
    let status = match head.contains("Upgrade: websocket") {
        true => refusal,
        false => "400 This endpoint is only for web-socket requests",
    };
    let date = date.map(|date| format!("Date: {date}\r\n")).unwrap_or_default();
    let answer =
        format!("HTTP/1.1 {status}. TrackingId:1_G0\r\n{date}Content-Length: 0\r\nConnection: close\r\n\r\n");
    line.write_all(answer.as_bytes())?;
    line.flush()
}

/// An HTTP head.
pub(crate) fn head(line: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        line.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The server's side of TLS.
pub(crate) fn tls(
    config: &Arc<ServerConfig>,
    socket: TcpStream,
) -> io::Result<StreamOwned<ServerConnection, TcpStream>> {
    let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    Ok(StreamOwned::new(connection, socket))
}

/// A certificate with its key, and a file with the root that it should lead to.
pub(crate) struct Shows {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    root: PathBuf,
    _directory: TempDir,
}

impl Shows {
    /// For `localhost`, signed by a root of its own called `Example CA`.
    pub(crate) fn localhost() -> Self {
        Self::for_names(&["localhost"], |_| {})
    }

    /// For these names, with changes.
    pub(crate) fn for_names(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Self {
        Self::signed_by("Example CA", names, change)
    }

    /// Signed by a root of this common name and organisation.
    pub(crate) fn signed_by(
        authority: &str,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let (root, pem) = root(authority);
        let (leaf, key) = leaf(names, change);
        let signed = leaf.signed_by(&key, &root).expect("a certificate");
        Self::new(vec![signed.der().clone()], &key, &pem)
    }

    /// Signed by an intermediate of the root, which is not shown.
    pub(crate) fn without_intermediate(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (root, pem) = root("Example CA");
        let key = KeyPair::generate().expect("a key pair");
        let intermediate = authority("Example Issuing CA");
        intermediate.signed_by(&key, &root).expect("an intermediate");
        let intermediate = Issuer::new(intermediate, key);
        let (leaf, key) = leaf(names, change);
        let signed = leaf.signed_by(&key, &intermediate).expect("a certificate");
        Self::new(vec![signed.der().clone()], &key, &pem)
    }

    /// Signed by itself; the root in the file has nothing to do with it.
    pub(crate) fn self_signed(names: &[&str]) -> Self {
        let (leaf, key) = leaf(names, |_| {});
        let signed = leaf.self_signed(&key).expect("a certificate");
        Self::new(vec![signed.der().clone()], &key, &root("Example CA").1)
    }

    fn new(chain: Vec<CertificateDer<'static>>, key: &KeyPair, root: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("ca.pem");
        fs::write(&file, root).expect("the root is written");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a private key");
        Self { chain, key, root: file, _directory: directory }
    }

    /// The file with the root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What a server needs.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider supports them")
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .expect("certificate and key match");
        Arc::new(config)
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn root(name: &str) -> (Issuer<'static, KeyPair>, String) {
    let key = KeyPair::generate().expect("a key pair");
    let params = authority(name);
    let pem = params.self_signed(&key).expect("a root").pem();
    (Issuer::new(params, key), pem)
}

fn leaf(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> (CertificateParams, KeyPair) {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names.clone()).expect("valid names");
    params.distinguished_name.push(DnType::CommonName, names[0].as_str());
    change(&mut params);
    (params, KeyPair::generate().expect("a key pair"))
}

//! A blocking connection to a door: TCP, or TLS that trusts only the test's own authority.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned};

use crate::NAMESPACE;

/// How long a read or a write may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection a test reads and writes byte by byte.
pub struct Wire {
    stream: Box<dyn Transport>,
    socket: TcpStream,
    /// Bytes that were read but not yet used.
    pub(crate) unread: Vec<u8>,
}

/// What bytes travel on.
pub(crate) trait Transport: Read + Write + Send {
    /// Ends our direction, where that is more than a FIN; whether it was.
    fn finish(&mut self) -> bool {
        false
    }
}

impl Transport for TcpStream {}

impl Transport for StreamOwned<ClientConnection, Box<dyn Transport>> {
    fn finish(&mut self) -> bool {
        self.sock.finish()
    }
}

/// Whether a TLS handshake says for which name it is.
enum Sni {
    Sent,
    LeftOut,
}

impl Wire {
    /// Connects in clear.
    pub fn tcp(address: SocketAddr) -> Self {
        let socket = socket(address);
        Self { stream: Box::new(socket.try_clone().expect("a second handle")), socket, unread: Vec::new() }
    }

    /// Connects and shakes hands for `name`, trusting the certificates in the file `authority` alone.
    pub fn tls(address: SocketAddr, name: &str, authority: &Path) -> Self {
        Self::secured(socket(address), name, Sni::Sent, authority)
    }

    /// Shakes hands on a connection on which something was said in clear before.
    pub fn into_tls(self, name: &str, authority: &Path) -> Self {
        self.upgraded(name, Sni::Sent, authority)
    }

    /// As [`Wire::into_tls`], but does not say for which name.
    pub fn into_tls_without_sni(self, name: &str, authority: &Path) -> Self {
        self.upgraded(name, Sni::LeftOut, authority)
    }

    /// A connection that something else carries; `socket` is the one it reads from.
    pub(crate) fn over(carrier: impl Transport + 'static, socket: TcpStream) -> Self {
        Self { stream: Box::new(carrier), socket, unread: Vec::new() }
    }

    fn upgraded(self, name: &str, sni: Sni, authority: &Path) -> Self {
        assert!(self.unread.is_empty(), "nothing is left in clear");
        Self::secure(self.stream, self.socket, name, sni, authority)
    }

    fn secured(socket: TcpStream, name: &str, sni: Sni, authority: &Path) -> Self {
        let carrier = Box::new(socket.try_clone().expect("a second handle"));
        Self::secure(carrier, socket, name, sni, authority)
    }

    fn secure(
        carrier: Box<dyn Transport>,
        socket: TcpStream,
        name: &str,
        sni: Sni,
        authority: &Path,
    ) -> Self {
        Self::secure_with(carrier, socket, name, Arc::new(trusting(authority, sni)))
    }

    /// Shakes hands as others do that share `config`.
    pub(crate) fn into_tls_with(self, name: &str, config: Arc<ClientConfig>) -> Self {
        Self::secure_with(self.stream, self.socket, name, config)
    }

    /// As [`Wire::into_tls_with`], but here and now; how it went.
    pub(crate) fn into_tls_at_once(mut self, name: &str, config: Arc<ClientConfig>) -> (Self, HandshakeKind) {
        let name = ServerName::try_from(name.to_owned()).expect("a server name");
        let mut client = ClientConnection::new(config, name).expect("a TLS client");
        while client.is_handshaking() {
            client.complete_io(&mut self.stream).expect("a handshake");
        }
        let kind = client.handshake_kind().expect("the handshake is over");
        let stream = StreamOwned::new(client, self.stream);
        (Self { stream: Box::new(stream), ..self }, kind)
    }

    fn secure_with(
        carrier: Box<dyn Transport>,
        socket: TcpStream,
        name: &str,
        config: Arc<ClientConfig>,
    ) -> Self {
        let name = ServerName::try_from(name.to_owned()).expect("a server name");
        let client = ClientConnection::new(config, name).expect("a TLS client");
        let stream = StreamOwned::new(client, carrier);
        Self { stream: Box::new(stream), socket, unread: Vec::new() }
    }

    /// The service's end of a connection.
    pub(crate) fn accepted(socket: TcpStream) -> Self {
        prepare(&socket);
        Self { stream: Box::new(socket.try_clone().expect("a second handle")), socket, unread: Vec::new() }
    }

    /// Sends all of `bytes`.
    pub fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).expect("the gateway takes what is sent");
    }

    /// Sends all of `bytes`, or says why the gateway did not take them.
    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Reads at least one byte into `unread`; `Ok(0)` at the end of the stream.
    ///
    /// A TCP end without `close_notify` counts as an end; a reset is an error.
    pub(crate) fn fill(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 64 << 10];
        let read = match self.stream.read(&mut buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            Err(error) => return Err(error),
        };
        self.unread.extend_from_slice(&buffer[..read]);
        Ok(read)
    }

    /// Reads exactly `length` bytes.
    pub fn receive(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length {
            let read = self.fill().expect("bytes from the gateway");
            assert!(read > 0, "the stream ended after {:02x?}, {length} bytes were due", self.unread);
        }
        self.unread.drain(..length).collect()
    }

    /// Reads until the peer ends its direction; a reset ends it as well.
    pub fn receive_to_end(&mut self) -> Vec<u8> {
        loop {
            match self.fill() {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if was_cut(&error) => break,
                Err(error) => panic!("the stream neither goes on nor ends: {error}"),
            }
        }
        std::mem::take(&mut self.unread)
    }

    /// Whether nothing arrives for `time`; an end of the stream is something.
    pub fn is_quiet_for(&mut self, time: Duration) -> bool {
        self.set_patience(time);
        let outcome = self.fill();
        self.set_patience(PATIENCE);
        matches!(outcome, Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut))
    }

    /// What a client that dialled this connection by name calls it: `localhost:port`.
    pub(crate) fn authority(&self) -> String {
        let peer = self.socket.peer_addr().expect("the socket is connected");
        format!("{NAMESPACE}:{}", peer.port())
    }

    /// How long the next reads may take.
    pub fn set_patience(&self, time: Duration) {
        self.socket.set_read_timeout(Some(time)).expect("a time-out that is not zero");
    }

    /// Ends our direction (FIN, or what the carrier has in its place) and keeps reading.
    pub fn finish(&mut self) {
        if self.stream.finish() {
            return;
        }
        // A peer that has reset the connection has ended both directions.
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Drops the connection with a reset, as a crashed or impatient peer does.
    pub fn abort(self) {
        let linger = Some(Duration::ZERO);
        rustix::net::sockopt::set_socket_linger(&self.socket, linger).expect("SO_LINGER on a TCP socket");
    }

    /// A handle that ends the connection from another thread.
    pub(crate) fn handle(&self) -> TcpStream {
        self.socket.try_clone().expect("a second handle")
    }
}

/// Whether a connection ended without a FIN.
pub(crate) fn was_cut(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    matches!(error.kind(), ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected)
}

/// Trusts the certificates in the file `authority` alone, and resumes sessions.
pub(crate) fn trusting_with_tickets(authority: &Path) -> ClientConfig {
    trusting(authority, Sni::Sent)
}

/// Trusts the certificates in the file `authority` alone, and resumes no session.
pub(crate) fn trusting_without_tickets(authority: &Path) -> ClientConfig {
    let mut config = trusting(authority, Sni::Sent);
    config.resumption = Resumption::disabled();
    config
}

fn trusting(authority: &Path, sni: Sni) -> ClientConfig {
    let pem = fs::read(authority).expect("the authority's certificate is there");
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.expect("PEM")).expect("a certificate");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider supports them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.enable_sni = matches!(sni, Sni::Sent);
    config
}

fn socket(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).expect("the door is open");
    prepare(&socket);
    socket
}

fn prepare(socket: &TcpStream) {
    socket.set_nodelay(true).expect("TCP_NODELAY");
    socket.set_read_timeout(Some(PATIENCE)).expect("a read time-out");
    socket.set_write_timeout(Some(PATIENCE)).expect("a write time-out");
}

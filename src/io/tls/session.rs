//! rustls's unbuffered connections behind one face: bytes of either direction go through buffers of the caller.
//!
//! Unlike the buffered ones they keep nothing for an idle connection but its keys, and read more than 4 KiB at a time.

use std::{fmt, io, sync::Arc};

use rustls::{
    ClientConfig, CommonState, ServerConfig,
    client::UnbufferedClientConnection,
    pki_types::ServerName,
    server::UnbufferedServerConnection,
    unbuffered::{
        ConnectionState, EncodeError, EncodeTlsData, EncryptError, InsufficientSizeError, UnbufferedStatus,
    },
};

/// One TLS session, either side.
pub(super) enum Session {
    Server(UnbufferedServerConnection),
    Client(UnbufferedClientConnection),
}

/// What became of a piece of ciphertext.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Bytes of it that are done with; the rest is the start of a record and is to be shown again.
    pub(super) consumed: usize,
    /// The peer said `close_notify`: it sends nothing more.
    pub(super) peer_closed: bool,
}

/// What to encrypt.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outgoing<'a> {
    Data(&'a [u8]),
    CloseNotify,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server(_) => "Session::Server",
            Self::Client(_) => "Session::Client",
        })
    }
}

impl Session {
    pub(super) fn server(config: Arc<ServerConfig>) -> Result<Self, rustls::Error> {
        Ok(Self::Server(UnbufferedServerConnection::new(config)?))
    }

    pub(super) fn client(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Self, rustls::Error> {
        Ok(Self::Client(UnbufferedClientConnection::new(config, name)?))
    }

    pub(super) fn is_handshaking(&self) -> bool {
        match self {
            Self::Server(server) => server.is_handshaking(),
            Self::Client(client) => client.is_handshaking(),
        }
    }

    pub(super) fn alpn(&self) -> Option<&[u8]> {
        match self {
            Self::Server(server) => server.alpn_protocol(),
            Self::Client(client) => client.alpn_protocol(),
        }
    }

    /// What both sides agreed on and showed each other so far.
    pub(super) fn common(&self) -> &CommonState {
        match self {
            Self::Server(server) => server,
            Self::Client(client) => client,
        }
    }

    /// Takes ciphertext, hands plaintext to `plain`, and appends what the session itself has to say (handshake, tickets, alerts) to `out`.
    ///
    /// On an error `out` may hold an alert for the peer.
    pub(super) fn process(
        &mut self,
        incoming: &mut [u8],
        plain: &mut impl FnMut(&[u8]),
        out: &mut Outbox,
    ) -> Result<Progress, rustls::Error> {
        match self {
            Self::Server(server) => process(server, incoming, plain, out),
            Self::Client(client) => process(client, incoming, plain, out),
        }
    }

    /// Appends ciphertext to `out`. `incoming` is what [`Session::process`] left, which the session still counts on.
    pub(super) fn encrypt(
        &mut self,
        what: Outgoing<'_>,
        incoming: &mut [u8],
        out: &mut Outbox,
    ) -> io::Result<()> {
        match self {
            Self::Server(server) => encrypt(server, what, incoming, out),
            Self::Client(client) => encrypt(client, what, incoming, out),
        }
    }
}

/// What both kinds of connection can do, which rustls has no trait for.
trait Unbuffered {
    type Data;

    /// Whether the session has records of its own to send.
    fn wants_write(&self) -> bool;

    fn process_records<'c, 'i>(&'c mut self, incoming: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data>;
}

impl Unbuffered for UnbufferedServerConnection {
    type Data = rustls::server::ServerConnectionData;

    fn wants_write(&self) -> bool {
        (**self).wants_write()
    }

    fn process_records<'c, 'i>(&'c mut self, incoming: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }
}

impl Unbuffered for UnbufferedClientConnection {
    type Data = rustls::client::ClientConnectionData;

    fn wants_write(&self) -> bool {
        (**self).wants_write()
    }

    fn process_records<'c, 'i>(&'c mut self, incoming: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }
}

fn process<C: Unbuffered>(
    connection: &mut C,
    incoming: &mut [u8],
    plain: &mut impl FnMut(&[u8]),
    out: &mut Outbox,
) -> Result<Progress, rustls::Error> {
    let mut progress = Progress::default();
    let error = loop {
        let UnbufferedStatus { discard, state } =
            connection.process_records(&mut incoming[progress.consumed..]);
        match state {
            Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                while let Some(record) = traffic.next_record() {
                    plain(record?.payload);
                }
            }
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                out.append_record(&mut data).ok_or(rustls::Error::EncryptError)?;
            }
            // It is in `out`, which goes to the peer before anything else.
            Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
            Ok(ConnectionState::PeerClosed) => progress.peer_closed = true,
            // Early data is not offered; every other state waits for more bytes, or for something to send.
            Ok(_) => {
                progress.consumed += discard;
                return Ok(progress);
            }
            Err(error) => break error,
        }
        progress.consumed += discard;
    };
    // The alert that tells the peer why; records are not looked at before it is out, and must not be after an error.
    while connection.wants_write() {
        match connection.process_records(&mut incoming[progress.consumed..]).state {
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                out.append_record(&mut data).ok_or(rustls::Error::EncryptError)?;
            }
            _ => break,
        }
    }
    Err(error)
}

fn encrypt<C: Unbuffered>(
    connection: &mut C,
    what: Outgoing<'_>,
    incoming: &mut [u8],
    out: &mut Outbox,
) -> io::Result<()> {
    loop {
        // Nothing more can come of it than when it was processed: it is the start of a record, or of a handshake message.
        let UnbufferedStatus { state, .. } = connection.process_records(incoming);
        match state.map_err(io::Error::other)? {
            ConnectionState::WriteTraffic(mut traffic) => {
                let encrypted = out.append(|room| {
                    let result = match what {
                        Outgoing::Data(plain) => traffic.encrypt(plain, room),
                        Outgoing::CloseNotify => traffic.queue_close_notify(room),
                    };
                    result.map_err(|error| match error {
                        EncryptError::InsufficientSize(size) => Some(size),
                        EncryptError::EncryptExhausted => None,
                    })
                });
                return encrypted.ok_or_else(|| io::Error::other("encrypter is exhausted"));
            }
            ConnectionState::EncodeTlsData(mut data) => {
                out.append_record(&mut data).ok_or_else(|| io::Error::other("record cannot be encoded"))?;
            }
            ConnectionState::TransmitTlsData(data) => data.done(),
            // Told once; reading tells it too, from its own flag.
            ConnectionState::PeerClosed => {}
            _ => return Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

/// Room for ciphertext that is used again and again: it grows to what was needed once, and is cleared by a number alone.
#[derive(Debug)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    filled: usize,
}

impl Outbox {
    pub(super) const fn new() -> Self {
        Self { bytes: Vec::new(), filled: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.filled = 0;
    }

    pub(super) fn filled(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// Calls `write` with the room behind the content, with more once it says how much it needs, and keeps what it wrote. `None`: it failed.
    fn append(
        &mut self,
        mut write: impl FnMut(&mut [u8]) -> Result<usize, Option<InsufficientSizeError>>,
    ) -> Option<()> {
        loop {
            match write(&mut self.bytes[self.filled..]) {
                Ok(written) => {
                    self.filled += written;
                    return Some(());
                }
                Err(Some(InsufficientSizeError { required_size })) => {
                    self.bytes.resize(self.filled + required_size, 0)
                }
                Err(None) => return None,
            }
        }
    }

    fn append_record<D>(&mut self, data: &mut EncodeTlsData<'_, D>) -> Option<()> {
        self.append(|room| match data.encode(room) {
            Err(EncodeError::InsufficientSize(size)) => Err(Some(size)),
            other => other.map_err(|_| None),
        })
    }
}

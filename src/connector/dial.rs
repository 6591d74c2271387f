//! Opens connections: to gateways, through the proxy if there is one; to services, directly.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use secrecy::ExposeSecret as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{
    authority::{Authority, Security},
    handshake::{self, Ask, HandshakeError, Opened},
    proxy::{Proxy, ProxySettings},
};
use crate::io::{ClientTls, Stream};

/// Opens connections. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    tls: ClientTls,
    proxy: ProxySettings,
}

/// A WebSocket that is open, with the connection under it.
#[derive(Debug)]
pub(crate) struct OpenSocket {
    /// The connection.
    pub(crate) stream: Stream,
    /// What came behind the answer's head: the beginning of the first frames.
    pub(crate) early: Bytes,
    /// The sub-protocol the server chose.
    pub(crate) protocol: Option<String>,
    /// The gateway's name for this connection.
    pub(crate) tracking_id: Option<String>,
}

/// A connection that was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DialError {
    /// The name has no address.
    #[error("{host} has no address: {error}")]
    NoAddress {
        /// The name.
        host: String,
        /// What the system says.
        error: io::Error,
    },
    /// Nobody listens there, or the way is blocked.
    #[error("{to} is not reachable: {error}")]
    Unreachable {
        /// Where to.
        to: String,
        /// What the system says.
        error: io::Error,
    },
    /// No connection within the time.
    #[error("{to} did not answer within {} seconds", .within.as_secs())]
    TimedOut {
        /// Where to.
        to: String,
        /// The time.
        within: Duration,
    },
    /// TLS did not come about.
    #[error("{to}: TLS: {error}{}", certificate_advice(.error))]
    Tls {
        /// Where to.
        to: Authority,
        /// What is wrong.
        error: io::Error,
    },
    /// The proxy refused.
    #[error("the proxy {proxy} (HTTPS_PROXY) refused: {reason}")]
    ProxyRefused {
        /// The proxy.
        proxy: Authority,
        /// Its status line.
        reason: String,
    },
    /// Something else than a WebSocket, or none.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
}

/// How long name look-up, connection, proxy and TLS may take together.
pub(crate) const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// How long a WebSocket handshake may take. A sender's waits for a listener, 30 s at the gateway, so this is longer.
pub(crate) const HANDSHAKE_WITHIN: Duration = Duration::from_secs(60);

/// Bytes of a proxy's answer.
const LONGEST_PROXY_HEAD: usize = 16 << 10;

impl Dialer {
    /// With these roots and this proxy.
    pub(crate) fn new(tls: ClientTls, proxy: ProxySettings) -> Self {
        Self { tls, proxy }
    }

    /// The roots that are trusted.
    pub(crate) fn tls(&self) -> &ClientTls {
        &self.tls
    }

    /// The proxy that a TLS connection to `to` goes through, if there is one.
    pub(crate) fn proxy(&self, to: &Authority) -> Option<&Authority> {
        self.proxy.choose(to).map(|proxy| &proxy.authority)
    }

    /// The connection under a TLS connection to a gateway: to look at what is there, before anything is said.
    pub(crate) async fn beneath(&self, to: &Authority) -> Result<TcpStream, DialError> {
        let reached = timeout(CONNECT_WITHIN, async {
            match self.proxy.choose(to) {
                Some(proxy) => self.through(proxy, to).await,
                None => tcp(to).await,
            }
        });
        reached
            .await
            .unwrap_or_else(|_| Err(DialError::TimedOut { to: to.to_string(), within: CONNECT_WITHIN }))
    }

    /// A connection to a gateway.
    pub(crate) async fn gateway(&self, to: &Authority, security: Security) -> Result<Stream, DialError> {
        let proxy = match security {
            Security::Tls => self.proxy.choose(to),
            Security::Clear => None,
        };
        within(to, async {
            let tcp = match proxy {
                Some(proxy) => self.through(proxy, to).await?,
                None => tcp(to).await?,
            };
            self.secure(tcp, to, security).await
        })
        .await
    }

    /// A connection to a service, never through a proxy: it stands beside us.
    pub(crate) async fn service(&self, to: &Authority, security: Security) -> Result<Stream, DialError> {
        within(to, async { self.secure(tcp(to).await?, to, security).await }).await
    }

    /// A connection to a socket in the file system.
    pub(crate) async fn socket(&self, path: &std::path::Path) -> Result<Stream, DialError> {
        let to = || format!("unix:{}", path.display());
        match timeout(CONNECT_WITHIN, Stream::connect_unix(path)).await {
            Ok(connected) => connected.map_err(|error| DialError::Unreachable { to: to(), error }),
            Err(_) => Err(DialError::TimedOut { to: to(), within: CONNECT_WITHIN }),
        }
    }

    /// A WebSocket at a gateway.
    pub(crate) async fn websocket(
        &self,
        to: &Authority,
        security: Security,
        ask: &Ask<'_>,
    ) -> Result<OpenSocket, DialError> {
        let stream = self.gateway(to, security).await?;
        upgrade(stream, to, ask).await
    }

    async fn through(&self, proxy: &Proxy, to: &Authority) -> Result<TcpStream, DialError> {
        let mut tcp = tcp(&proxy.authority).await?;
        let broken = |error| DialError::Unreachable { to: format!("the proxy {}", proxy.authority), error };
        tcp.write_all(proxy.connect_request(to).expose_secret().as_bytes()).await.map_err(broken)?;
        let mut head = BytesMut::new();
        let refused = |reason: &str| DialError::ProxyRefused {
            proxy: proxy.authority.clone(),
            reason: reason.chars().filter(|c| !c.is_control()).take(200).collect(),
        };
        while !head.windows(4).any(|four| four == b"\r\n\r\n") {
            if head.len() >= LONGEST_PROXY_HEAD {
                return Err(refused("its answer is too long"));
            }
            if tcp.read_buf(&mut head).await.map_err(broken)? == 0 {
                return Err(refused("it closed the connection"));
            }
        }
        let text = String::from_utf8_lossy(&head);
        let status_line = text.lines().next().unwrap_or_default();
        match status_line.split(' ').nth(1) {
            // The gateway waits for our hello, so nothing can lie behind the head.
            Some(status) if status.len() == 3 && status.starts_with('2') => {
                if head.ends_with(b"\r\n\r\n") {
                    Ok(tcp)
                } else {
                    Err(refused("it sent bytes of its own"))
                }
            }
            Some("407") => Err(refused(
                "407, it wants a name and a password: HTTPS_PROXY=http://name:password@host:port",
            )),
            _ => Err(refused(status_line)),
        }
    }

    async fn secure(&self, tcp: TcpStream, to: &Authority, security: Security) -> Result<Stream, DialError> {
        match security {
            Security::Clear => Ok(tcp.into()),
            Security::Tls => {
                let tls = self.tls.connect(to.host(), tcp).await;
                Ok(tls.map_err(|error| DialError::Tls { to: to.clone(), error })?.into())
            }
        }
    }
}

/// Makes a WebSocket of a connection.
pub(crate) async fn upgrade(
    mut stream: Stream,
    to: &Authority,
    ask: &Ask<'_>,
) -> Result<OpenSocket, DialError> {
    match timeout(HANDSHAKE_WITHIN, handshake::open(&mut stream, ask)).await {
        Ok(opened) => {
            let Opened { early, protocol, tracking_id } = opened?;
            Ok(OpenSocket { stream, early, protocol, tracking_id })
        }
        Err(_) => Err(DialError::TimedOut { to: to.to_string(), within: HANDSHAKE_WITHIN }),
    }
}

async fn within(
    to: &Authority,
    dialling: impl Future<Output = Result<Stream, DialError>>,
) -> Result<Stream, DialError> {
    match timeout(CONNECT_WITHIN, dialling).await {
        Ok(result) => result,
        Err(_) => Err(DialError::TimedOut { to: to.to_string(), within: CONNECT_WITHIN }),
    }
}

/// Tries every address of the name.
async fn tcp(to: &Authority) -> Result<TcpStream, DialError> {
    let no_address = |error| DialError::NoAddress { host: to.host().to_owned(), error };
    let addresses = lookup_host((to.host(), to.port())).await.map_err(no_address)?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name is known but has no address");
    for address in addresses {
        match Stream::connect(address).await {
            Ok(Stream::Tcp(tcp)) => return Ok(tcp),
            Ok(_) => {}
            Err(error) => last = error,
        }
    }
    Err(DialError::Unreachable { to: to.to_string(), error: last })
}

fn certificate_advice(error: &io::Error) -> &'static str {
    let text = error.to_string();
    if text.contains("UnknownIssuer") || text.contains("certificate") {
        "; if the gateway has a private CA, name it with --ca FILE or VIADUCT_CA"
    } else {
        ""
    }
}

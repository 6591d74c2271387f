//! The two ends of a connector: the service behind `viaduct listen`, the local door of `viaduct forward`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

/// The port of a `net.tcp` service when its address names none.
const NET_TCP_PORT: u16 = 808;
/// The port of a local `net.tcp` door when none is named: not 808, where Windows' own port sharing sits.
const LOCAL_NET_TCP_PORT: u16 = 8808;
/// The port of a local HTTP door when none is named.
const LOCAL_HTTP_PORT: u16 = 8080;

/// Where a listener hands on what reaches it: `--to` of `viaduct listen`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenTarget {
    /// `http://…` or `https://…`. Its path is the base that requests never leave.
    Http(Url),
    /// `tcp://host:port`: bytes as they come.
    Tcp {
        /// A name or an address; IPv6 without brackets.
        host: String,
        /// Never 0.
        port: u16,
    },
    /// `net.tcp://host:port/path`: a WCF service; the Via is rewritten to this address.
    NetTcp {
        /// A name or an address; IPv6 without brackets.
        host: String,
        /// 808 when the address names none.
        port: u16,
        /// As written, percent-encoded, with leading slash.
        path: String,
    },
    /// `unix:/run/service.sock`: bytes as they come.
    Unix(PathBuf),
    /// Answers with what it got; needs no service.
    Echo,
}

/// Where `viaduct forward` takes connections.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LocalDoor {
    /// What its clients speak.
    pub protocol: LocalProtocol,
    /// A name or an address to listen on; IPv6 without brackets.
    pub host: String,
    /// 0 lets the operating system choose.
    pub port: u16,
    /// The path clients use, percent-encoded, with leading slash; `/` for `tcp`.
    pub path: String,
}

/// What the clients of a local door speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LocalProtocol {
    /// Bytes as they come.
    Tcp,
    /// .NET message framing.
    NetTcp,
    /// HTTP/1.1.
    Http,
}

/// Why a text is no target and no local door.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// No URL at all.
    #[error("{0:?} is no URL")]
    NoUrl(String),
    /// A scheme that is none of ours.
    #[error("scheme {found:?} is not known; known here: {known}")]
    UnknownScheme {
        /// The scheme.
        found: String,
        /// What may stand there.
        known: &'static str,
    },
    /// A URL without host.
    #[error("no host in {0:?}")]
    NoHost(String),
    /// `tcp://` without port.
    #[error("no port in {0:?}")]
    NoPort(String),
    /// User, query or fragment: they would be lost.
    #[error("{0:?} holds a user, a query or a fragment; leave it out")]
    Surplus(String),
    /// A path where there is none in the protocol.
    #[error("{0:?} holds a path; tcp has none")]
    Path(String),
}

impl FromStr for ListenTarget {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if text == "echo" {
            return Ok(Self::Echo);
        }
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err(TargetError::NoHost(text.to_owned()))
            } else {
                Ok(Self::Unix(path.into()))
            };
        }
        let url = plain_url(text)?;
        match url.scheme() {
            "http" | "https" => Ok(Self::Http(url)),
            "tcp" => {
                let (host, port) = tcp(text, &url)?;
                if port == 0 {
                    Err(TargetError::NoPort(text.to_owned()))
                } else {
                    Ok(Self::Tcp { host, port })
                }
            }
            "net.tcp" => Ok(Self::NetTcp {
                host: host(text, &url)?,
                port: url.port().unwrap_or(NET_TCP_PORT),
                path: slashed(&url),
            }),
            other => Err(TargetError::UnknownScheme {
                found: other.to_owned(),
                known: "http, https, tcp, net.tcp, unix, echo",
            }),
        }
    }
}

impl fmt::Display for ListenTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(url) => write!(f, "{url}"),
            Self::Tcp { host, port } => write!(f, "tcp://{}:{port}", Bracketed(host)),
            Self::NetTcp { host, port, path } => write!(f, "net.tcp://{}:{port}{path}", Bracketed(host)),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Echo => f.write_str("echo"),
        }
    }
}

impl FromStr for LocalDoor {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let url = plain_url(text)?;
        let (protocol, port) = match url.scheme() {
            "tcp" => {
                let (host, port) = tcp(text, &url)?;
                return Ok(Self { protocol: LocalProtocol::Tcp, host, port, path: "/".into() });
            }
            "net.tcp" => (LocalProtocol::NetTcp, url.port().unwrap_or(LOCAL_NET_TCP_PORT)),
            // `port()` is none for a scheme's own port, 80, which a person may well have written.
            "http" if text.trim_end_matches('/').ends_with(":80") => (LocalProtocol::Http, 80),
            "http" => (LocalProtocol::Http, url.port().unwrap_or(LOCAL_HTTP_PORT)),
            other => {
                return Err(TargetError::UnknownScheme {
                    found: other.to_owned(),
                    known: "tcp, net.tcp, http",
                });
            }
        };
        Ok(Self { protocol, host: host(text, &url)?, port, path: slashed(&url) })
    }
}

impl LocalDoor {
    /// Whether it is where Windows' own Net.TCP Port Sharing Service sits.
    pub fn is_port_sharing(&self) -> bool {
        self.protocol == LocalProtocol::NetTcp && self.port == NET_TCP_PORT
    }
}

impl fmt::Display for LocalDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, port) = (Bracketed(&self.host), self.port);
        match self.protocol {
            LocalProtocol::Tcp => write!(f, "tcp://{host}:{port}"),
            LocalProtocol::NetTcp => write!(f, "net.tcp://{host}:{port}{}", self.path),
            LocalProtocol::Http => write!(f, "http://{host}:{port}{}", self.path),
        }
    }
}

/// A host as it stands in a URL: IPv6 in brackets.
struct Bracketed<'a>(&'a str);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]", self.0) } else { f.write_str(self.0) }
    }
}

fn plain_url(text: &str) -> Result<Url, TargetError> {
    let url = Url::parse(text).map_err(|_| TargetError::NoUrl(text.to_owned()))?;
    let surplus = !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some();
    if surplus { Err(TargetError::Surplus(text.to_owned())) } else { Ok(url) }
}

fn tcp(text: &str, url: &Url) -> Result<(String, u16), TargetError> {
    if !matches!(url.path(), "" | "/") {
        return Err(TargetError::Path(text.to_owned()));
    }
    Ok((host(text, url)?, url.port().ok_or_else(|| TargetError::NoPort(text.to_owned()))?))
}

fn host(text: &str, url: &Url) -> Result<String, TargetError> {
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| TargetError::NoHost(text.to_owned()))?;
    Ok(host.trim_start_matches('[').trim_end_matches(']').to_owned())
}

fn slashed(url: &Url) -> String {
    if url.path().is_empty() { "/".to_owned() } else { url.path().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> String {
        match text.parse::<ListenTarget>() {
            Ok(target) => target.to_string(),
            Err(error) => error.to_string(),
        }
    }

    fn local(text: &str) -> String {
        match text.parse::<LocalDoor>() {
            Ok(door) => door.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn knows_every_kind_of_service() {
        for text in [
            "http://127.0.0.1:8080/base",
            "https://service.example/",
            "tcp://[::1]:22",
            "net.tcp://host:9000/calc/v1",
            "unix:/run/service.sock",
            "echo",
        ] {
            assert_eq!(target(text), text);
        }
    }

    #[test]
    fn net_tcp_service_is_at_808_unless_it_says_otherwise() {
        assert_eq!(target("net.tcp://host/calc"), "net.tcp://host:808/calc");
    }

    #[test]
    fn local_doors_have_ports_of_their_own() {
        assert_eq!(local("net.tcp://localhost/calc"), "net.tcp://localhost:8808/calc");
        assert_eq!(local("http://127.0.0.1"), "http://127.0.0.1:8080/");
        assert_eq!(local("http://127.0.0.1:80"), "http://127.0.0.1:80/");
        assert_eq!(local("tcp://127.0.0.1:9000"), "tcp://127.0.0.1:9000");
    }

    #[test]
    fn says_what_is_wrong_with_an_address() {
        assert_eq!(target("localhost"), "\"localhost\" is no URL");
        assert_eq!(
            target("ftp://host/"),
            "scheme \"ftp\" is not known; known here: http, https, tcp, net.tcp, unix, echo"
        );
        assert_eq!(target("tcp://host"), "no port in \"tcp://host\"");
        assert_eq!(target("tcp://host:1/path"), "\"tcp://host:1/path\" holds a path; tcp has none");
        assert_eq!(
            target("http://host/?q=1"),
            "\"http://host/?q=1\" holds a user, a query or a fragment; leave it out"
        );
        assert_eq!(local("unix:/x"), "scheme \"unix\" is not known; known here: tcp, net.tcp, http");
    }
}

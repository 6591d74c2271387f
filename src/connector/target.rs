//! What stands behind a listener: the `--to` of `viaduct listen`, ready to be dialled.

use std::{fmt, path::PathBuf};

use super::{
    authority::{Authority, AuthorityError, Security},
    base_path::{BasePath, PathRefused},
};
use crate::config::ListenTarget;

/// A service that a listener stands in front of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `http://host[:port]/base` or `https://…`: exchanges, and WebSocket senders by an upgrade at the same path.
    Http(HttpTarget),
    /// `tcp://host:port`: streams.
    Tcp(Authority),
    /// `net.tcp://host[:port]/path`: streams of [MC-NMF]; the Via becomes this address.
    NetTcp(NetTcpTarget),
    /// `unix:/path`: streams.
    Unix(PathBuf),
    /// `echo`: what comes goes back. Needs no service.
    Echo,
}

/// An HTTP service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpTarget {
    /// `https` or `http`.
    pub(crate) security: Security,
    /// Where it listens.
    pub(crate) authority: Authority,
    /// The path that no request leaves.
    pub(crate) base: BasePath,
}

/// A service with a `NetTcpBinding`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NetTcpTarget {
    /// Where it listens.
    pub(crate) authority: Authority,
    /// The path of its address.
    pub(crate) base: BasePath,
}

/// A target that was read but cannot be served.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum TargetError {
    /// The host is none.
    #[error("the target's host: {0}")]
    Authority(#[from] AuthorityError),
    /// Dot segments, encoded slashes and the like.
    #[error("the target's path: {0}")]
    Path(#[from] PathRefused),
    /// A socket is named by an absolute path.
    #[error("a unix target names the absolute path of a socket")]
    RelativeSocket,
}

/// The port that net.tcp URIs leave out.
pub(crate) const NET_TCP_PORT: u16 = 808;

impl Target {
    /// Makes a target of what the user wrote.
    pub(crate) fn new(written: &ListenTarget) -> Result<Self, TargetError> {
        Ok(match written {
            ListenTarget::Http(url) => {
                let security = if url.scheme() == "https" { Security::Tls } else { Security::Clear };
                let port = url.port().unwrap_or(security.default_port());
                let authority = Authority::new(url.host_str().unwrap_or_default(), port)?;
                Self::Http(HttpTarget { security, authority, base: BasePath::parse(url.path())? })
            }
            ListenTarget::Tcp { host, port } => Self::Tcp(Authority::new(host, *port)?),
            ListenTarget::NetTcp { host, port, path } => Self::NetTcp(NetTcpTarget {
                authority: Authority::new(host, *port)?,
                base: BasePath::parse(path)?,
            }),
            ListenTarget::Unix(path) if path.is_absolute() => Self::Unix(path.clone()),
            ListenTarget::Unix(_) => return Err(TargetError::RelativeSocket),
            ListenTarget::Echo => Self::Echo,
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(target) => target.fmt(f),
            Self::Tcp(authority) => write!(f, "tcp://{authority}"),
            Self::NetTcp(target) => target.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Echo => f.write_str("echo"),
        }
    }
}

impl HttpTarget {
    /// The `Host` that the service expects.
    pub(crate) fn host_header(&self) -> String {
        self.authority.host_header(self.security.default_port())
    }
}

impl fmt::Display for HttpTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.security {
            Security::Tls => "https",
            Security::Clear => "http",
        };
        write!(f, "{scheme}://{}{}", self.host_header(), self.base)
    }
}

impl fmt::Display for NetTcpTarget {
    /// As .NET writes it: without the port when that is 808.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "net.tcp://{}{}", self.authority.host_header(NET_TCP_PORT), self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let written: ListenTarget = text.parse().unwrap();
        Target::new(&written).map_or_else(|error| error.to_string(), |target| target.to_string())
    }

    #[test]
    fn shows_every_kind_of_target() {
        assert_eq!(shown("http://localhost:8080/base/"), "http://localhost:8080/base/");
        assert_eq!(shown("HTTPS://Service.example"), "https://service.example/");
        assert_eq!(shown("tcp://127.0.0.1:22"), "tcp://127.0.0.1:22");
        assert_eq!(shown("net.tcp://svc/Credit.svc"), "net.tcp://svc/Credit.svc");
        assert_eq!(shown("net.tcp://[::1]:9000"), "net.tcp://[::1]:9000/");
        assert_eq!(shown("unix:/run/app.sock"), "unix:/run/app.sock");
        assert_eq!(shown("unix:app.sock"), "a unix target names the absolute path of a socket");
        assert_eq!(shown("http://h/a%5cb"), "the target's path: the path holds a backslash");
        assert_eq!(shown("echo"), "echo");
    }
}

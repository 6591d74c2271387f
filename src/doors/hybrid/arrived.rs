//! A request as the handlers of this door want it.

use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;

use super::{head_tap::HeadNotes, reply::Asked};
use crate::{
    entity::{HostName, RelayPath},
    gateway::core::{Core, Peer},
    relay::{ListenerFilter, Refusal},
    wire::hybrid::{HeaderLine, HybridQuery},
};

/// A request and what was found out about it.
pub(crate) struct Arrived {
    pub(crate) request: Request<Incoming>,
    /// The header lines in their sender's spelling.
    pub(crate) lines: Vec<HeaderLine>,
    pub(crate) query: HybridQuery,
    pub(crate) peer: Arc<Peer>,
    pub(crate) notes: HeadNotes,
    pub(crate) asked: Asked,
}

impl Arrived {
    // DIFFERS: HTTP lets a receiver settle these; here they are refused.
    /// The header that leaves in doubt whom the request is for, or where it ends (RFC 9112 3.2, 6.3). hyper settles such
    /// doubts by itself; a gateway in front of others must not.
    pub(crate) fn ambiguous(&self) -> Option<&'static str> {
        let count =
            |name: &str| self.lines.iter().filter(|(line, _)| line.eq_ignore_ascii_case(name)).count();
        // A listener sees `Host`; whoever was let in by the name in an absolute target must not choose another there.
        let other_host = self.request.uri().authority().is_some_and(|authority| {
            let named = HostName::parse(authority.as_str()).ok();
            let mut lines = self.lines.iter();
            lines.any(|(name, host)| name.eq_ignore_ascii_case("Host") && HostName::parse(host).ok() != named)
        });
        if count("Host") > 1 || other_host {
            Some("Host")
        } else if count("Content-Length") > 1
            || (count("Content-Length") == 1 && count("Transfer-Encoding") > 0)
        {
            Some("Content-Length")
        } else {
            None
        }
    }

    /// Bytes of the head: request line, header lines and the empty line.
    pub(crate) fn head_len(&self) -> usize {
        let line = self.request.method().as_str().len() + self.request.uri().to_string().len() + 12;
        self.lines.iter().fold(line, |sum, (name, value)| sum + name.len() + value.chars().count() + 4)
    }

    /// The path it names.
    pub(crate) fn path(&self, core: &Core) -> Result<RelayPath, Refusal> {
        Ok(RelayPath::parse_within(&self.asked.path, core.settings.load().limits.request_path)?)
    }

    /// The lists of `Microsoft-Relay-AllowedListeners` and its opposite (2.6).
    pub(crate) fn filter(&self) -> ListenerFilter {
        let headers = self.request.headers();
        let list = |name: &str| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        ListenerFilter::parse(
            list("microsoft-relay-allowedlisteners"),
            list("microsoft-relay-disallowedlisteners"),
        )
    }
}

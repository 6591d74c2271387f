//! Is the key good for the relay? Asked by handshakes that cannot come about, so that nothing is registered and nobody called.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::timeout;

use super::args::Role;
use super::key_answer::{Answer, cut, sort};
use crate::connector::{Ask, Authority, DialError, Dialer, Endpoint, HandshakeError, Security, tracking_id};
use crate::entity::{ConnectionString, Credential, Right, UnixTime};

/// A gateway that holds back whoever fails too often takes 2 s by default.
const WITHIN: Duration = Duration::from_secs(15);

/// The one listener that our sender would take: nobody has this name.
const NO_LISTENER: (&str, &str) = ("Microsoft-Relay-AllowedListeners", "viaduct-doctor");

/// What is asked with which key.
pub(super) struct Question<'a> {
    pub(super) dialer: &'a Dialer,
    pub(super) connection: &'a ConnectionString,
    /// The relay; none: one that is surely not there.
    pub(super) path: Option<&'a str>,
}

impl Role {
    /// The right that it needs.
    pub(super) const fn right(self) -> Right {
        match self {
            Self::Listener => Right::Listen,
            Self::Sender => Right::Send,
        }
    }
}

impl Question<'_> {
    /// The answers to what a key may be good for: one for a role, else one for each; without a key, as a sender.
    pub(super) async fn ask(&self, role: Option<Role>) -> Vec<(Right, Answer)> {
        let rights = match (role, &self.connection.credential) {
            (Some(role), _) => vec![role.right()],
            (None, Credential::None) => vec![Right::Send],
            (None, _) => vec![Right::Listen, Right::Send],
        };
        let mut answers = Vec::new();
        for right in rights {
            answers.push((right, self.one(right).await));
        }
        answers
    }

    async fn one(&self, right: Right) -> Answer {
        let nowhere = format!("viaduct-doctor-{}", tracking_id());
        let path = self.path.unwrap_or(&nowhere);
        let endpoint = match Endpoint::new(self.connection, path, Security::Tls) {
            Ok(endpoint) => endpoint,
            Err(error) => return Answer::None(error.to_string()),
        };
        let token = endpoint.token(now());
        let host = endpoint.host_header();
        let headers = [(NO_LISTENER.0.to_owned(), NO_LISTENER.1.to_owned())];
        let (target, headers) = match right {
            // A gateway looks at the shapes after it has judged token and relay, and registers nobody without one.
            Right::Listen => (endpoint.listen_target(&tracking_id(), "none"), &[][..]),
            _ => (endpoint.connect_target(&tracking_id(), "", None), &headers[..]),
        };
        let ask = Ask {
            path_and_query: &target,
            host: &host,
            token: token.as_ref().map(|token| &token.text),
            protocols: None,
            headers,
        };
        match timeout(WITHIN, self.dialer.websocket(endpoint.authority(), Security::Tls, &ask)).await {
            Ok(Ok(_)) => Answer::Good(None),
            Ok(Err(DialError::Handshake(HandshakeError::Refused(refused)))) => {
                sort(refused.status, &refused.reason)
            }
            Ok(Err(error)) => Answer::None(error.to_string()),
            Err(_) => Answer::None(format!("no answer in {} s", WITHIN.as_secs())),
        }
    }
}

/// The WebSockets of WCF programs (relay page 1.4). The error says what came instead.
pub(super) async fn wcf_websocket(dialer: &Dialer, to: &Authority, protocol: &str) -> Result<(), String> {
    let host = to.host_header(Security::Tls.default_port());
    let ask = Ask {
        path_and_query: "/$servicebus/websocket",
        host: &host,
        protocols: Some(protocol),
        ..Ask::default()
    };
    match timeout(WITHIN, dialer.websocket(to, Security::Tls, &ask)).await {
        Ok(Ok(opened)) if opened.protocol.as_deref() == Some(protocol) => Ok(()),
        Ok(Ok(_)) => Err(format!("the upgrade does not name {protocol}")),
        Ok(Err(error)) => Err(cut(&error.to_string())),
        Err(_) => Err(format!("no answer in {} s", WITHIN.as_secs())),
    }
}

/// The present.
pub(super) fn now() -> UnixTime {
    UnixTime::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

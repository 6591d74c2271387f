//! What the sender's gateway and the listener's gateway tell each other about one meeting.
//!
//! Every message names the meeting and the attempt, so that one that comes late, twice or out of order is known
//! for what it is. `Debug` shows no header value and no body: messages may be logged.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{GatewayId, ListenerId, MeetingId, RendezvousId, Shape};

/// From the sender's gateway to the gateway of a listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToListenerGateway {
    /// Put an invitation on the listener's control channel.
    Invite {
        /// The sender's meeting.
        meeting: MeetingId,
        /// Counts the invitations of this meeting, from 1.
        attempt: u32,
        /// Whom to invite.
        listener: ListenerId,
        /// The sender's gateway.
        reply_to: GatewayId,
        /// What to hand over.
        invitation: Arc<Invitation>,
        /// How long the sender will wait from now on; `None` = until it says otherwise. A length of time and not
        /// a time, because the clocks of two gateways differ.
        within: Option<Duration>,
    },
    /// This listener or another one came: nothing is expected from this attempt any more.
    Settled {
        /// The sender's meeting.
        meeting: MeetingId,
        /// Which of its invitations.
        attempt: u32,
        /// Who was invited by it.
        listener: ListenerId,
    },
    /// The sender is gone, or waited in vain: nothing is expected from this attempt any more.
    Cancel {
        /// The sender's meeting.
        meeting: MeetingId,
        /// Which of its invitations.
        attempt: u32,
        /// Who was invited by it.
        listener: ListenerId,
    },
}

impl ToListenerGateway {
    /// The listener it concerns; the receiving gateway finds the control channel by it.
    pub fn listener(&self) -> ListenerId {
        match self {
            Self::Invite { listener, .. }
            | Self::Settled { listener, .. }
            | Self::Cancel { listener, .. } => *listener,
        }
    }

    /// The answer to an invitation that reached no control channel, and where it goes: with
    /// [`RefuseReason::UnknownListener`] from a gateway that has no such listener, with [`RefuseReason::Busy`] where a
    /// queue on the way is full. The other messages want no answer.
    pub fn refusal(&self, reason: RefuseReason) -> Option<(GatewayId, ToSenderGateway)> {
        let Self::Invite { meeting, attempt, reply_to, .. } = self else { return None };
        let refused = ToSenderGateway::Refused { meeting: *meeting, attempt: *attempt, reason };
        Some((reply_to.clone(), refused))
    }
}

/// From the gateway of a listener to the sender's gateway.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToSenderGateway {
    /// The invitation is on the listener's control channel.
    Invited {
        /// The sender's meeting.
        meeting: MeetingId,
        /// Which of its invitations.
        attempt: u32,
    },
    /// Nothing will come of this attempt.
    Refused {
        /// The sender's meeting.
        meeting: MeetingId,
        /// Which of its invitations.
        attempt: u32,
        /// Why.
        reason: RefuseReason,
    },
    /// The listener answered the exchange on its control channel.
    Responded {
        /// The sender's meeting.
        meeting: MeetingId,
        /// Which of its invitations.
        attempt: u32,
        /// Status and headers.
        response: ResponseHead,
        /// The whole body: at most what a control channel carries (`Limits::control_body`).
        body: Bytes,
    },
    /// The listener took the one-way message.
    Accepted {
        /// The sender's posting.
        meeting: MeetingId,
        /// Which of its invitations.
        attempt: u32,
    },
}

impl ToSenderGateway {
    /// The meeting it is for; the receiving gateway finds the machine by it.
    pub fn meeting(&self) -> MeetingId {
        match self {
            Self::Invited { meeting, .. }
            | Self::Refused { meeting, .. }
            | Self::Responded { meeting, .. }
            | Self::Accepted { meeting, .. } => *meeting,
        }
    }
}

/// Why nothing will come of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefuseReason {
    /// No such listener here (any more). It was **not** handed the invitation.
    UnknownListener,
    /// The listener had been handed the invitation, and then vanished.
    ListenerGone,
    /// The listener has as many invitations outstanding as it may. It was **not** handed this one.
    Busy,
    /// The listener's gateway is stopping. The listener was **not** handed the invitation.
    Draining,
    /// The listener was handed a one-way message and gave it back: it has done nothing with it.
    NotTaken,
}

/// What a listener is handed for one meeting; on the wire `accept`, `request` or `RelayedConnect`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The tracking id with its gateway suffix. Chosen by the sender, hence neither secret nor unique.
    pub id: String,
    /// The secret by which the listener is known when it dials.
    pub rendezvous: RendezvousId,
    /// `host:port` of the sender's gateway; `None` = the authority that the listener used for its control channel.
    pub dial: Option<String>,
    /// The path as the sender sent it, suffix included, with a leading slash.
    pub path: String,
    /// The sender's query without its `sb-hc-` parameters; `None` = none, not even a `?`.
    pub query: Option<String>,
    /// The sender's address, if the listener may know it.
    pub remote: Option<SocketAddr>,
    /// The sender's headers, already cleaned for the listener.
    pub headers: Vec<(String, String)>,
    /// What the sender wants.
    pub what: What,
}

/// What a sender wants of a listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// A stream: the listener dials.
    Stream,
    /// An exchange: the listener answers where it was asked, or dials.
    Exchange(ExchangeRequest),
    /// A message that the listener's gateway delivers itself.
    OneWay(OneWayMessage),
}

impl What {
    /// The shape that a listener must be able to take.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Stream => Shape::Stream,
            Self::Exchange(_) => Shape::Exchange,
            Self::OneWay(_) => Shape::OneWay,
        }
    }
}

/// A one-way message as the listener's program gets it: an envelope in binary XML without a session (relay page 3.4), at most
/// `Limits::oneway_message` bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneWayMessage(pub Bytes);

/// How the request of an exchange reaches the listener.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExchangeRequest {
    /// Inside the invitation.
    Inline {
        /// The HTTP method as sent.
        method: String,
        /// The request target as the listener gets it (hybrid page 5.2).
        target: String,
        /// The whole body; `None` = no body. At most what a control channel carries (`Limits::control_body`).
        body: Option<Bytes>,
    },
    /// By a rendezvous: the invitation says only where to dial (hybrid page 5.4, case A).
    AddressOnly,
}

/// The head of a listener's response.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseHead {
    /// As the listener gave it; see [`ResponseHead::is_final`].
    pub status: u16,
    /// The reason phrase; `None` = the standard one. Not yet checked for line breaks: the door does that.
    pub description: Option<String>,
    /// Names with their values, in the listener's order. Not yet checked either.
    pub headers: Vec<(String, Vec<String>)>,
}

impl ResponseHead {
    /// Whether the status may end an exchange: 200 to 999. A 1xx is no answer (hybrid page 5.3).
    pub fn is_final(&self) -> bool {
        (200..=999).contains(&self.status)
    }
}

/// Names of headers without their values, which may hold credentials.
struct Names<'a, V>(&'a [(String, V)]);

impl<V> fmt::Debug for Names<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation")
            .field("id", &self.id)
            .field("dial", &self.dial)
            .field("path", &self.path)
            .field("remote", &self.remote)
            .field("headers", &Names(&self.headers))
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ExchangeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline { method, body, .. } => f
                .debug_struct("Inline")
                .field("method", method)
                .field("body_bytes", &body.as_ref().map(Bytes::len))
                .finish_non_exhaustive(),
            Self::AddressOnly => f.write_str("AddressOnly"),
        }
    }
}

impl fmt::Debug for OneWayMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OneWayMessage({} bytes)", self.0.len())
    }
}

impl fmt::Debug for ResponseHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseHead")
            .field("status", &self.status)
            .field("description", &self.description)
            .field("headers", &Names(&self.headers))
            .finish()
    }
}

impl fmt::Debug for ToSenderGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invited { meeting, attempt } => {
                f.debug_struct("Invited").field("meeting", meeting).field("attempt", attempt).finish()
            }
            Self::Accepted { meeting, attempt } => {
                f.debug_struct("Accepted").field("meeting", meeting).field("attempt", attempt).finish()
            }
            Self::Refused { meeting, attempt, reason } => f
                .debug_struct("Refused")
                .field("meeting", meeting)
                .field("attempt", attempt)
                .field("reason", reason)
                .finish(),
            Self::Responded { meeting, attempt, response, body } => f
                .debug_struct("Responded")
                .field("meeting", meeting)
                .field("attempt", attempt)
                .field("response", response)
                .field("body_bytes", &body.len())
                .finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::testing;

    #[test]
    fn messages_survive_a_codec() {
        let invite = ToListenerGateway::Invite {
            meeting: MeetingId::new(1),
            attempt: 2,
            listener: ListenerId::new(3),
            reply_to: testing::gateway("g1"),
            invitation: Arc::new(testing::inline_request()),
            within: Some(Duration::from_secs(60)),
        };
        let json = serde_json::to_string(&invite).unwrap();
        assert_eq!(serde_json::from_str::<ToListenerGateway>(&json).unwrap(), invite);

        let responded = ToSenderGateway::Responded {
            meeting: MeetingId::new(1),
            attempt: 2,
            response: testing::response(201),
            body: Bytes::from_static(&[0, 255]),
        };
        let json = serde_json::to_string(&responded).unwrap();
        assert_eq!(serde_json::from_str::<ToSenderGateway>(&json).unwrap(), responded);
    }

    #[test]
    fn only_an_invitation_that_reached_nobody_is_answered() {
        let (meeting, attempt, listener) = (MeetingId::new(1), 2, ListenerId::new(3));
        let invite = ToListenerGateway::Invite {
            meeting,
            attempt,
            listener,
            reply_to: testing::gateway("g1"),
            invitation: Arc::new(testing::stream()),
            within: None,
        };
        let reason = RefuseReason::UnknownListener;
        let refused = ToSenderGateway::Refused { meeting, attempt, reason };
        assert_eq!(invite.refusal(reason), Some((testing::gateway("g1"), refused)));
        assert_eq!(ToListenerGateway::Cancel { meeting, attempt, listener }.refusal(reason), None);
    }

    #[test]
    fn what_a_message_shows_in_a_log_holds_no_secret_and_no_payload() {
        let mut invitation = testing::inline_request();
        invitation.headers = vec![("Authorization".into(), "Basic c2VjcmV0".into())];
        invitation.query = Some("code=c2VjcmV0".into());
        invitation.what = What::Exchange(ExchangeRequest::Inline {
            method: "POST".into(),
            target: "/plant7?code=c2VjcmV0".into(),
            body: Some(Bytes::from_static(b"c2VjcmV0")),
        });
        let shown = format!("{invitation:?}");
        assert!(shown.contains("Authorization") && shown.contains("body_bytes: Some(8)"), "{shown}");
        assert!(!shown.contains("c2VjcmV0"), "{shown}");

        let responded = ToSenderGateway::Responded {
            meeting: MeetingId::new(1),
            attempt: 1,
            response: ResponseHead {
                headers: vec![("Set-Cookie".into(), vec!["session=c2VjcmV0".into()])],
                ..testing::response(200)
            },
            body: Bytes::from_static(b"c2VjcmV0"),
        };
        let shown = format!("{responded:?}");
        assert!(shown.contains("Set-Cookie") && !shown.contains("c2VjcmV0"), "{shown}");
    }

    #[test]
    fn an_interim_status_is_no_answer() {
        assert!(!testing::response(199).is_final());
        assert!(testing::response(200).is_final());
        assert!(testing::response(999).is_final());
        assert!(!testing::response(1000).is_final());
    }
}

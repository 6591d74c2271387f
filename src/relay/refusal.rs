//! Why a sender or a listener is refused, in no protocol's words. Each door maps it to its own.

use super::{InsertError, NoListener};
use crate::auth::AuthError;
use crate::entity::{AddressError, PathError};

/// Why a sender gets no meeting, or a listener no control channel. The text is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The request cannot be understood. Trying it again does not help.
    #[error("malformed request: {0}")]
    Malformed(#[source] Malformed),
    /// The token is missing, wrong or not enough.
    #[error("not authorised: {0}")]
    Unauthorized(#[source] AuthError),
    /// No relay lies at this path. Said only when it is certain: it ends SDK listeners for good (hybrid page 2.1).
    #[error("no such relay")]
    NoSuchRelay,
    /// The relay exists and is switched off.
    #[error("the relay is disabled")]
    Disabled,
    /// The relay wants TLS, and the sender came without.
    #[error("the relay requires transport security")]
    TransportSecurity,
    /// The relay is of another kind, or in use in another way.
    #[error("the relay is in use in another way")]
    Conflict,
    /// Nobody listens.
    #[error("no listener is connected")]
    NoListener,
    /// Somebody listens, but none of them takes this shape.
    #[error("no connected listener takes this shape")]
    WrongShape,
    /// Somebody listens, but the sender's own lists exclude them all.
    #[error("the sender's lists exclude every connected listener")]
    ListenersExcluded,
    /// No listener took the connection in time.
    #[error("the listener did not accept the connection in time")]
    ListenerDidNotAccept,
    /// The listener did not answer the request in time.
    #[error("the listener did not respond in time")]
    ListenerDidNotRespond,
    /// The listener vanished after the request had been handed to it.
    #[error("the listener vanished after it was handed the request")]
    ListenerGone,
    /// Each listener that was handed the message gave it back.
    #[error("no listener took the message")]
    MessageNotTaken,
    /// The listener broke the protocol.
    #[error("the listener broke the protocol")]
    ListenerMisbehaved,
    /// The listener said no.
    #[error("the listener rejected the connection with status {status}")]
    Rejected {
        /// 200 to 999.
        status: u16,
        /// The listener's words, not yet checked for line breaks: the door does that.
        description: String,
    },
    /// The sender stopped in the middle of its request body.
    #[error("the sender stopped sending its request")]
    SenderStalled,
    /// The relay has as many listeners as it may.
    #[error("the relay has its {limit} listeners")]
    TooManyListeners {
        /// The quota.
        limit: u32,
    },
    /// The namespace has as many connections as it may.
    #[error("the namespace has its {limit} connections")]
    TooManyConnections {
        /// The quota.
        limit: u32,
    },
    /// Too many senders wait already.
    #[error("too many senders are waiting")]
    TooManyPending,
    /// This peer failed or asked too often.
    #[error("throttled")]
    Throttled,
    /// The gateway does not know its entities yet.
    #[error("the gateway is starting")]
    Starting,
    /// The gateway is stopping.
    #[error("the gateway is draining")]
    Draining,
    /// The gateway, or the listener, has more work than it may hold.
    #[error("overloaded")]
    Overloaded,
    /// A fault of the gateway.
    #[error("internal error")]
    Internal,
}

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The path is none that could name a relay.
    #[error(transparent)]
    Path(PathError),
    /// The address of a WCF service is none.
    #[error(transparent)]
    Address(AddressError),
    /// A message that cannot be read; the words say why.
    #[error("{0}")]
    Message(String),
    /// The host belongs to no namespace.
    #[error("unknown host")]
    UnknownHost,
    /// Host, SNI, `sb://` or Via name different namespaces.
    #[error("the request names two namespaces")]
    HostMismatch,
    /// A WebSocket upgrade was expected.
    #[error("no WebSocket upgrade")]
    NoUpgrade,
    /// An `sb-hc-action` that is none.
    #[error("unsupported action {0:?}")]
    UnsupportedAction(String),
    /// A parameter or header of the protocol with a value that it cannot have.
    #[error("bad value of {0}")]
    BadParameter(&'static str),
    /// A rendezvous that nobody waits for: unknown, used, too late or at the wrong address.
    #[error("unknown rendezvous {0:?}")]
    UnknownRendezvous(String),
    /// The head of the request is larger than the limit.
    #[error("the request head is too large")]
    HeadTooLarge,
}

impl From<NoListener> for Refusal {
    fn from(none: NoListener) -> Self {
        match none {
            NoListener::NoneConnected | NoListener::AllTried => Self::NoListener,
            NoListener::NoneOfShape => Self::WrongShape,
            NoListener::NoneAllowed => Self::ListenersExcluded,
        }
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        Self::Unauthorized(error)
    }
}

impl From<PathError> for Refusal {
    fn from(error: PathError) -> Self {
        Self::Malformed(Malformed::Path(error))
    }
}

impl From<AddressError> for Refusal {
    fn from(error: AddressError) -> Self {
        Self::Malformed(Malformed::Address(error))
    }
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<InsertError> for Refusal {
    fn from(error: InsertError) -> Self {
        match error {
            InsertError::TooManyOfRelay { .. } | InsertError::TooManyOfAddress { .. } => Self::TooManyPending,
            InsertError::IdInUse => Self::Internal,
        }
    }
}

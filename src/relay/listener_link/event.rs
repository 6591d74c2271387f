//! What a control link has to say, in the relay's words.

use bytes::Bytes;
use secrecy::SecretString;

use super::{BadRequest, LinkError, ListenRequest, Violation};
use crate::wire::amqp::Symbol;
use crate::wire::amqp::types::definitions::Error;
use crate::wire::amqp::types::messaging::DeliveryState;

/// Something happened.
#[derive(Debug)]
pub enum LinkEvent {
    /// A listener wants in. To be answered with `accept` or `refuse`; once for each connection.
    Wanted(Box<ListenRequest>),
    /// Somebody attached who says nothing that a listener could want. To be answered with `refuse`; said instead of `Wanted`.
    Malformed(BadRequest),
    /// Both links are attached: the listener counts from now on.
    Online,
    /// The listener has credit and room for a message again. Not said while it has.
    Ready,
    /// The listener showed a new token, once for both of its links. Nothing is answered. Relay page 2.3.
    Renewed(SecretString),
    /// What became of a message. Said at most once for each.
    Delivered {
        /// As `send` gave it.
        delivery: DeliveryId,
        /// Its fate.
        outcome: Outcome,
    },
    /// The listener sent a message, to be settled with `settle`. No public binding does. Relay page 2.6.
    Message {
        /// The listener's number for it.
        delivery: DeliveryId,
        /// Whether it is settled already.
        settled: bool,
        /// All of it, as encoded: one or more sections.
        message: Bytes,
    },
    /// It is over: the last event, and always said. What is not delivered by now never will be.
    Gone(GoneReason),
}

/// One message on a link, from its `send` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub u32);

/// What became of a message. [AMQP 3.4]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The listener has it.
    Accepted,
    /// It is no good to the listener.
    Rejected(Option<PeerError>),
    /// The listener did not look at it.
    Released,
    /// The listener did not take it, perhaps after looking.
    Modified,
    /// The listener forgot it without saying why.
    Unstated,
}

/// An error as the listener put it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerError {
    /// A symbol.
    pub condition: String,
    /// Words.
    pub description: Option<String>,
}

/// Why a control link ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GoneReason {
    /// The listener detached its links: the service stopped.
    Detached(Option<PeerError>),
    /// The listener ended the session.
    Ended(Option<PeerError>),
    /// The listener closed the connection.
    Closed(Option<PeerError>),
    /// The bytes ended without a word.
    Disconnected,
    /// No sign of life came in time. Relay page 2.5.
    Silent,
    /// It was not attached in time.
    HandshakeTimeout,
    /// It broke the protocol.
    Misbehaved(Violation),
    /// We refused it.
    Refused(LinkError),
    /// We sent it away.
    SentAway(Option<LinkError>),
}

impl From<Error> for PeerError {
    fn from(error: Error) -> Self {
        use crate::wire::amqp::types::definitions::ErrorCondition as Of;
        let condition = match &error.condition {
            Of::AmqpError(error) => symbol(error),
            Of::ConnectionError(error) => symbol(error),
            Of::SessionError(error) => symbol(error),
            Of::LinkError(error) => symbol(error),
            Of::Custom(symbol) => symbol.as_str().to_owned(),
        };
        Self { condition, description: error.description }
    }
}

fn symbol<'a, E>(error: &'a E) -> String
where
    Symbol: From<&'a E>,
{
    Symbol::from(error).as_str().to_owned()
}

impl Outcome {
    /// `None`: it is not decided yet.
    pub(super) fn read(state: Option<DeliveryState>, settled: bool) -> Option<Self> {
        match state {
            Some(DeliveryState::Accepted(_)) => Some(Self::Accepted),
            Some(DeliveryState::Rejected(rejected)) => {
                Some(Self::Rejected(rejected.error.map(PeerError::from)))
            }
            Some(DeliveryState::Released(_)) => Some(Self::Released),
            Some(DeliveryState::Modified(_)) => Some(Self::Modified),
            Some(DeliveryState::Received(_)) | None => settled.then_some(Self::Unstated),
        }
    }
}

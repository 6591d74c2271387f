//! What the rules of a meeting want done.

use std::fmt;

use bytes::Bytes;

use crate::relay::{GatewayId, Refusal, ResponseHead, ToListenerGateway};

/// What the sender's gateway does next.
#[derive(Clone, PartialEq, Eq)]
pub enum MeetingCommand {
    /// Send a message to a gateway, perhaps to this one. An invitation that cannot be sent at once comes back as
    /// [`ToListenerGateway::refusal`].
    Tell {
        /// Whose listener it concerns.
        gateway: GatewayId,
        /// What to say.
        message: ToListenerGateway,
    },
    /// Take the rendezvous out of the table.
    ForgetRendezvous,
    /// The outcome: join sender and rendezvous.
    Join,
    /// The outcome: this is the whole response.
    Answer {
        /// Status and headers; the status is 200 to 999.
        response: ResponseHead,
        /// The whole body.
        body: Bytes,
    },
    /// The outcome: there is no meeting.
    Refuse(Refusal),
}

impl fmt::Debug for MeetingCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tell { gateway, message } => {
                f.debug_struct("Tell").field("gateway", gateway).field("message", message).finish()
            }
            Self::ForgetRendezvous => f.write_str("ForgetRendezvous"),
            Self::Join => f.write_str("Join"),
            Self::Answer { response, body } => {
                f.debug_struct("Answer").field("response", response).field("body_bytes", &body.len()).finish()
            }
            Self::Refuse(refusal) => f.debug_tuple("Refuse").field(refusal).finish(),
        }
    }
}

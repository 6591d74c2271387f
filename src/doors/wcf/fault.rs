//! What a sender or a listener on a relayed connection is told when it is refused (8.4).

use crate::{auth::AuthError, relay::Refusal, wire::relayed::RelayFault};

/// The fault of a refusal. Its words are those of the refusal.
pub(crate) fn fault(refusal: &Refusal) -> RelayFault {
    match refusal {
        Refusal::Unauthorized(AuthError::MalformedToken(_)) | Refusal::Malformed(_) => {
            RelayFault::InvalidRequest
        }
        Refusal::Unauthorized(_) => RelayFault::AuthorizationFailed,
        Refusal::TransportSecurity => RelayFault::NoTransportSecurity,
        Refusal::NoSuchRelay => RelayFault::RelayNotFound,
        Refusal::NoListener
        | Refusal::Disabled
        | Refusal::WrongShape
        | Refusal::ListenersExcluded
        | Refusal::ListenerDidNotAccept
        | Refusal::ListenerDidNotRespond
        | Refusal::ListenerGone => RelayFault::EndpointNotFound,
        Refusal::TooManyListeners { .. }
        | Refusal::TooManyConnections { .. }
        | Refusal::TooManyPending
        | Refusal::Throttled
        | Refusal::Overloaded => RelayFault::QuotaExceeded,
        Refusal::Conflict => RelayFault::AddressAlreadyInUse,
        Refusal::Rejected { .. }
        | Refusal::MessageNotTaken
        | Refusal::ListenerMisbehaved
        | Refusal::SenderStalled => RelayFault::ConnectionFailed,
        Refusal::Starting | Refusal::Draining | Refusal::Internal => RelayFault::ServerError,
    }
}

//! What a sender or a listener on a relayed connection is told when it is refused (8.4).

use crate::{
    relay::{Malformed, Refusal},
    wire::relayed::RelayFault,
};

/// The fault of a refusal. Its words are those of the refusal.
pub(super) fn fault(refusal: &Refusal) -> RelayFault {
    match refusal {
        Refusal::Malformed(Malformed::UnknownHost) => RelayFault::AddressNotFound,
        Refusal::Malformed(_) => RelayFault::InvalidRequest,
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
        Refusal::Rejected { .. } | Refusal::ListenerMisbehaved | Refusal::SenderStalled => {
            RelayFault::ConnectionFailed
        }
        Refusal::Starting | Refusal::Draining | Refusal::Internal => RelayFault::ServerError,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::AuthError, auth::TokenError};

    #[test]
    fn whatever_is_wrong_with_a_token_is_one_fault() {
        for error in [
            AuthError::MissingToken,
            AuthError::MalformedToken(TokenError::NotSas),
            AuthError::InvalidSignature,
            AuthError::InvalidAudience,
        ] {
            assert_eq!(fault(&error.into()), RelayFault::AuthorizationFailed);
        }
    }

    #[test]
    fn a_host_of_nobody_is_an_address_that_is_not_there() {
        assert_eq!(fault(&Malformed::UnknownHost.into()), RelayFault::AddressNotFound);
        assert_eq!(fault(&Malformed::HostMismatch.into()), RelayFault::InvalidRequest);
    }
}

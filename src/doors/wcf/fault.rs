//! What a sender or a listener on a relayed connection is told when it is refused (8.4).

use crate::{
    auth::{AuthError, TokenError},
    relay::{Malformed, Refusal},
    wire::relayed::{MessageError, RelayFault},
};

/// The fault of a refusal. Its words are those of the refusal.
pub(crate) fn fault(refusal: &Refusal) -> RelayFault {
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
        Refusal::Rejected { .. }
        | Refusal::MessageNotTaken
        | Refusal::ListenerMisbehaved
        | Refusal::SenderStalled => RelayFault::ConnectionFailed,
        Refusal::Starting | Refusal::Draining | Refusal::Internal => RelayFault::ServerError,
    }
}

/// Why a message is refused that cannot be read.
pub(super) fn unreadable(error: &MessageError) -> Refusal {
    match error {
        // What stands where the token belongs is a bad token, not a bad message (4.4, 8.2).
        MessageError::BadToken | MessageError::ForeignToken => {
            AuthError::MalformedToken(TokenError::NotSas).into()
        }
        error => Malformed::Message(error.to_string()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_message_that_cannot_be_read_is_told_as_its_own_error_says() {
        for error in [
            MessageError::BadToken,
            MessageError::ForeignToken,
            MessageError::UnknownAction,
            MessageError::WrongVersion,
            MessageError::Missing("Uri"),
        ] {
            assert_eq!(fault(&unreadable(&error)), error.fault(), "{error}");
        }
    }

    #[test]
    fn a_host_of_nobody_is_an_address_that_is_not_there() {
        assert_eq!(fault(&Malformed::UnknownHost.into()), RelayFault::AddressNotFound);
        assert_eq!(fault(&Malformed::HostMismatch.into()), RelayFault::InvalidRequest);
    }
}

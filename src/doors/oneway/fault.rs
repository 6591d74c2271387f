//! What a one-way sender is told when its message was not acknowledged (8.4).

use crate::{doors::wcf::fault::fault as of_connection, relay::Refusal, wire::relayed::RelayFault};

/// The fault of a refusal.
pub(super) fn fault(refusal: &Refusal) -> RelayFault {
    match refusal {
        // Whether the service got the message nobody knows: these words make no program send it again by itself.
        Refusal::ListenerGone | Refusal::ListenerDidNotRespond => RelayFault::ConnectionFailed,
        other => of_connection(other),
    }
}

/// The fault of a message whose sender's Connect was accepted: if nobody takes its shape now, somebody else has taken the address over.
pub(super) fn fault_of_message(refusal: &Refusal) -> RelayFault {
    match refusal {
        Refusal::WrongShape => RelayFault::AddressReplaced,
        other => fault(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_may_have_arrived_is_not_called_undelivered() {
        for refusal in [Refusal::ListenerGone, Refusal::ListenerDidNotRespond, Refusal::MessageNotTaken] {
            assert!(!fault(&refusal).row().retryable, "{refusal:?}");
        }
        assert_eq!(fault(&Refusal::NoListener), RelayFault::EndpointNotFound);
        assert_eq!(fault(&Refusal::WrongShape), RelayFault::EndpointNotFound);
        assert_eq!(fault_of_message(&Refusal::WrongShape), RelayFault::AddressReplaced);
        assert_eq!(fault_of_message(&Refusal::NoListener), RelayFault::EndpointNotFound);
        assert_eq!(fault(&Refusal::Overloaded), RelayFault::QuotaExceeded);
    }
}

//! A refusal in the words of message framing: a fault ([MC-NMF] 2.2.5), or nothing.

use crate::{
    relay::{Malformed, Refusal},
    wire::framing::FaultUri,
};

/// The fault a refused initiator is told. No wildcard arm: a new refusal must find its fault here.
pub(super) fn fault(refusal: &Refusal) -> FaultUri {
    match refusal {
        // Framing page 5, the gateway's recommendations: nobody is there …
        Refusal::NoSuchRelay
        | Refusal::NoListener
        | Refusal::WrongShape
        | Refusal::ListenersExcluded
        | Refusal::Disabled
        | Refusal::Conflict => FaultUri::EndpointNotFound,
        Refusal::Malformed(malformed) => match malformed {
            Malformed::UnknownHost
            | Malformed::HostMismatch
            | Malformed::Path(_)
            | Malformed::Address(_)
            | Malformed::Message(_)
            | Malformed::NoUpgrade
            | Malformed::UnsupportedAction(_)
            | Malformed::BadParameter(_)
            | Malformed::UnknownRendezvous(_)
            | Malformed::HeadTooLarge => FaultUri::EndpointNotFound,
        },
        // … there is somebody who does not answer …
        Refusal::ListenerDidNotAccept
        | Refusal::ListenerDidNotRespond
        | Refusal::ListenerGone
        | Refusal::ListenerMisbehaved
        | Refusal::MessageNotTaken
        | Refusal::Rejected { .. }
        | Refusal::SenderStalled
        | Refusal::Starting
        | Refusal::Draining
        | Refusal::Internal => FaultUri::EndpointUnavailable,
        // … there is too much to do: .NET programs try again on this one …
        Refusal::TooManyListeners { .. }
        | Refusal::TooManyConnections { .. }
        | Refusal::TooManyPending
        | Refusal::Throttled
        | Refusal::Overloaded => FaultUri::ServerTooBusy,
        // … or the caller may not.
        // DIFFERS: .NET services close or say EndpointNotFound; .NET clients show the URI of this one, which says it.
        Refusal::Unauthorized(_) | Refusal::TransportSecurity => FaultUri::EndpointAccessDenied,
    }
}

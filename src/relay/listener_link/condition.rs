//! Why a listener is refused or sent away, in the words of AMQP, and what the library makes of each. Relay page 2.2.

use std::fmt;

use crate::auth::AuthError;
use crate::relay::{Malformed, Refusal};
use crate::wire::amqp::types::definitions::{AmqpError, ConnectionError, Error, ErrorCondition};
use crate::wire::amqp::{Described, Descriptor, Value};

/// A condition whose effect on the service program is known. Relay page 2.2, the table below *Refusal*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// `RelayNotFoundException`. **Final**: the service stays down until its program opens it again.
    RelayNotFound,
    /// `AuthorizationFailedException`. **Final.**
    AuthFailed,
    /// `AddressAlreadyInUseException`; tried again for ever.
    AddressAlreadyInUse,
    /// `EndpointNotFoundException`; tried again.
    NotFound,
    /// `QuotaExceededException`; tried again.
    ResourceLimitExceeded,
    /// `TimeoutException`; tried again.
    Timeout,
    /// `CommunicationException`, as all that follow; tried again.
    ServerBusy,
    /// The relay is switched off.
    EntityDisabled,
    /// A value in the attach that cannot be.
    ArgumentError,
    /// The relay does not allow it, whoever asks.
    NotAllowed,
    /// Our own fault.
    InternalError,
    /// The gateway wants the connection back, without reproach.
    ConnectionForced,
}

impl Condition {
    /// The symbol on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RelayNotFound => "com.microsoft:relay-not-found",
            Self::AuthFailed => "com.microsoft:auth-failed",
            Self::AddressAlreadyInUse => "com.microsoft:address-already-in-use",
            Self::NotFound => "amqp:not-found",
            Self::ResourceLimitExceeded => "amqp:resource-limit-exceeded",
            Self::Timeout => "com.microsoft:timeout",
            Self::ServerBusy => "com.microsoft:server-busy",
            Self::EntityDisabled => "com.microsoft:entity-disabled",
            Self::ArgumentError => "com.microsoft:argument-error",
            Self::NotAllowed => "amqp:not-allowed",
            Self::InternalError => "amqp:internal-error",
            Self::ConnectionForced => "amqp:connection:forced",
        }
    }

    /// Whether the service stays down until its program opens it again. Everything else the library tries again by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::RelayNotFound | Self::AuthFailed)
    }

    /// How a listener is told of a refusal. A merely expired token is final for a stranger only: the library shows its old token until
    /// its timer has fired, and would never come back. Relay page 2.3.
    pub fn of(refusal: &Refusal, acquaintance: Acquaintance) -> Self {
        match refusal {
            Refusal::Unauthorized(AuthError::ExpiredToken { .. }) if acquaintance == Acquaintance::Known => {
                Self::Timeout
            }
            Refusal::Unauthorized(_) => Self::AuthFailed,
            Refusal::NoSuchRelay => Self::RelayNotFound,
            Refusal::Disabled => Self::EntityDisabled,
            Refusal::Conflict => Self::AddressAlreadyInUse,
            Refusal::TooManyListeners { .. } | Refusal::TooManyConnections { .. } => {
                Self::ResourceLimitExceeded
            }
            Refusal::Malformed(Malformed::UnknownHost) => Self::NotFound,
            // A type that the protocol has and nobody can listen with.
            Refusal::Malformed(Malformed::BadParameter("listener-type")) => Self::NotAllowed,
            Refusal::Malformed(_) => Self::ArgumentError,
            Refusal::TooManyPending
            | Refusal::Throttled
            | Refusal::Starting
            | Refusal::Draining
            | Refusal::Overloaded => Self::ServerBusy,
            // A sender's refusals, which no listener meets.
            Refusal::NoListener
            | Refusal::WrongShape
            | Refusal::ListenersExcluded
            | Refusal::TransportSecurity
            | Refusal::ListenerDidNotAccept
            | Refusal::ListenerDidNotRespond
            | Refusal::ListenerGone
            | Refusal::ListenerMisbehaved
            | Refusal::MessageNotTaken
            | Refusal::Rejected { .. }
            | Refusal::SenderStalled
            | Refusal::Internal => Self::InternalError,
        }
    }

    pub(super) fn to_amqp(self) -> ErrorCondition {
        match self {
            Self::NotFound => AmqpError::NotFound.into(),
            Self::ResourceLimitExceeded => AmqpError::ResourceLimitExceeded.into(),
            Self::NotAllowed => AmqpError::NotAllowed.into(),
            Self::InternalError => AmqpError::InternalError.into(),
            Self::ConnectionForced => ConnectionError::ConnectionForced.into(),
            Self::RelayNotFound
            | Self::AuthFailed
            | Self::AddressAlreadyInUse
            | Self::Timeout
            | Self::ServerBusy
            | Self::EntityDisabled
            | Self::ArgumentError => ErrorCondition::Custom(self.as_str().into()),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a listener was registered at this address before, as far as the gateway remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acquaintance {
    /// It was, a while ago or still.
    Known,
    /// It was not.
    New,
}

/// What a listener is told when it is refused or sent away. The description is the message of the exception in its program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    /// Decides what the library does.
    pub condition: Condition,
    /// For people. No token, no key.
    pub description: String,
}

impl LinkError {
    /// An error.
    pub fn new(condition: Condition, description: impl Into<String>) -> Self {
        Self { condition, description: description.into() }
    }

    pub(super) fn to_amqp(&self) -> Error {
        Error::new(self.condition.to_amqp(), Some(self.description.clone()), None)
    }

    /// The same as a value of a map. [AMQP 2.8.14]
    pub(super) fn to_value(&self) -> Value {
        Value::Described(Box::new(Described {
            descriptor: Descriptor::Code(0x1d),
            value: Value::List(vec![
                Value::Symbol(self.condition.as_str().into()),
                Value::String(self.description.clone()),
            ]),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::AuthError;
    use crate::entity::UnixTime;

    #[test]
    fn only_what_a_retry_cannot_cure_is_final() {
        let expired = Refusal::Unauthorized(AuthError::ExpiredToken { expired: UnixTime(1) });
        for (refusal, acquaintance, condition, is_final) in [
            (expired.clone(), Acquaintance::Known, "com.microsoft:timeout", false),
            (expired, Acquaintance::New, "com.microsoft:auth-failed", true),
            (AuthError::InvalidSignature.into(), Acquaintance::Known, "com.microsoft:auth-failed", true),
            (AuthError::InvalidAudience.into(), Acquaintance::Known, "com.microsoft:auth-failed", true),
            (Refusal::NoSuchRelay, Acquaintance::Known, "com.microsoft:relay-not-found", true),
            (Refusal::Conflict, Acquaintance::New, "com.microsoft:address-already-in-use", false),
            (
                Refusal::TooManyListeners { limit: 25 },
                Acquaintance::New,
                "amqp:resource-limit-exceeded",
                false,
            ),
            (Refusal::Disabled, Acquaintance::New, "com.microsoft:entity-disabled", false),
            (Refusal::Draining, Acquaintance::New, "com.microsoft:server-busy", false),
            (Malformed::UnknownHost.into(), Acquaintance::New, "amqp:not-found", false),
            (Malformed::HostMismatch.into(), Acquaintance::New, "com.microsoft:argument-error", false),
            (Malformed::BadParameter("listener-type").into(), Acquaintance::New, "amqp:not-allowed", false),
            (Refusal::Internal, Acquaintance::New, "amqp:internal-error", false),
        ] {
            let found = Condition::of(&refusal, acquaintance);
            assert_eq!((found.as_str(), found.is_final()), (condition, is_final), "{refusal:?}");
        }
    }
}

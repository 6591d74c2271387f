//! What a listener did that the protocol does not allow.

use crate::wire::amqp::types::definitions::{
    AmqpError, ConnectionError, Error, ErrorCondition, LinkError, SessionError,
};
use crate::wire::amqp::{DecodeError, ProtocolId};

/// A listener's offence. Each ends the connection; the text is what it is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// Bytes that are no AMQP, or more than allowed.
    #[error(transparent)]
    Undecodable(#[from] DecodeError),
    /// Another protocol than the one whose turn it is. [AMQP 2.2]
    #[error("header of protocol {0:?} where another was due")]
    WrongHeader(ProtocolId),
    /// A performative, or a step of SASL, that has no place here.
    #[error("{found} where {expected} was due")]
    Unexpected {
        /// What came.
        found: &'static str,
        /// What should have come.
        expected: &'static str,
    },
    /// A mechanism that was not offered.
    #[error("SASL mechanism is not one of those offered")]
    WrongMechanism,
    /// Below MIN-MAX-FRAME-SIZE. [AMQP 2.8.19]
    #[error("max-frame-size of {0} bytes is below the least, 512")]
    FrameSizeTooSmall(u32),
    /// A sign of life is wanted more often than is sensible.
    #[error("idle-time-out of {0} ms is too short")]
    IdleTooShort(u32),
    /// A channel on which no session began.
    #[error("channel {0} has no session")]
    UnknownChannel(u16),
    /// A second session. One pair of links needs one.
    #[error("a second session began")]
    SecondSession,
    /// A second pair, or the same half twice. Relay page 2: one connection for each address.
    #[error("a link beyond the pair was attached")]
    SurplusLink,
    /// The halves of the pair name different things.
    #[error("the two links of the pair differ in {0}")]
    PairDiffers(&'static str),
    /// A handle above what was offered. [AMQP 2.5.1]
    #[error("handle {0} is above the handle-max")]
    HandleTooLarge(u32),
    /// A handle that the other link has. [AMQP 2.8.17]
    #[error("handle {0} is in use")]
    HandleInUse(u32),
    /// A handle that no link has. [AMQP 2.8.17]
    #[error("handle {0} has no link")]
    UnattachedHandle(u32),
    /// A transfer on the link on which we send.
    #[error("transfer on a link that receives")]
    TransferToReceiver,
    /// More frames than the window allows. [AMQP 2.5.6]
    #[error("transfer beyond the session window")]
    WindowViolation,
    /// More messages than credit. [AMQP 2.6.7]
    #[error("transfer beyond the credit of the link")]
    TransferLimitExceeded,
    /// `Limits::listener_message`
    #[error("message exceeds the limit of {0} bytes")]
    MessageTooLarge(usize),
    /// A transfer that neither begins nor continues a delivery. [AMQP 2.7.5]
    #[error("transfer does not continue the delivery that is open")]
    BrokenDelivery,
    /// `last` lies before `first`. [AMQP 2.7.6]
    #[error("disposition ends before it begins")]
    BackwardDisposition,
    /// A new token that is no text.
    #[error("the new token is no string")]
    BadToken,
}

impl Violation {
    /// The error of the `close` that answers it.
    pub(super) fn to_amqp(&self) -> Error {
        let condition: ErrorCondition = match self {
            Self::Undecodable(error) => error.condition(),
            Self::WrongHeader(_) => ConnectionError::FramingError.into(),
            Self::Unexpected { .. } => AmqpError::IllegalState.into(),
            Self::WrongMechanism => AmqpError::NotAllowed.into(),
            Self::FrameSizeTooSmall(_)
            | Self::HandleTooLarge(_)
            | Self::BackwardDisposition
            | Self::BadToken => AmqpError::InvalidField.into(),
            Self::IdleTooShort(_) | Self::UnknownChannel(_) => AmqpError::NotAllowed.into(),
            Self::SecondSession | Self::SurplusLink => AmqpError::ResourceLimitExceeded.into(),
            Self::PairDiffers(_) => AmqpError::InvalidField.into(),
            Self::HandleInUse(_) => SessionError::HandleInUse.into(),
            Self::UnattachedHandle(_) => SessionError::UnattachedHandle.into(),
            Self::TransferToReceiver => AmqpError::NotAllowed.into(),
            Self::WindowViolation => SessionError::WindowViolation.into(),
            Self::TransferLimitExceeded => LinkError::TransferLimitExceeded.into(),
            Self::MessageTooLarge(_) => LinkError::MessageSizeExceeded.into(),
            Self::BrokenDelivery => AmqpError::InvalidField.into(),
        };
        Error::new(condition, Some(self.to_string()), None)
    }
}

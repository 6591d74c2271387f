//! What can be wrong with the bytes of a peer.

use super::types::definitions::{AmqpError, ConnectionError, ErrorCondition};

/// Bytes that are no AMQP, or more of it than allowed. Always the peer's fault; the connection cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A protocol header of another protocol, or of another version of this one.
    #[error("protocol header {0:02x?} is not one of AMQP 1.0.0")]
    BadHeader([u8; 8]),
    /// Larger than we announced.
    #[error("frame of {size} bytes exceeds the limit of {max} bytes")]
    FrameTooLarge {
        /// As announced by its head.
        size: u32,
        /// [`AmqpLimits::frame`](super::AmqpLimits::frame).
        max: u32,
    },
    /// Smaller than its own head.
    #[error("frame of {size} bytes is smaller than its head")]
    FrameTooSmall {
        /// As announced by its head.
        size: u32,
    },
    /// The body would begin inside the head or behind the end.
    #[error("data offset {0} lies outside the frame")]
    BadDataOffset(u8),
    /// Neither AMQP nor SASL.
    #[error("frame type {0:#04x} is unknown")]
    UnknownFrameType(u8),
    /// A length inside the body runs over the end of what holds it.
    #[error("value runs over the end of what holds it")]
    ValueTooLong,
    /// A list, map or array is longer than its elements.
    #[error("{0} bytes follow the last element of a list, map or array")]
    BytesAfterElements(usize),
    /// Values nested too deep.
    #[error("values are nested deeper than {0}")]
    TooDeep(u8),
    /// Too many values.
    #[error("performative has more than {0} values")]
    TooManyElements(u32),
    /// A map with a key that has no value.
    #[error("map has an odd number of elements")]
    OddMap,
    /// A body that does not begin with a described value.
    #[error("frame body does not begin with a performative")]
    NoPerformative,
    /// A performative, or a value inside, that its definition does not allow.
    #[error("performative cannot be read: {0}")]
    Unreadable(String),
    /// Only a transfer has bytes behind its performative.
    #[error("{0} bytes follow a performative that has no payload")]
    UnexpectedPayload(usize),
    /// A performative of SASL that is none.
    #[error("SASL performative is unknown")]
    UnknownSaslPerformative,
}

impl DecodeError {
    /// The condition for the close that answers it. [AMQP 2.8.15], [AMQP 2.8.16]
    pub fn condition(&self) -> ErrorCondition {
        match self {
            Self::BadHeader(_)
            | Self::FrameTooLarge { .. }
            | Self::FrameTooSmall { .. }
            | Self::BadDataOffset(_)
            | Self::UnknownFrameType(_) => ErrorCondition::ConnectionError(ConnectionError::FramingError),
            Self::TooDeep(_) | Self::TooManyElements(_) => {
                ErrorCondition::AmqpError(AmqpError::ResourceLimitExceeded)
            }
            Self::ValueTooLong
            | Self::BytesAfterElements(_)
            | Self::OddMap
            | Self::NoPerformative
            | Self::Unreadable(_)
            | Self::UnexpectedPayload(_)
            | Self::UnknownSaslPerformative => ErrorCondition::AmqpError(AmqpError::DecodeError),
        }
    }
}

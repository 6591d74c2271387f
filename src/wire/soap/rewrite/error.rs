//! Why an envelope is not passed on.

use super::super::addressing::Addressing;
use super::super::error::SoapError;
use super::super::fault::{Fault, FaultCode};
use crate::wire::binxml::DecodeError;
use crate::wire::framing::FaultUri;
use crate::wire::xml::XmlError;

/// Why an envelope was not rewritten. It must not be passed on as it is either, and a session with a string table has to end:
/// the next message may need what this one brought.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RewriteError {
    /// To lies outside the service's path.
    #[error("to is outside the path of the service")]
    OutsidePath,
    /// To would have to be rewritten and is signed.
    #[error("to is signed and cannot be rewritten: give both sides one address, or use a via")]
    Signed,
    /// To is something else than text.
    #[error("to is not an address")]
    NotAnAddress,
    /// The headers do not end within the limit.
    #[error("headers exceed the limit of {max} bytes")]
    HeadersTooLarge {
        /// Bytes.
        max: usize,
    },
    /// The message ends before its body.
    #[error("message ends inside its headers")]
    UnexpectedEof,
    /// A message that has to be held as a whole is larger than the limit.
    #[error(
        "envelope of {size} bytes exceeds the limit of {max} bytes for one whose address is rewritten: use streamed transfer, or give both sides one address"
    )]
    EnvelopeTooLarge {
        /// Bytes that it has at least.
        size: u64,
        /// Bytes.
        max: u64,
    },
    /// The rewritten message is longer than its sizes can say.
    #[error("message is too large to be rewritten")]
    TooLarge,
    /// It is not an envelope.
    #[error(transparent)]
    Soap(#[from] SoapError),
    /// It is not text XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// It is not binary XML.
    #[error(transparent)]
    Binary(#[from] DecodeError),
}

impl RewriteError {
    /// The fault that tells a client that waits for a reply, as the service itself would; `None`: [`Self::framing_fault`].
    pub fn fault(&self, addressing: Addressing) -> Option<Fault> {
        match self {
            Self::OutsidePath | Self::NotAnAddress => {
                Some(Fault::destination_unreachable(addressing, &self.to_string()))
            }
            Self::Signed => Some(Fault::new(FaultCode::Sender, &self.to_string())),
            Self::HeadersTooLarge { .. }
            | Self::EnvelopeTooLarge { .. }
            | Self::UnexpectedEof
            | Self::TooLarge
            | Self::Soap(_)
            | Self::Xml(_)
            | Self::Binary(_) => None,
        }
    }

    /// The framing fault for a client that waits for none, framing page 5; `None`: the session ends without a word, as a
    /// service ends it (framing page 11).
    pub fn framing_fault(&self) -> Option<FaultUri> {
        match self {
            Self::OutsidePath | Self::NotAnAddress | Self::Signed => Some(FaultUri::EndpointNotFound),
            Self::HeadersTooLarge { .. }
            | Self::EnvelopeTooLarge { .. }
            | Self::TooLarge
            | Self::Soap(SoapError::HeadersTooLarge { .. } | SoapError::TooManyHeaders { .. }) => {
                Some(FaultUri::MaxMessageSizeExceeded)
            }
            Self::UnexpectedEof | Self::Soap(_) | Self::Xml(_) | Self::Binary(_) => None,
        }
    }
}

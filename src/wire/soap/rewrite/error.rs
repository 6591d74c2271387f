//! Why an envelope is not passed on.

use super::super::addressing::Addressing;
use super::super::error::SoapError;
use super::super::fault::{Fault, FaultCode};
use crate::wire::binxml::DecodeError;
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
    /// The fault that tells the client, as the service itself would; `None`: close the session.
    pub fn fault(&self, addressing: Addressing) -> Option<Fault> {
        match self {
            Self::OutsidePath | Self::NotAnAddress => {
                Some(Fault::destination_unreachable(addressing, &self.to_string()))
            }
            Self::Signed => Some(Fault::new(FaultCode::Sender, &self.to_string())),
            Self::HeadersTooLarge { .. }
            | Self::UnexpectedEof
            | Self::TooLarge
            | Self::Soap(_)
            | Self::Xml(_)
            | Self::Binary(_) => None,
        }
    }
}

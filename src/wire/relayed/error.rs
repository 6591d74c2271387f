//! What can be wrong with what a peer sends.

use super::fault::RelayFault;
use crate::wire::binxml::{DecodeError, WriteError};
use crate::wire::soap::SoapError;
use crate::wire::xml::XmlError;

/// Why the bytes around the messages of protocol C were refused. Nothing after them can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CarriageError {
    /// A preamble that begins with another word than `connect` or `probe`.
    #[error("connection begins neither with connect nor with probe")]
    UnknownPreamble,
    /// The length of a string in the preamble is negative or too large; another protocol looks like this, too.
    #[error("length of a string in the preamble is not between 0 and {max}")]
    BadStringLength {
        /// Bytes.
        max: usize,
    },
    /// The URI is empty, no UTF-8, or has control characters.
    #[error("address in the preamble is no text of a uri")]
    BadUri,
    /// The byte in front of a TLS handshake is neither 0 nor 1.
    #[error("byte {0:#04x} says neither tls nor clear")]
    BadTlsMark(u8),
    /// A question that is not known.
    #[error("probe asks question {0}, which is not known")]
    UnknownProbe(i32),
    /// A message of length 0, of a negative length or above the limit.
    #[error("message of {found} bytes, allowed are 1 to {max}")]
    BadMessageLength {
        /// What the length says.
        found: i32,
        /// Bytes.
        max: usize,
    },
}

/// Why a message was refused. [`Self::fault`] says what its sender is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// More bytes than are taken, as they came or as they would go on.
    #[error("message exceeds the limit of {max} bytes")]
    TooLarge {
        /// Bytes.
        max: usize,
    },
    /// One text is longer than is taken.
    #[error("text exceeds the limit of {max} bytes")]
    TextTooLong {
        /// Bytes.
        max: usize,
    },
    /// The strings in front of a message cannot be read. Every later message of the session would miss them: it is over.
    #[error("string table cannot be read")]
    SessionLost(#[source] DecodeError),
    /// It is no binary XML.
    #[error(transparent)]
    Binary(#[from] DecodeError),
    /// It is no text XML.
    #[error(transparent)]
    Text(#[from] XmlError),
    /// It is no envelope.
    #[error(transparent)]
    Soap(#[from] SoapError),
    /// It cannot be written as binary XML.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It is of SOAP 1.1, or its headers are of another WS-Addressing than 1.0.
    #[error("message is not of soap 1.2 and ws-addressing 1.0")]
    WrongVersion,
    /// A message without an action, or with one that has no meaning where it came.
    #[error("action is missing or has no meaning here")]
    UnknownAction,
    /// Something that the message has to have is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Something stands there twice.
    #[error("{0} stands there twice")]
    Twice(&'static str),
    /// Something that stands there has no meaning.
    #[error("{0} has a value without meaning")]
    BadValue(&'static str),
    /// The token's text is neither base64 nor, once decoded, text; or it is empty.
    #[error("token in the header cannot be read")]
    BadToken,
    /// The header holds a token of a kind that the relay never sends.
    #[error("header holds a security token of another kind")]
    ForeignToken,
}

impl MessageError {
    /// What the sender is told, wcf-relay page 3.4, 4.4 and 4.6.
    pub const fn fault(&self) -> RelayFault {
        match self {
            Self::TooLarge { .. } => RelayFault::QuotaExceeded,
            Self::BadToken | Self::ForeignToken => RelayFault::AuthorizationFailed,
            _ => RelayFault::InvalidRequest,
        }
    }

    /// Whether no later message of the connection can be read.
    pub const fn ends_session(&self) -> bool {
        matches!(self, Self::SessionLost(_))
    }
}

//! Why a request over an HTTP binding gets no answer of its service.

use crate::relay::Refusal;
use crate::wire::binxml::DecodeError as BinaryError;
use crate::wire::framing::DecodeError as FramingError;
use crate::wire::xml::{ReencodeError, XmlError};

/// Why a request is refused, or why there is no response. The text is for the log; what the sender is told stands in one table
/// ([`Self::answer`]).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpRefusal {
    /// What the rules of every relay say.
    #[error(transparent)]
    Relay(#[from] Refusal),
    /// The relay wants TLS and the request came without.
    #[error("the request came in clear and the relay requires transport security")]
    NoTransportSecurity,
    /// The target of the request is no path.
    #[error("the target of the request is no path")]
    BadTarget,
    /// A header with a line break or another control character.
    #[error("header {name} has a control character")]
    BadHeader {
        /// The name.
        name: String,
    },
    /// The entity is in a charset that nobody knows.
    #[error("charset {charset:?} is unknown")]
    UnknownCharset {
        /// At most 64 characters of its name.
        charset: String,
    },
    /// The entity is no text of its charset, or its XML declaration has no end.
    #[error("the entity is no text of its charset")]
    BadText,
    /// The entity is no XML.
    #[error("the entity is no xml: {0}")]
    NotWellFormed(#[source] XmlError),
    /// The entity is XML and no SOAP envelope with a body.
    #[error("the entity is no soap envelope with a body")]
    NotAnEnvelope,
    /// The entity is XML that cannot be said in binary.
    #[error("the entity cannot be written as binary xml: {0}")]
    Unwritable(#[source] ReencodeError),
    /// The entity is no JSON.
    #[error("the entity is no json at byte {at}")]
    NotJson {
        /// Bytes of UTF-8 before what is wrong.
        at: u64,
    },
    /// The entity is JSON that nests too deep.
    #[error("the json nests deeper than {max}")]
    JsonTooDeep {
        /// Objects and arrays.
        max: usize,
    },
    /// The headers of a SOAP message are larger than the limit.
    #[error("soap headers exceed the limit of {max} bytes")]
    HeadersTooLarge {
        /// Bytes.
        max: usize,
    },
    /// The entity is larger than the limit.
    #[error("the entity exceeds the limit of {max} bytes")]
    RequestTooLarge {
        /// Bytes.
        max: u64,
    },
    /// The listener refused the Via: it has no such endpoint (any more).
    #[error("the listener knows no such endpoint")]
    NoSuchEndpoint,
    /// The listener refused the session for another reason.
    #[error("the listener answered with the framing fault {fault:?}")]
    Faulted {
        /// The URI of the fault.
        fault: String,
    },
    /// The session ended without a reply: the service aborted the request, or closed it.
    #[error("the service ended the request without a reply")]
    NoReply,
    /// The listener closed its connection before a reply.
    #[error("the listener closed its connection before a reply, after {sent} bytes of the request")]
    Closed {
        /// Bytes of the entity that were sent.
        sent: u64,
    },
    /// The listener's connection ended inside its reply.
    #[error("the listener's connection ended inside its reply")]
    ReplyCut,
    /// The reply had begun and did not go on.
    #[error("the reply did not go on in time")]
    ReplyStalled,
    /// The framing of the reply is wrong.
    #[error("the framing of the reply is wrong: {0}")]
    ReplyFraming(#[source] FramingError),
    /// The reply is no binary XML.
    #[error("the reply is no binary xml: {0}")]
    ReplyXml(#[source] BinaryError),
    /// The reply cannot be said in text.
    #[error("the reply cannot be written as text: {0}")]
    ReplyText(#[source] XmlError),
    /// The reply is no envelope, or its body is not of the form it announces.
    #[error("the reply has {0}")]
    ReplyForm(&'static str),
    /// The headers of the reply are larger than the limit.
    #[error("the headers of the reply exceed the limit of {max} bytes")]
    ReplyHeadTooLarge {
        /// Bytes.
        max: usize,
    },
    /// The reply is larger than the limit.
    #[error("the reply exceeds the limit of {max} bytes")]
    ReplyTooLarge {
        /// Bytes.
        max: u64,
    },
}

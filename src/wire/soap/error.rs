//! What can be wrong with an envelope.

/// Why events are no envelope that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SoapError {
    /// The root is no envelope, or of a version that does not exist.
    #[error("root element is not a soap envelope")]
    NotAnEnvelope,
    /// Something else than a header and a body, or these in another order.
    #[error("envelope has something else than a header and a body")]
    BadStructure,
    /// The envelope ends without a body.
    #[error("envelope has no body")]
    NoBody,
    /// A header of addressing stands twice.
    #[error("header {0} stands twice")]
    DuplicateHeader(&'static str),
    /// More header text than is kept.
    #[error("headers exceed the limit of {max} bytes")]
    HeadersTooLarge {
        /// Bytes.
        max: usize,
    },
    /// More headers, or more references in signatures, than are taken.
    #[error("more than {max} headers or signature references")]
    TooManyHeaders {
        /// Headers.
        max: usize,
    },
    /// The body is no fault, or its fault has no code.
    #[error("body is not a fault")]
    NotAFault,
    /// A fault with more text than is kept.
    #[error("fault exceeds the limit of {max} bytes")]
    FaultTooLarge {
        /// Bytes.
        max: usize,
    },
    /// The detail of a fault that cannot be written as text.
    #[error(transparent)]
    Xml(#[from] crate::wire::xml::XmlError),
}

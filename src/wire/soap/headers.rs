//! What the headers of an envelope say.

use std::fmt;

use super::addressing::Addressing;
use super::version::SoapVersion;

/// The headers of one envelope, without those that mean nothing here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers {
    /// The version of the envelope.
    pub version: SoapVersion,
    /// The version of the first addressing header; [`Addressing::None`] where there is none.
    pub addressing: Addressing,
    /// What is to be done. With SOAP over HTTP and without addressing it stands outside of the envelope.
    pub action: Option<Field>,
    /// The address of the receiver.
    pub to: Option<Field>,
    /// The id of this message.
    pub message_id: Option<Field>,
    /// The id of the message that this one answers.
    pub relates_to: Option<Field>,
    /// The address in `ReplyTo`.
    pub reply_to: Option<Field>,
    /// The address in `FaultTo`.
    pub fault_to: Option<Field>,
    /// The headers that the last receiver must understand and that are none of the fields above.
    pub must_understand: Vec<QualifiedName>,
    /// Whether there is a header of WS-Security, whoever it is for.
    pub has_security: bool,
    /// Whether a signature covers something that cannot be told from its references: count every header as signed.
    pub all_signed: bool,
}

/// One header that holds a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Field {
    /// Its text, without white space around it.
    pub text: String,
    /// Whether the receiver must understand it.
    pub must_understand: bool,
    /// Whether a signature refers to it by its id.
    pub signed: bool,
}

/// A namespace and a local name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QualifiedName {
    /// Empty: none.
    pub namespace: String,
    /// The local name.
    pub local: String,
}

impl QualifiedName {
    /// A name of this namespace.
    pub fn new(namespace: &str, local: &str) -> Self {
        Self { namespace: namespace.to_owned(), local: local.to_owned() }
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}{}", self.namespace, self.local)
    }
}

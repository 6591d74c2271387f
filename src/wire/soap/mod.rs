//! SOAP envelopes, as events of [`crate::wire::xml`]: the same rules whether their bytes are text or binary.

mod addressing;
mod error;
mod fault;
mod fault_reader;
mod header_reader;
mod headers;
mod names;
mod rewrite;
mod sink;
mod version;
mod writer;

pub use addressing::Addressing;
pub use error::SoapError;
pub use fault::{DISPATCHER, Fault, FaultCode, Subcode};
pub use fault_reader::FaultReader;
pub use header_reader::{HeaderReader, Place, SoapLimits};
pub use headers::{Field, Headers, QualifiedName};
pub use rewrite::{
    Coding, InitiatorRewriter, MAX_HEAD, MAX_SESSION_ENVELOPE, Refused, RewriteError, Rewritten,
    SessionRewriter, TextRewriter, ToRoute, rewrite_binary, rewrite_text,
};
pub use sink::Sink;
pub use version::SoapVersion;
pub use writer::Envelope;

//! What one exchange of an HTTP binding may make the gateway hold.

use crate::entity::Limits;

/// Limits of one exchange. Sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingLimits {
    /// What is held back of a request's framing bytes until its entity is over: so much of a malformed one never reaches the listener, and what
    /// is longer reaches it without an End, so that it is not delivered (7.3). Default 64 KiB.
    pub held: usize,
    /// A SOAP message of a sender up to its body, which is kept until an Action was put in and tokens were taken out (7.4). Default 256 KiB.
    pub soap_head: usize,
    /// A request entity; 0 = no limit, as Azure has none (section 11). Default 0.
    pub request: u64,
    /// Objects and arrays inside one another in a JSON request. Default 128.
    pub json_depth: usize,
    /// The headers of a reply's outer envelope, and a wrapped reply up to its body: kept until status and type are known. Default 64 KiB,
    /// the `MaxHeaders` of the library (section 0).
    pub reply_head: usize,
    /// A reply envelope; 0 = no limit. Default 0.
    pub reply: u64,
    /// A number, or a word like `true`, in a reply that becomes JSON. Default 1 KiB.
    pub json_scalar: usize,
}

impl From<&Limits> for BindingLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            held: limits.binding_held,
            soap_head: limits.binding_soap_head,
            request: limits.binding_request as u64,
            json_depth: limits.binding_json_depth as usize,
            reply_head: limits.binding_reply_head,
            reply: limits.binding_reply as u64,
            json_scalar: limits.binding_json_scalar,
        }
    }
}

impl Default for BindingLimits {
    fn default() -> Self {
        Self::from(&Limits::default())
    }
}

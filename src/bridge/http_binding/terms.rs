//! What the gateway tells both translators.

use super::limits::BindingLimits;
use crate::entity::RelayPath;
pub use crate::entity::XmlBody;

/// What is known of a request besides itself.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The address that the listener registered, `sb://HOST/PATH`: without trailing slash, port and the rest of the request's path (7.2). It
    /// becomes the Via; the listener takes no other scheme (7.3).
    pub via: String,
    /// The host as the service knows it, in front of which [`Self::scheme`] stands in `HttpAddress`. With a port only where the service's own
    /// address has one.
    pub host: String,
    /// The path the sender asked for, as it was parsed for the look-up.
    pub path: RelayPath,
    /// The scheme of the service's endpoint.
    pub scheme: HttpScheme,
    /// What XML that is no SOAP becomes.
    pub xml: XmlBody,
    /// What the exchange may cost.
    pub limits: BindingLimits,
}

/// The scheme of a service's endpoint: WCF compares it with that of To (7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HttpScheme {
    /// The listener registered with `transport-security-required` = false.
    Http,
    /// It registered without that property, or with true.
    Https,
}

impl HttpScheme {
    /// By the property of the registration; absent is true (7.2).
    pub fn of_registration(transport_security_required: Option<bool>) -> Self {
        if transport_security_required == Some(false) { Self::Http } else { Self::Https }
    }

    /// The scheme.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// What is known of a reply besides itself.
#[derive(Debug, Clone)]
pub struct ReplyTerms {
    /// Whether the sender is told the entity, or its head alone (HEAD).
    pub wants_body: bool,
    /// What the exchange may cost.
    pub limits: BindingLimits,
}

#[cfg(test)]
mod tests {
    use super::*;

    // 7.2: the property is absent for https endpoints.
    #[test]
    fn a_service_is_reached_by_https_unless_it_registered_without_transport_security() {
        assert_eq!(HttpScheme::of_registration(None).name(), "https");
        assert_eq!(HttpScheme::of_registration(Some(true)).name(), "https");
        assert_eq!(HttpScheme::of_registration(Some(false)).name(), "http");
    }
}

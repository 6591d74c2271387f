//! The versions of SOAP.

/// A version of SOAP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SoapVersion {
    /// SOAP 1.1, as `BasicHttpBinding` speaks it.
    Soap11,
    /// SOAP 1.2, as all newer bindings speak it.
    Soap12,
}

impl SoapVersion {
    /// The namespace of its envelope.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::Soap11 => "http://schemas.xmlsoap.org/soap/envelope/",
            Self::Soap12 => "http://www.w3.org/2003/05/soap-envelope",
        }
    }

    /// The version whose envelope has this namespace.
    pub fn of(namespace: &str) -> Option<Self> {
        [Self::Soap12, Self::Soap11].into_iter().find(|version| version.namespace() == namespace)
    }

    /// The header attribute that names who a header is for.
    pub const fn role_attribute(self) -> &'static str {
        match self {
            Self::Soap11 => "actor",
            Self::Soap12 => "role",
        }
    }

    /// Whether a role or actor means the last receiver, as no attribute does.
    pub fn is_last_receiver(self, role: &str) -> bool {
        role.is_empty() || role == "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver"
    }

    /// The media type of a text message.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Soap11 => "text/xml",
            Self::Soap12 => "application/soap+xml",
        }
    }
}

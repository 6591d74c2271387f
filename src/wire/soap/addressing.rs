//! The versions of WS-Addressing.

/// A version of WS-Addressing, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Addressing {
    /// No addressing: a message has no such headers, but inside a relay's wrapper Action and To in a namespace of their own.
    None,
    /// The submission of August 2004.
    August2004,
    /// WS-Addressing 1.0.
    Ws10,
}

impl Addressing {
    /// The namespace of its headers.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::None => "http://schemas.microsoft.com/ws/2005/05/addressing/none",
            Self::August2004 => "http://schemas.xmlsoap.org/ws/2004/08/addressing",
            Self::Ws10 => "http://www.w3.org/2005/08/addressing",
        }
    }

    /// The version whose headers have this namespace.
    pub fn of(namespace: &str) -> Option<Self> {
        [Self::Ws10, Self::August2004, Self::None].into_iter().find(|known| known.namespace() == namespace)
    }

    /// The address of one who has none.
    pub const fn anonymous(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::August2004 => Some("http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"),
            Self::Ws10 => Some("http://www.w3.org/2005/08/addressing/anonymous"),
        }
    }

    /// The action of a fault about addressing itself.
    pub const fn addressing_fault(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::August2004 => Some("http://schemas.xmlsoap.org/ws/2004/08/addressing/fault"),
            Self::Ws10 => Some("http://www.w3.org/2005/08/addressing/fault"),
        }
    }

    /// The action of any other fault that no contract declares.
    pub const fn soap_fault(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::August2004 => Some("http://schemas.xmlsoap.org/ws/2004/08/addressing/fault"),
            Self::Ws10 => Some("http://www.w3.org/2005/08/addressing/soap/fault"),
        }
    }

    /// Whether a `RelationshipType` means that a message is the reply.
    pub fn is_reply(self, relationship: &str) -> bool {
        match self {
            Self::None => false,
            // A QName, whose prefix is not looked up.
            Self::August2004 => relationship.rsplit(':').next() == Some("Reply"),
            Self::Ws10 => {
                relationship == "http://www.w3.org/2005/08/addressing/reply"
                    || relationship == "http://www.w3.org/2005/08/addressing/Reply"
            }
        }
    }
}

//! The faults of message framing, [MC-NMF] 2.2.5.

/// What all of Microsoft's fault URIs begin with.
pub(crate) const PREFIX: &str = "http://schemas.microsoft.com/ws/2006/05/framing/faults/";

/// A fault of [MC-NMF] 2.2.5. Other URIs exist (vendors may define their own); those stay text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultUri {
    /// The version is not understood.
    UnsupportedVersion,
    /// The mode is not supported.
    UnsupportedMode,
    /// The Via is longer than the limit.
    ViaTooLong,
    /// Nobody listens at the Via; .NET raises `EndpointNotFoundException`.
    EndpointNotFound,
    /// The encoding is not supported.
    ContentTypeInvalid,
    /// The content type (or the name of an upgrade) is longer than the limit.
    ContentTypeTooLong,
    /// The upgrade is not possible.
    UpgradeInvalid,
    /// A message is larger than the limit. The only name that ends in "Fault".
    MaxMessageSizeExceeded,
    /// A hosted service did not start.
    ServiceActivationFailed,
    /// The endpoint exists, handing the connection over did not work.
    ConnectionDispatchFailed,
    /// The endpoint is not reachable for the moment; .NET raises `EndpointNotFoundException`.
    EndpointUnavailable,
    /// Too many requests; .NET raises `ServerTooBusyException` and programs try again.
    ServerTooBusy,
    /// The caller may not use the endpoint. .NET has no name for it and shows the URI.
    EndpointAccessDenied,
    /// The endpoint is paused. .NET has no name for it and shows the URI.
    EndpointPaused,
    /// Records in the wrong order. .NET has no name for it and shows the URI.
    InvalidRecordSequence,
}

impl FaultUri {
    /// Every fault.
    pub const ALL: [Self; 15] = [
        Self::UnsupportedVersion,
        Self::UnsupportedMode,
        Self::ViaTooLong,
        Self::EndpointNotFound,
        Self::ContentTypeInvalid,
        Self::ContentTypeTooLong,
        Self::UpgradeInvalid,
        Self::MaxMessageSizeExceeded,
        Self::ServiceActivationFailed,
        Self::ConnectionDispatchFailed,
        Self::EndpointUnavailable,
        Self::ServerTooBusy,
        Self::EndpointAccessDenied,
        Self::EndpointPaused,
        Self::InvalidRecordSequence,
    ];

    /// The name: the URI without the common prefix.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnsupportedVersion => "UnsupportedVersion",
            Self::UnsupportedMode => "UnsupportedMode",
            Self::ViaTooLong => "ViaTooLong",
            Self::EndpointNotFound => "EndpointNotFound",
            Self::ContentTypeInvalid => "ContentTypeInvalid",
            Self::ContentTypeTooLong => "ContentTypeTooLong",
            Self::UpgradeInvalid => "UpgradeInvalid",
            Self::MaxMessageSizeExceeded => "MaxMessageSizeExceededFault",
            Self::ServiceActivationFailed => "ServiceActivationFailed",
            Self::ConnectionDispatchFailed => "ConnectionDispatchFailed",
            Self::EndpointUnavailable => "EndpointUnavailable",
            Self::ServerTooBusy => "ServerTooBusy",
            Self::EndpointAccessDenied => "EndpointAccessDenied",
            Self::EndpointPaused => "EndpointPaused",
            Self::InvalidRecordSequence => "InvalidRecordSequence",
        }
    }

    /// The URI on the wire.
    pub fn uri(self) -> String {
        format!("{PREFIX}{}", self.name())
    }

    /// The fault with this URI; `None` for a vendor's own.
    pub fn from_uri(uri: &str) -> Option<Self> {
        let name = uri.strip_prefix(PREFIX)?;
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_back_from_their_uri() {
        for fault in FaultUri::ALL {
            assert_eq!(FaultUri::from_uri(&fault.uri()), Some(fault));
        }
        assert_eq!(FaultUri::from_uri("urn:vendor:fault"), None);
        assert_eq!(FaultUri::from_uri("http://schemas.microsoft.com/ws/2006/05/framing/faults/"), None);
    }
}

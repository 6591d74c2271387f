//! Who sends to a listener, and how: `ListenerType`, wcf-relay page 2.6.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a listener is, as it says it: in the property `com.microsoft:listener-type` of its link, or in a
/// [`super::ListenRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ListenerType {
    /// Nobody says so.
    None,
    /// `NetOnewayRelayBinding`: one listener gets a message.
    Unicast,
    /// `NetEventRelayBinding`: every listener gets it.
    Multicast,
    /// `NetTcpRelayBinding` with the connection mode Hybrid.
    DirectConnection,
    /// Senders of that binding alone.
    HybridConnection,
    /// `NetTcpRelayBinding`.
    RelayedConnection,
    /// The bindings over HTTP.
    RelayedHttp,
    /// Internal to the service.
    Junction,
    /// HTTP over AMQP, which no public binding uses.
    RoutedHttp,
}

impl ListenerType {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::None,
        Self::Unicast,
        Self::Multicast,
        Self::DirectConnection,
        Self::HybridConnection,
        Self::RelayedConnection,
        Self::RelayedHttp,
        Self::Junction,
        Self::RoutedHttp,
    ];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Unicast => "Unicast",
            Self::Multicast => "Multicast",
            Self::DirectConnection => "DirectConnection",
            Self::HybridConnection => "HybridConnection",
            Self::RelayedConnection => "RelayedConnection",
            Self::RelayedHttp => "RelayedHttp",
            Self::Junction => "Junction",
            Self::RoutedHttp => "RoutedHttp",
        }
    }

    /// The type of this name; case counts.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for ListenerType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for kind in ListenerType::ALL {
            assert_eq!(ListenerType::parse(kind.name()), Some(kind));
        }
        assert_eq!(ListenerType::parse("unicast"), None);
        assert_eq!(ListenerType::parse(""), None);
    }
}

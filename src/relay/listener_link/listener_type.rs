//! What a listener of WCF Relay takes. Relay page 2.6.

use std::fmt;

use crate::entity::WcfType;

/// The value of `com.microsoft:listener-type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListenerType {
    /// Internal to the library.
    None,
    /// NetOnewayRelayBinding.
    Unicast,
    /// NetEventRelayBinding.
    Multicast,
    /// NetTcpRelayBinding with ConnectionMode Hybrid.
    DirectConnection,
    /// A hybrid *sender's* setting; never registered.
    HybridConnection,
    /// NetTcpRelayBinding with ConnectionMode Relayed.
    RelayedConnection,
    /// The HTTP bindings.
    RelayedHttp,
    /// Internal to the library.
    Junction,
    /// HTTP inside AMQP; no public binding reaches it.
    RoutedHttp,
}

impl ListenerType {
    const ALL: [Self; 9] = [
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

    /// The type of this name; letter case counts.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|listener_type| listener_type.as_str() == name)
    }

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
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

    /// The type of relay on which it may listen; `None` for those that no public binding registers. Relay page 9.2.
    pub const fn wcf_type(self) -> Option<WcfType> {
        match self {
            Self::RelayedConnection | Self::DirectConnection => Some(WcfType::NetTcp),
            Self::Unicast => Some(WcfType::NetOneway),
            Self::Multicast => Some(WcfType::NetEvent),
            Self::RelayedHttp => Some(WcfType::Http),
            Self::None | Self::HybridConnection | Self::Junction | Self::RoutedHttp => None,
        }
    }
}

impl fmt::Display for ListenerType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_reads_back_and_no_other_does() {
        for listener_type in ListenerType::ALL {
            assert_eq!(ListenerType::parse(listener_type.as_str()), Some(listener_type));
        }
        assert_eq!(ListenerType::parse("unicast"), None);
        assert_eq!(ListenerType::parse(""), None);
    }
}

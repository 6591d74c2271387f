//! What a listener of WCF Relay asks of its relay.

use serde::{Deserialize, Serialize};

use crate::{
    entity::{DynamicRelays, EntityPath, KeyName, Relay, RelayKind, WcfType},
    wire::relayed::ListenerType,
};

/// The wishes of one WCF listener, and by which policy it came. On a declared relay only the type counts: the relay's own flags win.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WcfTerms {
    /// The address as the listener wrote it, `sb://HOST/PATH/`: what it is sent must name this address. Relay page 2.4.
    pub address: String,
    /// What it takes.
    pub listener_type: ListenerType,
    /// Whether it asks for a relay that goes with its last listener.
    pub dynamic: bool,
    /// Whether senders need a token.
    pub requires_client_authorization: bool,
    /// Whether senders have to come by TLS.
    pub requires_transport_security: bool,
    /// Its title in the public feed; `None`: it asks for no entry.
    pub published: Option<String>,
    /// The policy whose key signed its token.
    pub key_name: KeyName,
}

impl WcfTerms {
    /// Whether another listener with these terms may stand at the same address: all but title and policy have to be the same.
    /// Relay page 2.2, *Registration conflicts*.
    pub fn agree(&self, other: &Self) -> bool {
        self.listener_type == other.listener_type
            && self.dynamic == other.dynamic
            && self.requires_client_authorization == other.requires_client_authorization
            && self.requires_transport_security == other.requires_transport_security
    }

    /// The relay that such a listener makes at `path`; `None` for a type that no relay has.
    pub fn make(&self, path: EntityPath, allowed: DynamicRelays) -> Option<Relay> {
        let kind = RelayKind::Wcf(wcf_type(self.listener_type)?);
        Some(Relay {
            requires_client_authorization: self.requires_client_authorization
                || allowed != DynamicRelays::Anonymous,
            requires_transport_security: self.requires_transport_security,
            ..Relay::new(path, kind)
        })
    }
}

/// The type of relay on which a listener of this type may listen; `None` for those that no public binding registers. Relay page 9.2.
pub const fn wcf_type(listener_type: ListenerType) -> Option<WcfType> {
    match listener_type {
        ListenerType::RelayedConnection | ListenerType::DirectConnection => Some(WcfType::NetTcp),
        ListenerType::Unicast => Some(WcfType::NetOneway),
        ListenerType::Multicast => Some(WcfType::NetEvent),
        ListenerType::RelayedHttp => Some(WcfType::Http),
        ListenerType::None
        | ListenerType::HybridConnection
        | ListenerType::Junction
        | ListenerType::RoutedHttp => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::testing;

    #[test]
    fn a_relay_that_a_listener_makes_is_anonymous_only_where_the_namespace_lets_it() {
        let open = WcfTerms { requires_client_authorization: false, ..testing::wcf_terms() };
        let path = || EntityPath::parse("echo").unwrap();
        let made = |allowed| open.make(path(), allowed).unwrap();
        assert!(made(DynamicRelays::On).requires_client_authorization);
        assert!(!made(DynamicRelays::Anonymous).requires_client_authorization);
        assert_eq!(made(DynamicRelays::On).kind, RelayKind::Wcf(WcfType::NetTcp));
        let junction = WcfTerms { listener_type: ListenerType::Junction, ..open.clone() };
        assert_eq!(junction.make(path(), DynamicRelays::On), None);
    }
}

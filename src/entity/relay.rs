//! A relay: what listeners register at and senders connect to.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EntityPath, KeyName, Policy, units};

/// A relay as it is declared, managed and stored. The store's form (serde) holds the keys of its policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    /// Its path within the namespace.
    pub path: EntityPath,
    /// Which of the two services it belongs to.
    #[serde(flatten)]
    pub kind: RelayKind,
    /// Whether a sender needs a token with the right Send.
    #[serde(default = "yes")]
    pub requires_client_authorization: bool,
    /// Whether clear net.tcp is refused, wherever it comes from.
    #[serde(default)]
    pub requires_transport_security: bool,
    /// Who may send in clear through the net.tcp door, besides loopback.
    #[serde(default)]
    pub allow_clear_from: Vec<IpNet>,
    /// Policies for this relay alone; at most `Limits::policies_per_level`.
    #[serde(default)]
    pub policies: Vec<Policy>,
    /// In which form its listeners get the path of a request.
    #[serde(default)]
    pub request_target: RequestTarget,
    /// What its listeners get of XML that is no SOAP.
    #[serde(default)]
    pub xml_body: XmlBody,
    /// How long a listener has for a response; `None` is `Timeouts::response`, zero is no deadline.
    #[serde(default, with = "units::optional_duration")]
    pub response_deadline: Option<Duration>,
    /// Whether it takes listeners and senders at present.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whether the configuration owns it: read-only to the API, and applied again at each reload.
    #[serde(default)]
    pub locked: bool,
    /// What its owner wrote to it; at most [`Relay::LONGEST_METADATA`] characters. Never interpreted.
    #[serde(default)]
    pub user_metadata: Option<String>,
}

fn yes() -> bool {
    true
}

impl Relay {
    /// The most characters of user metadata. Management page 2.5.
    pub const LONGEST_METADATA: usize = 1024;

    /// A relay with every setting at its default.
    pub fn new(path: EntityPath, kind: RelayKind) -> Self {
        Self {
            path,
            kind,
            requires_client_authorization: true,
            requires_transport_security: false,
            allow_clear_from: Vec::new(),
            policies: Vec::new(),
            request_target: RequestTarget::default(),
            xml_body: XmlBody::default(),
            response_deadline: None,
            enabled: true,
            locked: false,
            user_metadata: None,
        }
    }

    /// The policy of this name at the relay itself.
    pub fn policy(&self, name: &KeyName) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.name == *name)
    }

    /// Whether a sender at this address may come in clear through the net.tcp door: loopback and what
    /// `allow_clear_from` names, unless the relay requires transport security. Design, section 2.
    pub fn allows_clear_from(&self, address: IpAddr) -> bool {
        // A dual-stack socket shows IPv4 peers as `::ffff:a.b.c.d`.
        let address = address.to_canonical();
        !self.requires_transport_security
            && (address.is_loopback() || self.allow_clear_from.iter().any(|net| net.contains(&address)))
    }
}

/// Which of Azure Relay's two services a relay belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "wcf_type", rename_all = "lowercase")]
pub enum RelayKind {
    /// A hybrid connection: WebSocket and HTTP.
    Hybrid,
    /// A WCF relay.
    Wcf(WcfType),
}

/// The type of a WCF relay, in the words of the management API. Management page 1.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum WcfType {
    /// Sessions over net.tcp framing.
    NetTcp,
    /// One-way messages to one listener.
    NetOneway,
    /// One-way messages to all listeners.
    NetEvent,
    /// HTTP bindings.
    Http,
}

impl fmt::Display for WcfType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NetTcp => "NetTcp",
            Self::NetOneway => "NetOneway",
            Self::NetEvent => "NetEvent",
            Self::Http => "Http",
        })
    }
}

/// In which form the path of a request reaches a listener. Hybrid page 5.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RequestTarget {
    /// Percent-decoded, as the service does it.
    #[default]
    Decoded,
    /// As it was sent, for programs that tell `%20` from a blank.
    Raw,
}

/// What XML that is no SOAP becomes for a listener of an HTTP binding, since nothing tells an operation with a Stream parameter from others.
/// Relay page 7.4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum XmlBody {
    /// The element itself: for operations with parameters.
    #[default]
    Element,
    /// Octets: for operations with a Stream.
    Octets,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relay(kind: RelayKind) -> Relay {
        Relay::new(EntityPath::parse("Credit-Check").unwrap(), kind)
    }

    #[test]
    fn clear_is_for_loopback_unless_the_relay_says_more() {
        let mut relay = relay(RelayKind::Wcf(WcfType::NetTcp));
        let inside: IpAddr = "10.1.2.3".parse().unwrap();
        let mapped: IpAddr = "::ffff:10.1.2.3".parse().unwrap();
        let loopback: [IpAddr; 3] =
            ["127.0.0.9", "::1", "::ffff:127.0.0.1"].map(|text| text.parse().unwrap());
        assert!(loopback.iter().all(|address| relay.allows_clear_from(*address)));
        assert!(!relay.allows_clear_from(inside));
        relay.allow_clear_from = vec!["10.0.0.0/8".parse().unwrap()];
        assert!(relay.allows_clear_from(inside) && relay.allows_clear_from(mapped));
        assert!(loopback.iter().all(|address| relay.allows_clear_from(*address)));
        assert!(!relay.allows_clear_from("11.1.2.3".parse().unwrap()));
        relay.requires_transport_security = true;
        assert!(!relay.allows_clear_from(inside) && !relay.allows_clear_from(loopback[0]));
    }

    #[test]
    fn store_form_round_trips_and_fills_in_defaults() {
        let mut full = relay(RelayKind::Wcf(WcfType::NetEvent));
        full.response_deadline = Some(Duration::from_secs(90));
        full.request_target = RequestTarget::Raw;
        full.user_metadata = Some("owner: billing".to_owned());
        let json = serde_json::to_value(&full).unwrap();
        assert_eq!(json["kind"], "wcf");
        assert_eq!(json["wcf_type"], "NetEvent");
        assert_eq!(json["response_deadline"], "1m 30s");
        assert_eq!(serde_json::from_value::<Relay>(json).unwrap(), full);
        let short = serde_json::from_str::<Relay>(r#"{"path":"Credit-Check","kind":"hybrid"}"#).unwrap();
        assert_eq!(short, relay(RelayKind::Hybrid));
    }
}

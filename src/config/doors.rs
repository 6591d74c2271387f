//! Doors: which protocols are open, and where.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The doors this build serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DoorName {
    /// Hybrid Connections and management over TLS.
    Https,
    /// Hybrid Connections in clear.
    Http,
    /// Listeners of WCF Relay: AMQP inside TLS.
    Amqps,
    /// One-way senders and old listeners of WCF Relay in clear, and the probe of all senders.
    Oneway,
    /// One-way senders and old listeners of WCF Relay, whose sessions begin with an upgrade to TLS.
    OnewayTls,
    /// Relayed connections of WCF Relay, from both sides.
    Rendezvous,
    /// WCF programs that look for a direct connection.
    Probe,
    /// Plain `NetTcpBinding` clients.
    NetTcp,
    /// The same inside TLS from the first byte.
    NetTcps,
    /// Management and health, with the admin token.
    Admin,
    /// Metrics and health.
    Metrics,
}

impl DoorName {
    /// Every door, in the order in which they are printed.
    pub const ALL: [Self; 11] = [
        Self::Https,
        Self::Http,
        Self::Amqps,
        Self::Oneway,
        Self::OnewayTls,
        Self::Rendezvous,
        Self::Probe,
        Self::NetTcp,
        Self::NetTcps,
        Self::Admin,
        Self::Metrics,
    ];

    /// As in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Amqps => "amqps",
            Self::Oneway => "oneway",
            Self::OnewayTls => "oneway_tls",
            Self::Rendezvous => "rendezvous",
            Self::Probe => "probe",
            Self::NetTcp => "net_tcp",
            Self::NetTcps => "net_tcps",
            Self::Admin => "admin",
            Self::Metrics => "metrics",
        }
    }
}

impl fmt::Display for DoorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The addresses of each door; a door without one stays closed. Port 0 lets the operating system choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doors {
    /// Hybrid Connections over TLS.
    pub https: Vec<SocketAddr>,
    /// Hybrid Connections in clear.
    pub http: Vec<SocketAddr>,
    /// Listeners of WCF Relay.
    pub amqps: Vec<SocketAddr>,
    /// One-way senders and old listeners of WCF Relay, in clear.
    pub oneway: Vec<SocketAddr>,
    /// The same with an upgrade to TLS.
    pub oneway_tls: Vec<SocketAddr>,
    /// Relayed connections of WCF Relay. A connection says by its first bytes whether TLS follows.
    pub rendezvous: Vec<SocketAddr>,
    /// WCF programs that look for a direct connection.
    pub probe: Vec<SocketAddr>,
    /// Plain `NetTcpBinding` clients.
    pub net_tcp: Vec<SocketAddr>,
    /// The same inside TLS.
    pub net_tcps: Vec<SocketAddr>,
    /// The admin door. An address beyond loopback is served inside TLS ([`Doors::inside_tls`]).
    pub admin: Vec<SocketAddr>,
    /// The metrics door.
    pub metrics: Vec<SocketAddr>,
}

impl Doors {
    /// The addresses of one door.
    pub fn addresses(&self, door: DoorName) -> &[SocketAddr] {
        match door {
            DoorName::Https => &self.https,
            DoorName::Http => &self.http,
            DoorName::Amqps => &self.amqps,
            DoorName::Oneway => &self.oneway,
            DoorName::OnewayTls => &self.oneway_tls,
            DoorName::Rendezvous => &self.rendezvous,
            DoorName::Probe => &self.probe,
            DoorName::NetTcp => &self.net_tcp,
            DoorName::NetTcps => &self.net_tcps,
            DoorName::Admin => &self.admin,
            DoorName::Metrics => &self.metrics,
        }
    }

    /// Every door that is open, with one address each.
    pub fn open(&self) -> impl Iterator<Item = (DoorName, SocketAddr)> + '_ {
        DoorName::ALL
            .into_iter()
            .flat_map(|door| self.addresses(door).iter().map(move |address| (door, *address)))
    }

    /// Whether connections at this door and address begin with a TLS handshake.
    pub fn inside_tls(door: DoorName, address: SocketAddr) -> bool {
        match door {
            DoorName::Https | DoorName::Amqps | DoorName::NetTcps => true,
            DoorName::Admin => !address.ip().is_loopback(),
            DoorName::Http
            | DoorName::Oneway
            | DoorName::OnewayTls
            | DoorName::Rendezvous
            | DoorName::Probe
            | DoorName::NetTcp
            | DoorName::Metrics => false,
        }
    }

    /// Whether a TLS handshake may follow what connections say in clear at this door.
    pub fn upgrades(door: DoorName) -> bool {
        matches!(door, DoorName::Rendezvous | DoorName::OnewayTls)
    }

    /// Whether a certificate is shown at this door and address, from the first byte or later.
    pub fn shows_certificate(door: DoorName, address: SocketAddr) -> bool {
        Self::inside_tls(door, address) || Self::upgrades(door)
    }
}

/// `"address:port"` or a list of them, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Addresses(pub(super) Vec<SocketAddr>);

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Addresses;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"address:port\" or a list of them")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Addresses, E> {
                parse(text).map(|address| Addresses(vec![address]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Addresses, A::Error> {
                let mut addresses = Vec::new();
                while let Some(One(address)) = seq.next_element()? {
                    addresses.push(address);
                }
                Ok(Addresses(addresses))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

struct One(SocketAddr);

impl<'de> Deserialize<'de> for One {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse(&String::deserialize(deserializer)?).map(Self)
    }
}

fn parse<E: Error>(text: &str) -> Result<SocketAddr, E> {
    text.parse().map_err(|_| {
        E::custom(format!("{text:?} is no address and port, such as \"0.0.0.0:443\" or \"[::]:443\""))
    })
}

impl JsonSchema for Addresses {
    fn schema_name() -> Cow<'static, str> {
        "Addresses".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "address:port, or a list" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_one_address_or_a_list() {
        #[derive(Deserialize)]
        struct File {
            one: Addresses,
            two: Addresses,
        }
        let file: File = toml::from_str("one = '0.0.0.0:443'\ntwo = ['127.0.0.1:1', '[::1]:2']").unwrap();
        assert_eq!(file.one.0, ["0.0.0.0:443".parse().unwrap()]);
        assert_eq!(file.two.0, ["127.0.0.1:1".parse().unwrap(), "[::1]:2".parse().unwrap()]);
    }

    #[test]
    fn admin_is_in_clear_on_loopback_only() {
        assert!(!Doors::inside_tls(DoorName::Admin, "127.0.0.1:9090".parse().unwrap()));
        assert!(!Doors::inside_tls(DoorName::Admin, "[::1]:9090".parse().unwrap()));
        assert!(Doors::inside_tls(DoorName::Admin, "10.0.0.1:9090".parse().unwrap()));
    }

    #[test]
    fn names_are_those_of_the_configuration() {
        for door in DoorName::ALL {
            assert_eq!(serde_json::to_value(door).unwrap(), door.as_str());
        }
    }
}

//! The doors that are looked at, by the names that they have in `viaduct.toml`.

use std::fmt;

use crate::config::DoorName;

/// One of them: all but those that are for operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Door {
    /// Hybrid Connections, HTTP bindings and WebSockets of WCF.
    Https,
    /// HTTP in clear.
    Http,
    /// Listeners of WCF.
    Amqps,
    /// One-way senders in clear, and the probe of every sender.
    Oneway,
    /// One-way senders; TLS inside net.tcp framing.
    OnewayTls,
    /// Relayed connections.
    Rendezvous,
    /// The second probe of direct connections.
    Probe,
    /// Plain net.tcp clients.
    NetTcp,
    /// The same inside TLS.
    NetTcps,
}

impl Door {
    /// All of them, as they are reported.
    pub(crate) const ALL: [Self; 9] = [
        Self::Https,
        Self::Http,
        Self::Amqps,
        Self::Oneway,
        Self::OnewayTls,
        Self::Rendezvous,
        Self::Probe,
        Self::NetTcp,
        Self::NetTcps,
    ];

    /// As in the configuration.
    pub(crate) fn as_str(self) -> &'static str {
        let name = match self {
            Self::Https => DoorName::Https,
            Self::Http => DoorName::Http,
            Self::Amqps => DoorName::Amqps,
            Self::Oneway => DoorName::Oneway,
            Self::OnewayTls => DoorName::OnewayTls,
            Self::Rendezvous => DoorName::Rendezvous,
            Self::Probe => DoorName::Probe,
            Self::NetTcp => DoorName::NetTcp,
            Self::NetTcps => DoorName::NetTcps,
        };
        name.as_str()
    }

    /// Whether programs built on `Microsoft.ServiceBus.dll` look for it.
    pub(super) const fn is_for_wcf_relay(self) -> bool {
        !matches!(self, Self::NetTcp | Self::NetTcps)
    }

    /// Where clients look for it. Those from 5671 to 9353 are constants in `Microsoft.ServiceBus.dll` (relay page 1.1).
    pub(super) const fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
            Self::Amqps => 5671,
            Self::Oneway => 9350,
            Self::OnewayTls => 9351,
            Self::Rendezvous => 9352,
            Self::Probe => 9353,
            Self::NetTcp => 808,
            Self::NetTcps => 809,
        }
    }

    /// What does not work without it.
    pub(super) const fn needed_for(self) -> &'static str {
        match self {
            Self::Https => "everything",
            Self::Http => "one-way senders that find 9350 closed, and clients without TLS",
            Self::Amqps => "services with ConnectivityMode Tcp; others go to 443",
            Self::Oneway => "the probe by which senders choose TCP; without it they go to 443",
            Self::OnewayTls => "one-way and event senders over TCP",
            Self::Rendezvous => "relayed connections over TCP, from both sides",
            Self::Probe => "direct connections of NetTcp Hybrid, which stay relayed without it",
            Self::NetTcp => "plain net.tcp clients",
            Self::NetTcps => "plain net.tcp clients that speak TLS first",
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! What a listener is sent: invitations for senders that wait, and one-way messages (2.4, 3.4, 4.5).

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use uuid::Uuid;

use crate::{
    config::DoorPorts,
    entity::{EntityPath, RelayPath, ServiceAddress},
    gateway::core::Core,
    relay::{self, What},
    wire::{
        binxml::WriteError,
        relayed::{Invitation, OnewaySend},
    },
};

/// How the invitations of one listener are written.
pub(crate) struct Invites {
    /// The address as the listener registered it: its library compares scheme, host and port exactly. Without the slash at its end (7.2).
    address: String,
    /// The address at which the listener reached this gateway, where it has one that it can dial again.
    local: Option<Ipv4Addr>,
    /// The name in the registered address.
    host: Option<String>,
}

/// Where a listener is told to dial (4.5).
#[derive(Debug, Default)]
pub(crate) struct Dial {
    tcp: Option<(Ipv4Addr, u16)>,
    http: Option<(Ipv4Addr, u16)>,
    https: Option<(Ipv4Addr, u16)>,
    /// In place of the addresses, where the listener's library is of 5.0 or later.
    name: Option<String>,
}

impl Dial {
    /// Whether a library before 5.0 that uses WebSockets would dial another machine: at this one address it takes its relay root host (4.5).
    pub(super) fn misleads_websockets(&self) -> bool {
        self.https.is_some_and(|(ip, _)| ip == Ipv4Addr::LOCALHOST)
    }
}

impl Invites {
    pub(crate) fn new(registered: &str, local: Option<IpAddr>) -> Self {
        let local = match local.map(|local| local.to_canonical()) {
            Some(IpAddr::V4(local)) => Some(local),
            _ => None,
        };
        let host = ServiceAddress::parse(registered).ok().and_then(|address| name_of(&address.authority));
        Self { address: registered.trim_end_matches('/').to_owned(), local, host }
    }

    /// Where the listener is told to dial, with each of the carriers: it takes the one that it got through with itself. `None`: this gateway has no
    /// address of the kind that its protocol knows, or no door that it could dial.
    pub(crate) fn dial(&self, core: &Core) -> Option<Dial> {
        let settings = core.settings.load();
        let ip = settings.public_ipv4.or(self.local)?;
        let DoorPorts { rendezvous, https, http } = settings.public_ports.or(core.ports);
        rendezvous.or(https).or(http)?;
        let at = |port: Option<u16>| port.map(|port| (ip, port));
        let named = settings.public_address.as_deref().and_then(name_of);
        // A name that listeners found this gateway by is as good as the address they found it at, but says nothing about a given one.
        let found = || self.host.clone().filter(|_| settings.public_ipv4.is_none());
        Some(Dial { tcp: at(rendezvous), http: at(http), https: at(https), name: named.or_else(found) })
    }

    /// The envelope of what a listener on `relay` is sent: an invitation to dial, or a one-way message.
    pub(crate) fn envelope(
        &self,
        core: &Core,
        relay: &EntityPath,
        invitation: &relay::Invitation,
    ) -> Result<Bytes, WriteError> {
        match &invitation.what {
            What::OneWay(message) => self.wrapped(relay, invitation, &message.0),
            What::Stream | What::Exchange(_) => self.invited(core, invitation),
        }
    }

    /// The library looks for what it registered by the `RelayVia`, and takes what lies below it (4.5, 7.2). The message itself keeps
    /// the addresses that its sender gave it, which may be signed.
    fn wrapped(
        &self,
        relay: &EntityPath,
        invitation: &relay::Invitation,
        message: &[u8],
    ) -> Result<Bytes, WriteError> {
        let path = RelayPath::parse(&invitation.path).ok();
        let below = path.as_ref().and_then(|path| path.raw_suffix(relay)).unwrap_or_default();
        let via = format!("{}{}", self.address, below.trim_end_matches('/'));
        let outer = OnewaySend { relay_via: &via, message_id: &invitation.id, to: &self.address };
        outer.encode(message).map(Bytes::from)
    }

    fn invited(&self, core: &Core, invitation: &relay::Invitation) -> Result<Bytes, WriteError> {
        let Dial { tcp, http, https, name } = self.dial(core).unwrap_or_default();
        let inner = Invitation {
            to: self.address.clone(),
            id: Uuid::from_u128(invitation.rendezvous.to_bits()),
            tcp,
            http,
            https,
            instance_dns_address: name,
        };
        let outer = OnewaySend { relay_via: &self.address, message_id: &invitation.id, to: &self.address };
        inner.encode().and_then(|inner| outer.encode(&inner)).map(Bytes::from)
    }
}

/// The host of an authority, where it is a name.
fn name_of(authority: &str) -> Option<String> {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let address =
        host.starts_with('[') || [host, authority].iter().any(|host| host.parse::<IpAddr>().is_ok());
    (!address).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_no_names() {
        assert_eq!(name_of("ns.example.net:8443").as_deref(), Some("ns.example.net"));
        assert_eq!(name_of("ns.example.net").as_deref(), Some("ns.example.net"));
        for address in ["192.0.2.1", "192.0.2.1:443", "[2001:db8::1]:443", "[2001:db8::1]", "2001:db8::1"] {
            assert_eq!(name_of(address), None, "{address}");
        }
    }

    #[test]
    fn only_one_address_is_taken_for_another_by_those_that_use_websockets() {
        let at = |ip| Dial { https: Some((ip, 443)), ..Dial::default() }.misleads_websockets();
        assert!(at(Ipv4Addr::LOCALHOST));
        assert!(!at(Ipv4Addr::new(127, 0, 0, 2)));
        assert!(!Dial { tcp: Some((Ipv4Addr::LOCALHOST, 9352)), ..Dial::default() }.misleads_websockets());
    }
}

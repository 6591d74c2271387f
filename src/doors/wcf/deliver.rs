//! What a listener is sent: invitations for senders that wait, and one-way messages (2.4, 3.4, 4.5).

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use uuid::Uuid;

use crate::{
    entity::{EntityPath, RelayPath},
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
}

impl Invites {
    pub(crate) fn new(registered: &str, local: Option<IpAddr>) -> Self {
        let local = match local.map(|local| local.to_canonical()) {
            Some(IpAddr::V4(local)) => Some(local),
            _ => None,
        };
        Self { address: registered.trim_end_matches('/').to_owned(), local }
    }

    /// Where the listener is told to dial. `None`: this gateway has no address of the kind that its protocol knows.
    pub(crate) fn dial(&self, core: &Core) -> Option<(Ipv4Addr, u16)> {
        let settings = core.settings.load();
        let port = settings.public_rendezvous_port.or(core.rendezvous_port)?;
        Some((settings.public_ipv4.or(self.local)?, port))
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
        let inner = Invitation {
            to: self.address.clone(),
            id: Uuid::from_u128(invitation.rendezvous.to_bits()),
            tcp: self.dial(core),
            http: None,
            https: None,
            instance_dns_address: None,
        };
        let outer = OnewaySend { relay_via: &self.address, message_id: &invitation.id, to: &self.address };
        inner.encode().and_then(|inner| outer.encode(&inner)).map(Bytes::from)
    }
}

//! What a listener is sent for a sender that waits (2.4, 4.5).

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use uuid::Uuid;

use crate::{
    gateway::core::Core,
    relay,
    wire::{
        binxml::WriteError,
        relayed::{Invitation, OnewaySend},
    },
};

/// How the invitations of one listener are written.
pub(super) struct Invites {
    /// The address as the listener registered it: its library compares scheme, host and port exactly. Without the slash at its end (7.2).
    address: String,
    /// The address at which the listener reached this gateway, where it has one that it can dial again.
    local: Option<Ipv4Addr>,
}

impl Invites {
    pub(super) fn new(registered: &str, local: Option<IpAddr>) -> Self {
        let local = match local.map(|local| local.to_canonical()) {
            Some(IpAddr::V4(local)) => Some(local),
            _ => None,
        };
        Self { address: registered.trim_end_matches('/').to_owned(), local }
    }

    /// Where the listener is told to dial. `None`: this gateway has no address of the kind that its protocol knows.
    pub(super) fn dial(&self, core: &Core) -> Option<(Ipv4Addr, u16)> {
        let settings = core.settings.load();
        let port = settings.public_rendezvous_port.or(core.rendezvous_port)?;
        Some((settings.public_ipv4.or(self.local)?, port))
    }

    /// The envelope of an invitation.
    pub(super) fn envelope(&self, core: &Core, invitation: &relay::Invitation) -> Result<Bytes, WriteError> {
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

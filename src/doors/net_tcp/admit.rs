//! Who may come through this door: a Via that names a relay, in clear only from where the relay allows it.

use crate::{
    auth::{AuthError, Authorized},
    doors::admit::{self, Target},
    entity::{RelayPath, Right},
    gateway::core::{Core, Peer, Transport},
    relay::Refusal,
    wire::framing::{Scheme, Via},
};

/// Looks a Via up and authorises its sender. Done anew for each preamble of a connection.
pub(super) fn admit(core: &Core, peer: &Peer, via: &Via) -> Result<(Target, Option<Authorized>), Refusal> {
    if core.draining.is_cancelled() {
        return Err(Refusal::Draining);
    }
    if via.scheme() != Scheme::NetTcp {
        return Err(Refusal::NoSuchRelay);
    }
    let path = RelayPath::parse(via.path())?;
    let addressed = admit::look_up(core, peer, via.host(), path)?;
    let in_clear = peer.transport == Transport::Clear;
    if let Some(relay) = &addressed.relay {
        let may =
            !in_clear || (!relay.requires_transport_security && relay.allows_clear_from(peer.address.ip()));
        if !may {
            // The token, if there is one, has crossed the network already; it is not looked at.
            return Err(AuthError::AddressRefused.into());
        }
    }
    let token = via.token();
    let (target, authorized) = addressed.sender(core, token)?;
    if let Some(authorized) = &authorized
        && !authorized.rights.is_send_alone()
    {
        // A Via stands in configuration files and travels in clear: a key that can do more has no business there.
        return Err(AuthError::MissingRight { needed: Right::Send }.into());
    }
    Ok((target, authorized))
}

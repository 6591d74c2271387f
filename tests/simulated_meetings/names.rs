//! How the parties of a simulated world are called: each by its number.

use viaduct::entity::{EntityPath, NamespaceName, RelayKey};
use viaduct::relay::*;

pub(crate) fn relay() -> RelayKey {
    RelayKey {
        namespace: NamespaceName::parse("contoso").expect("a name"),
        path: EntityPath::parse("plant7/press").expect("a path"),
    }
}

pub(crate) fn gateway_id(g: usize) -> GatewayId {
    GatewayId::parse(&format!("g{g}")).expect("a name")
}

pub(crate) fn gateway_number(id: &GatewayId) -> usize {
    id.as_str()[1..].parse().expect("made by gateway_id")
}

pub(crate) fn listener_id(l: usize) -> ListenerId {
    ListenerId::new(l as u128)
}

pub(crate) fn meeting_id(s: usize) -> MeetingId {
    MeetingId::new(s as u128)
}

/// The response of listener `l`, which says so.
pub(crate) fn head(l: usize) -> ResponseHead {
    ResponseHead { status: 200, description: Some(l.to_string()), headers: Vec::new() }
}

pub(crate) fn answered_by(message: &ToSenderGateway) -> Option<usize> {
    match message {
        ToSenderGateway::Responded { response, .. } => response.description.as_ref()?.parse().ok(),
        _ => None,
    }
}

pub(crate) fn rendezvous_id(s: usize) -> RendezvousId {
    RendezvousId::new(1_000 + s as u128)
}

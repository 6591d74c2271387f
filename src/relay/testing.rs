//! Parts for the tests of this folder.

use super::*;
use crate::entity::{EntityPath, KeyName, NamespaceName, RelayKey};

pub(super) fn relay() -> RelayKey {
    RelayKey {
        namespace: NamespaceName::parse("contoso").unwrap(),
        path: EntityPath::parse("plant7/press").unwrap(),
    }
}

pub(super) fn gateway(name: &str) -> GatewayId {
    GatewayId::parse(name).unwrap()
}

/// Listener `n` at gateway `g{n}`.
pub(super) fn registration(n: u128) -> Registration {
    Registration {
        listener: ListenerId::new(n),
        gateway: gateway(&format!("g{n}")),
        relay: relay(),
        tag: None,
        shapes: Shapes::HYBRID,
        wcf: None,
    }
}

/// Of a listener on `NetTcpRelayBinding`, with everything at its default.
pub(super) fn wcf_terms() -> WcfTerms {
    WcfTerms {
        address: "sb://contoso.example.net/plant7/press/".into(),
        listener_type: crate::wire::relayed::ListenerType::RelayedConnection,
        dynamic: true,
        requires_client_authorization: true,
        requires_transport_security: true,
        published: None,
        key_name: KeyName::parse("listen").unwrap(),
    }
}

pub(super) fn stream() -> Invitation {
    Invitation {
        id: "5b9b0c1e-54c4-4cf1-8b7e-8a3c7f6c0a11_G0".into(),
        rendezvous: RendezvousId::new(0xfeed),
        dial: None,
        path: "/plant7/press/cell/4".into(),
        query: Some("mode=fast".into()),
        remote: Some("203.0.113.9:51324".parse().unwrap()),
        headers: vec![("X-Shift".into(), "night".into())],
        what: What::Stream,
    }
}

pub(super) fn inline_request() -> Invitation {
    let request = ExchangeRequest::Inline {
        method: "POST".into(),
        target: "/plant7/press/cell/4?mode=fast".into(),
        body: Some("42".into()),
    };
    Invitation { what: What::Exchange(request), ..stream() }
}

pub(super) fn large_request() -> Invitation {
    Invitation { what: What::Exchange(ExchangeRequest::AddressOnly), ..stream() }
}

pub(super) fn response(status: u16) -> ResponseHead {
    ResponseHead { status, description: None, headers: Vec::new() }
}

/// A one-way message of so many bytes.
pub(super) fn message(bytes: usize) -> Invitation {
    Invitation {
        what: What::OneWay(OneWayMessage(vec![0x56; bytes].into())),
        headers: Vec::new(),
        ..stream()
    }
}

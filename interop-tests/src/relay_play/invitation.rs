//! What a listener is told when a sender waits for it. Relay page 4.5.

use std::net::{IpAddr, SocketAddr};

use crate::Gateway;

use super::binary_xml::Element;
use super::envelope;

/// What a listener was told.
pub(super) struct Invitation {
    pub(super) id: String,
    /// Where to dial for a connection over TCP. The gateway may say another IP address than its own, which tests cannot dial.
    pub(super) rendezvous: Option<SocketAddr>,
    /// Whether it was told where to dial for a WebSocket.
    pub(super) websocket: bool,
}

/// The parts of an invitation; the library reads them in this order and no other.
const MEMBERS: &[&str] = &[
    "Id",
    "IpAddress",
    "IpPort",
    "HttpAddress",
    "HttpPort",
    "HttpsAddress",
    "HttpsPort",
    "InstanceDnsAddress",
];

/// What carries a connection, by the name of its members, and the door that takes it.
const CARRIERS: [(&str, &str, &str); 3] = [
    ("IpAddress", "IpPort", "rendezvous"),
    ("HttpAddress", "HttpPort", "http"),
    ("HttpsAddress", "HttpsPort", "https"),
];

impl Invitation {
    /// Reads the inner message, and checks that it names the doors that are open and no others, all at one address.
    pub(super) fn read(message: &Element, gateway: &Gateway) -> Self {
        let connect = envelope::body(message).child("RelayedConnect").expect("an invitation to a connection");
        let order = connect.elements().map(|part| MEMBERS.iter().position(|member| *member == part.name));
        assert!(
            order.is_sorted() && connect.elements().all(|part| MEMBERS.contains(&&*part.name)),
            "{connect:?}"
        );
        let text = |name: &str| connect.child(name).map(Element::text);
        let mut told = Vec::new();
        for (ip, port, door) in CARRIERS {
            assert_eq!(text(ip).is_some(), gateway.opens(door), "whether {door} is open: {connect:?}");
            let Some(ip) = text(ip) else { continue };
            let ip: u32 = ip.parse().expect("an IPv4 address as a number");
            let port: u16 = text(port).and_then(|port| port.parse().ok()).expect("a port");
            assert_eq!(port, gateway.port(door), "where listeners dial {door}");
            told.push((door, SocketAddr::new(IpAddr::from(ip.to_le_bytes()), port)));
        }
        assert!(told.iter().all(|(_, at)| at.ip() == told[0].1.ip()), "one address: {told:?}");
        let at = |door: &str| told.iter().find(|(told, _)| *told == door).map(|(_, at)| *at);
        Self {
            id: text("Id").expect("an id"),
            rendezvous: at("rendezvous"),
            websocket: at("https").is_some(),
        }
    }
}

//! What listeners do: register, be invited.

use std::net::{IpAddr, SocketAddr};

use crate::Wire;
use crate::relay_play::binary_xml::Element;
use crate::relay_play::control_link::{ControlLink, unwrapped};
use crate::relay_play::envelope;
use crate::relay_play::script::TokenKind;
use crate::relay_play::talk::Talk;
use crate::relay_play::websocket;

use super::play::{HOST, Player, same_headers, tokens};

/// What a listener was told.
pub(super) struct Invitation {
    pub(super) id: String,
    /// Where to dial for a connection over TCP. The gateway may say another IP address than its own, which tests cannot dial.
    pub(super) rendezvous: SocketAddr,
    /// Whether it was told where to dial for a WebSocket.
    pub(super) websocket: bool,
}

/// The parts of an invitation; the library reads them in this order and no other. Relay page 4.5.
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

impl Player {
    pub(super) fn link(&mut self, stream: &str, name: &str, refused: Option<&str>, kind: &TokenKind) {
        let mut link = self.open_link(stream, kind);
        match refused {
            None => link.expect_online(),
            Some(condition) => link.expect_refused(condition),
        }
        self.links.insert(name.to_owned(), link);
    }

    pub(super) fn link_begun(&mut self, stream: &str) {
        self.open_link(stream, &TokenKind::Good).hang_up();
    }

    /// Over TLS or a WebSocket, as the port in the stream's name says.
    fn open_link(&self, stream: &str, kind: &TokenKind) -> ControlLink {
        let (recording, stream) = self.of(stream);
        let (mut sent, mut received) = (recording.sent(stream), recording.received(stream));
        tokens(kind).put_into(&mut sent);
        let talk = if stream.contains("-443") {
            let recorded = websocket::Recorded::read(&sent);
            sent = recorded.payload();
            received = websocket::Recorded::read(&received).payload();
            Talk::new(recorded.upgrade(self.https()))
        } else {
            Talk::new(Wire::tls(self.gateway.door("amqps"), HOST, self.gateway.authority()))
        };
        ControlLink::open(talk, &sent, &received)
    }

    pub(super) fn upgraded(&mut self, stream: &str) {
        let (recording, stream) = self.of(stream);
        websocket::Recorded::read(&recording.sent(stream)).upgrade(self.https());
    }

    pub(super) fn invited(&mut self, link: &str) {
        let (outer, recorded) = self.next_delivery(link);
        let inner = unwrapped(&outer);
        if let Some(recorded) = &recorded {
            same_headers(recorded, &outer, &["RelayVia", "To"]);
            same_headers(&unwrapped(recorded), &inner, &["Action", "To"]);
        }
        self.invitation = Some(self.read_invitation(&inner));
    }

    fn read_invitation(&self, message: &Element) -> Invitation {
        let connect = envelope::body(message).child("RelayedConnect").expect("an invitation to a connection");
        let order = connect.elements().map(|part| MEMBERS.iter().position(|member| *member == part.name));
        assert!(
            order.is_sorted() && connect.elements().all(|part| MEMBERS.contains(&&*part.name)),
            "{connect:?}"
        );
        let text =
            |name: &str| connect.child(name).unwrap_or_else(|| panic!("no {name}: {connect:?}")).text();
        let address = |ip: &str, port: &str| {
            let ip: u32 = text(ip).parse().expect("an IPv4 address as a number");
            let port: u16 = text(port).parse().expect("a port");
            (IpAddr::from(ip.to_le_bytes()), port)
        };
        let (ip, port) = address("IpAddress", "IpPort");
        assert_eq!(port, self.gateway.port("rendezvous"), "the listener is told where the rendezvous is");
        let mut websocket = false;
        for (door, name) in [("https", "Https"), ("http", "Http")] {
            if connect.child(&format!("{name}Address")).is_some() {
                let told = address(&format!("{name}Address"), &format!("{name}Port"));
                assert_eq!(
                    told,
                    (ip, self.gateway.port(door)),
                    "where listeners dial that have no other port"
                );
                websocket |= door == "https";
            }
        }
        Invitation { id: text("Id"), rendezvous: SocketAddr::new(ip, port), websocket }
    }

    /// The next message to a listener, and what the recorded relay sent in its place; outer messages.
    pub(super) fn next_delivery(&mut self, listener: &str) -> (Element, Option<Element>) {
        match self.sessions.get_mut(listener) {
            Some(session) => session.delivery(),
            None => self.linked(listener).delivery(),
        }
    }
}

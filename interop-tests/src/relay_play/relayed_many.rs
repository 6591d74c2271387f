//! Relayed connections by the hundred, each as the recorded one was made: a listener that is invited again and again, and both sides of the
//! rendezvous inside TLS.

use std::net::SocketAddr;

use crate::{Gateway, TlsClient, Wire};

use super::binary_xml;
use super::control_link::{ControlLink, unwrapped};
use super::envelope;
use super::recording::Recording;
use super::relayed::{Recorded, reply};
use super::substitute::{Tokens, put_id};
use super::talk::Talk;

const FOLDER: &str = "v2.7.5/e2e-nettcp";
const HOST: &str = "contoso.servicebus.windows.net";

/// The service on its control link.
pub struct RelayedService {
    link: ControlLink,
    taken: u32,
    accepts: Vec<u8>,
    rendezvous: SocketAddr,
}

impl RelayedService {
    /// Opens the link, and waits until it is online.
    pub fn open(gateway: &Gateway) -> Self {
        let recording = Recording::open(FOLDER);
        let mut says = recording.sent("001-5671");
        Tokens::good().put_into(&mut says);
        let talk = Talk::new(Wire::tls(gateway.door("amqps"), HOST, gateway.authority()));
        let mut link = ControlLink::open(talk, &says, &[]);
        link.expect_online();
        Self { link, taken: 0, accepts: recording.sent("004-9352"), rendezvous: gateway.door("rendezvous") }
    }

    /// The side that answers the next invitation. As the library does, the link grants more after each hundred.
    pub fn invited(&mut self) -> RelayedSide {
        let (delivery, message) = self.link.take_message().expect("an invitation");
        self.link.accept(delivery);
        self.taken += 1;
        if self.taken.is_multiple_of(100) {
            self.link.grant(self.taken);
        }
        let invitation = unwrapped(&binary_xml::read(&message, &[]));
        let connect = envelope::body(&invitation).child("RelayedConnect").expect("an invitation");
        let mut says = self.accepts.clone();
        put_id(&mut says, &connect.child("Id").expect("its id").text());
        RelayedSide { says, rendezvous: self.rendezvous }
    }
}

/// One side of a rendezvous, about to dial.
#[derive(Clone)]
pub struct RelayedSide {
    says: Vec<u8>,
    rendezvous: SocketAddr,
}

impl RelayedSide {
    /// A sender; each time it dials it asks for a connection of its own.
    pub fn sender(gateway: &Gateway) -> Self {
        let mut says = Recording::open(FOLDER).sent("003-9352");
        Tokens::good().put_into(&mut says);
        Self { says, rendezvous: gateway.door("rendezvous") }
    }

    /// Dials, and waits until it is joined.
    pub fn dial(&self, tls: &TlsClient) -> RelayedConnection {
        let mut recorded = Recorded::cut(&self.says);
        recorded.dials(self.rendezvous);
        let mut talk = recorded.dial_inside(self.rendezvous, |wire| tls.secure(wire, HOST));
        let reply = reply(&mut talk);
        assert_eq!(envelope::fault(&reply), None);
        RelayedConnection(talk)
    }
}

/// One side of a joined pair.
pub struct RelayedConnection(Talk);

impl RelayedConnection {
    /// Says bytes to the other side.
    pub fn say(&mut self, bytes: &[u8]) {
        self.0.say(bytes);
    }

    /// Hears exactly so many.
    pub fn hear(&mut self, length: usize) -> Vec<u8> {
        self.0.receive(length)
    }

    /// Says no more, and waits for the other side to do the same.
    pub fn end(mut self) {
        self.0.finish();
        self.0.receive_to_end();
    }
}

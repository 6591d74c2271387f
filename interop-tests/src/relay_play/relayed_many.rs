//! Relayed connections by the hundred, each as the recorded one was made: a listener that is invited again and again, and both sides of the
//! rendezvous inside TLS.

use std::net::SocketAddr;

use crate::{Gateway, TlsClient};

use super::control_link::{ControlLink, unwrapped};
use super::invitation::Invitation;
use super::recording::Recording;
use super::relayed::{Recorded, expect_reply};
use super::road::{HOST, Road, next};
use super::substitute::{Tokens, put_id};
use super::talk::Talk;

const FOLDER: &str = "v2.7.5/e2e-nettcp";

/// The service on its control link.
pub struct RelayedService<'a> {
    gateway: &'a Gateway,
    link: ControlLink,
    accepts: Vec<u8>,
}

impl<'a> RelayedService<'a> {
    /// Opens the link, and waits until it is online.
    pub fn open(gateway: &'a Gateway) -> Self {
        let recording = Recording::open(FOLDER);
        let link = Road::Tcp.link(gateway, &recording, "001-5671");
        Self { gateway, link, accepts: recording.sent("004-9352") }
    }

    /// The side that answers the next invitation.
    pub fn invited(&mut self) -> RelayedSide {
        let invitation = Invitation::read(&unwrapped(&next(&mut self.link)), self.gateway);
        let mut says = self.accepts.clone();
        put_id(&mut says, &invitation.id);
        RelayedSide {
            says,
            rendezvous: invitation.rendezvous.expect("where to dial for TCP"),
            reply: "RelayedAcceptReply",
        }
    }
}

/// One side of a rendezvous, about to dial.
#[derive(Clone)]
pub struct RelayedSide {
    says: Vec<u8>,
    rendezvous: SocketAddr,
    /// The action of what it is told when it is joined.
    reply: &'static str,
}

impl RelayedSide {
    /// A sender; each time it dials it asks for a connection of its own.
    pub fn sender(gateway: &Gateway) -> Self {
        let mut says = Recording::open(FOLDER).sent("003-9352");
        Tokens::good().put_into(&mut says);
        Self { says, rendezvous: gateway.door("rendezvous"), reply: "RelayedConnectReply" }
    }

    /// Dials, and waits until it is joined.
    pub fn dial(&self, tls: &TlsClient) -> RelayedConnection {
        let mut recorded = Recorded::cut(&self.says);
        recorded.dials(self.rendezvous);
        let mut talk = recorded.dial_inside(self.rendezvous, |wire| tls.secure(wire, HOST));
        expect_reply(&mut talk, self.reply);
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

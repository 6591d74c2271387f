//! What listeners do: register, be invited.

use crate::Wire;
use crate::relay_play::binary_xml::Element;
use crate::relay_play::control_link::{ControlLink, unwrapped};
use crate::relay_play::invitation::Invitation;
use crate::relay_play::script::TokenKind;
use crate::relay_play::talk::Talk;
use crate::relay_play::websocket;

use super::play::{HOST, Player, same_headers, tokens};

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
        self.invitation = Some(Invitation::read(&inner, &self.gateway));
    }

    /// The next message to a listener, and what the recorded relay sent in its place; outer messages.
    pub(super) fn next_delivery(&mut self, listener: &str) -> (Element, Option<Element>) {
        match self.sessions.get_mut(listener) {
            Some(session) => session.delivery(),
            None => self.linked(listener).delivery(),
        }
    }
}

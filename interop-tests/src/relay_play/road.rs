//! Over which carriers a listener and its senders reach the gateway: the ports of WCF Relay, or 443 alone. Relay page 1.2 and 4.1.

use crate::{Config, Gateway, Wire};

use super::binary_xml::{self, Element};
use super::carrier::Carrier;
use super::control_link::{ControlLink, unwrapped};
use super::invitation::Invitation;
use super::recording::Recording;
use super::relayed::{self, Recorded};
use super::substitute::{Tokens, put_id};
use super::talk::Talk;
use super::web_stream;
use super::websocket::{self, WebSocketLine};

/// The host of all recordings.
pub(super) const HOST: &str = "contoso.servicebus.windows.net";

/// Where a web stream was recorded.
const WEB_STREAM: &str = "v2.7.5/webstream-http-v2.7.5";

/// One of the ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Road {
    /// Each protocol at the port of its own; HTTP senders on 443.
    Tcp,
    /// Nothing but 443 is open: everything that is not HTTP in WebSockets.
    WebSocket,
    /// Nothing but 443 is open, and relayed connections take web streams; the library has no other way for its control link than a WebSocket.
    WebStream,
    /// The same, with web streams on 80, which the library tries before those on 443.
    WebStreamOn80,
}

impl Road {
    /// A gateway that opens the doors of this way and no others.
    pub fn gateway(self) -> Gateway {
        let doors: &[&str] = match self {
            Self::Tcp => &["amqps", "oneway", "oneway_tls", "rendezvous", "https"],
            Self::WebSocket | Self::WebStream => &["https"],
            Self::WebStreamOn80 => &["https", "http"],
        };
        Self::gateway_with(doors)
    }

    /// A gateway for all ways at once.
    pub fn gateway_of_all() -> Gateway {
        Self::gateway_with(&["amqps", "oneway", "oneway_tls", "rendezvous", "https", "http"])
    }

    /// What carries the sessions of one-way senders.
    pub fn of_one_way(self) -> Carrier {
        match self {
            Self::Tcp => Carrier::Tcp,
            Self::WebSocket => Carrier::WebSocket,
            Self::WebStream => Carrier::WebStreamInTls,
            Self::WebStreamOn80 => Carrier::WebStream,
        }
    }

    fn gateway_with(doors: &[&str]) -> Gateway {
        // At 127.0.0.1 a library that uses WebSockets would look for another machine (4.5).
        Gateway::start(Config::new().only(doors).host(HOST).gateway("public_ipv4 = \"203.0.113.10\""))
    }

    /// The control link of a recorded listener, up.
    pub(super) fn link(self, gateway: &Gateway, recording: &Recording, stream: &str) -> ControlLink {
        self.changed_link(gateway, recording, stream, |_| ())
    }

    /// The same with a change in what the listener says.
    pub(super) fn changed_link(
        self,
        gateway: &Gateway,
        recording: &Recording,
        stream: &str,
        change: impl Fn(&mut Vec<u8>),
    ) -> ControlLink {
        let (mut sent, mut received) = (recording.sent(stream), recording.received(stream));
        Tokens::good().put_into(&mut sent);
        change(&mut sent);
        let talk = match self {
            Self::Tcp => Talk::new(Wire::tls(gateway.door("amqps"), HOST, gateway.authority())),
            // Frames are made: the listener will say more than was recorded.
            _ => Talk::new(WebSocketLine::dial(gateway, HOST, "wsrelayedamqp")),
        };
        if is_on_443(stream) {
            sent = websocket::Recorded::read(&sent).payload();
            received = websocket::Recorded::read(&received).payload();
        }
        let mut link = ControlLink::open(talk, &sent, &received);
        link.expect_online();
        link
    }

    /// A sender's connection, which has asked for a listener.
    pub(super) fn sender(self, gateway: &Gateway, recording: &Recording, stream: &str) -> Talk {
        let mut sent = recording.sent(stream);
        Tokens::good().put_into(&mut sent);
        // With a token there is always TLS inside (1.5).
        self.connection(gateway, &sent, stream, None, true)
    }

    /// A listener's connection, which has accepted the next invitation on its link.
    pub(super) fn service(
        self,
        gateway: &Gateway,
        link: &mut ControlLink,
        recording: &Recording,
        stream: &str,
    ) -> Talk {
        let invitation = Invitation::read(&unwrapped(&next(link)), gateway);
        let mut sent = recording.sent(stream);
        put_id(&mut sent, &invitation.id);
        let talk = self.connection(gateway, &sent, stream, Some(&invitation), false);
        self.expect_joined(talk, "RelayedAcceptReply")
    }

    /// The side of this connection is told that it is joined.
    pub(super) fn expect_joined(self, mut talk: Talk, action: &str) -> Talk {
        relayed::expect_reply(&mut talk, action);
        talk
    }

    fn connection(
        self,
        gateway: &Gateway,
        sent: &[u8],
        stream: &str,
        invitation: Option<&Invitation>,
        inner_tls: bool,
    ) -> Talk {
        if self == Self::Tcp {
            let mut recorded = Recorded::cut(sent);
            if let Some(at) = invitation.and_then(|invitation| invitation.rendezvous) {
                recorded.dials(at);
            }
            return recorded.dial(gateway, HOST);
        }
        assert!(invitation.is_none_or(|told| told.websocket), "a listener is told where 443 is");
        let (mut talk, message) = if is_on_443(stream) {
            let recorded = websocket::Recorded::read(sent);
            let message = relayed::counted(&recorded.payload()).0.to_vec();
            (Talk::new(recorded.upgrade(https(gateway))), message)
        } else {
            let message = Recorded::cut(sent).message;
            let talk = match self {
                Self::WebStream | Self::WebStreamOn80 => Talk::new(self.web_stream(gateway, inner_tls)),
                _ => Talk::new(WebSocketLine::dial(gateway, HOST, "wsrelayedconnection")),
            };
            (talk, message)
        };
        relayed::say_message(&mut talk, &message);
        talk
    }

    /// A web stream up to where messages begin: a byte for TLS, and the TLS (1.5).
    fn web_stream(self, gateway: &Gateway, inner_tls: bool) -> Wire {
        let recorded = web_stream::Recorded::for_role(&Recording::open(WEB_STREAM), "connection");
        let stream = match self {
            Self::WebStreamOn80 => recorded.open(gateway),
            _ => recorded.open_https(gateway, HOST),
        };
        let mut wire = stream.into_wire();
        wire.send(&[u8::from(inner_tls)]);
        if inner_tls { wire.into_tls(HOST, gateway.authority()) } else { wire }
    }
}

/// The next message on a link, accepted.
pub(super) fn next(link: &mut ControlLink) -> Element {
    let (delivery, message) = link.take_message().expect("a message");
    link.accept(delivery);
    binary_xml::read(&message, &[])
}

/// A connection to the door `https`, as the library opens one.
pub(super) fn https(gateway: &Gateway) -> Wire {
    Wire::tls(gateway.door("https"), HOST, gateway.authority())
}

/// Whether what a stream holds was recorded in a WebSocket.
fn is_on_443(stream: &str) -> bool {
    stream.ends_with("-443")
}

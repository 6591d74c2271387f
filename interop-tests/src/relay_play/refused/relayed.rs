//! A sender that asks for a connection on 9352, and a listener that takes one; both may be told a fault. Relay page 4.2 to 4.6.

use crate::relay_play::Recording;
use crate::relay_play::envelope;
use crate::relay_play::relayed::{self, Recorded};
use crate::relay_play::substitute::put_id;
use crate::relay_play::talk::Talk;
use crate::relay_play::websocket::WebSocketLine;
use crate::{Gateway, Wire};

use super::{Carrier, HOST, Question, RECORDING, Told, is_fault, web_stream};

/// A sender that has asked.
pub struct RelayedPeer {
    talk: Talk,
}

/// The id that a listener shows when it takes a connection.
#[derive(Clone, Debug)]
pub enum Accepting {
    /// The one of the recording, which the gateway never gave out.
    Recorded,
    /// This one.
    Given(String),
}

impl RelayedPeer {
    /// Asks for a connection.
    pub fn ask(gateway: &Gateway, question: &Question) -> Self {
        let mut sent = Recording::open(RECORDING).sent("003-9352");
        question.put_into(&mut sent);
        let mut recorded = Recorded::cut(&sent);
        recorded.tls = !question.in_clear;
        Self { talk: dial(gateway, &recorded, question.carrier) }
    }

    /// Begins, up to the end of its TLS handshake, and says no more: the gateway has it, and waits.
    pub fn begin(gateway: &Gateway) -> Wire {
        let mut wire = Wire::tcp(gateway.door("rendezvous"));
        wire.send(b"\x07\0\0\0connect\x03\0\0\0sb:\x01");
        let mut wire = wire.into_tls(HOST, gateway.authority());
        // The handshake is made when something is sent, be it nothing.
        wire.send(b"");
        wire
    }

    /// A listener takes a connection; `question` says only what is changed in its message.
    pub fn accept(gateway: &Gateway, id: &Accepting, question: &Question) -> Self {
        let mut sent = Recording::open(RECORDING).sent("004-9352");
        if let Accepting::Given(id) = id {
            put_id(&mut sent, id);
        }
        question.put_into(&mut sent);
        let mut recorded = Recorded::cut(&sent);
        recorded.dials(gateway.door("rendezvous"));
        Self { talk: recorded.dial(gateway, HOST) }
    }

    /// The fault in place of a reply; then the connection ends.
    pub fn refused(mut self) -> Told {
        let reply = relayed::reply(&mut self.talk);
        let told = is_fault(&reply);
        self.talk.ends();
        told
    }

    /// It does not wait any more.
    pub fn hang_up(mut self) {
        self.talk.finish();
        self.talk.ends();
    }

    /// The connection is taken, or given.
    pub fn joined(&mut self) {
        let reply = relayed::reply(&mut self.talk);
        assert_eq!(envelope::fault(&reply), None);
    }
}

/// Dials and says the message. On other carriers than TCP there is no preamble; in a web stream a byte says whether TLS follows.
fn dial(gateway: &Gateway, recorded: &Recorded, carrier: Carrier) -> Talk {
    let mut talk = match carrier {
        Carrier::Tcp => return recorded.dial(gateway, HOST),
        Carrier::WebSocket => Talk::new(WebSocketLine::dial(gateway, HOST, "wsrelayedconnection")),
        Carrier::WebStream | Carrier::WebStreamInTls => {
            let mut wire = web_stream(gateway, carrier, "connection");
            wire.send(&[u8::from(recorded.tls)]);
            Talk::new(if recorded.tls { wire.into_tls(HOST, gateway.authority()) } else { wire })
        }
    };
    relayed::say_message(&mut talk, &recorded.message);
    talk
}

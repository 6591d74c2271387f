//! A sender of one-way messages, and a listener that is older than AMQP, on 9351. What they are told relates to what they asked. Relay page
//! 2.7, 3.2 and 8.4.

use crate::Gateway;
use crate::relay_play::binary_xml::Element;
use crate::relay_play::oneway::OneWay;
use crate::relay_play::substitute::put_for_web_token;
use crate::relay_play::talk::Talk;
use crate::relay_play::websocket::WebSocketLine;
use crate::relay_play::{Recording, envelope};

use super::{Carrier, HOST, Question, Told, is_fault, web_stream};

/// A session in which something was asked.
pub struct OneWayPeer {
    session: OneWay,
    asked: Element,
}

impl OneWayPeer {
    /// A sender asks whether it may send; on 9350 when it comes in clear.
    pub fn connect(gateway: &Gateway, question: &Question) -> Self {
        let mut sent = Recording::open(super::ONEWAY_RECORDING).sent("003-9351");
        question.put_into(&mut sent);
        let mut session = match question.carrier {
            Carrier::Tcp if question.in_clear => OneWay::clear(gateway, &sent),
            Carrier::Tcp => OneWay::tls(gateway, HOST, &sent),
            Carrier::WebSocket => {
                OneWay::carried(Talk::new(WebSocketLine::dial(gateway, HOST, "wsrelayedoneway")), &sent)
            }
            Carrier::WebStreamInTls => {
                OneWay::carried(Talk::new(web_stream(gateway, question.carrier, "oneway")), &sent)
            }
            Carrier::WebStream => {
                let wire = web_stream(gateway, question.carrier, "oneway");
                OneWay::carried_with_tls(wire, gateway, HOST, &sent)
            }
        };
        let asked = session.say_message();
        Self { session, asked }
    }

    /// A listener of 1.6 asks to be registered.
    pub fn listen(gateway: &Gateway, question: &Question) -> Self {
        let good = Question::default().token(super::RELAY, POLICY).expect("a token");
        let token = question.token(super::RELAY, POLICY).unwrap_or(good);
        let mut sent = put_for_web_token(&Recording::open("v1.6.0/e2e-nettcp-v16").sent("002-9351"), &token);
        question.put_names_into(&mut sent);
        let mut session = OneWay::tls(gateway, HOST, &sent);
        let asked = session.say_message();
        Self { session, asked }
    }

    /// The fault in answer to what it asked last.
    pub fn refused(&mut self) -> Told {
        is_fault(&self.session.answer_to(&self.asked))
    }

    /// What it asked last is granted.
    pub fn granted(&mut self) {
        let answer = self.session.answer_to(&self.asked);
        assert_eq!(envelope::fault(&answer), None);
    }

    /// The sender sends its message.
    pub fn send(&mut self) {
        while self.session.is_next("/OnewayPing") {
            self.session.say_message();
        }
        self.asked = self.session.say_message();
    }
}

/// By whose key the old listener signs.
const POLICY: &str = "RootManageSharedAccessKey";

//! One-way messages and events: from a session on 9351 to the links of listeners.

use crate::Token;
use crate::relay_play::binary_xml::Element;
use crate::relay_play::control_link::unwrapped;
use crate::relay_play::envelope;
use crate::relay_play::oneway::OneWay;
use crate::relay_play::script::TokenKind;
use crate::relay_play::substitute::put_for_web_token;

use super::play::{HOST, Player, same_headers, tokens};

impl Player {
    /// The probe of TCP connectivity: a ping that nobody answers, in a session in clear.
    pub(super) fn probe(&mut self, stream: &str) {
        let (recording, stream) = self.of(stream);
        let mut session = OneWay::clear(&self.gateway, &recording.sent(stream));
        session.say_message();
        session.end();
    }

    pub(super) fn one_way(&mut self, stream: &str, name: &str, kind: &TokenKind, faulted: Option<&str>) {
        let (recording, stream) = self.of(stream);
        let mut sent = recording.sent(stream);
        tokens(kind).put_into(&mut sent);
        let mut session = OneWay::tls(&self.gateway, HOST, &sent);
        let connect = session.say_message();
        let answer = session.answer_to(&connect);
        match faulted {
            None => assert_eq!(envelope::fault(&answer), None),
            Some(code) => is_fault(&answer, code),
        }
        self.sessions.insert(name.to_owned(), session);
    }

    /// A listener from before AMQP registers with a message of its own.
    pub(super) fn listen(&mut self, stream: &str, name: &str) {
        let (recording, stream) = self.of(stream);
        let token = Token::for_audience(&format!("http://{HOST}/{}/", self.relay)).to_string();
        let sent = put_for_web_token(&recording.sent(stream), &token);
        let mut session = OneWay::tls(&self.gateway, HOST, &sent);
        let listen = session.say_message();
        assert_eq!(envelope::fault(&session.answer_to(&listen)), None);
        session.compare_with(&recording.received(stream));
        self.sessions.insert(name.to_owned(), session);
    }

    /// Sends the next message, and the pings that the library sent before it, which nobody answers.
    pub(super) fn send(&mut self, sender: &str) {
        let session = self.session(sender);
        while session.is_next("/OnewayPing") {
            session.say_message();
        }
        let message = session.say_message();
        self.said.insert(sender.to_owned(), message);
    }

    /// A listener gets what the sender sent, wrapped and encoded for it, and nothing else in it is changed.
    pub(super) fn delivered(&mut self, sender: &str, link: &str) {
        let (outer, recorded) = self.next_delivery(link);
        let inner = unwrapped(&outer);
        let said = &self.said[sender];
        if let Some(difference) = envelope::difference(said, &inner, &[]) {
            panic!("{difference}\nsaid: {said:?}\ndelivered: {inner:?}");
        }
        if let Some(recorded) = &recorded {
            same_headers(recorded, &outer, &["RelayVia", "To"]);
        }
    }

    pub(super) fn acknowledged(&mut self, sender: &str) {
        let answer = self.answer_to_last(sender);
        assert_eq!(envelope::fault(&answer), None);
    }

    pub(super) fn send_faulted(&mut self, sender: &str, code: &str) {
        let answer = self.answer_to_last(sender);
        is_fault(&answer, code);
    }

    fn answer_to_last(&mut self, sender: &str) -> Element {
        let said = self.said[sender].clone();
        self.session(sender).answer_to(&said)
    }
}

fn is_fault(answer: &Element, code: &str) {
    let (told, words) = envelope::fault(answer).unwrap_or_else(|| panic!("no fault: {answer:?}"));
    assert_eq!(told, code, "{words}");
    assert!(words.contains("TrackingId:"), "{words}");
}

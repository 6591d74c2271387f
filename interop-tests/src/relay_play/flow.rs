//! Many one-way messages, played from the recording of one: a sender that does not wait for an answer before it sends the next, and a
//! listener that takes and settles them until it is cut. Relay page 2.4 and 3.2.

use crate::{Gateway, Wire};

use super::control_link::ControlLink;
use super::envelope;
use super::nmf;
use super::oneway::OneWay;
use super::recording::Recording;
use super::substitute::{Tokens, find};
use super::talk::Talk;

/// What is played.
const RECORDING: &str = "v2.7.5/e2e-oneway";
const HOST: &str = "contoso.servicebus.windows.net";

/// The first half of the ids of these messages; the other half is their number.
const MARK: &[u8; 8] = b"\x01MANY-OW";

/// A sender on 9351.
pub struct FlowSender {
    session: OneWay,
    /// The recorded message: its strings, and what follows them up to its id and behind it.
    strings: Vec<u8>,
    before: Vec<u8>,
    behind: Vec<u8>,
}

impl FlowSender {
    /// Opens a session; nothing when the sender is told that nobody listens.
    pub fn open(gateway: &Gateway) -> Option<Self> {
        let mut sent = Recording::open(RECORDING).sent("003-9351");
        Tokens::good().put_into(&mut sent);
        let mut session = OneWay::tls(gateway, HOST, &sent);
        let connect = session.say_message();
        if let Some((code, words)) = envelope::fault(&session.answer_to(&connect)) {
            assert_eq!(code, "EndpointNotFoundFault", "{words}");
            return None;
        }
        while session.is_next("/OnewayPing") {
            session.say_message();
        }
        let body = session.take_next();
        let (length, width) = nmf::int31(&body).expect("a size of strings");
        let (strings, document) = body.split_at(width + length);
        // A header MessageID with a record of 16 bytes.
        let id = find(document, b"\x44\x1a\xad").expect("a message with an id") + 3;
        let (before, behind) = (document[..id].to_vec(), document[id + 16..].to_vec());
        Some(Self { session, strings: strings.to_vec(), before, behind })
    }

    /// Sends message `number`. Its strings go with the first one.
    pub fn send(&mut self, number: u32) {
        let strings = std::mem::replace(&mut self.strings, vec![0]);
        let number = u64::from(number).to_be_bytes();
        let body = [&strings, &self.before, &MARK[..], &number, &self.behind].concat();
        self.session.say_record(nmf::SIZED_ENVELOPE, &body);
    }

    /// The next answer: the number of its message, and the code of the fault if it is one.
    pub fn answer(&mut self) -> (u32, Option<String>) {
        let answer = self.session.message();
        let id = envelope::header(&answer, "RelatesTo").expect("an answer relates to a message");
        let number = id.rsplit('-').next().and_then(|digits| u32::from_str_radix(digits, 16).ok());
        (number.expect("an id of ours"), envelope::fault(&answer).map(|(code, _)| code))
    }
}

/// A listener on 5671.
pub struct FlowListener {
    link: ControlLink,
    taken: u32,
}

impl FlowListener {
    /// Opens its control link.
    pub fn open(gateway: &Gateway) -> Self {
        let recording = Recording::open(RECORDING);
        let mut sent = recording.sent("001-5671");
        Tokens::good().put_into(&mut sent);
        let talk = Talk::new(Wire::tls(gateway.door("amqps"), HOST, gateway.authority()));
        let mut link = ControlLink::open(talk, &sent, &recording.received("001-5671"));
        link.expect_online();
        Self { link, taken: 0 }
    }

    /// The next message: its number, and that of its delivery; nothing when the gateway has ended the connection. As the library does, it
    /// grants more after each 100.
    pub fn take(&mut self) -> Option<(u32, u32)> {
        let (delivery, message) = self.link.take_message()?;
        let at = find(&message, MARK).expect("a message of ours") + MARK.len();
        let number: [u8; 8] = message[at..at + 8].try_into().expect("eight bytes");
        self.taken += 1;
        if self.taken % 100 == 0 {
            self.link.grant(self.taken);
        }
        Some((u32::try_from(u64::from_be_bytes(number)).expect("a small number"), delivery))
    }

    /// Says that it has a delivery. Whether the gateway heard it is its own affair.
    pub fn accept(&mut self, delivery: u32) {
        self.link.accept(delivery);
    }

    /// The process is killed: the connection is reset.
    pub fn kill(self) {
        self.link.cut();
    }
}

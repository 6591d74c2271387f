//! A listener from before AMQP, which takes one-way messages in a session of its own. Relay page 2.7.

use crate::{Gateway, Token};

use super::carrier::Carrier;
use super::envelope;
use super::flow::{MARK, PATH, replace};
use super::nmf;
use super::oneway::OneWay;
use super::recording::Recording;
use super::road::HOST;
use super::substitute::{find, put_for_web_token};

/// A listener of 1.6, of type Unicast.
pub struct OldListener(OneWay);

impl OldListener {
    /// Registers, at the path of one-way messages: what was recorded is another type at another path.
    pub fn open(gateway: &Gateway) -> Self {
        Self::on(Carrier::Tcp, gateway)
    }

    /// The same on another carrier.
    pub fn on(carrier: Carrier, gateway: &Gateway) -> Self {
        let mut sent = Recording::open("v1.6.0/e2e-nettcp-v16").sent("002-9351");
        // Slashes at the end of an address mean nothing.
        replace(&mut sent, "nettcprelay/", "netoneway///");
        let token = Token::for_audience(&format!("http://{HOST}/{PATH}/")).to_string();
        let sent = with_text(&put_for_web_token(&sent, &token), "RelayedConnection", "Unicast");
        let mut session = carrier.session(gateway, &sent);
        let listen = session.say_message();
        assert_eq!(envelope::fault(&session.answer_to(&listen)), None);
        Self(session)
    }

    /// The number of the next message.
    pub fn take(&mut self) -> u32 {
        let message = envelope::body(&self.0.message()).bytes();
        let at = find(&message, MARK).expect("a message of ours") + MARK.len();
        u32::from_be_bytes(message[at + 4..at + 8].try_into().expect("four bytes"))
    }
}

/// Puts one text in the place of another in the sized envelopes of a session.
fn with_text(mut sent: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = |text: &str| [&[0x99, text.len() as u8], text.as_bytes()].concat();
    let (from, to) = (text(from), text(to));
    let mut changed = Vec::new();
    while let Some(record) = nmf::record(sent) {
        sent = &sent[record.raw.len()..];
        match find(&record.body, &from) {
            Some(at) => {
                let body = [&record.body[..at], &to, &record.body[at + from.len()..]].concat();
                changed.extend([&[record.kind], &*nmf::size(body.len()), &body].concat());
            }
            None => changed.extend(record.raw),
        }
    }
    changed
}

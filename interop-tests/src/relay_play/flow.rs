//! Many one-way messages, played from the recording of one: a sender that does not wait for an answer before it sends the next.
//! Relay page 3.2.

use crate::Gateway;

use super::carrier::Carrier;
use super::envelope;
use super::nmf;
use super::oneway::OneWay;
use super::recording::Recording;
use super::road::HOST;
use super::substitute::{Tokens, find};

/// What is played: a sender and its listeners.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// The recording; its `001-5671` is a listener.
    pub(super) folder: &'static str,
    /// The stream of the sender.
    sender: &'static str,
}

impl Flow {
    /// `NetOnewayRelayBinding`.
    pub const ONE_WAY: Self = Self { folder: "v2.7.5/e2e-oneway", sender: "003-9351" };
    /// `NetEventRelayBinding`.
    pub const EVENT: Self = Self { folder: "v2.7.5/event-two-v2.7.5", sender: "002-9351" };

    fn sent(&self) -> Vec<u8> {
        Recording::open(self.folder).sent(self.sender)
    }
}

/// The first half of the ids of these messages; the other half is their number.
pub(super) const MARK: &[u8; 8] = b"\x01MANY-OW";

/// What is different from the recording.
#[derive(Clone, Copy, Debug)]
pub struct Changed<'a> {
    /// The path in place of `netoneway`, and as long; in the token's audience, too.
    pub path: &'a str,
    /// What stands in place of `RootManage` at the beginning of the policy's name, and is as long.
    pub policy: &'a str,
    /// The key that signs the token; `None`: the right one.
    pub key: Option<&'a str>,
    /// Seconds from now at which the token ends.
    pub ends_in: i64,
    /// On 9350 and not on 9351.
    pub in_clear: bool,
}

impl Default for Changed<'_> {
    fn default() -> Self {
        Self { path: PATH, policy: "RootManage", key: None, ends_in: 4000, in_clear: false }
    }
}

/// The recorded path of a one-way relay.
pub(super) const PATH: &str = "netoneway";

/// Puts one text in the place of another that is as long, wherever it stands.
pub(super) fn replace(bytes: &mut [u8], from: &str, to: &str) {
    assert_eq!(from.len(), to.len(), "{to} is as long as {from}");
    let mut at = 0;
    while let Some(found) = find(&bytes[at..], from.as_bytes()) {
        at += found;
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        at += to.len();
    }
}

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
        match Self::connect(gateway, &Changed::default()) {
            Ok(sender) => Some(sender),
            Err((code, words)) => {
                assert_eq!(code, "EndpointNotFoundFault", "{words}");
                None
            }
        }
    }

    /// Opens a session on another carrier.
    pub fn open_over(gateway: &Gateway, carrier: Carrier) -> Self {
        Self::on(carrier, gateway, &Flow::ONE_WAY)
    }

    /// Opens a session as the sender of `flow`.
    pub fn on(carrier: Carrier, gateway: &Gateway, flow: &Flow) -> Self {
        let mut sent = flow.sent();
        Tokens::good().put_into(&mut sent);
        let session = carrier.session(gateway, &sent);
        Self::begin(session).unwrap_or_else(|(code, words)| panic!("{code}: {words}"))
    }

    /// Opens a session with changes; or the code of the fault to its Connect, and its words.
    ///
    /// # Errors
    /// The fault.
    pub fn connect(gateway: &Gateway, changed: &Changed<'_>) -> Result<Self, (String, String)> {
        let mut sent = Flow::ONE_WAY.sent();
        replace(&mut sent, PATH, changed.path);
        let mut tokens = match changed.key {
            Some(key) => Tokens::signed_with(key),
            None => Tokens::ending_in(&[changed.ends_in]),
        };
        tokens.put_into(&mut sent);
        replace(&mut sent, "RootManage", changed.policy);
        let session = match changed.in_clear {
            true => OneWay::clear(gateway, &sent),
            false => OneWay::tls(gateway, HOST, &sent),
        };
        Self::begin(session)
    }

    fn begin(mut session: OneWay) -> Result<Self, (String, String)> {
        let connect = session.say_message();
        if let Some(fault) = envelope::fault(&session.answer_to(&connect)) {
            return Err(fault);
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
        Ok(Self { session, strings: strings.to_vec(), before, behind })
    }

    /// Sends message `number` with a text of so many bytes in place of the recorded one.
    pub fn send_long(&mut self, number: u32, length: u32) {
        const RECORDED: &[u8] = b"\x99\x01x";
        let behind = self.behind.clone();
        let at = find(&behind, RECORDED).expect("a text of one letter");
        let text = vec![b'x'; length as usize];
        let long =
            [&behind[..at], b"\x9d", &length.to_le_bytes(), &text, &behind[at + RECORDED.len()..]].concat();
        self.behind = long;
        self.send(number);
        self.behind = behind;
    }

    /// What the gateway says on the framing's own account, up to the end of the connection.
    pub fn told_by_framing(&mut self) -> Vec<u8> {
        self.session.receive_to_end()
    }

    /// Says that no more comes; the gateway says the same and hangs up.
    pub fn end(&mut self) {
        self.session.say_end();
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

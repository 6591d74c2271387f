//! Many one-way messages, played from the recording of one: a sender that does not wait for an answer before it sends the next, and a
//! listener that takes and settles them until it is cut. Relay page 2.4 and 3.2.

use std::net::SocketAddr;

use crate::{Gateway, Wire};

use super::control_link::ControlLink;
use super::envelope;
use super::nmf;
use super::oneway::OneWay;
use super::recording::Recording;
use super::substitute::{Tokens, find, put_for_web_token};
use super::talk::Talk;
use super::web_stream;
use super::websocket::WebSocketLine;

/// What is played.
const RECORDING: &str = "v2.7.5/e2e-oneway";
const HOST: &str = "contoso.servicebus.windows.net";

/// The first half of the ids of these messages; the other half is their number.
const MARK: &[u8; 8] = b"\x01MANY-OW";

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

/// What carries a session in place of 9350 and 9351.
#[derive(Clone, Copy, Debug)]
pub enum Carrier {
    /// A WebSocket on 443.
    WebSocket,
    /// A web stream on 443.
    WebStreamInTls,
    /// A web stream on 80, with TLS inside.
    WebStream,
    /// The same through a proxy.
    WebStreamThrough(SocketAddr),
}

/// Where a web stream was recorded.
const WEB_STREAM: &str = "v2.7.5/webstream-http-v2.7.5";

/// The recorded path.
const PATH: &str = "netoneway";

/// Puts one text in the place of another that is as long, wherever it stands.
fn replace(bytes: &mut [u8], from: &str, to: &str) {
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
        let mut sent = Recording::open(RECORDING).sent("003-9351");
        Tokens::good().put_into(&mut sent);
        let web_stream = || web_stream::Recorded::for_role(&Recording::open(WEB_STREAM), "oneway");
        let session = match carrier {
            Carrier::WebSocket => {
                let line = WebSocketLine::dial(gateway, HOST, "wsrelayedoneway");
                OneWay::carried(Talk::new(line), &sent)
            }
            Carrier::WebStreamInTls => {
                let wire = web_stream().open_https(gateway, HOST).into_wire();
                OneWay::carried(Talk::new(wire), &sent)
            }
            Carrier::WebStream | Carrier::WebStreamThrough(_) => {
                let stream = match carrier {
                    Carrier::WebStreamThrough(proxy) => web_stream().open_through(proxy, gateway),
                    _ => web_stream().open(gateway),
                };
                let wire = stream.into_wire();
                OneWay::carried_with_tls(wire, gateway, HOST, &sent)
            }
        };
        Self::begin(session).unwrap_or_else(|(code, words)| panic!("{code}: {words}"))
    }

    /// Opens a session with changes; or the code of the fault to its Connect, and its words.
    ///
    /// # Errors
    /// The fault.
    pub fn connect(gateway: &Gateway, changed: &Changed<'_>) -> Result<Self, (String, String)> {
        let mut sent = Recording::open(RECORDING).sent("003-9351");
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

    /// Opens its control link in a WebSocket on 443.
    pub fn open_over_websocket(gateway: &Gateway) -> Self {
        let recording = Recording::open(RECORDING);
        let mut sent = recording.sent("001-5671");
        Tokens::good().put_into(&mut sent);
        let talk = Talk::new(WebSocketLine::dial(gateway, HOST, "wsrelayedamqp"));
        let mut link = ControlLink::open(talk, &sent, &recording.received("001-5671"));
        link.expect_online();
        Self { link, taken: 0 }
    }

    /// The next message as it was delivered, which is accepted.
    pub fn take_other(&mut self) -> Vec<u8> {
        let (delivery, message) = self.link.take_message().expect("a message");
        self.link.accept(delivery);
        message
    }

    /// The next message: its number, and that of its delivery; nothing when the gateway has ended the connection. As the library does, it
    /// grants more after each 100.
    pub fn take(&mut self) -> Option<(u32, u32)> {
        let (delivery, message) = self.link.take_message()?;
        let at = find(&message, MARK).expect("a message of ours") + MARK.len();
        let number: [u8; 8] = message[at..at + 8].try_into().expect("eight bytes");
        self.taken += 1;
        if self.taken.is_multiple_of(100) {
            self.link.grant(self.taken);
        }
        Some((u32::try_from(u64::from_be_bytes(number)).expect("a small number"), delivery))
    }

    /// Says that it has a delivery. Whether the gateway heard it is its own affair.
    pub fn accept(&mut self, delivery: u32) {
        self.link.accept(delivery);
    }

    /// Gives a delivery back: it has done nothing with it.
    pub fn release(&mut self, delivery: u32) {
        self.link.release(delivery);
    }

    /// Expects that nothing comes for so long.
    pub fn expect_quiet(&mut self, time: std::time::Duration) {
        self.link.expect_quiet(time);
    }

    /// The process is killed: the connection is reset.
    pub fn kill(self) {
        self.link.cut();
    }
}

/// A listener of 1.6 on 9351, of type Unicast.
pub struct OldListener(OneWay);

impl OldListener {
    /// Registers, at the path of [`FlowSender`]: what was recorded is another type at another path.
    pub fn open(gateway: &Gateway) -> Self {
        let mut sent = Recording::open("v1.6.0/e2e-nettcp-v16").sent("002-9351");
        // Slashes at the end of an address mean nothing.
        replace(&mut sent, "nettcprelay/", "netoneway///");
        let token = crate::Token::for_audience(&format!("http://{HOST}/{PATH}/")).to_string();
        let sent = with_text(&put_for_web_token(&sent, &token), "RelayedConnection", "Unicast");
        let mut session = OneWay::tls(gateway, HOST, &sent);
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

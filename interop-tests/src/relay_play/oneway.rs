//! A net.tcp session on 9350 or 9351, played from its recording: the probe, senders of one-way messages, listeners that are older than
//! AMQP. Relay page 1.2, 2.7, 3.1 and 3.2.

use std::collections::VecDeque;

use crate::{Gateway, Wire};

use super::binary_xml::{self, Element, take_string_table};
use super::envelope;
use super::nmf::{self, Record};
use super::talk::Talk;

/// The upgrade that was removed from the recordings with the TLS that followed it.
const TLS_UPGRADE: &[u8] = b"\x09\x13application/ssl-tls";

/// A session whose preamble is answered.
pub(super) struct OneWay {
    talk: Talk,
    /// What the library sends and has not sent yet.
    left: VecDeque<Record>,
    /// The strings of what it sent, to read its messages here.
    ours: Vec<String>,
    /// The strings of what the gateway sent.
    theirs: Vec<String>,
    /// What the recorded relay sent to a listener, to compare.
    delivered: VecDeque<Element>,
}

impl OneWay {
    /// Opens a session in clear, on 9350.
    pub(super) fn clear(gateway: &Gateway, sent: &[u8]) -> Self {
        Self::carried(Talk::new(Wire::tcp(gateway.door("oneway"))), sent)
    }

    /// Opens a session with the upgrade to TLS, on 9351. Its TLS does not say for which name it is.
    pub(super) fn tls(gateway: &Gateway, host: &str, sent: &[u8]) -> Self {
        let (preamble, left) = cut(sent);
        Self::secured(Wire::tcp(gateway.door("oneway_tls")), gateway, host, &preamble, left)
    }

    /// Opens a session on another carrier, which says what it does instead of the upgrade.
    pub(super) fn carried(mut talk: Talk, sent: &[u8]) -> Self {
        let (preamble, left) = cut(sent);
        talk.say(&[preamble, vec![nmf::PREAMBLE_END]].concat());
        Self::begun(talk, left)
    }

    /// Opens a session with the upgrade to TLS on another carrier.
    pub(super) fn carried_with_tls(wire: Wire, gateway: &Gateway, host: &str, sent: &[u8]) -> Self {
        let (preamble, left) = cut(sent);
        Self::secured(wire, gateway, host, &preamble, left)
    }

    fn secured(
        mut wire: Wire,
        gateway: &Gateway,
        host: &str,
        preamble: &[u8],
        left: VecDeque<Record>,
    ) -> Self {
        wire.send(&[preamble, TLS_UPGRADE].concat());
        assert_eq!(wire.receive(1), [nmf::UPGRADE_RESPONSE], "the upgrade is taken");
        let mut talk = Talk::new(wire.into_tls_without_sni(host, gateway.authority()));
        talk.say(&[nmf::PREAMBLE_END]);
        Self::begun(talk, left)
    }

    fn begun(mut talk: Talk, left: VecDeque<Record>) -> Self {
        assert_eq!(talk.receive(1), [nmf::PREAMBLE_ACK], "the preamble is taken");
        Self { talk, left, ours: Vec::new(), theirs: Vec::new(), delivered: VecDeque::new() }
    }

    /// Sends the next message.
    pub(super) fn say_message(&mut self) -> Element {
        let (message, strings) = self.next_message().expect("the library has another message");
        self.ours = strings;
        let record = self.left.pop_front().expect("it was looked at");
        self.talk.say(&record.raw);
        message
    }

    /// Whether the next message has this action.
    pub(super) fn is_next(&self, action: &str) -> bool {
        let action_of = |(message, _)| envelope::header(&message, "Action");
        self.next_message().and_then(action_of).is_some_and(|found| found.ends_with(action))
    }

    /// The next message of the gateway.
    pub(super) fn message(&mut self) -> Element {
        let record = self.record();
        assert_eq!(record.kind, nmf::SIZED_ENVELOPE, "{record:02x?}");
        let document = take_string_table(&record.body, &mut self.theirs);
        binary_xml::read(document, &self.theirs)
    }

    /// The answer to `message`, which the library finds by the id alone.
    pub(super) fn answer_to(&mut self, message: &Element) -> Element {
        let id = envelope::header(message, "MessageID");
        assert!(id.is_some(), "the library gives each message an id");
        let answer = self.message();
        assert_eq!(envelope::header(&answer, "RelatesTo"), id, "it answers this message: {answer:?}");
        answer
    }

    /// Takes note of what the recorded relay sent: its answer, then what it delivered.
    pub(super) fn compare_with(&mut self, received: &[u8]) {
        let mut rest = received.strip_prefix(&[nmf::PREAMBLE_ACK]).expect("an answered preamble");
        let mut strings = Vec::new();
        while let Some(record) = nmf::record(rest) {
            rest = &rest[record.raw.len()..];
            let document = take_string_table(&record.body, &mut strings);
            self.delivered.push_back(binary_xml::read(document, &strings));
        }
        self.delivered.pop_front();
    }

    /// The next message to a listener, and the one that the recorded relay sent.
    pub(super) fn delivery(&mut self) -> (Element, Option<Element>) {
        (self.message(), self.delivered.pop_front())
    }

    /// What the library sends next and does not send now: a message.
    pub(super) fn take_next(&mut self) -> Vec<u8> {
        let record = self.left.pop_front().expect("the library has another message");
        assert_eq!(record.kind, nmf::SIZED_ENVELOPE);
        record.body
    }

    /// All that comes until the gateway ends its direction.
    pub(super) fn receive_to_end(&mut self) -> Vec<u8> {
        self.talk.receive_to_end()
    }

    /// Says that no more comes; the gateway says the same and hangs up.
    pub(super) fn say_end(&mut self) {
        self.talk.say(&[nmf::END]);
        assert_eq!(self.record().kind, nmf::END);
        self.talk.finish();
        self.talk.ends();
    }

    /// Sends a record that was not recorded so.
    pub(super) fn say_record(&mut self, kind: u8, body: &[u8]) {
        self.talk.say(&[&[kind], &*nmf::size(body.len()), body].concat());
    }

    /// Says that no more comes, as the library did, behind its last pings; the gateway says the same and hangs up.
    pub(super) fn end(&mut self) {
        while self.is_next("/OnewayPing") {
            self.say_message();
        }
        let record = self.left.pop_front().expect("the library says its end");
        assert_eq!(record.kind, nmf::END, "the library has more to say");
        self.talk.say(&record.raw);
        assert_eq!(self.record().kind, nmf::END);
        self.talk.finish();
        self.talk.ends();
    }

    /// The process is gone.
    pub(super) fn hang_up(&mut self) {
        self.talk.finish();
    }

    fn record(&mut self) -> Record {
        self.talk.next(|heard| nmf::record(heard).map(|record| (record.clone(), record.raw.len())))
    }

    /// The library's next message, and the strings of its session with those that it brings.
    fn next_message(&self) -> Option<(Element, Vec<String>)> {
        let record = self.left.front().filter(|record| record.kind == nmf::SIZED_ENVELOPE)?;
        let mut strings = self.ours.clone();
        let document = take_string_table(&record.body, &mut strings);
        Some((binary_xml::read(document, &strings), strings))
    }
}

/// The preamble without its end, and the records that follow it.
fn cut(mut sent: &[u8]) -> (Vec<u8>, VecDeque<Record>) {
    let mut records = Vec::new();
    while !sent.is_empty() {
        let record = nmf::record(sent).expect("whole records");
        sent = &sent[record.raw.len()..];
        records.push(record);
    }
    let end = records.iter().position(|record| record.kind == nmf::PREAMBLE_END).expect("a preamble");
    let left = records.split_off(end + 1).into();
    records.pop();
    (records.into_iter().flat_map(|record| record.raw).collect(), left)
}

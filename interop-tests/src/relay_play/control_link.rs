//! A listener's control link, played from its recording: what the library sends when, and what it wants to hear. Relay page 2.1 to 2.5.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::amqp::{self, Item, Kind, Value};
use super::binary_xml::{self, Element};
use super::envelope;
use super::talk::Talk;

/// A protocol header with this id begins SASL. [AMQP 5.3.1]
const SASL: u8 = 3;

/// The link of one listener: its `:out` and its `:in`.
pub(super) struct ControlLink {
    talk: Talk,
    /// What the library sends and has not sent yet.
    left: VecDeque<Item>,
    /// Its two attaches, as it sent them.
    attaches: Vec<Item>,
    /// What the gateway said and nobody asked for yet.
    heard: VecDeque<Item>,
    /// What the recorded relay delivered, to compare.
    delivered: VecDeque<Element>,
    /// How many messages were taken.
    taken: u32,
}

impl ControlLink {
    /// Plays a recording up to the flow that follows the two attaches. At each step it waits for what the library waits for.
    pub(super) fn open(talk: Talk, sent: &[u8], received: &[u8]) -> Self {
        let delivered =
            messages(amqp::items(received)).map(|message| binary_xml::read(&message, &[])).collect();
        let left = amqp::items(sent).into();
        let (attaches, heard) = (Vec::new(), VecDeque::new());
        let mut link = Self { talk, left, attaches, heard, delivered, taken: 0 };
        let last = link.left.back().cloned();
        while let Some(item) = link.left.front().cloned() {
            match (&item.kind, item.performative()) {
                (Kind::Header(SASL), _) => {}
                (_, Some(amqp::SASL_INIT)) => link.expect_mechanisms(),
                (Kind::Header(_), _) => {
                    let outcome = link.expect(amqp::SASL_OUTCOME);
                    assert_eq!(outcome.field(0), Value::Number(0), "SASL ends well");
                }
                (_, Some(amqp::OPEN)) => link.expect_header(0),
                (_, Some(amqp::BEGIN)) => link.expect_open(),
                (_, Some(amqp::ATTACH)) => {
                    if link.attaches.is_empty() {
                        link.expect(amqp::BEGIN);
                    }
                    link.attaches.push(item);
                }
                (_, Some(amqp::FLOW)) => {
                    link.say_next();
                    break;
                }
                (_, other) => panic!("{other:x?} in front of the links"),
            }
            link.say_next();
        }
        // A link that was given up is answered so far.
        match last.as_ref().map(|last| (&last.kind, last.performative())) {
            Some((Kind::Header(SASL), _)) => link.expect_mechanisms(),
            Some((_, Some(amqp::SASL_INIT))) => drop(link.expect(amqp::SASL_OUTCOME)),
            _ => {}
        }
        link
    }

    /// Waits until both links are answered as the library wants it.
    pub(super) fn expect_online(&mut self) {
        for attach in self.attaches.clone() {
            let answer = self.expect_for(amqp::ATTACH, |answer| answer.field(0) == attach.field(0));
            assert_ne!(answer.field(2), attach.field(2), "the role is mirrored");
            for (terminus, name) in [(5, "source"), (6, "target")] {
                let (asked, told) = (attach.field(terminus), answer.field(terminus));
                assert_ne!(told, Value::Null, "the {name} of an accepted link");
                let address = |of: &Value| of.fields().first().and_then(Value::text).map(str::to_owned);
                assert_eq!(address(&told), address(&asked), "the address of the {name}");
            }
        }
    }

    /// Waits until both links are refused: answered without source and target, and detached with a reason.
    pub(super) fn expect_refused(&mut self, condition: &str) {
        for attach in self.attaches.clone() {
            let answer = self.expect_for(amqp::ATTACH, |answer| answer.field(0) == attach.field(0));
            assert_eq!(
                (answer.field(5), answer.field(6)),
                (Value::Null, Value::Null),
                "a refused link has no ends"
            );
        }
        self.expect_detached(Some(condition));
    }

    /// Waits until both links are detached, with this error or with none; then the library says goodbye as it did, and the gateway
    /// closes the connection.
    pub(super) fn expect_detached(&mut self, condition: Option<&str>) {
        for _ in 0..2 {
            let detach = self.expect(amqp::DETACH);
            assert_eq!(detach.field(1), Value::Bool(true), "the link is not to be had again");
            let error = detach.field(2);
            assert_eq!(error.fields().first().and_then(Value::text), condition, "why: {error:?}");
        }
        self.say_goodbye(false);
    }

    /// The program stops: the library says goodbye as it did, and each of its words is answered.
    pub(super) fn stop(&mut self) {
        self.say_goodbye(true);
    }

    /// Shows the next token on both links. Nothing is answered.
    pub(super) fn renew(&mut self) {
        for _ in 0..2 {
            let flow = self.left.front().expect("another renewal");
            assert_eq!(flow.performative(), Some(amqp::FLOW));
            assert!(flow.field(10).of("com.microsoft:swt").is_some(), "the flow holds a token");
            self.say_next();
        }
    }

    /// The next message of the gateway, settled as the library settled it, and the one that the recorded relay delivered.
    pub(super) fn delivery(&mut self) -> (Element, Option<Element>) {
        let mut message = Vec::new();
        let mut id = Value::Null;
        loop {
            let transfer = self.expect(amqp::TRANSFER);
            if message.is_empty() {
                id = transfer.field(1);
            }
            message.extend_from_slice(transfer.payload());
            if transfer.field(5) != Value::Bool(true) {
                break;
            }
        }
        let is_disposition = |item: &&Item| item.performative() == Some(amqp::DISPOSITION);
        if let Some(disposition) = self.left.front().filter(is_disposition) {
            assert_eq!(disposition.field(1), id, "the library settles the delivery of this number");
            self.say_next();
        }
        (binary_xml::read(&amqp::data(&message), &[]), self.delivered.pop_front())
    }

    /// The next message and the number of its delivery, which is not settled; nothing when the gateway has ended the connection. As the
    /// library does, the link grants more after each hundred.
    pub(super) fn take_message(&mut self) -> Option<(u32, Vec<u8>)> {
        let mut message = Vec::new();
        let mut delivery = 0;
        loop {
            self.sort();
            let is_transfer = |item: &Item| item.performative() == Some(amqp::TRANSFER);
            let Some(at) = self.heard.iter().position(is_transfer) else {
                if !self.talk.more() {
                    return None;
                }
                continue;
            };
            let transfer = self.heard.remove(at).expect("it is there");
            if message.is_empty() {
                delivery = transfer.field(1).number().expect("a delivery has a number");
            }
            message.extend_from_slice(transfer.payload());
            if transfer.field(5) != Value::Bool(true) {
                self.taken += 1;
                if self.taken.is_multiple_of(100) {
                    self.grant();
                }
                return Some((u32::try_from(delivery).expect("32 bits"), amqp::data(&message)));
            }
        }
    }

    /// Accepts and settles a delivery, in the bytes of the library but for the width of the number. Relay page 2.4.
    pub(super) fn accept(&mut self, delivery: u32) {
        self.settle(delivery, 0x24);
    }

    /// Releases and settles a delivery. [AMQP 3.4.4]
    pub(super) fn release(&mut self, delivery: u32) {
        self.settle(delivery, 0x26);
    }

    fn settle(&mut self, delivery: u32, state: u8) {
        let mut frame = b"\0\0\0\x1b\x02\0\0\0\0\x53\x15\xc0\x0e\x06\x41\x70".to_vec();
        frame.extend_from_slice(&delivery.to_be_bytes());
        frame.extend_from_slice(&[0x40, 0x41, 0, 0x53, state, 0x45, 0x40]);
        self.talk.say_to_whom_it_may_concern(&frame);
    }

    /// Grants a thousand messages more than it has taken. Relay page 2.2.
    fn grant(&mut self) {
        let taken = self.taken;
        let mut frame = b"\0\0\0\x2f\x02\0\0\0\0\x53\x13\xc0\x22\x0b\x70".to_vec();
        frame.extend_from_slice(&(taken + 1).to_be_bytes());
        frame.extend_from_slice(b"\x70\0\0\x13\x88\x52\x01\x70\0\0\x13\x88\x52\x01\x70");
        frame.extend_from_slice(&taken.to_be_bytes());
        frame.extend_from_slice(b"\x70\0\0\x03\xe8\x43\x40\x42\x40");
        self.talk.say_to_whom_it_may_concern(&frame);
    }

    /// The connection ends at once.
    pub(super) fn cut(self) {
        self.talk.cut();
    }

    /// Expects that no message comes for so long, and that the link goes on; signs of life may come.
    pub(super) fn expect_quiet(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while self.talk.listen_until(until) {
            self.sort();
        }
        assert!(self.heard.is_empty(), "something came: {:?}", self.heard);
    }

    /// The process is gone: the connection ends without a word.
    pub(super) fn hang_up(mut self) {
        self.talk.finish();
    }

    fn say_goodbye(&mut self, answered: bool) {
        let mut farewell = Vec::new();
        while let Some(item) = self.left.pop_front() {
            farewell.push(item.performative());
            // Behind its close nothing need be taken any more.
            self.talk.say_to_whom_it_may_concern(&item.raw);
        }
        if answered {
            for performative in [amqp::DETACH, amqp::DETACH, amqp::END, amqp::CLOSE] {
                let said = farewell.iter().position(|said| *said == Some(performative));
                if let Some(said) = said {
                    farewell.remove(said);
                    self.expect_unless_closed(performative);
                }
            }
        } else if farewell.contains(&Some(amqp::CLOSE)) {
            self.expect(amqp::CLOSE);
        }
        // Versions that hang up themselves do so now; 2.4.2 keeps the connection, and it is the gateway that has to end it.
        if farewell.contains(&Some(amqp::CLOSE)) {
            self.talk.finish();
        }
        while self.talk.more() {}
    }

    /// What stands behind the library's close may be answered or not, and the close is the last that the gateway says.
    fn expect_unless_closed(&mut self, performative: u64) {
        let is_last = |item: &Item| item.performative() == Some(amqp::CLOSE);
        let what = format!("a frame {performative:#04x}");
        let said = self.expect_that(&what, |item| item.performative() == Some(performative) || is_last(item));
        if is_last(&said) && performative != amqp::CLOSE {
            self.heard.push_back(said);
        }
    }

    fn say_next(&mut self) {
        let item = self.left.pop_front().expect("the recording goes on");
        self.talk.say(&item.raw);
    }

    fn expect_header(&mut self, id: u8) {
        let header = self.expect_that("a protocol header", |item| matches!(item.kind, Kind::Header(_)));
        assert_eq!(header.kind, Kind::Header(id));
    }

    fn expect_mechanisms(&mut self) {
        self.expect_header(SASL);
        let mechanisms = self.expect(amqp::SASL_MECHANISMS).field(0);
        let offered = match &mechanisms {
            Value::Array(offered) => offered.clone(),
            other => vec![other.clone()],
        };
        assert!(offered.iter().any(|offered| offered.text() == Some("EXTERNAL")), "{mechanisms:?}");
    }

    fn expect_open(&mut self) {
        let open = self.expect(amqp::OPEN);
        let idle = open.field(4).number();
        assert!(
            idle.is_none_or(|idle| idle >= 60_000),
            "the library refuses an idle time-out of {idle:?} ms"
        );
    }

    fn expect(&mut self, performative: u64) -> Item {
        self.expect_for(performative, |_| true)
    }

    fn expect_for(&mut self, performative: u64, which: impl Fn(&Item) -> bool) -> Item {
        let what = format!("a frame {performative:#04x}");
        self.expect_that(&what, |item| item.performative() == Some(performative) && which(item))
    }

    /// Takes the first item that is so. Others wait for whoever asks for them, but for credit, which nobody does.
    fn expect_that(&mut self, what: &str, is_so: impl Fn(&Item) -> bool) -> Item {
        loop {
            self.sort();
            if let Some(at) = self.heard.iter().position(&is_so) {
                return self.heard.remove(at).expect("it is there");
            }
            assert!(self.talk.more(), "the connection ended before {what} came; there was {:?}", self.heard);
        }
    }

    fn sort(&mut self) {
        while let Some(item) = amqp::item(self.talk.heard()) {
            self.talk.take(item.raw.len());
            if item.kind != Kind::Empty && item.performative() != Some(amqp::FLOW) {
                self.heard.push_back(item);
            }
        }
    }
}

/// The messages that a recorded relay delivered.
pub(super) fn messages(items: Vec<Item>) -> impl Iterator<Item = Vec<u8>> {
    let mut whole = Vec::new();
    items.into_iter().filter(|item| item.performative() == Some(amqp::TRANSFER)).filter_map(move |transfer| {
        whole.extend_from_slice(transfer.payload());
        (transfer.field(5) != Value::Bool(true)).then(|| amqp::data(&std::mem::take(&mut whole)))
    })
}

/// The message that an `OnewaySend` wraps. Relay page 2.4.
pub(super) fn unwrapped(outer: &Element) -> Element {
    binary_xml::read(&envelope::body(outer).bytes(), &[])
}

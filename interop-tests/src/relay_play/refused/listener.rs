//! A listener's control link that may be refused, or sent away later. Relay page 2.1 to 2.5.

use std::time::{Duration, Instant};

use crate::relay_play::amqp::{self, Item, Kind, Value};
use crate::relay_play::binary_xml;
use crate::relay_play::talk::Talk;
use crate::relay_play::websocket::WebSocketLine;
use crate::relay_play::{Recording, envelope};
use crate::{Gateway, Wire};

use super::{Carrier, HOST, Question, RECORDING, Told};

/// The library of a listener. It waits for nothing before both of its attaches are sent, which AMQP allows.
pub struct ListeningPeer {
    talk: Talk,
    /// All that the gateway said.
    heard: Vec<u8>,
    /// Frames that were heard and that nobody asked for yet.
    items: Vec<Item>,
    /// What the library says later: its credit, its disposition, its goodbye.
    left: Vec<u8>,
}

impl ListeningPeer {
    /// Connects on 5671 and asks.
    pub fn ask(gateway: &Gateway, question: &Question) -> Self {
        Self::ask_as(gateway, RECORDING, question)
    }

    /// As [`ListeningPeer::ask`], with what another listener said.
    pub fn ask_as(gateway: &Gateway, recording: &str, question: &Question) -> Self {
        let items = said(recording, question);
        let second = items.iter().rposition(is_attach).expect("two attaches");
        let mut peer = Self::begin(gateway, question.carrier);
        // A write each, as the library does it: on a WebSocket a frame each.
        items[..=second].iter().for_each(|item| peer.talk.say_to_whom_it_may_concern(&item.raw));
        peer.left = raw(&items[second + 1..]);
        peer
    }

    /// As [`ListeningPeer::ask`], but its second link never comes.
    pub fn ask_by_halves(gateway: &Gateway) -> Self {
        let items = said(RECORDING, &Question::default());
        let first = items.iter().position(is_attach).expect("an attach");
        Self::say(gateway, &items[..=first], &[])
    }

    /// Begins, and asks when `before` has come back.
    pub fn ask_after(gateway: &Gateway, before: impl FnOnce()) -> Self {
        let items = said(RECORDING, &Question::default());
        let second = items.iter().rposition(is_attach).expect("two attaches");
        let mut peer = Self::say(gateway, &items[..1], &items[second + 1..]);
        before();
        peer.talk.say(&raw(&items[1..=second]));
        peer
    }

    /// Is registered and attaches a third link.
    pub fn ask_for_more(gateway: &Gateway) -> Self {
        let items = said(RECORDING, &Question::default());
        let second = items.iter().rposition(is_attach).expect("two attaches");
        let all = [&items[..=second], &items[second..=second]].concat();
        Self::say(gateway, &all, &[])
    }

    /// Says something else in place of all that.
    pub fn say_bytes(gateway: &Gateway, bytes: &[u8]) -> Self {
        let mut peer = Self::begin(gateway, Carrier::Tcp);
        peer.talk.say_to_whom_it_may_concern(bytes);
        peer
    }

    /// Is registered, with credit for what comes.
    pub fn registered(gateway: &Gateway, question: &Question) -> Self {
        Self::registered_as(gateway, RECORDING, question)
    }

    /// As [`ListeningPeer::registered`], with what another listener said.
    pub fn registered_as(gateway: &Gateway, recording: &str, question: &Question) -> Self {
        let mut peer = Self::ask_as(gateway, recording, question);
        for _ in 0..2 {
            let attach = peer.expect(amqp::ATTACH);
            assert!(attach.field(5) != Value::Null && attach.field(6) != Value::Null, "refused: {attach:?}");
        }
        peer.say_next(amqp::FLOW);
        peer
    }

    fn say(gateway: &Gateway, items: &[Item], left: &[Item]) -> Self {
        Self { left: raw(left), ..Self::say_bytes(gateway, &raw(items)) }
    }

    fn begin(gateway: &Gateway, carrier: Carrier) -> Self {
        let talk = match carrier {
            Carrier::Tcp => Talk::new(Wire::tls(gateway.door("amqps"), HOST, gateway.authority())),
            Carrier::WebSocket => Talk::new(WebSocketLine::dial(gateway, HOST, "wsrelayedamqp")),
            Carrier::WebStream | Carrier::WebStreamInTls => panic!("no web stream carries a control link"),
        };
        Self { talk, heard: Vec::new(), items: Vec::new(), left: Vec::new() }
    }

    /// What it is told in place of being registered: both links refused for the same reason, or the open itself; then the connection ends.
    pub fn refused(mut self) -> Told {
        let open = self.expect(amqp::OPEN);
        if open.field(9).of(OPEN_ERROR).is_some() {
            self.items.insert(0, open);
            return self.refused_at_open();
        }
        for _ in 0..2 {
            let attach = self.expect(amqp::ATTACH);
            assert_eq!(
                (attach.field(5), attach.field(6)),
                (Value::Null, Value::Null),
                "a refused link has no ends"
            );
        }
        self.sent_away().expect("a reason")
    }

    /// What it is told in a property of the gateway's open. A close with the same reason follows.
    pub fn refused_at_open(mut self) -> Told {
        let open = self.expect(amqp::OPEN);
        let told = told(open.field(9).of(OPEN_ERROR).unwrap_or_else(|| panic!("not refused: {open:?}")));
        assert_eq!(self.closed(), told);
        told
    }

    /// Why both of its links are detached; `None`: nobody says. The connection ends then.
    pub fn sent_away(mut self) -> Option<Told> {
        let errors = [(); 2].map(|()| {
            let detach = self.expect(amqp::DETACH);
            assert_eq!(detach.field(1), Value::Bool(true), "the link is not to be had again");
            detach.field(2)
        });
        assert_eq!(errors[0], errors[1], "both links are told the same");
        self.ends();
        (errors[0] != Value::Null).then(|| told(&errors[0]))
    }

    /// Why a listener that attached one link is detached.
    pub fn half_sent_away(mut self) -> Told {
        let error = self.expect(amqp::DETACH).field(2);
        self.ends();
        told(&error)
    }

    /// Why its connection is closed.
    pub fn closed(mut self) -> Told {
        let error = self.expect(amqp::CLOSE).field(0);
        self.ends();
        told(&error)
    }

    /// All that comes until its connection ends.
    pub fn heard_to_the_end(mut self) -> Vec<u8> {
        self.talk.receive_to_end()
    }

    /// Waits for an invitation, the only one that it settles if it ever settled one; the id in it.
    pub fn invited(&mut self) -> String {
        let transfer = self.expect(amqp::TRANSFER);
        // One that was never invited says goodbye next.
        if amqp::item(&self.left).is_some_and(|next| next.performative() == Some(amqp::DISPOSITION)) {
            self.say_next(amqp::DISPOSITION);
        }
        let outer = binary_xml::read(&amqp::data(transfer.payload()), &[]);
        let inner = binary_xml::read(&envelope::body(&outer).bytes(), &[]);
        let invitation = envelope::body(&inner).child("RelayedConnect").expect("an invitation");
        invitation.child("Id").expect("an id").text()
    }

    /// Waits for a message, which it does not settle.
    pub fn given(&mut self) {
        self.expect(amqp::TRANSFER);
    }

    /// Whether it was invited, or sent anything else.
    pub fn was_sent_something(&self) -> bool {
        self.items.iter().any(|item| item.performative() == Some(amqp::TRANSFER))
    }

    /// All that it has heard when nothing more comes for a while.
    pub fn heard_so_far(&mut self) -> Vec<u8> {
        let until = Instant::now() + Duration::from_millis(100);
        while self.talk.listen_until(until) {
            self.sort();
        }
        self.heard.clone()
    }

    /// The process is gone.
    pub fn hang_up(mut self) {
        self.talk.finish();
        while self.talk.more() {}
    }

    /// Says what comes next in the recording.
    fn say_next(&mut self, performative: u64) {
        let item = amqp::item(&self.left).expect("the recording goes on");
        assert_eq!(item.performative(), Some(performative));
        self.talk.say(&item.raw);
        self.left.drain(..item.raw.len());
    }

    /// The library says goodbye, and whatever it says, the gateway ends the connection.
    fn ends(&mut self) {
        self.talk.say_to_whom_it_may_concern(&self.left);
        while self.talk.more() {}
    }

    fn expect(&mut self, performative: u64) -> Item {
        self.expect_that(&format!("a frame {performative:#04x}"), |item| {
            item.performative() == Some(performative)
        })
    }

    fn expect_that(&mut self, what: &str, is_so: impl Fn(&Item) -> bool) -> Item {
        loop {
            self.sort();
            if let Some(at) = self.items.iter().position(&is_so) {
                return self.items.remove(at);
            }
            assert!(self.talk.more(), "the connection ended before {what} came; there was {:?}", self.items);
        }
    }

    fn sort(&mut self) {
        while let Some(item) = amqp::item(self.talk.heard()) {
            self.heard.extend(self.talk.take(item.raw.len()));
            if item.kind != Kind::Empty {
                self.items.push(item);
            }
        }
    }
}

/// What the library of a listener said, with a question's changes.
fn said(recording: &str, question: &Question) -> Vec<Item> {
    let mut sent = Recording::open(recording).sent("001-5671");
    question.put_into(&mut sent);
    amqp::items(&sent)
}

fn is_attach(item: &Item) -> bool {
    item.performative() == Some(amqp::ATTACH)
}

fn raw(items: &[Item]) -> Vec<u8> {
    items.iter().flat_map(|item| item.raw.clone()).collect()
}

/// The property of an open that refuses the other side's. Relay page 2.2.
const OPEN_ERROR: &str = "com.microsoft:open-error";

/// An AMQP error: condition and description.
fn told(error: &Value) -> Told {
    let [condition, description, ..] = error.fields() else {
        panic!("no error with a description: {error:?}")
    };
    Told::new(condition.text().expect("a symbol"), description.text().expect("words"))
}

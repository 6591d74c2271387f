//! A recorded listener against our machine, with the toy relay of the recording as the measure.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use viaduct::entity::limits::{Limits, Timeouts};
use viaduct::relay::listener_link::{
    Condition, GoneReason, LinkError, LinkEvent, LinkTerms, ListenerLink, Outcome,
};
use viaduct::wire::amqp::types::definitions::Error;
use viaduct::wire::amqp::types::performatives::Detach;
use viaduct::wire::amqp::{AmqpLimits, Body, Item, Performative, data_section, decode};

/// What became of a listener that was played.
#[derive(Debug)]
pub(super) struct Replay {
    /// What our machine said to it, its flows, open and empty frames left out.
    pub(super) said: Vec<Said>,
    /// The same of the toy relay.
    pub(super) toy_said: Vec<Said>,
    /// The events but `Gone`, in short.
    pub(super) events: Vec<String>,
    /// The last event.
    pub(super) gone: Option<GoneReason>,
    /// Whether the machine had hung up before the bytes ended.
    pub(super) finished: bool,
}

/// A performative, and the data of a transfer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said(pub(super) Performative, pub(super) Vec<u8>);

/// Feeds what the listener sent, and does what the toy relay did on its own: accept or refuse, deliver, send away.
pub(super) fn replay(listener: &[u8], toy: &[u8]) -> Replay {
    let toy_said = said(toy);
    let mut world = World::new(&toy_said);
    let mut at = 0;
    while let Some((item, len)) = decode(&listener[at..], &AmqpLimits::default()).unwrap() {
        world.before(&item);
        // Each piece in two halves, as a network may cut it.
        let piece = &listener[at..at + len];
        assert_eq!(world.link.handle_input(&piece[..len / 2], world.now), 0);
        assert_eq!(world.link.handle_input(piece, world.now), len);
        world.look();
        at += len;
        if world.link.is_finished() {
            // What comes behind a close is for nobody: one listener sent a last detach.
            at = listener.len();
        }
    }
    assert_eq!(at, listener.len());
    let finished = world.link.is_finished();
    world.link.handle_eof();
    world.look();
    let World { output, events, gone, .. } = world;
    Replay { said: goodbyes_once(said(&output)), toy_said: goodbyes_once(toy_said), events, gone, finished }
}

struct World<'a> {
    link: ListenerLink,
    now: Instant,
    toy: &'a [Said],
    output: Vec<u8>,
    events: Vec<String>,
    gone: Option<GoneReason>,
    delivered: usize,
    is_sent_away: bool,
}

impl<'a> World<'a> {
    fn new(toy: &'a [Said]) -> Self {
        let now = Instant::now();
        let terms = LinkTerms::new("viaduct", &Limits::default(), &Timeouts::default());
        let link = ListenerLink::new(Arc::new(terms), now);
        let (output, events) = (Vec::new(), Vec::new());
        Self { link, now, toy, output, events, gone: None, delivered: 0, is_sent_away: false }
    }

    /// What the toy relay must have done before the listener said this.
    fn before(&mut self, item: &Item<'_>) {
        let Item::Frame(frame) = item else { return };
        let Body::Performative(performative, _) = &frame.body else { return };
        match &**performative {
            Performative::Disposition(disposition) => {
                let until = disposition.last.unwrap_or(disposition.first) as usize;
                self.deliver(until + 1);
            }
            Performative::Detach(_) | Performative::Close(_) => self.send_away(),
            _ => {}
        }
    }

    fn deliver(&mut self, until: usize) {
        while self.delivered < until {
            let transfers = self.toy.iter().filter(|said| matches!(said.0, Performative::Transfer(_)));
            let data = transfers.map(|said| said.1.clone()).nth(self.delivered).unwrap();
            let delivery = self.link.send(Bytes::from(data), self.now).unwrap();
            assert_eq!(delivery.0 as usize, self.delivered);
            self.delivered += 1;
            self.look();
        }
    }

    fn send_away(&mut self) {
        let error = self.toy.iter().find_map(|Said(performative, _)| match performative {
            Performative::Detach(detach) => detach.error.clone().map(|error| (false, error)),
            Performative::Close(close) => close.error.clone().map(|error| (true, error)),
            _ => None,
        });
        let Some((is_close, error)) = error.filter(|_| !self.is_sent_away) else { return };
        self.is_sent_away = true;
        match is_close {
            true => self.link.close(Some(words(&error)), self.now),
            false => self.link.detach(Some(words(&error)), self.now),
        }
        self.look();
    }

    fn look(&mut self) {
        while let Some(event) = self.link.next_event() {
            match event {
                LinkEvent::Wanted(request) => {
                    let kind = request.listener_type;
                    self.events.push(format!("wanted {} {kind} {}", request.address, request.dynamic_relay));
                    self.decide();
                }
                LinkEvent::Online => self.events.push("online".to_owned()),
                LinkEvent::Ready => self.events.push("ready".to_owned()),
                LinkEvent::Renewed(_) => self.events.push("renewed".to_owned()),
                LinkEvent::Delivered { delivery, outcome: Outcome::Accepted } => {
                    self.events.push(format!("accepted {}", delivery.0));
                }
                LinkEvent::Gone(reason) => assert!(self.gone.replace(reason).is_none(), "gone twice"),
                other @ (LinkEvent::Malformed(_)
                | LinkEvent::Delivered { .. }
                | LinkEvent::Message { .. }) => {
                    panic!("{other:?}")
                }
            }
        }
        self.output.extend(self.link.take_output());
    }

    /// As the toy relay decided: it took the listener when its attach named a source.
    fn decide(&mut self) {
        let attach = self.toy.iter().find_map(|Said(performative, _)| match performative {
            Performative::Attach(attach) => Some(attach.source.is_some()),
            _ => None,
        });
        if attach.expect("the toy relay answered every attach") {
            self.link.accept(self.now);
            return;
        }
        let error = self.toy.iter().find_map(|Said(performative, _)| match performative {
            Performative::Detach(Detach { error, .. }) => error.as_ref(),
            _ => None,
        });
        self.link.refuse(words(error.unwrap()), self.now);
        self.is_sent_away = true;
        assert!(self.link.take_output().is_empty(), "refused before the time was up");
        let refused_at = self.link.poll_timeout().unwrap();
        assert_eq!(refused_at - self.now, Duration::from_secs(2));
        self.now = refused_at;
        self.link.handle_timeout(self.now);
    }
}

fn words(error: &Error) -> LinkError {
    let known = [Condition::RelayNotFound, Condition::AuthFailed, Condition::ConnectionForced];
    let symbol = viaduct::relay::listener_link::PeerError::from(error.clone()).condition;
    let condition = known.into_iter().find(|condition| condition.as_str() == symbol).unwrap();
    LinkError::new(condition, error.description.clone().unwrap())
}

/// The performatives of a relay's stream that must be the same whoever it is. Flows and opens depend on the relay's own choices.
fn said(stream: &[u8]) -> Vec<Said> {
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some((item, len)) = decode(&stream[at..], &AmqpLimits::default()).unwrap() {
        at += len;
        let Item::Frame(frame) = item else { continue };
        let Body::Performative(performative, payload) = frame.body else { continue };
        if matches!(*performative, Performative::Open(_) | Performative::Flow(_)) {
            continue;
        }
        let data = match payload {
            [] => Vec::new(),
            payload => data_section(payload, &AmqpLimits::default()).unwrap().unwrap(),
        };
        all.push(Said(*performative, data));
    }
    assert_eq!(at, stream.len());
    all
}

/// The toy relay answered detaches that were answers, and went on after its close.
fn goodbyes_once(said: Vec<Said>) -> Vec<Said> {
    let (mut kept, mut detached): (Vec<Said>, Vec<u32>) = (Vec::new(), Vec::new());
    for said in said {
        if matches!(kept.last(), Some(Said(Performative::Close(_), _))) {
            break;
        }
        if let Performative::Detach(detach) = &said.0 {
            if detached.contains(&detach.handle.0) {
                continue;
            }
            detached.push(detach.handle.0);
        }
        kept.push(said);
    }
    kept
}

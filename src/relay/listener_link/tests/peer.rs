//! The listener's side, and both sides together with a clock that stands still.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::entity::limits::{Limits, Timeouts};
use crate::relay::listener_link::{GoneReason, LinkEvent, LinkTerms, ListenerLink};
use crate::wire::amqp::types::definitions::{Fields, Handle, Role};
use crate::wire::amqp::types::messaging::{Accepted, DeliveryState, Source, Target, TargetArchetype};
use crate::wire::amqp::types::performatives::{
    Attach, Begin, Close, Detach, Disposition, End, Flow, Open, Transfer,
};
use crate::wire::amqp::types::sasl::SaslInit;
use crate::wire::amqp::{
    AmqpLimits, Body, Item, OrderedMap, Performative, ProtocolHeader, SaslFrame, Symbol, Value, decode,
    encode_empty, encode_performative, encode_sasl, performative_name,
};

pub(super) const ADDRESS: &str = "sb://ns.example.net/plant7/";

/// Machine and listener.
pub(super) struct Pair {
    pub(super) link: ListenerLink,
    pub(super) now: Instant,
    /// What the machine said, until it is taken.
    said: Vec<(Performative, Vec<u8>)>,
    /// Headers, SASL frames and empty frames among it, by name.
    pub(super) small_talk: Vec<String>,
    pub(super) events: Vec<LinkEvent>,
}

impl Pair {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut LinkTerms)) -> Self {
        let mut terms = LinkTerms::new("gateway", &Limits::default(), &Timeouts::default());
        change(&mut terms);
        let now = Instant::now();
        let link = ListenerLink::new(Arc::new(terms), now);
        Self { link, now, said: Vec::new(), small_talk: Vec::new(), events: Vec::new() }
    }

    /// As far as this open.
    pub(super) fn opened(open: Open) -> Self {
        let mut pair = Self::new();
        pair.open(open);
        pair
    }

    /// As far as a session.
    pub(super) fn begun() -> Self {
        Self::begun_with(|_| {})
    }

    pub(super) fn begun_with(change: impl FnOnce(&mut LinkTerms)) -> Self {
        let mut pair = Self::with(change);
        pair.open(open());
        pair.say(Performative::Begin(begin()));
        pair
    }

    fn open(&mut self, open: Open) {
        self.feed(&ProtocolHeader::SASL.to_bytes());
        self.feed(&sasl_init("EXTERNAL"));
        self.feed(&ProtocolHeader::AMQP.to_bytes());
        self.say(Performative::Open(open));
    }

    /// A listener that waits for the decision.
    pub(super) fn wanted() -> Self {
        let mut pair = Self::begun();
        pair.say(Performative::Attach(attach(Role::Sender)));
        pair.say(Performative::Attach(attach(Role::Receiver)));
        pair
    }

    /// A listener that is online and granted `credit`, everything before taken.
    pub(super) fn online(credit: u32) -> Self {
        Self::online_with(credit, |_| {})
    }

    pub(super) fn online_with(credit: u32, change: impl FnOnce(&mut LinkTerms)) -> Self {
        let mut pair = Self::with(change);
        pair.open(open());
        pair.come_online(credit);
        pair
    }

    /// From the open on.
    pub(super) fn come_online(&mut self, credit: u32) {
        self.say(Performative::Begin(begin()));
        self.say(Performative::Attach(attach(Role::Sender)));
        self.say(Performative::Attach(attach(Role::Receiver)));
        self.link.accept(self.now);
        self.say(Performative::Flow(Flow { link_credit: Some(credit), ..flow(IN) }));
        self.take();
        self.events.clear();
    }

    /// The listener says this.
    pub(super) fn say(&mut self, performative: Performative) {
        self.feed(&encoded(&performative, &[]));
    }

    pub(super) fn transfer(&mut self, transfer: Transfer, payload: &[u8]) {
        self.feed(&encoded(&Performative::Transfer(transfer), payload));
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let mut used = 0;
        while used < bytes.len() {
            let some = self.link.handle_input(&bytes[used..], self.now);
            assert!(some > 0, "{} bytes are left", bytes.len() - used);
            used += some;
            self.look();
        }
    }

    /// Time passes, and the machine is woken each time it asked for.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.link.poll_timeout().filter(|at| *at <= end) {
            assert!(at >= self.now, "a deadline in the past was not met");
            self.now = at;
            self.link.handle_timeout(at);
            self.look();
        }
        self.now = end;
    }

    pub(super) fn look(&mut self) {
        self.events.extend(std::iter::from_fn(|| self.link.next_event()));
        let bytes = self.link.take_output();
        let (mut at, limits) = (0, AmqpLimits { frame: 1 << 20, ..AmqpLimits::default() });
        while let Some((item, len)) = decode(&bytes[at..], &limits).unwrap() {
            match item {
                Item::Header(header) => self.small_talk.push(format!("{:?}", header.id)),
                Item::Frame(frame) => match frame.body {
                    Body::Performative(performative, payload) => {
                        assert_eq!(frame.channel, 0);
                        self.said.push((*performative, payload.to_vec()));
                    }
                    other => self.small_talk.push(format!("{other:?}")),
                },
            }
            at += len;
        }
        assert_eq!(at, bytes.len());
    }

    /// What the machine said since the last time.
    pub(super) fn take(&mut self) -> Vec<Performative> {
        self.take_with_payload().into_iter().map(|(performative, _)| performative).collect()
    }

    pub(super) fn take_with_payload(&mut self) -> Vec<(Performative, Vec<u8>)> {
        self.look();
        std::mem::take(&mut self.said)
    }

    /// Its performatives by name.
    pub(super) fn names(&mut self) -> Vec<&'static str> {
        self.take().iter().map(performative_name).collect()
    }

    pub(super) fn gone(&mut self) -> Option<GoneReason> {
        self.look();
        self.events.iter().find_map(|event| match event {
            LinkEvent::Gone(reason) => Some(reason.clone()),
            _ => None,
        })
    }
}

/// Handles as the library gives them.
pub(super) const OUT: u32 = 0;
pub(super) const IN: u32 = 1;

pub(super) fn encoded(performative: &Performative, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_performative(&mut bytes, 0, performative, &[payload]);
    bytes
}

pub(super) fn empty_frame() -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_empty(&mut bytes);
    bytes
}

pub(super) fn sasl_init(mechanism: &str) -> Vec<u8> {
    let init = SaslInit { mechanism: Symbol::from(mechanism), initial_response: None, hostname: None };
    let mut bytes = Vec::new();
    encode_sasl(&mut bytes, &SaslFrame::Init(init));
    bytes
}

pub(super) fn open() -> Open {
    Open {
        container_id: "RelayConnection_1".to_owned(),
        hostname: Some("ns-relay.example.net".to_owned()),
        max_frame_size: 65_536.into(),
        channel_max: 8_191.into(),
        idle_time_out: None,
        outgoing_locales: None,
        incoming_locales: None,
        offered_capabilities: None,
        desired_capabilities: None,
        properties: None,
    }
}

pub(super) fn begin() -> Begin {
    Begin {
        remote_channel: None,
        next_outgoing_id: 1,
        incoming_window: 5_000,
        outgoing_window: 5_000,
        handle_max: Handle(262_143),
        offered_capabilities: None,
        desired_capabilities: None,
        properties: None,
    }
}

pub(super) fn properties() -> Fields {
    let mut properties = OrderedMap::new();
    for (key, value) in [
        ("swt", Value::from("SharedAccessSignature sr=x")),
        ("transport-security-required", Value::Bool(false)),
        ("dynamic-relay", Value::Bool(true)),
        ("listener-type", Value::from("RelayedConnection")),
    ] {
        properties.insert(Symbol::from(format!("com.microsoft:{key}")), value);
    }
    properties
}

pub(super) fn attach(role: Role) -> Attach {
    let (name, handle, source, target) = match role {
        Role::Sender => ("RelayLink_7:out", OUT, None, Some(ADDRESS.to_owned())),
        Role::Receiver => ("RelayLink_7:in", IN, Some(ADDRESS.to_owned()), None),
    };
    Attach {
        name: name.to_owned(),
        handle: Handle(handle),
        snd_settle_mode: Default::default(),
        rcv_settle_mode: Default::default(),
        source: Some(Box::new(Source { address: source, ..Source::default() })),
        target: Some(Box::new(TargetArchetype::Target(Target { address: target, ..Target::default() }))),
        unsettled: None,
        incomplete_unsettled: false,
        initial_delivery_count: (role == Role::Sender).then_some(0),
        max_message_size: None,
        offered_capabilities: None,
        desired_capabilities: None,
        properties: Some(properties()),
        role,
    }
}

pub(super) fn flow(handle: u32) -> Flow {
    Flow {
        next_incoming_id: Some(1),
        incoming_window: 5_000,
        next_outgoing_id: 1,
        outgoing_window: 5_000,
        handle: Some(Handle(handle)),
        delivery_count: Some(0),
        link_credit: None,
        available: None,
        drain: false,
        echo: false,
        properties: None,
    }
}

pub(super) fn accepted(first: u32, last: Option<u32>) -> Disposition {
    let state = Some(DeliveryState::Accepted(Accepted {}));
    Disposition { role: Role::Receiver, first, last, settled: true, state, batchable: false }
}

pub(super) fn transfer(delivery: Option<u32>, more: bool) -> Transfer {
    Transfer {
        handle: Handle(OUT),
        delivery_id: delivery,
        delivery_tag: delivery.map(|id| id.to_be_bytes().to_vec().into()),
        message_format: Some(0),
        settled: Some(false),
        more,
        rcv_settle_mode: None,
        state: None,
        resume: false,
        aborted: false,
        batchable: false,
    }
}

pub(super) fn detach(handle: u32) -> Performative {
    Performative::Detach(Detach { handle: Handle(handle), closed: true, error: None })
}

pub(super) fn end() -> Performative {
    Performative::End(End { error: None })
}

pub(super) fn close() -> Performative {
    Performative::Close(Close { error: None })
}

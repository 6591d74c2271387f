//! Plays a plan: one queue of events and one clock, and a driver for each machine as a gateway has one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use viaduct::entity::{EntityPath, Limits, NamespaceName, RelayKey, Timeouts, UnixTime};
use viaduct::relay::*;

use crate::plan::{Habit, Plan};

/// As in `Timeouts::default()`.
pub(crate) const WAIT: Duration = Duration::from_secs(10);
const UNIX: UnixTime = UnixTime(1_777_889_730);

pub(crate) struct World<'a> {
    plan: &'a Plan,
    now: Instant,
    /// In order of time; what was planned first happens first.
    events: BTreeMap<(Instant, u64), Event>,
    planned: u64,
    /// How many messages the network was given.
    sent: usize,
    /// The gateway store.
    store: BTreeMap<ListenerId, Registration>,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) senders: Vec<Sender>,
    /// Every message that a listener was handed: listener and sender. So are the next two.
    pub(crate) handed: Vec<(usize, usize)>,
    pub(crate) accepted: BTreeSet<(usize, usize)>,
    pub(crate) given_back: BTreeSet<(usize, usize)>,
}

pub(crate) struct Listener {
    /// Its connection is up.
    pub(crate) alive: bool,
    pub(crate) channel: Option<ControlChannel>,
    /// What its link does not take yet.
    pub(crate) waiting: VecDeque<(usize, String)>,
    /// What it was handed and has not answered.
    unsettled: BTreeMap<String, usize>,
    messages: usize,
}

pub(crate) struct Sender {
    pub(crate) came: Instant,
    pub(crate) ended: Instant,
    posting: Option<Posting>,
    pub(crate) outcomes: Vec<Outcome>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Acknowledged,
    Refused(Refusal),
}

enum Event {
    ListenerComes(usize),
    ListenerLeaves(usize),
    ListenerDrains(usize),
    ListenerSays(usize, String, MessageOutcome),
    SenderComes(usize),
    ToListenerGateway(ToListenerGateway),
    ToSenderGateway(ToSenderGateway),
}

impl<'a> World<'a> {
    pub(crate) fn play(plan: &'a Plan) -> Self {
        let mut world = Self::new(plan);
        while let Some(next) = world.next_time() {
            world.step(next);
        }
        world
    }

    fn new(plan: &'a Plan) -> Self {
        let now = Instant::now();
        let listener = |_| Listener {
            alive: false,
            channel: None,
            waiting: VecDeque::new(),
            unsettled: BTreeMap::new(),
            messages: 0,
        };
        let sender = |_| Sender { came: now, ended: now, posting: None, outcomes: Vec::new() };
        let mut world = Self {
            plan,
            now,
            events: BTreeMap::new(),
            planned: 0,
            sent: 0,
            store: BTreeMap::new(),
            listeners: plan.listeners.iter().map(listener).collect(),
            senders: plan.senders.iter().map(sender).collect(),
            handed: Vec::new(),
            accepted: BTreeSet::new(),
            given_back: BTreeSet::new(),
        };
        for (l, planned) in plan.listeners.iter().enumerate() {
            world.after(planned.comes, Event::ListenerComes(l));
            if let Some(at) = planned.leaves {
                world.after(at, Event::ListenerLeaves(l));
            }
            if let Some(at) = planned.drains {
                world.after(at, Event::ListenerDrains(l));
            }
        }
        for (s, planned) in plan.senders.iter().enumerate() {
            world.after(planned.comes, Event::SenderComes(s));
        }
        world
    }

    fn after(&mut self, milliseconds: u32, event: Event) {
        self.planned += 1;
        self.events.insert((self.now + Duration::from_millis(milliseconds.into()), self.planned), event);
    }

    /// Gives a message to the network.
    fn send(&mut self, event: impl Fn() -> Event) {
        let fate = self.plan.network[self.sent % self.plan.network.len()].clone();
        self.sent += 1;
        for delay in fate.0 {
            self.after(delay, event());
        }
    }

    fn next_time(&self) -> Option<Instant> {
        let channels = self.listeners.iter().filter_map(|listener| listener.channel.as_ref()?.poll_timeout());
        let postings = self.senders.iter().filter_map(|sender| sender.posting.as_ref()?.poll_timeout());
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        channels.chain(postings).chain(event).min()
    }

    fn step(&mut self, next: Instant) {
        self.now = next.max(self.now);
        let now = self.now;
        if let Some(event) = self.events.first_entry().filter(|event| event.key().0 <= now) {
            let event = event.remove();
            self.handle(event);
            return;
        }
        for l in 0..self.listeners.len() {
            self.with_channel(l, |channel| channel.handle_timeout(now, UNIX));
        }
        for s in 0..self.senders.len() {
            self.with_posting(s, |posting| posting.handle_timeout(now));
        }
    }

    fn handle(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::ListenerComes(l) => self.listener_comes(l),
            Event::ListenerLeaves(l) => self.listener_leaves(l),
            Event::ListenerDrains(l) => self.with_channel(l, |channel| channel.handle_drain(now)),
            Event::ListenerSays(l, name, outcome) => self.listener_says(l, &name, outcome),
            Event::SenderComes(s) => self.sender_comes(s),
            Event::ToListenerGateway(message) => {
                let l = (0..self.listeners.len()).find(|l| listener_id(*l) == message.listener());
                let l = l.expect("a message for a listener of the plan");
                if self.listeners[l].channel.is_some() {
                    self.with_channel(l, |channel| channel.handle_message(message, now));
                } else if let Some((_, refused)) = message.refusal(RefuseReason::UnknownListener) {
                    self.send(|| Event::ToSenderGateway(refused.clone()));
                }
            }
            Event::ToSenderGateway(message) => {
                let s = (0..self.senders.len()).find(|s| meeting_id(*s) == message.meeting());
                let candidates = self.candidates();
                self.with_posting(s.expect("a message for a sender of the plan"), |posting| {
                    posting.handle_candidates(candidates);
                    posting.handle_message(message, now);
                });
            }
        }
    }

    fn candidates(&self) -> Vec<Registration> {
        self.store.values().cloned().collect()
    }

    fn listener_comes(&mut self, l: usize) {
        let planned = &self.plan.listeners[l];
        if planned.leaves.is_some_and(|leaves| leaves < planned.comes) {
            return;
        }
        let registration = Registration {
            listener: listener_id(l),
            gateway: gateway_id(planned.gateway),
            relay: relay(),
            tag: None,
            shapes: Shapes { one_way: true, ..Shapes::default() },
            wcf: None,
        };
        let limits = Limits { oneway_outstanding: planned.room, ..Limits::default() };
        let terms = ChannelTerms {
            ping_every: None,
            silence: None,
            ..ChannelTerms::new(&limits, &Timeouts::default())
        };
        self.store.insert(listener_id(l), registration.clone());
        self.listeners[l].alive = true;
        self.listeners[l].channel = Some(ControlChannel::new(registration, None, terms, self.now, UNIX));
    }

    fn listener_leaves(&mut self, l: usize) {
        let now = self.now;
        let listener = &mut self.listeners[l];
        listener.alive = false;
        listener.waiting.clear();
        listener.unsettled.clear();
        self.with_channel(l, |channel| channel.handle_closed(now));
    }

    fn listener_says(&mut self, l: usize, name: &str, outcome: MessageOutcome) {
        let now = self.now;
        let Some(s) = self.listeners[l].unsettled.remove(name) else { return };
        match outcome {
            MessageOutcome::Accepted => self.accepted.insert((l, s)),
            _ => self.given_back.insert((l, s)),
        };
        // One that comes after the wait is nobody's.
        self.with_channel(l, |channel| _ = channel.handle_outcome(name, outcome, now));
    }

    fn sender_comes(&mut self, s: usize) {
        let planned = &self.plan.senders[s];
        let invitation = Invitation {
            id: s.to_string(),
            rendezvous: RendezvousId::new(0),
            dial: None,
            path: "/plant7/press".into(),
            query: None,
            remote: None,
            headers: Vec::new(),
            what: What::OneWay(OneWayMessage("m".into())),
        };
        let terms = PostingTerms {
            id: meeting_id(s),
            gateway: gateway_id(planned.gateway),
            invitation: Arc::new(invitation),
            spread: planned.spread,
            wait: WAIT,
        };
        let random = self.plan.random.rotate_left(8 * s as u32);
        self.senders[s].came = self.now;
        self.senders[s].posting = Some(Posting::new(terms, self.candidates(), random, self.now));
        self.with_posting(s, |_| {});
    }

    fn with_posting(&mut self, s: usize, input: impl FnOnce(&mut Posting)) {
        let Some(posting) = &mut self.senders[s].posting else { return };
        input(posting);
        let commands: Vec<PostingCommand> = std::iter::from_fn(|| posting.next_command()).collect();
        for command in commands {
            let outcome = match command {
                PostingCommand::Tell { message, .. } => {
                    self.send(|| Event::ToListenerGateway(message.clone()));
                    continue;
                }
                PostingCommand::Acknowledge => Outcome::Acknowledged,
                PostingCommand::Refuse(refusal) => Outcome::Refused(refusal),
            };
            self.senders[s].outcomes.push(outcome);
            self.senders[s].ended = self.now;
        }
    }

    fn with_channel(&mut self, l: usize, input: impl FnOnce(&mut ControlChannel)) {
        let Some(channel) = &mut self.listeners[l].channel else { return };
        input(channel);
        while let Some(command) = self.listeners[l].channel.as_mut().and_then(ControlChannel::next_command) {
            let listener = &mut self.listeners[l];
            match command {
                ChannelCommand::Deliver { invitation, request_id } => {
                    listener
                        .waiting
                        .push_back((invitation.id.parse().expect("a sender's number"), request_id));
                }
                ChannelCommand::Recall { request_id } => {
                    listener.waiting.retain(|(_, name)| *name != request_id);
                }
                ChannelCommand::Tell { message, .. } => self.send(|| Event::ToSenderGateway(message.clone())),
                ChannelCommand::Withdraw => drop(self.store.remove(&listener_id(l))),
                ChannelCommand::Close(_) => self.listener_leaves(l),
                ChannelCommand::Forget => listener.channel = None,
                ChannelCommand::Ping | ChannelCommand::Drop => {}
            }
            self.hand_over(l);
        }
        self.hand_over(l);
    }

    /// Gives the listener what its credit lets it have.
    fn hand_over(&mut self, l: usize) {
        let planned = &self.plan.listeners[l];
        loop {
            let listener = &mut self.listeners[l];
            if !listener.alive || listener.unsettled.len() >= planned.credit {
                return;
            }
            let Some((s, name)) = listener.waiting.pop_front() else { return };
            listener.channel.as_mut().expect("a live listener has one").handle_handed(&name);
            listener.unsettled.insert(name.clone(), s);
            let habit = planned.habits[listener.messages % planned.habits.len()];
            listener.messages += 1;
            self.handed.push((l, s));
            match habit {
                Habit::Accept { after } => {
                    self.after(after, Event::ListenerSays(l, name, MessageOutcome::Accepted));
                }
                Habit::GiveBack { after } => {
                    self.after(after, Event::ListenerSays(l, name, MessageOutcome::NotTaken));
                }
                Habit::Ignore => {}
            }
        }
    }
}

fn relay() -> RelayKey {
    RelayKey {
        namespace: NamespaceName::parse("contoso").expect("a name"),
        path: EntityPath::parse("plant7/press").expect("a path"),
    }
}

fn gateway_id(g: usize) -> GatewayId {
    GatewayId::parse(&format!("g{g}")).expect("a name")
}

fn listener_id(l: usize) -> ListenerId {
    ListenerId::new(l as u128)
}

fn meeting_id(s: usize) -> MeetingId {
    MeetingId::new(s as u128)
}

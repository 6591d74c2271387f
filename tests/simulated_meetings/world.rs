//! Plays a plan: one queue of events and one clock, and a driver for each machine as a gateway has one.

mod listeners;
mod senders;

use std::collections::BTreeMap;
use std::rc::Weak;
use std::sync::Arc;
use std::time::{Duration, Instant};

use viaduct::entity::{Limits, UnixTime};
use viaduct::relay::*;

use crate::names::{answered_by, gateway_id, gateway_number, listener_id, meeting_id};
use crate::parties::{Gateway, Listener, Outcome, Sender, State};
use crate::plan::{Habit, Leave, Plan, Response};

const PATH: &str = "/plant7/press/cell/4";
const EPOCH: i64 = 1_777_889_730;
/// How long the world goes on after the last sender has its outcome: longer than any message travels, than any
/// invitation is waited for, and than the silence after which a listener is dropped.
const AFTERMATH: Duration = Duration::from_secs(150);

/// When the world ends for those who still wait: later than any deadline of any plan.
const HORIZON: Duration = Duration::from_secs(2_000);

pub(crate) struct World<'a> {
    plan: &'a Plan,
    start: Instant,
    now: Instant,
    /// In order of time; what was planned first happens first.
    events: BTreeMap<(Instant, u64), Event>,
    planned: u64,
    /// How many messages the network was given.
    sent: usize,
    deleted: bool,
    /// The gateway store.
    store: BTreeMap<ListenerId, Registration>,
    pub(crate) gateways: Vec<Gateway>,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) senders: Vec<Sender>,
    /// Every invitation that was handed over: listener and sender.
    pub(crate) handed: Vec<(usize, usize)>,
    /// Every rendezvous that was taken.
    pub(crate) claimed: Vec<RendezvousId>,
}

enum Event {
    GatewayDies(usize),
    GatewayDrains(usize),
    LeaseEnds(usize),
    RelayDeleted,
    ListenerComes(usize),
    ListenerLeaves(usize, Leave),
    ListenerStirs(usize),
    ListenerClosed(usize),
    ListenerDoes(usize, Arc<Invitation>, String, Habit),
    ResponseStep(usize, usize, u8, Response),
    SenderComes(usize),
    SenderLeaves(usize),
    SenderGives(usize, u8),
    ToListenerGateway(usize, ToListenerGateway),
    ToSenderGateway(usize, ToSenderGateway),
}

impl<'a> World<'a> {
    pub(crate) fn play(plan: &'a Plan) -> Self {
        let mut world = Self::new(plan);
        let mut over_at = None;
        while let Some(next) = world.next_time().filter(|next| *next < world.start + HORIZON) {
            if world.senders.iter().all(|sender| matches!(sender.state, State::Over)) {
                let over_at = *over_at.get_or_insert(world.now);
                if next > over_at + AFTERMATH {
                    break;
                }
            }
            world.step(next);
        }
        world
    }

    fn new(plan: &'a Plan) -> Self {
        let start = Instant::now();
        let gateways = plan.gateways.iter().map(|_| Gateway {
            alive: true,
            draining: false,
            table: RendezvousTable::new(PendingLimits::from(&Limits::default())),
        });
        let listeners = plan.listeners.iter().map(|planned| Listener {
            gateway: planned.gateway,
            came: false,
            acts: false,
            channel: None,
            invitations: 0,
            withdrawn: 0,
            handed_after_withdrawal: 0,
        });
        let senders = plan.senders.iter().map(|planned| Sender {
            gateway: planned.gateway,
            came: start,
            ended: start,
            state: State::Away,
            slot: Weak::new(),
            dialled: None,
            answered: None,
            outcomes: Vec::new(),
        });
        let mut world = Self {
            plan,
            start,
            now: start,
            events: BTreeMap::new(),
            planned: 0,
            sent: 0,
            deleted: false,
            store: BTreeMap::new(),
            gateways: gateways.collect(),
            listeners: listeners.collect(),
            senders: senders.collect(),
            handed: Vec::new(),
            claimed: Vec::new(),
        };
        for (g, planned) in plan.gateways.iter().enumerate() {
            world.after_some(planned.dies, Event::GatewayDies(g));
            world.after_some(planned.drains, Event::GatewayDrains(g));
        }
        world.after_some(plan.deleted, Event::RelayDeleted);
        for (l, planned) in plan.listeners.iter().enumerate() {
            world.after(planned.comes, Event::ListenerComes(l));
            if let Some((at, leave)) = planned.leaves {
                world.after(at, Event::ListenerLeaves(l, leave));
            }
        }
        for (s, planned) in plan.senders.iter().enumerate() {
            world.after(planned.comes, Event::SenderComes(s));
            world.after_some(planned.leaves_after.map(|after| planned.comes + after), Event::SenderLeaves(s));
        }
        world
    }

    fn after(&mut self, milliseconds: u32, event: Event) {
        let at = self.now + Duration::from_millis(milliseconds.into());
        self.planned += 1;
        self.events.insert((at, self.planned), event);
    }

    fn after_some(&mut self, milliseconds: Option<u32>, event: Event) {
        if let Some(milliseconds) = milliseconds {
            self.after(milliseconds, event);
        }
    }

    fn next_event(&self) -> Option<Instant> {
        self.events.first_key_value().map(|((at, _), _)| *at)
    }

    fn next_timer(&self) -> Option<Instant> {
        let tables = self.gateways.iter().map(|gateway| gateway.table.poll_timeout());
        let channels =
            self.listeners.iter().filter_map(|listener| Some(listener.channel.as_ref()?.poll_timeout()));
        let senders = self.senders.iter().map(|sender| match &sender.state {
            State::Waiting(meeting) => meeting.poll_timeout(),
            State::Exchanging(exchange) => exchange.poll_timeout(),
            State::Away | State::Over => None,
        });
        tables.chain(channels).chain(senders).flatten().min()
    }

    fn next_time(&self) -> Option<Instant> {
        self.next_event().into_iter().chain(self.next_timer()).min()
    }

    /// What happens at the same moment as a timer happens before it in one plan and after it in another.
    fn step(&mut self, next: Instant) {
        self.now = self.now.max(next);
        let event_is_due = self.next_event().is_some_and(|at| at <= self.now);
        let timer_is_due = self.next_timer().is_some_and(|at| at <= self.now);
        let timers_first = self.plan.random & 1 == 1;
        if event_is_due && !(timers_first && timer_is_due) {
            if let Some((_, event)) = self.events.pop_first() {
                self.handle(event);
            }
        } else {
            self.handle_timers();
        }
        self.wake_senders_without_a_slot();
    }

    fn handle_timers(&mut self) {
        let now = self.now;
        for gateway in &mut self.gateways {
            drop(gateway.table.expire(now));
        }
        for l in 0..self.listeners.len() {
            let unix = self.unix();
            self.with_channel(l, |channel| channel.handle_timeout(now, unix));
        }
        for s in 0..self.senders.len() {
            self.with_meeting(s, |meeting| meeting.handle_timeout(now));
            self.with_exchange(s, |exchange| exchange.handle_timeout(now));
        }
        assert!(self.next_timer().is_none_or(|at| at > now), "a timer that was handled is still due");
    }

    /// A slot that was dropped is a closed channel to the sender that waits at its other end.
    fn wake_senders_without_a_slot(&mut self) {
        let now = self.now;
        for s in 0..self.senders.len() {
            if self.senders[s].slot.strong_count() == 0 {
                self.with_meeting(s, |meeting| meeting.handle_rendezvous(Arrival::Spoiled, now));
            }
        }
    }

    fn handle(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::GatewayDies(g) => self.gateway_dies(g),
            Event::GatewayDrains(g) => {
                self.gateways[g].draining = true;
                self.with_channels_of(g, |channel| channel.handle_drain(now));
            }
            Event::LeaseEnds(g) => {
                self.store.retain(|_, registration| registration.gateway != gateway_id(g));
                self.candidates_changed();
            }
            Event::RelayDeleted => {
                self.deleted = true;
                for g in 0..self.gateways.len() {
                    self.with_channels_of(g, |channel| channel.handle_deleted(now));
                }
            }
            Event::ListenerComes(l) => self.listener_comes(l),
            Event::ListenerLeaves(l, leave) => self.listener_leaves(l, leave),
            Event::ListenerStirs(l) => {
                if self.listeners[l].acts {
                    self.with_channel(l, |channel| channel.handle_received(now));
                }
            }
            Event::ListenerClosed(l) => {
                if self.listeners[l].acts {
                    self.with_channel(l, |channel| channel.handle_closed(now));
                }
            }
            Event::ListenerDoes(l, invitation, request_id, habit) => {
                if self.listeners[l].acts {
                    self.listener_does(l, &invitation, &request_id, habit);
                }
            }
            Event::ResponseStep(s, l, step, response) => self.response_step(s, l, step, response),
            Event::SenderComes(s) => self.sender_comes(s),
            Event::SenderLeaves(s) => self.sender_leaves(s),
            Event::SenderGives(s, step) => self.sender_gives(s, step),
            Event::ToListenerGateway(g, message) => {
                if self.gateways[g].alive {
                    self.message_to_listener_gateway(message);
                }
            }
            Event::ToSenderGateway(g, message) => {
                if self.gateways[g].alive
                    && let Some(s) = (0..self.senders.len()).find(|s| meeting_id(*s) == message.meeting())
                {
                    if matches!(message, ToSenderGateway::Responded { .. }) {
                        self.senders[s].answered = answered_by(&message);
                    }
                    self.with_meeting(s, |meeting| meeting.handle_message(message, now));
                }
            }
        }
    }

    fn gateway_dies(&mut self, g: usize) {
        self.gateways[g].alive = false;
        self.gateways[g].table = RendezvousTable::new(PendingLimits::from(&Limits::default()));
        for listener in self.listeners.iter_mut().filter(|listener| listener.gateway == g) {
            listener.channel = None;
        }
        let now = self.now;
        for sender in self.senders.iter_mut().filter(|sender| sender.gateway == g) {
            if matches!(sender.state, State::Waiting(_) | State::Exchanging(_)) {
                sender.state = State::Over;
                sender.end(Outcome::GatewayDied, now);
            }
        }
        self.after(2_000, Event::LeaseEnds(g));
    }

    /// The network loses, delays and doubles as the plan says.
    fn send(&mut self, event: impl Fn() -> Event) {
        let fate = &self.plan.network[self.sent % self.plan.network.len()];
        self.sent += 1;
        for delay in &fate.0 {
            self.after(*delay, event());
        }
    }

    fn message_to_listener_gateway(&mut self, message: ToListenerGateway) {
        let l = (0..self.listeners.len()).find(|l| listener_id(*l) == message.listener());
        let now = self.now;
        match l.filter(|l| self.listeners[*l].channel.is_some()) {
            Some(l) => self.with_channel(l, |channel| channel.handle_message(message, now)),
            None => {
                if let Some((gateway, refused)) = message.refusal(RefuseReason::UnknownListener) {
                    self.send(|| Event::ToSenderGateway(gateway_number(&gateway), refused.clone()));
                }
            }
        }
    }

    fn candidates_changed(&mut self) {
        let candidates: Vec<Registration> = self.store.values().cloned().collect();
        let now = self.now;
        for s in 0..self.senders.len() {
            self.with_meeting(s, |meeting| meeting.handle_candidates(candidates.clone(), now));
        }
    }

    fn unix(&self) -> UnixTime {
        UnixTime(EPOCH + (self.now - self.start).as_secs() as i64)
    }
}

//! Plays a plan: one queue of events and one clock, and a driver for each machine as a gateway has one.

use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use viaduct::entity::{EntityPath, Limits, NamespaceName, RelayKey, Timeouts, UnixTime};
use viaduct::relay::*;

use crate::parties::{Gateway, Listener, Outcome, Sender, State};
use crate::plan::{End, Habit, Leave, Plan, Response, Wants};

const PATH: &str = "/plant7/press/cell/4";
const EPOCH: i64 = 1_777_889_730;
/// How long the world goes on after the last sender has its outcome: longer than any message travels, than any
/// invitation is waited for, and than the silence after which a listener is dropped.
const AFTERMATH: Duration = Duration::from_secs(150);

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
        while let Some(next) = world.next_time() {
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

    // --- gateways ---

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

    // --- listeners ---

    fn listener_comes(&mut self, l: usize) {
        let planned = &self.plan.listeners[l];
        let gateway = &self.gateways[planned.gateway];
        if !gateway.alive || gateway.draining || self.deleted {
            return;
        }
        let registration = Registration {
            listener: listener_id(l),
            gateway: gateway_id(planned.gateway),
            relay: relay(),
            tag: None,
            shapes: Shapes::HYBRID,
        };
        let limits = Limits { pending_per_listener: self.plan.outstanding, ..Limits::default() };
        let terms = ChannelTerms::new(&limits, &Timeouts::default());
        let token = planned.token.map(|seconds| UnixTime(self.unix().0 + i64::from(seconds)));
        self.store.insert(listener_id(l), registration.clone());
        let channel = ControlChannel::new(registration, token, terms, self.now, self.unix());
        let listener = &mut self.listeners[l];
        (listener.came, listener.acts, listener.channel) = (true, true, Some(channel));
        self.candidates_changed();
    }

    fn listener_leaves(&mut self, l: usize, leave: Leave) {
        self.listeners[l].acts = false;
        if leave == Leave::Silent {
            return;
        }
        let now = self.now;
        self.with_channel(l, |channel| channel.handle_closed(now));
        for s in 0..self.senders.len() {
            if self.senders[s].dialled == Some(l) {
                self.with_exchange(s, Exchange::handle_lost);
            }
        }
    }

    fn listener_does(&mut self, l: usize, invitation: &Invitation, request_id: &str, habit: Habit) {
        let by_channel = matches!(invitation.what, What::Exchange(_));
        match habit {
            Habit::Ignore => {}
            Habit::Dial { response, .. } => self.dial(l, invitation, PATH, Arrival::Accepted, &response),
            Habit::Respond { times, .. } if by_channel => {
                for _ in 0..times {
                    self.respond(l, request_id);
                }
            }
            Habit::Respond { .. } => self.dial(l, invitation, PATH, Arrival::Accepted, &Response::SHORT),
            Habit::DialTwice { .. } => {
                self.dial(l, invitation, PATH, Arrival::Accepted, &Response::SHORT);
                self.dial(l, invitation, PATH, Arrival::Accepted, &Response::SHORT);
            }
            Habit::Reject { .. } => {
                let rejected = Arrival::Rejected { status: 401, description: "Not today".into() };
                self.dial(l, invitation, PATH, rejected, &Response::SHORT);
            }
            Habit::WrongPath { .. } => {
                self.dial(l, invitation, "/plant8", Arrival::Accepted, &Response::SHORT);
            }
            Habit::Guess { .. } => {
                let guess = Invitation { rendezvous: RendezvousId::new(0xbad), ..invitation.clone() };
                self.dial(l, &guess, PATH, Arrival::Accepted, &Response::SHORT);
            }
        }
    }

    fn dial(&mut self, l: usize, invitation: &Invitation, path: &str, arrival: Arrival, response: &Response) {
        let Some(g) = (0..self.gateways.len()).find(|g| invitation.dial == Some(gateway_id(*g).to_string()))
        else {
            panic!("an invitation to nowhere");
        };
        if !self.gateways[g].alive {
            return;
        }
        let side = match invitation.what {
            What::Stream => Side::Accept,
            What::Exchange(_) => Side::Request,
        };
        let now = self.now;
        let Ok(slot) = self.gateways[g].table.claim(invitation.rendezvous, path, side, now) else { return };
        self.claimed.push(invitation.rendezvous);
        let s = *slot;
        self.senders[s].dialled = Some(l);
        self.with_meeting(s, |meeting| meeting.handle_rendezvous(arrival, now));
        if matches!(self.senders[s].state, State::Exchanging(_)) {
            self.after(response.pause, Event::ResponseStep(s, l, 0, response.clone()));
        }
    }

    fn respond(&mut self, l: usize, request_id: &str) {
        let now = self.now;
        self.with_channel(l, |channel| {
            // The second response to a request is nobody's.
            let _ = channel.handle_response(request_id, head(l), "ok".into(), now);
        });
    }

    fn response_step(&mut self, s: usize, l: usize, step: u8, response: Response) {
        if !self.listeners[l].acts {
            return;
        }
        let (now, pieces) = (self.now, response.pieces);
        self.with_exchange(s, |exchange| match step {
            0 => exchange.handle_response(head(l), ResponseBody::Follows, now),
            _ if step <= pieces => {
                exchange.handle_piece(Piece::More, now);
                exchange.handle_piece_taken(now);
            }
            _ => match response.end {
                End::Last => exchange.handle_piece(Piece::Last, now),
                End::Close => exchange.handle_close(Some(1000)),
                End::Lost => exchange.handle_lost(),
                End::Nonsense => exchange.handle_response(head(l), ResponseBody::Follows, now),
                End::Silent => {}
            },
        });
        if step <= pieces {
            self.after(response.pause, Event::ResponseStep(s, l, step + 1, response));
        }
    }

    // --- senders ---

    fn sender_comes(&mut self, s: usize) {
        let planned = &self.plan.senders[s];
        let g = planned.gateway;
        self.senders[s].came = self.now;
        if !self.gateways[g].alive {
            self.senders[s].state = State::Over;
            self.senders[s].end(Outcome::GatewayDied, self.now);
            return;
        }
        let timeouts = Timeouts::default();
        let rendezvous = RendezvousId::new(1_000 + s as u128);
        let (what, side, until) = match planned.wants {
            Wants::Stream => (What::Stream, Side::Accept, Some(self.now + timeouts.accept)),
            Wants::Inline => {
                let request = ExchangeRequest::Inline {
                    method: "POST".into(),
                    target: PATH.into(),
                    body: Some("42".into()),
                };
                (What::Exchange(request), Side::Request, None)
            }
            Wants::Large { .. } => (What::Exchange(ExchangeRequest::AddressOnly), Side::Request, None),
        };
        let slot = Rc::new(s);
        self.senders[s].slot = Rc::downgrade(&slot);
        let expected = Expectation { path: PATH.into(), side, relay: relay(), sender: None, until };
        self.gateways[g].table.insert(rendezvous, expected, slot).expect("ids are distinct and few");
        let terms = MeetingTerms {
            id: meeting_id(s),
            gateway: gateway_id(g),
            filter: ListenerFilter::default(),
            invitation: Arc::new(Invitation {
                id: "5b9b0c1e-54c4-4cf1-8b7e-8a3c7f6c0a11_G0".into(),
                rendezvous,
                dial: Some(gateway_id(g).to_string()),
                path: PATH.into(),
                query: None,
                remote: None,
                headers: Vec::new(),
                what,
            }),
            accept: timeouts.accept,
            pass_over: timeouts.pass_over,
            respond: Some(timeouts.response),
        };
        let candidates = self.store.values().cloned().collect();
        let random = self.plan.random.rotate_left(8 * s as u32);
        self.senders[s].state = State::Waiting(Box::new(Meeting::new(terms, candidates, random, self.now)));
        self.with_meeting(s, |_| {});
    }

    fn sender_leaves(&mut self, s: usize) {
        let now = self.now;
        if matches!(self.senders[s].state, State::Waiting(_) | State::Exchanging(_)) {
            self.senders[s].end(Outcome::Left, now);
            self.with_meeting(s, Meeting::handle_sender_gone);
            self.with_exchange(s, Exchange::handle_sender_gone);
        }
    }

    /// A listener that still acts takes what it is given at once.
    fn sender_gives(&mut self, s: usize, step: u8) {
        let Wants::Large { pieces, pause } = self.plan.senders[s].wants else { return };
        let taken = self.senders[s].dialled.is_some_and(|l| self.listeners[l].acts);
        let now = self.now;
        self.with_exchange(s, |exchange| {
            exchange.handle_request_piece(now);
            match taken {
                true if step < pieces => exchange.handle_request_taken(now),
                true => exchange.handle_request_end(now),
                false => {}
            }
        });
        if taken && step < pieces {
            self.after(pause, Event::SenderGives(s, step + 1));
        }
    }

    // --- drivers: one input, then every command ---

    fn with_meeting(&mut self, s: usize, input: impl FnOnce(&mut Meeting)) {
        let State::Waiting(meeting) = &mut self.senders[s].state else { return };
        input(meeting);
        let commands: Vec<MeetingCommand> = std::iter::from_fn(|| meeting.next_command()).collect();
        let (done, respond_by) = (meeting.is_done(), meeting.respond_by());
        if done {
            self.senders[s].state = State::Over;
        }
        for command in commands {
            match command {
                MeetingCommand::Tell { gateway, message } => {
                    self.send(|| Event::ToListenerGateway(gateway_number(&gateway), message.clone()));
                }
                MeetingCommand::ForgetRendezvous => {
                    let g = self.senders[s].gateway;
                    self.gateways[g].table.forget(RendezvousId::new(1_000 + s as u128));
                }
                MeetingCommand::Join => self.join(s, respond_by),
                MeetingCommand::Answer { response, .. } => {
                    assert!(response.is_final());
                    let listener = self.senders[s].answered.expect("somebody answered");
                    self.senders[s].end(Outcome::Served { listener }, self.now);
                }
                MeetingCommand::Refuse(refusal) => self.senders[s].end(Outcome::Refused(refusal), self.now),
            }
        }
    }

    fn join(&mut self, s: usize, respond_by: Option<Instant>) {
        let listener = self.senders[s].dialled.expect("somebody dialled");
        let request = match self.plan.senders[s].wants {
            Wants::Stream => {
                self.senders[s].end(Outcome::Joined { listener }, self.now);
                return;
            }
            Wants::Inline => RequestBody::Sent { respond_by },
            Wants::Large { pause, .. } => {
                self.after(pause, Event::SenderGives(s, 0));
                RequestBody::Streamed
            }
        };
        let terms = ExchangeTerms::new(&Timeouts::default(), None);
        self.senders[s].state = State::Exchanging(Exchange::new(terms, request, self.now));
    }

    fn with_exchange(&mut self, s: usize, input: impl FnOnce(&mut Exchange)) {
        let now = self.now;
        let sender = &mut self.senders[s];
        let State::Exchanging(exchange) = &mut sender.state else { return };
        input(exchange);
        let commands: Vec<ExchangeCommand> = std::iter::from_fn(|| exchange.next_command()).collect();
        let listener = sender.dialled.expect("somebody dialled");
        for command in commands {
            match command {
                ExchangeCommand::Refuse(refusal) => sender.end(Outcome::Refused(refusal), now),
                ExchangeCommand::Finish => sender.end(Outcome::Served { listener }, now),
                ExchangeCommand::AbortSender => sender.end(Outcome::Broken { listener }, now),
                ExchangeCommand::Done => sender.state = State::Over,
                ExchangeCommand::Start(_)
                | ExchangeCommand::Pass
                | ExchangeCommand::CloseRendezvous { .. } => {}
            }
        }
    }

    fn with_channels_of(&mut self, g: usize, input: impl Fn(&mut ControlChannel)) {
        for l in 0..self.listeners.len() {
            if self.listeners[l].gateway == g {
                self.with_channel(l, &input);
            }
        }
    }

    fn with_channel(&mut self, l: usize, input: impl FnOnce(&mut ControlChannel)) {
        let Some(channel) = &mut self.listeners[l].channel else { return };
        input(channel);
        let commands: Vec<ChannelCommand> = std::iter::from_fn(|| channel.next_command()).collect();
        for command in commands {
            match command {
                ChannelCommand::Deliver { invitation, request_id } => self.deliver(l, invitation, request_id),
                ChannelCommand::Tell { gateway, message } => {
                    self.send(|| Event::ToSenderGateway(gateway_number(&gateway), message.clone()));
                }
                ChannelCommand::Ping => self.after(10, Event::ListenerStirs(l)),
                ChannelCommand::Close(_) => self.after(10, Event::ListenerClosed(l)),
                ChannelCommand::Drop => {}
                ChannelCommand::Withdraw => {
                    self.listeners[l].withdrawn += 1;
                    self.store.remove(&listener_id(l));
                    self.candidates_changed();
                }
                ChannelCommand::Forget => self.listeners[l].channel = None,
            }
        }
    }

    fn deliver(&mut self, l: usize, invitation: Arc<Invitation>, request_id: String) {
        let s =
            (0..self.senders.len()).find(|s| invitation.rendezvous == RendezvousId::new(1_000 + *s as u128));
        self.handed.push((l, s.expect("an invitation of one of the senders")));
        let listener = &mut self.listeners[l];
        listener.handed_after_withdrawal += listener.withdrawn;
        let habits = &self.plan.listeners[l].habits;
        let habit = habits[listener.invitations % habits.len()].clone();
        listener.invitations += 1;
        self.after(habit.after(), Event::ListenerDoes(l, invitation, request_id, habit));
    }

    fn unix(&self) -> UnixTime {
        UnixTime(EPOCH + (self.now - self.start).as_secs() as i64)
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

fn gateway_number(id: &GatewayId) -> usize {
    id.as_str()[1..].parse().expect("made by gateway_id")
}

fn listener_id(l: usize) -> ListenerId {
    ListenerId::new(l as u128)
}

fn meeting_id(s: usize) -> MeetingId {
    MeetingId::new(s as u128)
}

/// The response of listener `l`, which says so.
fn head(l: usize) -> ResponseHead {
    ResponseHead { status: 200, description: Some(l.to_string()), headers: Vec::new() }
}

fn answered_by(message: &ToSenderGateway) -> Option<usize> {
    match message {
        ToSenderGateway::Responded { response, .. } => response.description.as_ref()?.parse().ok(),
        _ => None,
    }
}

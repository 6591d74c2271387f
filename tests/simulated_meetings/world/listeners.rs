//! What listeners do, and the driver of their control channels.

use std::sync::Arc;

use viaduct::entity::{Limits, Timeouts, UnixTime};
use viaduct::relay::*;

use super::{Event, PATH, World};
use crate::names::{gateway_id, gateway_number, head, listener_id, relay, rendezvous_id};
use crate::parties::State;
use crate::plan::{End, Habit, Leave, Response};

impl World<'_> {
    pub(super) fn listener_comes(&mut self, l: usize) {
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
            wcf: None,
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

    pub(super) fn listener_leaves(&mut self, l: usize, leave: Leave) {
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

    pub(super) fn listener_does(
        &mut self,
        l: usize,
        invitation: &Invitation,
        request_id: &str,
        habit: Habit,
    ) {
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

    pub(super) fn dial(
        &mut self,
        l: usize,
        invitation: &Invitation,
        path: &str,
        arrival: Arrival,
        response: &Response,
    ) {
        let Some(g) = (0..self.gateways.len()).find(|g| invitation.dial == Some(gateway_id(*g).to_string()))
        else {
            panic!("an invitation to nowhere");
        };
        if !self.gateways[g].alive {
            return;
        }
        let side = match invitation.what {
            What::Stream => Side::Accept,
            What::OneWay(_) => panic!("no sender of a plan sends one"),
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

    pub(super) fn respond(&mut self, l: usize, request_id: &str) {
        let now = self.now;
        self.with_channel(l, |channel| {
            // The second response to a request is nobody's.
            let _ = channel.handle_response(request_id, head(l), "ok".into(), now);
        });
    }

    pub(super) fn response_step(&mut self, s: usize, l: usize, step: u8, response: Response) {
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

    pub(super) fn with_channels_of(&mut self, g: usize, input: impl Fn(&mut ControlChannel)) {
        for l in 0..self.listeners.len() {
            if self.listeners[l].gateway == g {
                self.with_channel(l, &input);
            }
        }
    }

    pub(super) fn with_channel(&mut self, l: usize, input: impl FnOnce(&mut ControlChannel)) {
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
                ChannelCommand::Drop | ChannelCommand::Recall { .. } => {}
                ChannelCommand::Withdraw => {
                    self.listeners[l].withdrawn += 1;
                    self.store.remove(&listener_id(l));
                    self.candidates_changed();
                }
                ChannelCommand::Forget => self.listeners[l].channel = None,
            }
        }
    }

    pub(super) fn deliver(&mut self, l: usize, invitation: Arc<Invitation>, request_id: String) {
        let s = (0..self.senders.len()).find(|s| invitation.rendezvous == rendezvous_id(*s));
        self.handed.push((l, s.expect("an invitation of one of the senders")));
        let listener = &mut self.listeners[l];
        listener.handed_after_withdrawal += listener.withdrawn;
        let habits = &self.plan.listeners[l].habits;
        let habit = habits[listener.invitations % habits.len()].clone();
        listener.invitations += 1;
        self.after(habit.after(), Event::ListenerDoes(l, invitation, request_id, habit));
    }
}

//! What senders do, and the drivers of their meetings and exchanges.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use viaduct::entity::Timeouts;
use viaduct::relay::*;

use super::{Event, PATH, World};
use crate::names::{gateway_id, gateway_number, meeting_id, relay, rendezvous_id};
use crate::parties::{Outcome, State};
use crate::plan::Wants;

impl World<'_> {
    pub(super) fn sender_comes(&mut self, s: usize) {
        let planned = &self.plan.senders[s];
        let g = planned.gateway;
        self.senders[s].came = self.now;
        if !self.gateways[g].alive {
            self.senders[s].state = State::Over;
            self.senders[s].end(Outcome::GatewayDied, self.now);
            return;
        }
        let timeouts = Timeouts::default();
        let rendezvous = rendezvous_id(s);
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

    pub(super) fn sender_leaves(&mut self, s: usize) {
        let now = self.now;
        if matches!(self.senders[s].state, State::Waiting(_) | State::Exchanging(_)) {
            self.senders[s].end(Outcome::Left, now);
            self.with_meeting(s, Meeting::handle_sender_gone);
            self.with_exchange(s, Exchange::handle_sender_gone);
        }
    }

    /// A listener that still acts takes what it is given at once.
    pub(super) fn sender_gives(&mut self, s: usize, step: u8) {
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

    pub(super) fn with_meeting(&mut self, s: usize, input: impl FnOnce(&mut Meeting)) {
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
                    self.gateways[g].table.forget(rendezvous_id(s));
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

    pub(super) fn join(&mut self, s: usize, respond_by: Option<Instant>) {
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

    pub(super) fn with_exchange(&mut self, s: usize, input: impl FnOnce(&mut Exchange)) {
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
}

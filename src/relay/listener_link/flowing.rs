//! What happens on links that are attached: credit, tokens, messages, outcomes. Relay page 2.3 and 2.4.

use std::time::Instant;

use super::endpoint::Phase;
use super::pair::{Half, HalfState, Side};
use super::request::renewed_token;
use super::{DeliveryId, LinkEvent, ListenerLink, Outcome, Violation};
use crate::wire::amqp::types::definitions::Role;
use crate::wire::amqp::types::messaging::{Accepted, DeliveryState, Modified, Rejected, Released};
use crate::wire::amqp::types::performatives::{Disposition, Flow, Transfer};

impl ListenerLink {
    pub(super) fn handle_flow(&mut self, flow: Flow) -> Result<(), Violation> {
        if let Some(session) = &mut self.session {
            session.handle_flow(&flow);
        }
        if let Some(handle) = &flow.handle {
            let side = self.side_of(handle.0)?;
            if side == Side::In {
                self.outgoing.handle_flow(&flow);
            }
            if let Some(properties) = &flow.properties {
                let token = renewed_token(properties).map_err(|_| Violation::BadToken)?;
                if let Some(token) = token {
                    // Each renewal comes on both links, one right behind the other. Relay page 2.3.
                    if self.renewed_on == Some(side.other()) {
                        self.renewed_on = None;
                    } else {
                        self.renewed_on = Some(side);
                        self.say(LinkEvent::Renewed(token));
                    }
                }
            }
            if flow.echo || (flow.drain && side == Side::In) {
                self.send_flow(side, flow.drain);
            }
        } else if let Some(session) = self.session.as_ref().filter(|_| flow.echo) {
            self.output.flow(session.flow());
        }
        self.write_messages();
        Ok(())
    }

    pub(super) fn handle_transfer(&mut self, transfer: &Transfer, payload: &[u8]) -> Result<(), Violation> {
        let side = self.side_of(transfer.handle.0)?;
        let Some(session) = self.session.as_mut() else { return Ok(()) };
        let reopened = session.handle_transfer()?;
        if side == Side::In {
            return Err(Violation::TransferToReceiver);
        }
        if reopened {
            self.output.flow(session.flow());
        }
        if self.out_half.as_ref().is_some_and(|half| matches!(half.state, HalfState::DetachSent)) {
            // It was on the way when we detached.
            return Ok(());
        }
        let received = self.incoming.handle_transfer(transfer, payload, self.terms.message)?;
        if let Some(received) = received {
            self.say(LinkEvent::Message {
                delivery: received.delivery,
                settled: received.settled,
                message: received.message,
            });
            self.grant_credit();
        }
        Ok(())
    }

    pub(super) fn handle_disposition(&mut self, disposition: Disposition) -> Result<(), Violation> {
        // About its own messages the listener has nothing to say that matters here. [AMQP 2.7.6]
        if disposition.role == Role::Sender {
            return Ok(());
        }
        let mut delivered = Vec::new();
        let answer = self
            .outgoing
            .handle_disposition(disposition, |delivery, outcome| delivered.push((delivery, outcome)))?;
        for (delivery, outcome) in delivered {
            self.say(LinkEvent::Delivered { delivery, outcome });
        }
        if let Some(answer) = answer {
            self.output.disposition(answer);
        }
        Ok(())
    }

    /// Settles a message of [`LinkEvent::Message`] that was not settled, and grants credit for another.
    pub fn settle(&mut self, delivery: DeliveryId, outcome: &Outcome, now: Instant) {
        let state = match outcome {
            Outcome::Accepted => Some(DeliveryState::Accepted(Accepted {})),
            Outcome::Rejected(_) => Some(DeliveryState::Rejected(Rejected { error: None })),
            Outcome::Released => Some(DeliveryState::Released(Released {})),
            Outcome::Modified => {
                let none =
                    Modified { delivery_failed: None, undeliverable_here: None, message_annotations: None };
                Some(DeliveryState::Modified(none))
            }
            Outcome::Unstated => None,
        };
        let attached = |half: &Half| matches!(half.state, HalfState::Attached);
        if self.phase == Phase::Running && self.out_half.as_ref().is_some_and(attached) {
            let (role, first) = (Role::Receiver, delivery.0);
            self.output.disposition(Disposition {
                role,
                first,
                last: None,
                settled: true,
                state,
                batchable: false,
            });
            self.incoming.settle();
            self.grant_credit();
            self.stirred(now);
        }
    }

    /// Writes what waits for the window of the session.
    pub(super) fn write_messages(&mut self) {
        let attached = |half: &&Half| matches!(half.state, HalfState::Attached);
        if let (Some(half), Some(session)) = (self.in_half.as_ref().filter(attached), &mut self.session) {
            self.outgoing.write(half.handle, session, self.max_frame, &mut self.output);
        }
    }

    pub(super) fn grant_credit(&mut self) {
        if let (Some(half), Some(session)) = (&self.out_half, &self.session) {
            let flow = self.incoming.grant(half.handle, session, self.terms.credit);
            flow.into_iter().for_each(|flow| self.output.flow(flow));
        }
    }

    fn send_flow(&mut self, side: Side, drain: bool) {
        let Some(session) = &self.session else { return };
        let flow = match (side, &self.in_half, &self.out_half) {
            (Side::In, Some(half), _) => self.outgoing.flow(half.handle, session, drain),
            (Side::Out, _, Some(half)) => self.incoming.flow(half.handle, session),
            _ => return,
        };
        self.output.flow(flow);
    }
}

//! Messages to the listener: credit, transfers split into frames, and what is not settled yet.

use std::collections::VecDeque;

use bytes::Bytes;

use super::output::Output;
use super::session::Session;
use super::{DeliveryId, Outcome, Violation};
use crate::wire::amqp::types::definitions::{Handle, Role};
use crate::wire::amqp::types::performatives::{Disposition, Flow, Transfer};
use crate::wire::amqp::{FRAME_HEAD, Performative, data_section_head, performative_bytes};

/// Why a message was not taken. It may be offered again after [`LinkEvent::Ready`](super::LinkEvent::Ready).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The listener is not attached, or not any more.
    #[error("the listener is not online")]
    NotOnline,
    /// The listener granted no credit.
    #[error("the listener has no credit left")]
    NoCredit,
    /// The window of the session is full, or too many messages are unsettled.
    #[error("the listener has too much on its hands")]
    Busy,
    /// No envelope has 4 GiB.
    #[error("the message is too large")]
    TooLarge,
}

/// Our side of the link on which we send.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// How many messages were begun. [AMQP 2.6.7]
    delivery_count: u32,
    credit: u32,
    next_delivery: u32,
    /// In the order they were sent; few, because credit bounds them.
    unsettled: VecDeque<u32>,
    /// A message that the window of the session cut off.
    unsent: Option<Box<Unsent>>,
}

#[derive(Debug)]
struct Unsent {
    delivery: u32,
    /// Of the data section.
    head: [u8; 8],
    message: Bytes,
    /// Of head and message together, how much has gone.
    sent: usize,
}

impl Outgoing {
    /// Whether a message would be taken now. `most` = how many may be unsettled, 0 = no limit.
    pub(super) fn check(&self, session: &Session, most: u32) -> Result<(), SendError> {
        if self.credit == 0 {
            return Err(SendError::NoCredit);
        }
        let too_many = most != 0 && self.unsettled.len() >= most as usize;
        if self.unsent.is_some() || too_many || !session.may_send() {
            return Err(SendError::Busy);
        }
        Ok(())
    }

    /// Begins a message; only after [`check`](Self::check).
    pub(super) fn begin(&mut self, message: Bytes) -> Result<DeliveryId, SendError> {
        let len = u32::try_from(message.len()).map_err(|_| SendError::TooLarge)?;
        let delivery = self.next_delivery;
        self.next_delivery = delivery.wrapping_add(1);
        self.delivery_count = self.delivery_count.wrapping_add(1);
        self.credit = self.credit.saturating_sub(1);
        self.unsettled.push_back(delivery);
        self.unsent = Some(Box::new(Unsent { delivery, head: data_section_head(len), message, sent: 0 }));
        Ok(DeliveryId(delivery))
    }

    /// Writes as much of the message as the window takes, in frames of at most `max_frame` bytes.
    pub(super) fn write(&mut self, handle: u32, session: &mut Session, max_frame: u32, output: &mut Output) {
        while session.may_send() {
            let Some(unsent) = &mut self.unsent else { return };
            let whole = unsent.write_frame(handle, max_frame as usize, output);
            session.sent();
            if whole {
                self.unsent = None;
            }
        }
    }

    /// Takes the credit of a flow. [AMQP 2.6.7]
    pub(super) fn handle_flow(&mut self, flow: &Flow) {
        let Some(link_credit) = flow.link_credit else { return };
        // Without a count the listener had not yet got our attach, which says 0.
        let under_way = self.delivery_count.wrapping_sub(flow.delivery_count.unwrap_or(0));
        self.credit = link_credit.saturating_sub(under_way);
        if flow.drain {
            // Nothing waits here for credit, so all of it is used up at once.
            self.delivery_count = self.delivery_count.wrapping_add(std::mem::take(&mut self.credit));
        }
    }

    /// The link's part of a flow.
    pub(super) fn flow(&self, handle: u32, session: &Session, drain: bool) -> Flow {
        Flow {
            handle: Some(Handle(handle)),
            delivery_count: Some(self.delivery_count),
            link_credit: Some(self.credit),
            available: Some(0),
            drain,
            ..session.flow()
        }
    }

    /// What a disposition says about messages that are unsettled, and what we have to answer. [AMQP 2.7.6]
    pub(super) fn handle_disposition(
        &mut self,
        disposition: Disposition,
        mut delivered: impl FnMut(DeliveryId, Outcome),
    ) -> Result<Option<Disposition>, Violation> {
        let Disposition { first, last, settled, state, .. } = disposition;
        let span = last.unwrap_or(first).wrapping_sub(first);
        if span > i32::MAX as u32 {
            return Err(Violation::BackwardDisposition);
        }
        let Some(outcome) = Outcome::read(state.clone(), settled) else { return Ok(None) };
        let before = self.unsettled.len();
        self.unsettled.retain(|delivery| {
            let named = delivery.wrapping_sub(first) <= span;
            if named {
                delivered(DeliveryId(*delivery), outcome.clone());
            }
            !named
        });
        if self.unsettled.is_empty() {
            self.unsettled = VecDeque::new();
        }
        // A listener that keeps the delivery until we settle it, settles last.
        let answer = Disposition { role: Role::Sender, first, last, settled: true, state, batchable: false };
        Ok((!settled && before != self.unsettled.len()).then_some(answer))
    }

    pub(super) fn forget(&mut self, delivery: DeliveryId) {
        self.unsettled.retain(|unsettled| *unsettled != delivery.0);
    }

    pub(super) fn unsettled(&self) -> usize {
        self.unsettled.len()
    }
}

impl Unsent {
    /// Whether it was the last frame.
    fn write_frame(&mut self, handle: u32, max_frame: usize, output: &mut Output) -> bool {
        let left = self.head.len() + self.message.len() - self.sent;
        let last = self.transfer(handle, false);
        if room(&last, max_frame) >= left {
            output.transfer(&last, &self.parts(left));
            return true;
        }
        let more = self.transfer(handle, true);
        // A frame has at least 512 bytes, a transfer of ours below 50. [AMQP 2.8.19]
        let part = room(&more, max_frame).max(1);
        output.transfer(&more, &self.parts(part));
        self.sent += part;
        false
    }

    fn transfer(&self, handle: u32, more: bool) -> Performative {
        // The following frames of a message may leave out what the first one said. [AMQP 2.7.5]
        let is_first = self.sent == 0;
        Performative::Transfer(Transfer {
            handle: Handle(handle),
            delivery_id: is_first.then_some(self.delivery),
            delivery_tag: is_first.then(|| self.delivery.to_be_bytes().to_vec().into()),
            message_format: is_first.then_some(0),
            settled: is_first.then_some(false),
            more,
            rcv_settle_mode: None,
            state: None,
            resume: false,
            aborted: false,
            batchable: false,
        })
    }

    /// The next `len` bytes of head and message.
    fn parts(&self, len: usize) -> [&[u8]; 2] {
        let head = &self.head[self.sent.min(self.head.len())..];
        let head = &head[..len.min(head.len())];
        let at = self.sent.saturating_sub(self.head.len());
        [head, &self.message[at..at + len - head.len()]]
    }
}

fn room(transfer: &Performative, max_frame: usize) -> usize {
    max_frame.saturating_sub(FRAME_HEAD + performative_bytes(transfer).len())
}

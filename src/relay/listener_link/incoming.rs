//! Messages from the listener: credit, and frames put together.

use bytes::Bytes;

use super::session::Session;
use super::{DeliveryId, Violation};
use crate::wire::amqp::types::definitions::Handle;
use crate::wire::amqp::types::performatives::{Flow, Transfer};

/// Our side of the link on which the listener sends.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// How many messages were begun. [AMQP 2.6.7]
    delivery_count: u32,
    /// How many more may begin.
    credit: u32,
    /// How many are neither settled nor under way.
    unsettled: u32,
    /// The one of which not all frames have come.
    open: Option<Box<Open>>,
}

#[derive(Debug)]
struct Open {
    delivery: u32,
    settled: bool,
    message: Vec<u8>,
}

/// A message of which all frames have come.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) delivery: DeliveryId,
    pub(super) settled: bool,
    pub(super) message: Bytes,
}

impl Incoming {
    /// Takes one frame. The message is given out with its last one.
    pub(super) fn handle_transfer(
        &mut self,
        transfer: &Transfer,
        payload: &[u8],
        longest: usize,
    ) -> Result<Option<Received>, Violation> {
        let mut open = match self.open.take() {
            Some(open) if transfer.delivery_id.is_none_or(|id| id == open.delivery) => open,
            Some(_) => return Err(Violation::BrokenDelivery),
            None => self.begin(transfer)?,
        };
        if transfer.aborted {
            // The sender took it back; nothing of it was said to anyone. [AMQP 2.7.5]
            return Ok(None);
        }
        open.settled |= transfer.settled.unwrap_or(false);
        if open.message.len() + payload.len() > longest {
            return Err(Violation::MessageTooLarge(longest));
        }
        open.message.extend(payload);
        if transfer.more {
            self.open = Some(open);
            return Ok(None);
        }
        let Open { delivery, settled, message } = *open;
        if !settled {
            self.unsettled += 1;
        }
        Ok(Some(Received { delivery: DeliveryId(delivery), settled, message: message.into() }))
    }

    fn begin(&mut self, transfer: &Transfer) -> Result<Box<Open>, Violation> {
        let delivery = transfer.delivery_id.ok_or(Violation::BrokenDelivery)?;
        self.credit = self.credit.checked_sub(1).ok_or(Violation::TransferLimitExceeded)?;
        self.delivery_count = self.delivery_count.wrapping_add(1);
        Ok(Box::new(Open { delivery, settled: false, message: Vec::new() }))
    }

    /// One of the messages given out is settled.
    pub(super) fn settle(&mut self) {
        self.unsettled = self.unsettled.saturating_sub(1);
    }

    /// The flow that grants credit again, when half of it is used up. `whole`: as much as the listener may have in all.
    pub(super) fn grant(&mut self, handle: u32, session: &Session, whole: u32) -> Option<Flow> {
        let credit = whole.saturating_sub(self.unsettled);
        if self.credit > whole / 2 || credit <= self.credit {
            return None;
        }
        self.credit = credit;
        Some(self.flow(handle, session))
    }

    /// The link's part of a flow.
    pub(super) fn flow(&self, handle: u32, session: &Session) -> Flow {
        Flow {
            handle: Some(Handle(handle)),
            delivery_count: Some(self.delivery_count),
            link_credit: Some(self.credit),
            ..session.flow()
        }
    }
}

//! The one session of a control link, and its windows. [AMQP 2.5.6]

use super::Violation;
use crate::wire::amqp::types::definitions::Handle;
use crate::wire::amqp::types::performatives::{Begin, Flow};

/// The transfers each side may have on the way; the library's own choice for both directions. Relay page 2.2.
const WINDOW: u32 = 5_000;
/// The number of our first transfer.
const FIRST: u32 = 1;
/// The highest handle a listener may use. It uses 0 and 1. The relay of the recordings offered 255.
pub(super) const HANDLE_MAX: u32 = 255;

/// Transfers counted in both directions.
#[derive(Debug)]
pub(super) struct Session {
    /// The channel on which the listener sends.
    pub(super) channel: u16,
    /// The number of the next transfer that comes.
    next_incoming: u32,
    /// How many more may come.
    incoming_window: u32,
    /// The number of the next transfer that goes.
    next_outgoing: u32,
    /// How many more may go.
    remote_window: u32,
}

impl Session {
    pub(super) fn new(begin: &Begin, channel: u16) -> Self {
        Self {
            channel,
            next_incoming: begin.next_outgoing_id,
            incoming_window: WINDOW,
            next_outgoing: FIRST,
            remote_window: begin.incoming_window,
        }
    }

    /// The answer to the listener's begin.
    pub(super) fn begin(&self) -> Begin {
        Begin {
            remote_channel: Some(self.channel),
            next_outgoing_id: self.next_outgoing,
            incoming_window: self.incoming_window,
            outgoing_window: WINDOW,
            handle_max: Handle(HANDLE_MAX),
            offered_capabilities: None,
            desired_capabilities: None,
            properties: None,
        }
    }

    /// The state of the session, as every flow says it.
    pub(super) fn flow(&self) -> Flow {
        Flow {
            next_incoming_id: Some(self.next_incoming),
            incoming_window: self.incoming_window,
            next_outgoing_id: self.next_outgoing,
            outgoing_window: WINDOW,
            handle: None,
            delivery_count: None,
            link_credit: None,
            available: None,
            drain: false,
            echo: false,
            properties: None,
        }
    }

    pub(super) fn handle_flow(&mut self, flow: &Flow) {
        // Without a number the listener had not yet got our begin.
        let seen = flow.next_incoming_id.unwrap_or(FIRST);
        let under_way = self.next_outgoing.wrapping_sub(seen);
        self.remote_window = flow.incoming_window.saturating_sub(under_way);
    }

    /// Counts a transfer that came. `true`: the listener must be told that the window is open again.
    pub(super) fn handle_transfer(&mut self) -> Result<bool, Violation> {
        self.incoming_window = self.incoming_window.checked_sub(1).ok_or(Violation::WindowViolation)?;
        self.next_incoming = self.next_incoming.wrapping_add(1);
        let reopen = self.incoming_window < WINDOW / 2;
        if reopen {
            self.incoming_window = WINDOW;
        }
        Ok(reopen)
    }

    pub(super) fn may_send(&self) -> bool {
        self.remote_window > 0
    }

    /// Counts a transfer that goes; only after [`may_send`](Self::may_send) said yes.
    pub(super) fn sent(&mut self) {
        self.remote_window = self.remote_window.saturating_sub(1);
        self.next_outgoing = self.next_outgoing.wrapping_add(1);
    }
}

//! The two links of a listener.

use std::fmt;

use crate::wire::amqp::types::definitions::{Error, Handle, ReceiverSettleMode, Role, SenderSettleMode};
use crate::wire::amqp::types::performatives::{Attach, Detach};

/// A link by its name at the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// `…:in`, on which the listener receives and we send.
    In,
    /// `…:out`, on which the listener sends.
    Out,
}

/// One link.
#[derive(Debug)]
pub(super) struct Half {
    /// The listener's number for it, and ours.
    pub(super) handle: u32,
    pub(super) state: HalfState,
}

pub(super) enum HalfState {
    /// The listener's attach waits for its answer.
    Asked(Box<Attach>),
    /// Both sides have attached.
    Attached,
    /// Our detach is under way.
    DetachSent,
    /// Both sides have detached.
    Detached,
}

impl fmt::Debug for HalfState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            // Its properties hold the token.
            Self::Asked(_) => "Asked",
            Self::Attached => "Attached",
            Self::DetachSent => "DetachSent",
            Self::Detached => "Detached",
        })
    }
}

impl Side {
    pub(super) fn of(attach: &Attach) -> Self {
        match attach.role {
            Role::Receiver => Self::In,
            Role::Sender => Self::Out,
        }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::In => Self::Out,
            Self::Out => Self::In,
        }
    }
}

impl Half {
    pub(super) fn new(attach: Attach) -> Self {
        Self { handle: attach.handle.0, state: HalfState::Asked(Box::new(attach)) }
    }

    /// The attach that takes the listener's, if that waits: the same source and target. Relay page 2.2.
    pub(super) fn accept(&mut self) -> Option<Attach> {
        self.answer(HalfState::Attached)
    }

    /// What refuses the listener's attach, if it waits: one without source and target, then a detach with the reason. [AMQP 2.6.3]
    pub(super) fn refuse(&mut self, error: Option<Error>) -> Option<(Attach, Detach)> {
        let mut attach = self.answer(HalfState::DetachSent)?;
        (attach.source, attach.target) = (None, None);
        Some((attach, self.detach(error)))
    }

    pub(super) fn detach(&self, error: Option<Error>) -> Detach {
        Detach { handle: Handle(self.handle), closed: true, error }
    }

    fn answer(&mut self, next: HalfState) -> Option<Attach> {
        let asked = match std::mem::replace(&mut self.state, next) {
            HalfState::Asked(asked) => *asked,
            other => {
                self.state = other;
                return None;
            }
        };
        let (role, initial_delivery_count) = match asked.role {
            // The field is the sender's to set. [AMQP 2.7.3]
            Role::Receiver => (Role::Sender, Some(0)),
            Role::Sender => (Role::Receiver, None),
        };
        Some(Attach {
            role,
            initial_delivery_count,
            snd_settle_mode: SenderSettleMode::Mixed,
            rcv_settle_mode: ReceiverSettleMode::First,
            unsettled: None,
            incomplete_unsettled: false,
            max_message_size: None,
            offered_capabilities: None,
            desired_capabilities: None,
            properties: None,
            ..asked
        })
    }
}

//! The parties of a simulated world: what each holds, and what is written down about it.

use std::rc::Weak;
use std::time::Instant;

use viaduct::relay::{ControlChannel, Exchange, Meeting, Refusal, RendezvousTable};

pub(crate) struct Gateway {
    pub(crate) alive: bool,
    pub(crate) draining: bool,
    /// A slot is the number of the sender that waits; dropping it wakes that sender.
    pub(crate) table: RendezvousTable<std::rc::Rc<usize>>,
}

pub(crate) struct Listener {
    pub(crate) gateway: usize,
    /// It was registered at some time.
    pub(crate) came: bool,
    /// Its process lives and does what its plan says.
    pub(crate) acts: bool,
    /// Its machine at its gateway.
    pub(crate) channel: Option<ControlChannel>,
    /// How many invitations it was handed: the number of its next habit.
    pub(crate) invitations: usize,
    pub(crate) withdrawn: u32,
    pub(crate) handed_after_withdrawal: u32,
}

pub(crate) struct Sender {
    pub(crate) gateway: usize,
    pub(crate) came: Instant,
    pub(crate) ended: Instant,
    pub(crate) state: State,
    /// Its slot in the rendezvous table.
    pub(crate) slot: Weak<usize>,
    /// The listener that dialled for it.
    pub(crate) dialled: Option<usize>,
    /// The listener whose answer came on a control channel.
    pub(crate) answered: Option<usize>,
    pub(crate) outcomes: Vec<Outcome>,
}

pub(crate) enum State {
    Away,
    Waiting(Box<Meeting>),
    Exchanging(Exchange),
    Over,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// A stream is joined.
    Joined {
        listener: usize,
    },
    /// An exchange has its whole response.
    Served {
        listener: usize,
    },
    /// The response of an exchange broke off.
    Broken {
        listener: usize,
    },
    Refused(Refusal),
    /// It left before it had an outcome.
    Left,
    /// Its gateway died under it.
    GatewayDied,
}

impl Sender {
    pub(crate) fn outcome(&self) -> &Outcome {
        &self.outcomes[0]
    }

    /// Whether it got what it came for.
    pub(crate) fn is_served(&self) -> bool {
        matches!(self.outcome(), Outcome::Joined { .. } | Outcome::Served { .. })
    }

    pub(crate) fn end(&mut self, outcome: Outcome, now: Instant) {
        self.outcomes.push(outcome);
        self.ended = now;
    }
}

//! A listener's rendezvous connection on its way from the door it came through to the meeting that waits for it.

use hyper::upgrade::OnUpgrade;
use tokio::sync::oneshot;

use crate::{io::Leg, relay::Arrival};

/// The connection of a listener that dialled in, once its door has answered.
#[derive(Debug)]
pub(crate) enum Line {
    /// A WebSocket, when hyper hands it over after the 101.
    Upgrade(OnUpgrade),
    /// A relayed connection of WCF Relay, when it has its reply.
    Relayed(oneshot::Receiver<Leg>),
}

/// A listener dialled in.
#[derive(Debug)]
pub(crate) struct Dialled {
    /// Whether it takes the sender or rejects it.
    pub(crate) arrival: Arrival,
    /// Its connection; `None` for a rejection.
    pub(crate) line: Option<Line>,
    /// The sub-protocol the listener asked for (hybrid page 0, rule 18).
    pub(crate) protocol: Option<String>,
    /// Fired when the connection is taken; dropped when it came too late.
    pub(crate) taken: oneshot::Sender<()>,
}

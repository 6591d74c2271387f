//! A listener's rendezvous connection on its way from the door it came through to the meeting that waits for it.

use hyper::upgrade::OnUpgrade;
use tokio::sync::oneshot;

use crate::relay::Arrival;

/// A listener dialled in.
#[derive(Debug)]
pub(crate) struct Dialled {
    /// Whether it takes the sender or rejects it.
    pub(crate) arrival: Arrival,
    /// Becomes the connection once the door has answered 101; `None` for a rejection.
    pub(crate) upgrade: Option<OnUpgrade>,
    /// The sub-protocol the listener asked for (hybrid page 0, rule 18).
    pub(crate) protocol: Option<String>,
    /// Fired when the connection is taken; dropped when it came too late.
    pub(crate) taken: oneshot::Sender<()>,
}

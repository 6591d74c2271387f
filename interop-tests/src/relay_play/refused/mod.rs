//! The library as it asks for what it does not get. What it says is recorded; what is wrong with it is put into its bytes, each of the
//! same length as what stood there.

mod listener;
mod oneway;
mod question;
mod relayed;
mod told;

use super::binary_xml::Element;
use super::envelope;

pub use listener::ListeningPeer;
pub use oneway::OneWayPeer;
pub use question::{Question, Shown};
pub use relayed::{Accepting, RelayedPeer};
pub use told::Told;

/// The host that the recordings name.
pub const HOST: &str = super::player::HOST;

/// The path of the relay of [`RECORDING`].
pub const RELAY: &str = "nettcprelay";

/// The path of the relay of [`ONEWAY_RECORDING`].
pub const ONEWAY_RELAY: &str = "netoneway";

/// A control link, a sender and a listener's connection, all of `NetTcpRelayBinding`.
pub const RECORDING: &str = "v2.7.5/e2e-nettcp";

/// A control link and a sender of `NetOnewayRelayBinding`.
pub const ONEWAY_RECORDING: &str = "v2.7.5/e2e-oneway";

/// A fault with the action that every fault has. Relay page 8.4.
fn is_fault(reply: &Element) -> Told {
    const ACTION: &str = "http://schemas.microsoft.com/netservices/2009/05/servicebus/relay/FaultAction";
    assert_eq!(envelope::header(reply, "Action").as_deref(), Some(ACTION));
    let (code, words) = envelope::fault(reply).unwrap_or_else(|| panic!("no fault: {reply:?}"));
    Told::new(code, &words)
}

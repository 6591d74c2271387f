//! The library as it asks for what it does not get. What it says is recorded; what is wrong with it is put into its bytes, each of the
//! same length as what stood there.

mod listener;
mod question;
mod relayed;
mod told;

pub use listener::ListeningPeer;
pub use question::{Question, Shown};
pub use relayed::{Accepting, RelayedPeer};
pub use told::Told;

/// The host that the recordings name.
pub const HOST: &str = super::player::HOST;

/// The path of the relay of the recording that is played here.
pub const RELAY: &str = "nettcprelay";

/// A control link, a sender and a listener's connection, all of `NetTcpRelayBinding`.
const RECORDING: &str = "v2.7.5/e2e-nettcp";

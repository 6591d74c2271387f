//! A kind of peer: the protocol in which it asks.

use std::any::Any;

use interop_tests::Gateway;
use interop_tests::relay_play::refused::{Question, Told};

/// One protocol, from the side that asks.
pub(crate) struct Peer {
    /// What it needs a token for.
    pub(crate) right: Right,
    /// The path of the relay for which it asks.
    pub(crate) path: &'static str,
    /// The recording of a WCF listener of that relay.
    pub(crate) listener: &'static str,
    /// Lines that say of which kind the relay is for which it asks.
    pub(crate) kind: &'static str,
    /// Lines of a relay of another kind, at which it has no business.
    pub(crate) other_kind: &'static str,
    /// The shapes, as connectors name them, of a listener that cannot take what it brings; empty for listeners.
    pub(crate) other_shape: &'static str,
    /// Asks what `question` says, and reads the refusal.
    pub(crate) ask: fn(&Gateway, &Question) -> Told,
    /// What a listener hears of it as soon as it asks.
    pub(crate) heard: Heard,
    /// Asks and goes on waiting, until the value is dropped.
    pub(crate) wait: fn(&Gateway) -> Box<dyn Any>,
}

/// What a listener hears of one that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Nothing,
    Invitation,
    /// A message, for which the peer waits until the listener has settled it.
    Message,
}

/// A right that a token gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    Listen,
    Send,
}

/// A relay of `NetTcpRelayBinding`.
pub(crate) const NET_TCP: &str = "kind = \"wcf\"\nwcf_type = \"NetTcp\"\n";

/// A relay of `NetOnewayRelayBinding`.
pub(crate) const ONEWAY: &str = "kind = \"wcf\"\nwcf_type = \"NetOneway\"\n";

/// A relay of the HTTP bindings.
pub(crate) const HTTP: &str = "kind = \"wcf\"\nwcf_type = \"Http\"\n";

/// A hybrid connection.
pub(crate) const HYBRID: &str = "kind = \"hybrid\"\n";

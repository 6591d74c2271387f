//! The library as it asks for what it does not get. What it says is recorded; what is wrong with it is put into its bytes, each of the
//! same length as what stood there.

mod http;
mod listener;
mod oneway;
mod question;
mod relayed;
mod told;

use super::binary_xml::Element;
use super::{Recording, envelope, web_stream};
use crate::{Gateway, Wire};

pub use http::{HttpPeer, told_by_http};
pub use listener::ListeningPeer;
pub use oneway::OneWayPeer;
pub use question::{Carrier, Question, Shown};
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

/// The path of the relay of [`HTTP_RECORDING`].
pub const HTTP_RELAY: &str = "basic";

/// A control link of `BasicHttpRelayBinding`.
pub const HTTP_RECORDING: &str = "v2.7.5/http-basic-https-register";

/// A web stream on 80.
const WEB_STREAM_RECORDING: &str = "v2.7.5/webstream-http-v2.7.5";

/// The web stream that a library opens for this role; on 443 it is inside TLS.
fn web_stream(gateway: &Gateway, carrier: Carrier, role: &str) -> Wire {
    let recorded = web_stream::Recorded::for_role(&Recording::open(WEB_STREAM_RECORDING), role);
    match carrier {
        Carrier::WebStreamInTls => recorded.open_https(gateway, HOST),
        _ => recorded.open(gateway),
    }
    .into_wire()
}

/// A fault with the action that every fault has. Relay page 8.4.
fn is_fault(reply: &Element) -> Told {
    const ACTION: &str = "http://schemas.microsoft.com/netservices/2009/05/servicebus/relay/FaultAction";
    assert_eq!(envelope::header(reply, "Action").as_deref(), Some(ACTION));
    let (code, words) = envelope::fault(reply).unwrap_or_else(|| panic!("no fault: {reply:?}"));
    Told::new(code, &words)
}

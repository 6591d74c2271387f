//! Plays `Microsoft.ServiceBus.dll` from the recordings in `fixtures/relay`: its own bytes, with the tokens, ids and addresses of the
//! live run in them. What the gateway answers is read by the readers here, which know nothing of the `viaduct` library.

mod amqp;
mod binary_xml;
mod carrier;
mod control_link;
mod envelope;
mod flow;
mod flow_listener;
mod http;
mod http_leg;
mod invitation;
mod many;
mod net_tcp;
mod nmf;
mod old_listener;
mod oneway;
mod player;
mod recording;
pub mod refused;
mod relayed;
mod relayed_many;
mod requests;
mod road;
mod scenario;
mod script;
mod substitute;
mod talk;
mod web_stream;
mod websocket;
mod xml_text;

#[cfg(test)]
mod tests;

pub use carrier::Carrier;
pub use flow::{Changed, Flow, FlowSender};
pub use flow_listener::FlowListener;
pub use many::{IdleLink, ManyListeners, allow_open_files};
pub use net_tcp::{Mode, NetTcp};
pub use old_listener::OldListener;
pub use player::play;
pub use recording::Recording;
pub use relayed_many::{RelayedConnection, RelayedService, RelayedSide};
pub use requests::{HttpBinding, Requests};
pub use road::Road;
pub use scenario::{Scenario, scenarios};

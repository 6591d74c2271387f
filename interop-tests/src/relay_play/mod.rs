//! Plays `Microsoft.ServiceBus.dll` from the recordings in `fixtures/relay`: its own bytes, with the tokens, ids and addresses of the
//! live run in them. What the gateway answers is read by the readers here, which know nothing of the `viaduct` library.

mod amqp;
mod binary_xml;
mod control_link;
mod envelope;
mod flow;
mod http;
mod http_leg;
mod many;
mod nmf;
mod oneway;
mod player;
mod recording;
pub mod refused;
mod relayed;
mod relayed_many;
mod scenario;
mod script;
mod substitute;
mod talk;
mod web_stream;
mod websocket;
mod xml_text;

#[cfg(test)]
mod tests;

pub use flow::{Carrier, Changed, FlowListener, FlowSender, OldListener};
pub use many::{IdleLink, ManyListeners, allow_open_files};
pub use player::play;
pub use recording::Recording;
pub use relayed_many::{RelayedConnection, RelayedService, RelayedSide};
pub use scenario::{Scenario, scenarios};

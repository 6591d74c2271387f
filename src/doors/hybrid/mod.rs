//! Hybrid Connections: WebSocket and HTTP.
//!
//! Numbers in comments name sections of the protocol page on Hybrid Connections.

mod arrived;
mod channel;
mod connect;
mod exchange;
mod handshake;
mod head_tap;
mod invite;
mod leg;
mod listen;
mod over_rendezvous;
mod rendezvous;
mod reply;
mod request_body;
mod response;
mod response_body;
mod route;
mod serve;
mod status;
mod tokens;
mod upload;

pub(crate) use leg::{Joining, join_options, listener_leg, run};
pub(crate) use serve::serve;

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

pub(crate) use arrived::Arrived;
pub(crate) use exchange::{relay as relay_exchange, request_target};
pub(crate) use handshake::key as handshake_key;
pub(crate) use head_tap::HeadNotes;
pub(crate) use leg::{Joining, into_parts, join_options, listener_leg, run};
pub(crate) use over_rendezvous::{Begin, exchange as exchange_over_rendezvous};
pub(crate) use reply::{Asked, Body, empty, full, switching};
pub(crate) use request_body::{BodyError, Collected, RequestBody};
pub(crate) use response::{Keeping, build as build_response};
pub(crate) use response_body::{Item, ResponseBody, channel as response_body};
pub(crate) use route::host_of;
pub(crate) use serve::serve;
pub(crate) use tokens::http_token;
pub(crate) use upload::Sending;

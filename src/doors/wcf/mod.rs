//! WCF Relay: listeners on AMQP links, and the connections that they and their senders make for a rendezvous. Relay page 2 and 4.

mod accept;
mod carriage;
mod connect;
pub(crate) mod deliver;
pub(crate) mod fault;
mod handing;
mod link;
pub(crate) mod listen;
mod probe;
mod rendezvous;
mod web;
mod web_halves;
mod web_stream;
mod websocket;

pub(crate) use link::serve as serve_link;
pub(crate) use probe::serve as serve_probe;
pub(crate) use rendezvous::serve as serve_rendezvous;
pub(crate) use web::{answer as answer_web, is_carrier};

//! The relay's own protocols against recordings of Microsoft.ServiceBus.dll, and against bytes that nobody sends.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "relayed/malformed.rs"]
mod malformed;
#[path = "relayed/oneway.rs"]
mod oneway;
#[path = "relayed/properties.rs"]
mod properties;
#[path = "relayed/recorded.rs"]
mod recorded;
#[path = "relayed/rendezvous.rs"]
mod rendezvous;
#[path = "relayed/web_sockets.rs"]
mod web_sockets;
#[path = "relayed/web_streams.rs"]
mod web_streams;

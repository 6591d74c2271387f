//! One-way and event senders of WCF Relay, and listeners older than 2.4: sessions of message framing, on ports 9350 and 9351 or inside
//! another carrier. Relay page 2.7 and 3 (protocol B).
//!
//! A session is a sender's from its `Connect` on, or a listener's from its `Listen` on. A message of a sender is answered when a
//! listener has it: one on an AMQP link, when its disposition says so; an old one, which gives none, when the message was written to it.

mod envelopes;
mod fault;
mod http;
mod listener;
mod replies;
mod sender;
mod serve;
mod session;

pub(crate) use http::{answer as answer_http, serves as serves_http};
pub(crate) use serve::{NoUpgrade, serve, serve_oneway};

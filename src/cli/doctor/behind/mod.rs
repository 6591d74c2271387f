//! What is behind an open port: a few bytes of each protocol, and what the answer is taken for. Nothing secret is sent.

mod amqp;
mod framing;
mod http;
mod rendezvous;
mod said;

pub(super) use amqp::ask as amqp;
pub(super) use framing::{ask as framing, ask_after_upgrade, upgrade as framing_upgrade};
pub(super) use http::ask as http;
pub(super) use rendezvous::{ask as probe, start_tls as rendezvous_tls};
pub(super) use said::{Behind, identify, recognise};

//! What the tests in `tests/` share: the real gateway as a child process, raw clients of its protocols, and other
//! people's programs run with a time-out.
//!
//! The clients here are written against the protocol, not against the `viaduct` library, and read what the gateway says
//! byte for byte: libraries hide reason phrases, fragment borders and close frames. Nothing here skips: a tool that is
//! not there is a failed test.
#![forbid(unsafe_code)]

mod certificates;
mod config;
mod connect;
mod connector;
mod cost;
mod framing;
mod gateway;
mod http;
mod listener;
mod network;
mod others;
mod posted;
mod program;
mod readdressed;
pub mod relay_play;
mod sas;
mod sentence;
mod service;
mod streams;
mod tls_client;
mod tools;
mod wait;
mod wcf;
mod wcf_shim;
mod websocket;

pub use certificates::Certificates;
pub use config::{Config, KEY, NAMESPACE, OTHER_KEY};
pub use connect::Wire;
pub use connector::Connector;
pub use cost::{cpu_time, proportional_set_size};
pub use framing::{fault_record, preamble, preamble_start, sized_record, via_record};
pub use gateway::Gateway;
pub use http::{Answer, Request};
pub use listener::{Listener, Reply, Served, accept_address, request_target};
pub use network::OtherMachine;
pub use others::{curl_at, python_listener, python_script};
pub use posted::{post_one_way, posted_envelope};
pub use program::{Program, Running};
pub use readdressed::{REQUEST, Readdressed, relay_address, text_envelope};
pub use sas::{Token, encode};
pub use sentence::{assert_refusal, assert_refusal_json};
pub use service::Service;
pub use streams::pattern;
pub use tls_client::TlsClient;
pub use tools::{curl, dotnet, mono, node, output_dir, python, repository, viaduct};
pub use wait::wait_until;
pub use wcf::{MonoService, mono_client, run_mono_client};
pub use wcf_shim::{HttpHost, RelayListener, RelaySender, shim_gateway};
pub use websocket::{Cut, Frame, Message, WebSocket};

//! Listeners and senders in front of plain programs: `listen`, `forward`, `connect`.
//!
//! ```text
//!   listen:   gateway ── control channel ──► listener ──┬─ streams ──► tcp, unix, net.tcp, WebSocket at an http service
//!                     ◄── rendezvous ───────────────────┴─ exchange ─► http service
//!   forward:  program ──► local door ── hybrid `connect` or HTTP ──► gateway
//! ```
//!
//! What can be decided without a socket stands in files of its own (`backoff`, `base_path`, `response_route`, `via`,
//! `authority`, `proxy`, `peel`, `keep_alive`, `http_request`) and is tested there; the others carry it out.

mod answer;
mod authority;
mod backoff;
mod base_path;
mod control;
mod dial;
mod echo;
mod endpoint;
mod exchange;
mod forward;
mod halves;
mod handshake;
mod http_pool;
mod http_request;
mod keep_alive;
mod listener;
mod net_tcp;
mod peel;
mod proxy;
mod random;
mod readdressed;
mod readdressing;
mod response_route;
mod route;
mod routes;
mod state_door;
mod streams;
mod target;
mod via;

pub(crate) use authority::{Authority, Security};
pub(crate) use dial::{DialError, Dialer};
pub(crate) use endpoint::Endpoint;
pub(crate) use forward::Door;
pub(crate) use handshake::{Ask, HandshakeError};
pub(crate) use listener::{ListenerTiming, run as run_listener};
pub(crate) use proxy::ProxySettings;
pub(crate) use random::tracking_id;
pub(crate) use route::{Phase, RouteState};
pub(crate) use routes::{Routes, forward_settings, listener_settings};
pub(crate) use state_door::StateDoor;

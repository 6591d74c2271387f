//! Viaduct: a relay that people run themselves, speaking both protocols of Azure Relay.
//!
//! ```text
//!   cli  →  config, gateway, connector, management, telemetry
//!           gateway   →  doors, relay, store, io        connector →  io
//!           doors     →  relay, auth, entity, wire, io
//!           - - - - - - - - - - - - - - - - - - - - - -  below: no sockets, no clock, no randomness
//!           inspect   →  wire                           (for cli alone)
//!           bridge    →  relay, auth, entity, wire
//!           relay     →  auth, entity, wire
//!           auth      →  entity
//!           entity, wire  →  nothing
//! ```
//!
//! `docs/architecture.md` is the bird's-eye view; `tests/tidy.rs` keeps the directions.
#![forbid(unsafe_code)]

pub mod auth;
pub mod bridge;
pub mod cli;
pub mod config;
pub mod connector;
pub mod doors;
pub mod entity;
pub mod gateway;
pub mod inspect;
pub mod io;
pub mod management;
pub mod relay;
pub mod store;
pub mod telemetry;
pub mod wire;

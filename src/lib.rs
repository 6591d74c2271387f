//! Viaduct: a relay that people run themselves, speaking both protocols of Azure Relay.
//!
//! ```text
//!   cli  →  config, gateway, connector, management, recorder, telemetry
//!           gateway   →  doors, relay, store, io        connector →  io
//!           doors     →  relay, auth, entity, wire, io    recorder  →  connector, inspect, io, wire
//!           - - - - - - - - - - - - - - - - - - - - - -  below: no sockets, no clock, no randomness
//!           inspect   →  wire                           (for cli and recorder alone)
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
mod recorder;
pub mod relay;
pub mod store;
pub mod telemetry;
pub mod wire;

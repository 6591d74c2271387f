//! The configuration files: `viaduct.toml` of a gateway and `connect.toml` of a connector.
//!
//! A file is read in two steps. `read` turns TOML into the *written* types and finds every unknown key and every
//! value of a wrong type; `check` turns those into the types the program works with and finds what is wrong between
//! them. Both add to one list, so that a person sees every error of a file at once, each with its path and line.
//!
//! `docs/configuration.md` is made from the written types by [`mod@reference`].

mod check;
pub mod connect;
mod doors;
mod problem;
mod read;
pub mod reference;
mod secret;
mod settings;
mod target;
mod written;

pub use doors::{DoorName, Doors};
pub use problem::{ConfigError, Problem};
pub use secret::{Environment, SecretText};
pub use settings::{Certificate, Config, DoorPorts, GatewaySettings, Store, TlsSettings};
pub use target::{ListenTarget, LocalDoor, LocalProtocol, TargetError};

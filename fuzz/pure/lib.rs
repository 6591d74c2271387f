//! The folders of `src/` that know no socket, no clock and no random source, as a crate of their own: the targets need none of
//! tokio, TLS and the like, and build in a fraction of the time. `tests/tidy.rs` sees to it that these folders name no other.
#![forbid(unsafe_code)]

#[path = "../../src/auth/mod.rs"]
pub mod auth;
#[path = "../../src/bridge/mod.rs"]
pub mod bridge;
#[path = "../../src/entity/mod.rs"]
pub mod entity;
#[path = "../../src/inspect/mod.rs"]
pub mod inspect;
#[path = "../../src/relay/mod.rs"]
pub mod relay;
#[path = "../../src/wire/mod.rs"]
pub mod wire;

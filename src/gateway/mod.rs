//! The wiring of doors, meetings and stores: sockets and tasks, and no rule.

mod follow;
mod open;
mod start;
mod state;
mod throttle;

pub(crate) mod clock;
pub(crate) mod core;
pub(crate) mod dialled;
pub(crate) mod live;
pub(crate) mod meet;
pub(crate) mod post;
pub(crate) mod quota;
pub(crate) mod switchboard;
pub(crate) mod web_streams;

pub use start::{Gateway, ReloadError, StartError};

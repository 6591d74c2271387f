//! Plays a scenario, step by step, against a gateway of its own.

mod called;
mod http;
mod listener;
mod oneway;
mod play;
mod relayed;

pub use play::play;
pub(super) use play::{HOST, WRONG_KEY};

//! The things: namespaces, relays, policies, and the limits they live under. Pure.

pub mod limits;
mod units;

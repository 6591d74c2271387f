//! `viaduct listen`, `forward` and `connect` as processes: against a gateway that the test plays itself, where it has to
//! misbehave or be looked at closely, and against `viaduct serve`.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod connect;
mod exchanges;
mod fake_gateway;
mod forward;
mod gateway;
mod listening;
mod program;
mod proxy;
mod services;
mod streams;

//! The splice: the rules of re-heading frames, and pairs of every kind of leg over loopback.
#![allow(clippy::unwrap_used, reason = "a test says by it what must hold")]

mod followers;
mod join;
mod peer;
mod reframer;
mod tls;

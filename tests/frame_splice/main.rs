//! The splice: the rules of re-heading frames, and pairs of every kind of leg over loopback.
#![allow(clippy::unwrap_used, reason = "a test says by it what must hold")]

mod carry;
mod ends;
mod follow;
mod pair;
mod peer;
mod reframer;
mod tls;
mod upgrade;

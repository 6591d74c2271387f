//! Bytes in, values out, and back. Pure.

pub mod follow;
mod follow_after;
pub mod framing;
pub mod hybrid;
pub mod int31;
pub mod websocket;

pub use follow_after::After;

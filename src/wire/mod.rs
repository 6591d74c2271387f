//! Bytes in, values out, and back. Pure.

pub mod follow;
pub mod framing;
pub mod hybrid;
pub mod int31;
pub mod websocket;

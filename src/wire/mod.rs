//! Bytes in, values out, and back. Pure.

pub mod amqp;
pub mod binxml;
pub mod follow;
mod follow_after;
pub mod framing;
pub mod hybrid;
pub mod int31;
pub mod relayed;
pub mod soap;
pub mod websocket;
pub mod xml;

pub use follow_after::After;

//! A stream of bytes made of two HTTP requests, for clients that get no WebSocket through: wcf-relay page 1.5.
//!
//! ```text
//! POST PATH         X-WSCREATE: role     → 201, X-WSENDPT1: down, X-WSENDPT2: up
//! POST up, chunked  X-WSCONNECT: role      frames of the client, without end
//! GET  down         X-WSCONNECT: role    → 200, frames of ours, without end
//! frame = length of two bytes, low byte first; payload             length 0: a sign of life
//! http: 01 02 03 04 up, the same down, twice; https: nothing       then the role's own protocol
//! ```
//!
//! In the role `connection` that is a [`super::TlsMark`], perhaps TLS inside whatever there is, and the messages of protocol C;
//! in the role `oneway` it is net.tcp framing.

mod endpoints;
mod error;
mod frames;
mod request;
mod stream;

pub use endpoints::{Endpoints, Way};
pub use error::WebStreamError;
pub use frames::{FrameDecoder, KEEP_ALIVE, MAX_FRAME, StreamChunk, encode_frames};
pub use request::{
    CONNECT_HEADER, CREATE_HEADER, MAX_CREATE_BODY, PROCESS_AT, PROCESS_AT_RELAY, StreamRequest, StreamRole,
};
pub use stream::{WebStream, WebStreamTimes};

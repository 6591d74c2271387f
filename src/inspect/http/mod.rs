//! HTTP/1.1, RFC 9112: heads, bodies, and the frames of a WebSocket that a connection turns into.

mod body;
mod frames;
mod head;
mod walk;

pub(super) use head::{begins_request, begins_response};
pub(super) use walk::HttpWalk;

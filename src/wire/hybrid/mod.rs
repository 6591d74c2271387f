//! What Hybrid Connections put into URLs, headers and control messages.
//!
//! Numbers in comments name sections of the protocol page on Hybrid Connections.

mod control;
mod cookies;
mod headers;
mod latin1;
mod query;
mod sentence;
mod tracking;

pub use control::{
    Accept, ControlError, ControlMessage, HeaderMap, RemoteEndpoint, RenewToken, Request, Response,
};
pub use cookies::split_set_cookie;
pub use headers::{
    HeaderLine, ResponseLines, connect_headers, is_hop_by_hop, reason_phrase, request_headers, response_lines,
};
pub use latin1::{latin1_decode, latin1_encode};
pub use query::{Action, HybridQuery, Rejection};
pub use sentence::ErrorSentence;
pub use tracking::TrackingId;

//! Plain `NetTcpBinding` clients: .NET message framing on a port of its own, in clear or inside TLS.
//!
//! The Via of each preamble names the relay. The door looks it up, authorises it, finds a listener and walks the heads of
//! the records until the session has ended both ways; then the connection may bring its next preamble, which is looked
//! up and authorised anew. What is inside envelopes and behind upgrades is none of the door's business.

mod admit;
mod fault;
pub(crate) mod preamble;
mod serve;
mod session;

pub(crate) use serve::serve;

//! A WCF listener's control link: the server's side of AMQP 1.0 as `Microsoft.ServiceBus.dll` speaks it, without I/O.
//! Relay page, section 2 (protocol A).
//!
//! One connection carries one session with one pair of links, and the pair is one listener. [`ListenerLink`] reads what the listener
//! sends and says what it means in the relay's words ([`LinkEvent`]); what the relay wants is told it by methods. Whether TLS or
//! WebSocket carries the bytes it does not know, and whether a token is good it asks.
//!
//! ```text
//!   listener                      ListenerLink                          above
//!   SASL EXTERNAL, open, begin ─►
//!   attach :out, attach :in ────► Wanted(request) ────────────────────► token? relay? quota?
//!                           ◄──── attach, attach, flow ◄─────────────── accept
//!   flow, credit 1000 ──────────► Online ─────────────────────────────► registered
//!                           ◄──── transfer … ◄───────────────────────── send(envelope) = delivery
//!   disposition accepted ───────► Delivered(delivery, Accepted) ──────► the sender is told
//!   flow with a new token ──────► Renewed(token) ─────────────────────► token?
//!                           ◄──── detach, detach ◄───────────────────── detach, or refuse instead of accept
//!   detach, detach, end, close ─► Gone ───────────────────────────────► unregistered
//! ```
//!
//! The machine answers the AMQP of [`ControlChannel`](super::ControlChannel)'s listener as the WebSocket door does for a hybrid one:
//! invitations, the end of tokens and draining are decided there.

mod attaching;
mod condition;
mod endpoint;
mod event;
mod flowing;
mod incoming;
mod opening;
mod outgoing;
mod output;
mod pair;
mod request;
mod session;
mod terms;
mod violation;

#[cfg(test)]
mod tests;

pub use condition::{Acquaintance, Condition, LinkError};
pub use endpoint::ListenerLink;
pub use event::{DeliveryId, GoneReason, LinkEvent, Outcome, PeerError};
pub use outgoing::SendError;
pub use request::{BadRequest, ListenRequest, service_host};
pub use terms::LinkTerms;
pub use violation::Violation;

//! The rules of a meeting, without I/O: who is invited, who comes, who is told what, and until when.
//!
//! A **sender** waits at its gateway, which runs one [`Meeting`] for it. A **listener** is connected to its
//! gateway, which runs one [`ControlChannel`] for it. The two exchange [`ToListenerGateway`] and
//! [`ToSenderGateway`], which can be serialised: in one process they pass through a channel, between gateways
//! through a codec. The rules hold whatever is delayed, doubled or lost on the way.
//!
//! ```text
//!   sender's gateway                                      listener's gateway
//!   Meeting ── Invite ─────────────────────────────────►  ControlChannel ── Deliver ──► listener
//!           ◄───────────────────────────────── Invited ──                                  │
//!           ◄──────────────── Refused or Responded ──────                                  │
//!   RendezvousTable ◄──────────────────── the listener dials the sender's gateway ─────────┘
//!   Meeting: Join ► an exchange goes on in Exchange, a stream is spliced
//!           ── Settled or Cancel ──────────────────────►
//! ```
//!
//! A driver feeds each machine with `handle_*`, then carries out every `next_command` until there is none, then
//! waits for the next input or for `poll_timeout`, whichever comes first. Machines never ask for the time or
//! for a random number; both are arguments.
//!
//! What each machine must not know: a [`Meeting`] does not know which protocol its sender speaks, a
//! [`ControlChannel`] not whether WebSocket or AMQP carries it. A WCF listener is one more driver of the same
//! [`ControlChannel`].
//!
//! A **one-way message** is not a `Meeting`, which ends with a listener that comes, but a [`Posting`]: it asks one listener
//! after the other, or all of them at once for an event, and is over when one accepted. Its messages are the same, and so is
//! the `ControlChannel` at the other end, which says `Accepted` when the listener did. See `docs/adr/0002-two-machines-one-meeting.md`.

mod admission;
mod balance;
mod channel_terms;
mod close_reason;
mod control_channel;
mod deadlines;
mod exchange;
mod ids;
mod keep_alive;
pub mod listener_link;
mod meeting;
mod message;
mod outstanding;
mod posting;
mod refusal;
mod registration;
mod rendezvous;
mod shape;
#[cfg(test)]
mod testing;
mod token_end;
mod wcf_terms;

pub use admission::{Registered, admission, one_above_the_other};
pub use balance::{ListenerFilter, NoListener, choose};
pub use channel_terms::ChannelTerms;
pub use close_reason::CloseReason;
pub use control_channel::{ChannelCommand, ControlChannel, MessageOutcome, UnknownRequest};
pub use exchange::{Exchange, ExchangeCommand, ExchangeTerms, Piece, RequestBody, ResponseBody};
pub use ids::{GatewayId, IdError, ListenerId, MeetingId, RendezvousId};
pub use meeting::{Arrival, Meeting, MeetingCommand, MeetingTerms};
pub use message::{
    ExchangeRequest, Invitation, OneWayMessage, RefuseReason, ResponseHead, ToListenerGateway,
    ToSenderGateway, What,
};
pub use posting::{Posting, PostingCommand, PostingTerms, Spread};
pub use refusal::{Malformed, Refusal};
pub use registration::{Registration, listener_tag};
pub use rendezvous::{ClaimError, Expectation, InsertError, PendingLimits, RendezvousTable, Side};
pub use shape::{Shape, Shapes};
pub use wcf_terms::{WcfTerms, wcf_type};

//! Followers of one session: what a gateway and a connector need to see of it, and no more.
//!
//! In clear they walk the heads of records. After an upgrade they walk the outer records of the security layer, because
//! both ends take the layer off again after a session and would read the next preamble, in clear, from the same
//! connection (framing page 4.3): a preamble that nobody authorised. So an upgraded session is the only one of its
//! relayed connection, and whatever is not a record of the layer is refused.

mod data;
mod handshake;
mod initiator;
mod pair;
mod receiver;
mod tls;
mod walk;

#[cfg(test)]
mod tests;

pub use initiator::InitiatorFollower;
pub use pair::followers;
pub use receiver::ReceiverFollower;

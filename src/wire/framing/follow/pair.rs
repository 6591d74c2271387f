//! The two directions of one relayed connection.

use super::handshake::HandshakeAnswers;
use super::{InitiatorFollower, ReceiverFollower};
use crate::wire::framing::policy::FramingLimits;
use crate::wire::framing::preamble::Session;

/// The two followers of a session whose preamble was read. They belong to one relayed connection and share the answers of
/// a security handshake, so both are needed even where only one of them decides.
pub fn followers(session: &Session, limits: &FramingLimits) -> (InitiatorFollower, ReceiverFollower) {
    let answers = HandshakeAnswers::default();
    (
        InitiatorFollower::new(session, limits, answers.clone()),
        ReceiverFollower::new(session, limits, answers),
    )
}

//! One session: its sender meets a listener.

use std::sync::Arc;

use bytes::BytesMut;

use crate::{
    auth::Authorized,
    doors::{
        admit::Target,
        find::{Asked, Waiting, find_listener},
        hybrid::{Joining, join_options},
    },
    gateway::core::{Core, Peer},
    io::{Dialect, JoinOptions, Leg, Stream},
    relay::Refusal,
    wire::{
        After,
        framing::{FramingLimits, Session, Via, followers},
        hybrid::TrackingId,
    },
};

/// A session that may be relayed.
pub(super) struct Relayed {
    pub(super) session: Session,
    pub(super) target: Target,
    pub(super) authorized: Option<Authorized>,
    /// What the log calls it.
    pub(super) id: TrackingId,
}

/// Both legs of a session, ready to be joined.
pub(super) struct Ready {
    pub(super) joining: Joining,
    pub(super) sender: Leg,
    pub(super) listener: Leg,
    pub(super) options: JoinOptions,
}

/// Finds a listener; `None` when the sender left meanwhile. The sender's own connection comes back with a refusal, so that it
/// can be told.
pub(super) async fn begin(
    core: &Arc<Core>,
    peer: &Arc<Peer>,
    stream: Stream,
    early: BytesMut,
    relayed: Relayed,
    limits: &FramingLimits,
) -> Result<Option<Ready>, (Stream, Refusal)> {
    let Relayed { session, target, authorized, id: tracking_id } = relayed;
    let counted = match target.count(core) {
        Ok(counted) => counted,
        Err(refusal) => return Err((stream, refusal)),
    };
    let asked = Asked { target: &target, host: session.preamble.via.host(), id: &tracking_id };
    let found = find_listener(core, peer, Waiting { stream, early }, asked).await?;
    let Some((Waiting { stream, early }, listener)) = found else { return Ok(None) };
    let shown = core.live.connection(peer, &target, &tracking_id, authorized, counted);

    // The preamble goes on without its token; from there on the heads of the records are walked.
    let mut first = Vec::new();
    let via = &session.preamble.via;
    match listener.is_relay_service {
        true => session.encode(&relay_address(via), &mut first),
        false => session.encode(via.as_str(), &mut first),
    }
    let (initiator, receiver) = followers(&session, limits);
    let options = JoinOptions {
        follow_a_to_b: Some(Box::new(After::new(first.len(), initiator))),
        follow_b_to_a: Some(Box::new(receiver)),
        ..join_options(core, &shown)
    };
    first.extend_from_slice(&early);
    let sender = Leg { stream, early: first.into(), dialect: Dialect::Bytes };
    let joining = Joining { shown, _peer: Arc::clone(peer) };
    Ok(Some(Ready { joining, sender, listener: listener.leg, options }))
}

/// The Via as the library's own senders write it: a service of WCF Relay is found by `sb` and path (relay page 4.7 and 7.3).
fn relay_address(via: &Via) -> String {
    format!("sb://{}{}", via.host(), via.path())
}

//! A listener takes the connection that it was invited to (4.6).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use tokio::{sync::oneshot, time::timeout};

use super::carriage;
use crate::{
    gateway::{
        core::Core,
        dialled::{Dialled, Line},
    },
    io::Stream,
    relay::{Arrival, Malformed, Refusal, RendezvousId},
    wire::relayed::{RelayedAccept, relayed_accept_reply},
};

/// Hands the connection to the meeting that waits for it. The id is all the authority it needs.
pub(super) async fn accept(
    core: &Arc<Core>,
    mut stream: Stream,
    read: BytesMut,
    accept: RelayedAccept,
    patience: Duration,
) -> Result<(), (Stream, Refusal)> {
    let unknown = || Refusal::from(Malformed::UnknownRendezvous(accept.id.to_string()));
    let id = RendezvousId::new(accept.id.as_u128());
    let claimed = core.rendezvous().claim_by_id(id, Instant::now());
    let slot = match claimed {
        Ok(slot) => slot,
        Err(error) => {
            tracing::debug!(%error, "a rendezvous was refused");
            return Err((stream, unknown()));
        }
    };
    let (taken, was_taken) = oneshot::channel();
    let (hand_over, leg) = oneshot::channel();
    let dialled =
        Dialled { arrival: Arrival::Accepted, line: Some(Line::Relayed(leg)), protocol: None, taken };
    if slot.send(dialled).is_err() || was_taken.await.is_err() {
        return Err((stream, unknown()));
    }
    let reply = match relayed_accept_reply() {
        Ok(reply) => reply,
        Err(error) => {
            tracing::error!(%error, "a reply could not be written");
            return Ok(());
        }
    };
    // Whoever waits for the leg sees it dropped when the reply was not taken.
    if let Ok(Ok(())) = timeout(patience, carriage::write_message(&mut stream, &reply)).await {
        let _ = hand_over.send(stream.into_leg(read.freeze()));
    }
    Ok(())
}

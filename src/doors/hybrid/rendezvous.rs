//! A listener dials in, to the address an invitation named: it takes the sender, or rejects it (3.3, 3.4, 5.4).

use std::{sync::Arc, time::Instant};

use http::{HeaderValue, Response};
use tokio::sync::oneshot;

use super::{
    arrived::Arrived,
    handshake,
    reply::{Body, gone, switching},
};
use crate::{
    gateway::{
        core::Core,
        dialled::{Dialled, Line},
    },
    relay::{Arrival, Malformed, Refusal, RendezvousId, Side},
};

/// Hands the connection to the meeting that waits for it. The secret in the URL is all the authority it needs.
pub(crate) async fn dialled(
    core: &Arc<Core>,
    mut arrived: Arrived,
    key: HeaderValue,
    side: Side,
) -> Result<Response<Body>, Refusal> {
    let given = arrived.query.id.clone().unwrap_or_default();
    let unknown = move || Malformed::UnknownRendezvous(given.clone());
    let arrival = match &arrived.query.rejection {
        None => Arrival::Accepted,
        Some(rejection) => Arrival::Rejected {
            status: rejection.status.ok_or(Malformed::BadParameter("sb-hc-statusCode"))?,
            description: rejection.description.clone(),
        },
    };
    let id = arrived
        .query
        .rendezvous
        .as_deref()
        .and_then(|id| id.parse::<RendezvousId>().ok())
        .ok_or_else(&unknown)?;
    let path = arrived.path(core)?;
    let slot = core.rendezvous().claim(id, path.decoded(), side, Instant::now()).map_err(|error| {
        tracing::debug!(tracking_id = %arrived.asked.tracking_id, %error, "a rendezvous was refused");
        unknown()
    })?;
    let rejected = matches!(arrival, Arrival::Rejected { .. });
    let protocol = handshake::first_protocol(arrived.request.headers());
    let line = (!rejected).then(|| Line::Upgrade(hyper::upgrade::on(&mut arrived.request)));
    let (taken, was_taken) = oneshot::channel();
    let dialled = Dialled { arrival, line, protocol: protocol.clone(), taken };
    let delivered = slot.send(dialled).is_ok();
    if rejected {
        // The listener hears 410 whether or not its sender still waited.
        return Ok(gone(&arrived.asked));
    }
    if !delivered || was_taken.await.is_err() {
        return Err(unknown().into());
    }
    Ok(switching(&key, protocol.as_deref(), &arrived.asked.tracking_id))
}

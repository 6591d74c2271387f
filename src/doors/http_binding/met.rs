//! A listener for one request: its kept connection, or a new one.

use std::{net::IpAddr, sync::Arc, time::Duration};

use super::line::Line;
use crate::{
    doors::{
        admit::{Addressed, Target},
        hybrid::{Arrived, listener_leg},
    },
    entity::RelayKey,
    gateway::{
        clock::random_u64,
        core::Core,
        dialled::{self, Dialled},
        meet::{Met, Wanted, meet},
    },
    relay::{
        ExchangeRequest, Invitation, ListenerFilter, ListenerId, Refusal, RendezvousId, Shape, What, choose,
    },
};

/// Who takes the request.
pub(super) enum Found {
    /// A listener of an HTTP binding.
    Service {
        line: Line,
        /// Whose it is, where that is certain.
        listener: Option<ListenerId>,
    },
    /// A connector, which speaks as listeners of hybrid connections do.
    Connector(Dialled),
}

/// What is asked of a listener.
pub(super) struct Ask {
    filter: ListenerFilter,
    sender: IpAddr,
    invitation: Invitation,
    /// How long it may take in all; `None`: as long as it likes.
    pub(super) respond: Option<Duration>,
}

impl Ask {
    /// The request stays here until a listener comes for it.
    pub(super) fn new(core: &Core, arrived: &Arrived, addressed: &Addressed) -> Self {
        let invitation = Invitation {
            id: arrived.asked.tracking_id.to_string(),
            rendezvous: RendezvousId::new(0),
            dial: core.settings.load().public_address.clone(),
            path: addressed.path.raw().to_owned(),
            query: arrived.query.rest.clone(),
            remote: Some(arrived.peer.address),
            headers: Vec::new(),
            what: What::Exchange(ExchangeRequest::AddressOnly),
        };
        Self { filter: arrived.filter(), sender: arrived.peer.address.ip(), invitation, respond: None }
    }
}

/// A connection that served before, and serves again: of the listener whose turn it is.
pub(super) async fn kept(
    core: &Core,
    relay: &RelayKey,
    ask: &Ask,
) -> Option<(Line, Option<ListenerId>, bool)> {
    let candidates = core.registrations.candidates(relay);
    let chosen = choose(&candidates, &ask.filter, Shape::Exchange, &[], random_u64()).ok()?;
    let line = core.kept.take(chosen.listener).await?;
    Some((line, Some(chosen.listener), true))
}

/// Invites listeners until one comes.
pub(super) async fn invited(core: &Arc<Core>, target: &Target, ask: &Ask) -> Result<Found, Refusal> {
    let wanted = Wanted {
        relay: target.key.clone(),
        filter: ask.filter.clone(),
        sender: ask.sender,
        path: target.path.decoded().to_owned(),
        invitation: ask.invitation.clone(),
        respond: ask.respond,
    };
    let Met::Joined { dialled, listener, .. } = meet(core, wanted).await? else {
        // The request was in no invitation, so there is nothing to answer.
        return Err(Refusal::ListenerMisbehaved);
    };
    match dialled {
        Dialled { line: Some(relayed @ dialled::Line::Relayed(_)), taken, .. } => {
            taken.send(()).map_err(|()| Refusal::ListenerGone)?;
            let limit = core.settings.load().timeouts.handshake;
            match tokio::time::timeout(limit, listener_leg(core, relayed)).await {
                Ok(Ok(leg)) => Ok(Found::Service { line: Line::new(leg), listener }),
                _ => Err(Refusal::ListenerGone),
            }
        }
        dialled => Ok(Found::Connector(dialled)),
    }
}

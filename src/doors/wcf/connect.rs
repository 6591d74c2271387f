//! A sender wants a connection to a service (4.4).

use std::sync::Arc;

use bytes::BytesMut;

use super::carriage;
use crate::{
    auth::Authorized,
    doors::{
        admit::{self, Target},
        find::{Asked, Waiting, find_listener},
        hybrid::{Joining, join_options},
    },
    entity::ServiceAddress,
    gateway::{
        core::{Core, Peer},
        quota::Counted,
    },
    io::{JoinOptions, Leg, Stream},
    relay::Refusal,
    wire::{
        hybrid::TrackingId,
        relayed::{RelayedConnect, relayed_connect_reply},
    },
};

/// Both legs of a relayed connection, ready to be joined.
pub(super) struct Connected {
    pub(super) joining: Joining,
    pub(super) sender: Leg,
    pub(super) listener: Leg,
    pub(super) options: JoinOptions,
}

/// Finds a listener and answers; `None` when the sender left meanwhile. Its connection comes back with a refusal, so that it can be told.
pub(super) async fn connect(
    core: &Arc<Core>,
    peer: &Arc<Peer>,
    stream: Stream,
    early: BytesMut,
    request: RelayedConnect,
    id: &TrackingId,
) -> Result<Option<Connected>, (Stream, Refusal)> {
    let Admitted { target, host, authorized, counted } = match admitted(core, peer, &request) {
        Ok(admitted) => admitted,
        Err(refusal) => return Err((stream, refusal)),
    };
    let asked = Asked { target: &target, host: &host, id };
    let found = find_listener(core, peer, Waiting { stream, early }, asked).await?;
    let Some((Waiting { mut stream, early }, listener)) = found else { return Ok(None) };
    let Ok(reply) = relayed_connect_reply() else { return Err((stream, Refusal::Internal)) };
    let handshake = core.settings.load().timeouts.handshake;
    let answered = tokio::time::timeout(handshake, carriage::write_message(&mut stream, &reply)).await;
    if !matches!(answered, Ok(Ok(()))) {
        return Ok(None);
    }
    let shown = core.live.connection(peer, &target, id, authorized, counted);
    core.metrics.sender_connections.success.inc();
    let options = join_options(core, &shown);
    let mut sender = stream.into_leg(early.freeze());
    sender.dialect = sender.dialect.with_first_byte_alone();
    let joining = Joining { shown, _peer: Arc::clone(peer) };
    Ok(Some(Connected { joining, sender, listener: listener.leg, options }))
}

/// A sender that may be joined.
struct Admitted {
    target: Target,
    /// The host as the sender wrote it.
    host: String,
    authorized: Option<Authorized>,
    counted: Counted,
}

fn admitted(core: &Core, peer: &Peer, request: &RelayedConnect) -> Result<Admitted, Refusal> {
    let address = ServiceAddress::parse(&request.uri)?;
    let token = request.token.as_ref().map(|token| &token.text);
    let (target, authorized) = admit::wcf_sender(core, peer, &address, token)?;
    let counted = target.count(core)?;
    Ok(Admitted { target, host: address.authority, authorized, counted })
}

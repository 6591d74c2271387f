//! A sender waits on its own connection while a listener is found for it.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::BytesMut;
use tokio::io::AsyncReadExt;

use super::{admit::Target, hybrid::listener_leg};
use crate::{
    gateway::{
        clock::random_u128,
        core::{Core, Peer},
        dialled::{Dialled, Line},
        meet::{Met, Wanted, meet},
    },
    io::{Leg, Stream},
    relay::{Invitation, ListenerFilter, Refusal, RendezvousId, What},
    wire::hybrid::{HeaderLine, TrackingId},
};

/// A sender that wants a stream and whose protocol has no headers.
pub(crate) struct Waiting {
    pub(crate) stream: Stream,
    /// What it said behind its request.
    pub(crate) early: BytesMut,
}

/// Whom it asks for, and what the log calls it.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) target: &'a Target,
    /// The host as the sender wrote it.
    pub(crate) host: &'a str,
    pub(crate) id: &'a TrackingId,
}

/// The listener that came for it.
pub(crate) struct Found {
    pub(crate) leg: Leg,
    /// It is one of WCF Relay, whose services know their address by the scheme `sb`.
    pub(crate) is_relay_service: bool,
}

/// Bytes kept of a sender that does not wait for its answer, as it should.
const EARLY: usize = 64 << 10;

/// The listener, and the sender as it is now; `None` when the sender left meanwhile. Its connection comes back with a refusal,
/// so that it can be told.
pub(crate) async fn find_listener(
    core: &Arc<Core>,
    peer: &Peer,
    mut sender: Waiting,
    asked: Asked<'_>,
) -> Result<Option<(Waiting, Found)>, (Stream, Refusal)> {
    let wanted = Wanted {
        relay: asked.target.key.clone(),
        filter: ListenerFilter::default(),
        sender: peer.address.ip(),
        path: asked.target.path.decoded().to_owned(),
        invitation: invitation(core, peer, asked),
        respond: None,
    };
    let met = tokio::select! {
        met = meet(core, wanted) => met,
        () = gone(&mut sender) => return Ok(None),
    };
    match listener(core, met).await {
        Ok(listener) => Ok(Some((sender, listener))),
        Err(refusal) => Err((sender.stream, refusal)),
    }
}

async fn listener(core: &Core, met: Result<Met, Refusal>) -> Result<Found, Refusal> {
    let Met::Joined { dialled: Dialled { line: Some(line), taken, .. }, .. } = met? else {
        return Err(Refusal::Internal);
    };
    taken.send(()).map_err(|()| Refusal::ListenerGone)?;
    let handshake = core.settings.load().timeouts.handshake;
    let is_relay_service = matches!(line, Line::Relayed(_));
    match tokio::time::timeout(handshake, listener_leg(core, line)).await {
        Ok(Ok(leg)) => Ok(Found { leg, is_relay_service }),
        _ => Err(Refusal::ListenerGone),
    }
}

/// The sender's connection ended while it waited. What it says before it is answered is kept, within reason.
async fn gone(sender: &mut Waiting) {
    while sender.early.len() < EARLY {
        if !matches!(sender.stream.read_buf(&mut sender.early).await, Ok(1..)) {
            return;
        }
    }
    std::future::pending().await
}

/// The sender as hybrid listeners know senders: the headers are those of a handshake, made up where its protocol has none, because
/// listeners refuse a connection without them (hybrid page 3.1).
fn invitation(core: &Core, peer: &Peer, asked: Asked<'_>) -> Invitation {
    let key = BASE64_STANDARD.encode(random_u128().to_ne_bytes());
    let line = |name: &str, value: &str| -> HeaderLine { (name.to_owned(), value.to_owned()) };
    Invitation {
        id: asked.id.to_string(),
        rendezvous: RendezvousId::new(0),
        dial: core.settings.load().public_address.clone(),
        path: asked.target.path.raw().to_owned(),
        query: None,
        remote: Some(peer.address),
        headers: vec![
            line("Host", asked.host),
            line("Connection", "Upgrade"),
            line("Upgrade", "websocket"),
            line("Sec-WebSocket-Version", "13"),
            line("Sec-WebSocket-Key", &key),
        ],
        what: What::Stream,
    }
}

//! One session: its sender meets a listener.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::BytesMut;
use tokio::io::AsyncReadExt;

use crate::{
    auth::Authorized,
    doors::{
        admit::Target,
        hybrid::{Joining, join_options, listener_leg},
    },
    gateway::{
        clock::random_u128,
        core::{Core, Peer},
        dialled::Dialled,
        meet::{Met, Wanted, meet},
    },
    io::{Dialect, JoinOptions, Leg, Stream},
    relay::{Invitation, ListenerFilter, Refusal, RendezvousId, What},
    wire::{
        After,
        framing::{FramingLimits, Session, followers},
        hybrid::{HeaderLine, TrackingId},
    },
};

/// A session that may be relayed.
pub(super) struct Relayed {
    pub(super) session: Session,
    pub(super) target: Target,
    pub(super) authorized: Option<Authorized>,
}

/// Both legs of a session, ready to be joined.
pub(super) struct Ready {
    pub(super) joining: Joining,
    pub(super) sender: Leg,
    pub(super) listener: Leg,
    pub(super) options: JoinOptions,
}

/// Bytes kept of a sender that does not wait for the answer to its preamble, as it should.
const EARLY: usize = 64 << 10;

/// Finds a listener; `None` when the sender left meanwhile. The sender's own connection comes back with a refusal, so that it
/// can be told.
pub(super) async fn find_listener(
    core: &Arc<Core>,
    peer: &Arc<Peer>,
    mut stream: Stream,
    mut early: BytesMut,
    relayed: Relayed,
    limits: &FramingLimits,
) -> Result<Option<Ready>, (Stream, Refusal)> {
    let Relayed { session, target, authorized } = relayed;
    let counted = match target.count(core) {
        Ok(counted) => counted,
        Err(refusal) => return Err((stream, refusal)),
    };
    let tracking_id = TrackingId::new(None, random_u128(), core.number);
    let wanted = Wanted {
        relay: target.key.clone(),
        filter: ListenerFilter::default(),
        sender: peer.address.ip(),
        path: target.path.decoded().to_owned(),
        invitation: invitation(core, peer, &session, &target, &tracking_id),
        respond: None,
    };
    let met = tokio::select! {
        met = meet(core, wanted) => met,
        () = gone(&mut stream, &mut early) => return Ok(None),
    };
    let (listener, taken) = match met {
        Ok(Met::Joined { dialled: Dialled { line: Some(listener), taken, .. }, .. }) => (listener, taken),
        Ok(_) => return Err((stream, Refusal::Internal)),
        Err(refusal) => return Err((stream, refusal)),
    };
    if taken.send(()).is_err() {
        return Err((stream, Refusal::ListenerGone));
    }
    let handshake = core.settings.load().timeouts.handshake;
    let Ok(Ok(listener)) = tokio::time::timeout(handshake, listener_leg(core, listener)).await else {
        return Err((stream, Refusal::ListenerGone));
    };
    let shown = core.live.connection(peer, &target, &tracking_id, authorized, counted);

    // The preamble goes on without its token; from there on the heads of the records are walked.
    let mut first = Vec::new();
    session.encode(session.preamble.via.as_str(), &mut first);
    let (initiator, receiver) = followers(&session, limits);
    let options = JoinOptions {
        follow_a_to_b: Some(Box::new(After::new(first.len(), initiator))),
        follow_b_to_a: Some(Box::new(receiver)),
        ..join_options(core, &shown)
    };
    first.extend_from_slice(&early);
    let sender = Leg { stream, early: first.into(), dialect: Dialect::Bytes };
    let joining = Joining { shown, _peer: Arc::clone(peer) };
    Ok(Some(Ready { joining, sender, listener, options }))
}

/// The sender's connection ended while it waited. What it says before it is answered is kept, within reason.
async fn gone(stream: &mut Stream, early: &mut BytesMut) {
    while early.len() < EARLY {
        if !matches!(stream.read_buf(early).await, Ok(1..)) {
            return;
        }
    }
    std::future::pending().await
}

/// A net.tcp sender as hybrid listeners know senders: the headers are those of a handshake, made up where framing has
/// none, because listeners refuse a connection without them (hybrid page 3.1).
fn invitation(
    core: &Core,
    peer: &Peer,
    session: &Session,
    target: &Target,
    tracking_id: &TrackingId,
) -> Invitation {
    let key = BASE64_STANDARD.encode(random_u128().to_ne_bytes());
    let line = |name: &str, value: &str| -> HeaderLine { (name.to_owned(), value.to_owned()) };
    Invitation {
        id: tracking_id.to_string(),
        rendezvous: RendezvousId::new(0),
        dial: core.settings.load().public_address.clone(),
        path: target.path.raw().to_owned(),
        query: None,
        remote: Some(peer.address),
        headers: vec![
            line("Host", session.preamble.via.host()),
            line("Connection", "Upgrade"),
            line("Upgrade", "websocket"),
            line("Sec-WebSocket-Version", "13"),
            line("Sec-WebSocket-Key", &key),
        ],
        what: What::Stream,
    }
}

//! A sender wants a connection to a service (4.4).

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::BytesMut;
use tokio::io::AsyncReadExt;

use super::carriage;
use crate::{
    auth::Authorized,
    doors::{
        admit::{self, Target},
        hybrid::{Joining, join_options, listener_leg},
    },
    entity::{DynamicRelays, ServiceAddress},
    gateway::{
        clock::random_u128,
        core::{Core, Peer, Transport},
        dialled::Dialled,
        meet::{Met, Wanted, meet},
        quota::Counted,
    },
    io::{Dialect, JoinOptions, Leg, Stream},
    relay::{Invitation, ListenerFilter, Refusal, RendezvousId, What},
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

/// Bytes kept of a sender that does not wait for its answer, as it should.
const EARLY: usize = 64 << 10;

/// Finds a listener and answers; `None` when the sender left meanwhile. Its connection comes back with a refusal, so that it can be told.
pub(super) async fn connect(
    core: &Arc<Core>,
    peer: &Arc<Peer>,
    mut stream: Stream,
    mut early: BytesMut,
    request: RelayedConnect,
    id: &TrackingId,
) -> Result<Option<Connected>, (Stream, Refusal)> {
    let Admitted { target, host, authorized, counted } = match admitted(core, peer, &request) {
        Ok(admitted) => admitted,
        Err(refusal) => return Err((stream, refusal)),
    };
    let wanted = Wanted {
        relay: target.key.clone(),
        filter: ListenerFilter::default(),
        sender: peer.address.ip(),
        path: target.path.decoded().to_owned(),
        invitation: invitation(core, peer, &host, &target, id),
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
    let Ok(reply) = relayed_connect_reply() else { return Err((stream, Refusal::Internal)) };
    if !matches!(
        tokio::time::timeout(handshake, carriage::write_message(&mut stream, &reply)).await,
        Ok(Ok(()))
    ) {
        return Ok(None);
    }
    let shown = core.live.connection(peer, &target, id, authorized, counted);
    core.metrics.sender_connections.success.inc();
    let options = join_options(core, &shown);
    let sender = Leg { stream, early: early.freeze(), dialect: Dialect::Bytes };
    let joining = Joining { shown, _peer: Arc::clone(peer) };
    Ok(Some(Connected { joining, sender, listener, options }))
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
    if core.draining.is_cancelled() {
        return Err(Refusal::Draining);
    }
    let address = ServiceAddress::parse(&request.uri)?;
    let token = request.token.as_ref().map(|token| &token.text);
    let addressed = admit::look_up(core, peer, &address.authority, address.path)?;
    // Where listeners make relays, a relay that is not there is one that nobody listens on: its sender may try again.
    let comes_and_goes = addressed.namespace.dynamic_relays != DynamicRelays::Off;
    let (target, authorized) = addressed.sender(core, token).map_err(|refusal| match refusal {
        Refusal::NoSuchRelay if comes_and_goes => Refusal::NoListener,
        refusal => refusal,
    })?;
    if target.relay.requires_transport_security && peer.transport == Transport::Clear {
        return Err(Refusal::TransportSecurity);
    }
    let counted = target.count(core)?;
    Ok(Admitted { target, host: address.authority, authorized, counted })
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

/// The sender as hybrid listeners know senders, for a connector may listen on a WCF relay: the headers are those of a handshake.
fn invitation(core: &Core, peer: &Peer, host: &str, target: &Target, id: &TrackingId) -> Invitation {
    let key = BASE64_STANDARD.encode(random_u128().to_ne_bytes());
    let line = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Invitation {
        id: id.to_string(),
        rendezvous: RendezvousId::new(0),
        dial: core.settings.load().public_address.clone(),
        path: target.path.raw().to_owned(),
        query: None,
        remote: Some(peer.address),
        headers: vec![
            line("Host", host),
            line("Connection", "Upgrade"),
            line("Upgrade", "websocket"),
            line("Sec-WebSocket-Version", "13"),
            line("Sec-WebSocket-Key", &key),
        ],
        what: What::Stream,
    }
}

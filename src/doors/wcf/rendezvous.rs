//! The rendezvous door: senders that want a connection, and listeners that were invited to one (4.1 to 4.7).

use std::{sync::Arc, time::Duration};

use bytes::BytesMut;
use tokio::time::{error::Elapsed, timeout};

use super::{
    accept, carriage,
    connect::{self, Connected},
    fault::{fault, unreadable},
    probe,
};
use crate::{
    doors::{admit::hold_back, hybrid::run},
    gateway::{
        clock::unix_now,
        core::{Core, Peer, Transport},
    },
    io::{JoinEnd, ServerTls, Stream, finish, join},
    relay::Refusal,
    wire::{
        binxml::Ids,
        hybrid::TrackingId,
        relayed::{FaultReason, Preamble, RelayedRequest, TlsMark},
    },
};

/// Serves a connection until it ends.
pub(crate) async fn serve(core: Arc<Core>, stream: Stream, peer: Peer, tls: Option<ServerTls>) {
    // In a box, so that a joined pair does not carry the room for it (design, section 4).
    let Some(connected) = Box::pin(prepare(&core, stream, peer, tls)).await else { return };
    join_both(core, connected).await;
}

/// The same, where it came inside another protocol, which told it from others already: without preamble, TLS and probes (4.3).
pub(super) async fn serve_carried(core: Arc<Core>, stream: Stream, peer: Arc<Peer>) {
    let Some(connected) = Box::pin(prepare_carried(&core, stream, peer)).await else { return };
    join_both(core, connected).await;
}

fn join_both(core: Arc<Core>, connected: Connected) -> impl Future<Output = JoinEnd> {
    let joined = join(connected.sender, connected.listener, connected.options);
    run(core, connected.joining, joined)
}

/// Reads who it is. `None`: there is nothing to join here, because it was refused or is a listener's half of another sender's pair.
async fn prepare(
    core: &Arc<Core>,
    stream: Stream,
    mut peer: Peer,
    tls: Option<ServerTls>,
) -> Option<Connected> {
    let patience = core.settings.load().timeouts.handshake;
    let begun = timeout(patience, begin(stream, &mut peer, tls)).await;
    let begun = unless_failed(core, &peer, begun)??;
    answer(core, Arc::new(peer), begun, patience).await
}

async fn prepare_carried(core: &Arc<Core>, mut stream: Stream, peer: Arc<Peer>) -> Option<Connected> {
    let patience = core.settings.load().timeouts.handshake;
    let mut read = BytesMut::with_capacity(512);
    let message = timeout(patience, carriage::read_message(&mut stream, &mut read)).await;
    let message = unless_failed(core, &peer, message)?;
    answer(core, peer, Begun { stream, read, message }, patience).await
}

/// What was read; if nothing, that is logged and counted.
fn unless_failed<T>(
    core: &Core,
    peer: &Peer,
    read: Result<Result<T, carriage::NoMessage>, Elapsed>,
) -> Option<T> {
    let outcome = match read {
        Ok(Ok(value)) => return Some(value),
        Ok(Err(error)) => Some(error),
        Err(_) => None,
    };
    core.metrics.handshake_failures.of(peer.door).inc();
    match outcome {
        Some(carriage::NoMessage::Malformed(error)) => {
            let id = core.tracking_id(None);
            tracing::info!(tracking_id = %id, peer = %peer.address, %error, "no relayed connection");
        }
        Some(error) => tracing::debug!(peer = %peer.address, %error, "no relayed connection"),
        None => tracing::debug!(peer = %peer.address, "no relayed connection was asked for in time"),
    }
    None
}

/// Does what the message asks for.
async fn answer(core: &Arc<Core>, peer: Arc<Peer>, begun: Begun, patience: Duration) -> Option<Connected> {
    let Begun { mut stream, read, message } = begun;
    let (given, request) = match RelayedRequest::decode(&message) {
        Ok(RelayedRequest::Accept(accept)) => {
            let id = core.tracking_id(None);
            match accept::accept(core, stream, read, accept, patience).await {
                Ok(()) => return None,
                Err((left, refusal)) => {
                    refuse(core, &peer, left, &refusal, &id, patience).await;
                    return None;
                }
            }
        }
        Ok(RelayedRequest::Connect(connect)) => (connect.tracking_id.clone(), Ok(connect)),
        Err(error) => (None, Err(unreadable(&error))),
    };
    let id = core.tracking_id(given.as_deref());
    let refusal = match request {
        Ok(request) => match connect::connect(core, &peer, stream, read, request, &id).await {
            Ok(connected) => return connected,
            Err((left, refusal)) => {
                stream = left;
                refusal
            }
        },
        Err(refusal) => refusal,
    };
    refuse(core, &peer, stream, &refusal, &id, patience).await;
    None
}

/// A connection that said what it wants.
struct Begun {
    stream: Stream,
    /// What came behind the message: a sender may not wait for its answer.
    read: BytesMut,
    message: Vec<u8>,
}

/// Reads preamble and message, with the TLS handshake between them. `None`: it was a probe, and is answered.
async fn begin(
    mut stream: Stream,
    peer: &mut Peer,
    tls: Option<ServerTls>,
) -> Result<Option<Begun>, carriage::NoMessage> {
    let mut read = BytesMut::with_capacity(512);
    match carriage::read(&mut stream, &mut read, Preamble::decode).await? {
        Preamble::Probe(probe) => {
            probe::answer(&mut stream, peer, probe).await?;
            return Ok(None);
        }
        Preamble::Connect { tls: TlsMark::Clear, .. } => {}
        Preamble::Connect { tls: TlsMark::Tls, .. } => {
            let (Some(tls), Stream::Tcp(tcp)) = (tls, stream) else {
                return Err(std::io::Error::other("this door has no certificate").into());
            };
            let mut secured = tls.accept_after(tcp, read.split().freeze()).await?;
            // Both ends are the library's, and what they say ends by itself, record by record (framing page, 3).
            secured.allow_bare_end();
            peer.server_name = secured.server_name().map(str::to_owned);
            peer.transport = Transport::Tls;
            stream = Stream::from(secured);
        }
    }
    let message = carriage::read_message(&mut stream, &mut read).await?;
    Ok(Some(Begun { stream, read, message }))
}

/// Writes a fault, logged and counted, and lets the peer finish.
async fn refuse(
    core: &Core,
    peer: &Peer,
    mut stream: Stream,
    refusal: &Refusal,
    id: &TrackingId,
    patience: Duration,
) {
    let fault = fault(refusal);
    core.metrics.sender_connections.client_error.inc();
    tracing::info!(tracking_id = %id, peer = %peer.address, %refusal, "relayed connection refused");
    hold_back(core, refusal, peer.address.ip()).await;
    let text = refusal.to_string();
    let reason = FaultReason { text: &text, tracking_id: id.as_str(), unix_seconds: unix_now().0 };
    let told = async {
        let message = fault.encode(&reason, None, Ids::Static).map_err(std::io::Error::other)?;
        carriage::write_message(&mut stream, &message).await?;
        finish(&mut stream).await
    };
    if !matches!(timeout(patience, told).await, Ok(Ok(()))) {
        tracing::debug!(peer = %peer.address, "the fault was not taken");
    }
}

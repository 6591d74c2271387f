//! One connection of the net.tcp doors: session after session, each looked up and authorised anew.

use std::{sync::Arc, time::Duration};

use bytes::BytesMut;

use super::{
    admit::admit,
    fault::fault,
    preamble::{self, NoPreamble, Waits},
    session::{self, Ready, Relayed},
};
use crate::{
    doors::{admit::hold_back, hybrid::run},
    gateway::core::{Core, Peer, Settings},
    io::{Stream, join},
    relay::Refusal,
    wire::{
        framing::{FaultUri, FramingLimits, Policy},
        hybrid::TrackingId,
    },
};

/// Serves a connection until it ends.
pub(crate) async fn serve(core: Arc<Core>, stream: Stream, peer: Peer) {
    let peer = Arc::new(peer);
    // Who comes while the gateway drains is told so; who is here and silent, or between two sessions, is let go.
    let mut late = core.draining.is_cancelled();
    let mut first = core.settings.load().timeouts.handshake;
    let mut next = Some((stream, BytesMut::new()));
    while let Some((stream, read)) = next.take() {
        // In a box, so that a joined pair does not carry the room for it (design, section 4).
        let Some(ready) = Box::pin(prepare(&core, &peer, stream, read, Begin { first, late })).await else {
            return;
        };
        let joined = join(ready.sender, ready.listener, ready.options);
        let end = run(Arc::clone(&core), ready.joining, joined).await;
        next = end.returned_a.map(|(stream, left)| (stream, BytesMut::from(&left[..])));
        (first, late) = (core.settings.load().timeouts.net_tcp_idle, false);
    }
}

/// What this door takes: both modes of TCP and every encoding, since it reads none.
fn policy(settings: &Settings) -> Policy {
    let limits = &settings.limits;
    Policy::relay(FramingLimits {
        via: limits.via,
        token: limits.token,
        envelope: limits.envelope as u64,
        ..FramingLimits::default()
    })
}

/// How a session may begin.
#[derive(Clone, Copy)]
struct Begin {
    /// How long its first byte is waited for.
    first: Duration,
    /// It comes while the gateway drains already.
    late: bool,
}

/// Reads one preamble and finds its listener. `None`: there is no session, and the sender was told why where it can be.
async fn prepare(
    core: &Arc<Core>,
    peer: &Arc<Peer>,
    mut stream: Stream,
    mut read: BytesMut,
    begin: Begin,
) -> Option<Ready> {
    let settings = core.settings.load_full();
    let policy = policy(&settings);
    let waits = Waits { first: begin.first, whole: settings.timeouts.handshake };
    let preamble =
        preamble::read(&mut stream, &mut read, &policy, waits, |preamble| admit(core, peer, &preamble.via));
    let preamble = tokio::select! {
        preamble = preamble => preamble,
        () = core.draining.cancelled(), if !begin.late => Err(NoPreamble::Ended),
    };
    let id = core.tracking_id(None);
    let fault = match preamble {
        Ok((session, (target, authorized))) => {
            tracing::debug!(peer = %peer.address, via = %session.preamble.via, "session begins");
            let relayed = Relayed { session, target, authorized, id: id.clone() };
            match session::begin(core, peer, stream, read, relayed, &policy.limits).await {
                Ok(ready) => {
                    core.metrics.sender_connections.success.inc();
                    return ready;
                }
                Err((left, refusal)) => {
                    stream = left;
                    refused(core, peer, &refusal, &id).await
                }
            }
        }
        Err(NoPreamble::Refused(refusal)) => refused(core, peer, &refusal, &id).await,
        Err(NoPreamble::Ended) => return None,
        Err(NoPreamble::Malformed(error)) => {
            core.metrics.handshake_failures.of(peer.door).inc();
            tracing::info!(tracking_id = %id, peer = %peer.address, %error, "no preamble");
            error.fault()?
        }
        Err(error @ (NoPreamble::TooSlow | NoPreamble::Broken(_))) => {
            core.metrics.handshake_failures.of(peer.door).inc();
            tracing::debug!(peer = %peer.address, %error, "no preamble");
            return None;
        }
    };
    if let Err(error) = preamble::refuse(stream, fault, waits.whole).await {
        tracing::debug!(peer = %peer.address, %error, "the fault was not taken");
    }
    None
}

/// The fault of a refusal, logged and counted, and held back from an address that fails too often.
async fn refused(core: &Core, peer: &Peer, refusal: &Refusal, id: &TrackingId) -> FaultUri {
    let fault = fault(refusal);
    let counters = &core.metrics.sender_connections;
    match fault {
        FaultUri::EndpointUnavailable | FaultUri::ServerTooBusy => counters.server_error.inc(),
        _ => counters.client_error.inc(),
    };
    tracing::info!(tracking_id = %id, peer = %peer.address, %refusal, "session refused");
    hold_back(core, refusal, peer.address.ip()).await;
    fault
}

//! One connection of the net.tcp doors: session after session, each looked up and authorised anew.

use std::sync::Arc;

use bytes::BytesMut;

use super::{
    admit::admit,
    fault::fault,
    preamble::{self, NoPreamble, Waits},
    session::{self, Relayed},
};
use crate::{
    gateway::core::{Core, Peer, Settings},
    io::Stream,
    relay::Refusal,
    wire::framing::{FramingLimits, Policy},
};

/// Serves a connection until it ends.
pub(crate) async fn serve(core: Arc<Core>, stream: Stream, peer: Peer) {
    let peer = Arc::new(peer);
    let settings = core.settings.load_full();
    let timeouts = &settings.timeouts;
    let mut first = timeouts.handshake;
    let mut next = Some((stream, BytesMut::new()));
    while let Some((stream, read)) = next.take() {
        let waits = Waits { first, whole: timeouts.handshake };
        next = one(&core, &peer, stream, read, &policy(&settings), waits).await;
        first = timeouts.net_tcp_idle;
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

/// One session; the connection, if it can bring another one.
async fn one(
    core: &Arc<Core>,
    peer: &Arc<Peer>,
    mut stream: Stream,
    mut read: BytesMut,
    policy: &Policy,
    waits: Waits,
) -> Option<(Stream, BytesMut)> {
    let preamble =
        preamble::read(&mut stream, &mut read, policy, waits, |preamble| admit(core, peer, &preamble.via));
    let preamble = tokio::select! {
        preamble = preamble => preamble,
        () = core.draining.cancelled() => Err(NoPreamble::Ended),
    };
    let refusal = match preamble {
        Ok((session, (target, authorized))) => {
            tracing::debug!(peer = %peer.address, via = %session.preamble.via, "session begins");
            let relayed = Relayed { session, target, authorized };
            match session::relay(core, peer, stream, read, relayed, &policy.limits).await {
                Ok(returned) => {
                    return returned.map(|(stream, left)| (stream, BytesMut::from(&left[..])));
                }
                Err((left, refusal)) => {
                    stream = left;
                    fault(&refusal)
                }
            }
        }
        Err(NoPreamble::Refused(refusal)) => {
            log(core, peer, &refusal);
            fault(&refusal)
        }
        Err(NoPreamble::Malformed(error)) => {
            core.metrics.handshake_failures.of(peer.door).inc();
            tracing::debug!(peer = %peer.address, %error, "no preamble");
            error.fault()?
        }
        Err(NoPreamble::Ended) => return None,
        Err(error @ (NoPreamble::TooSlow | NoPreamble::Broken(_))) => {
            core.metrics.handshake_failures.of(peer.door).inc();
            tracing::debug!(peer = %peer.address, %error, "no preamble");
            return None;
        }
    };
    if let Err(error) = preamble::refuse(stream, refusal, waits.whole).await {
        tracing::debug!(peer = %peer.address, %error, "the fault was not taken");
    }
    None
}

fn log(core: &Core, peer: &Peer, refusal: &Refusal) {
    core.metrics.handshake_failures.of(peer.door).inc();
    tracing::debug!(peer = %peer.address, ?refusal, "refused");
}

//! From two upgraded connections to a joined pair.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;

use super::head_tap::HeadTap;
use crate::{
    gateway::{
        core::{Core, Gauged, Peer},
        dialled::Line,
        live::{Entry, LiveConnection},
    },
    io::{Dialect, FrameDialect, Join, JoinEnd, JoinOptions, Leg, Stream, join},
};

/// What a joined pair is called at the admin door and in the log, and what it keeps counted.
pub(crate) struct Joining {
    pub(crate) shown: Entry<LiveConnection>,
    /// Keeps the sender's place under its door's limit.
    pub(crate) _peer: Arc<Peer>,
}

/// Waits for both connections to be handed over by hyper, then joins them in a small task of their own.
pub(crate) async fn join_upgraded(core: Arc<Core>, sender: OnUpgrade, listener: Line, joining: Joining) {
    let limit = core.settings.load().timeouts.handshake;
    let sender = async { websocket_leg(&core, sender).await.map_err(|error| error.to_string()) };
    let both = async { tokio::try_join!(sender, listener_leg(&core, listener)) };
    match tokio::time::timeout(limit, both).await {
        Ok(Ok((sender, listener))) => {
            let options = join_options(&core, &joining.shown);
            core.tasks.spawn(run(Arc::clone(&core), joining, join(sender, listener, options)));
        }
        Ok(Err(error)) => {
            tracing::debug!(tracking_id = %joining.shown.tracking_id, %error, "a side hung up before it was joined");
        }
        Err(_) => {
            tracing::debug!(tracking_id = %joining.shown.tracking_id, "a side never finished its handshake")
        }
    }
}

/// Runs a joined pair to its end and says once how it went. Not an `async fn`: that would hold the pair twice, and a task
/// of a joined pair is small (design, section 4).
pub(crate) fn run(core: Arc<Core>, joining: Joining, joined: Join) -> impl Future<Output = JoinEnd> {
    let active = Gauged::new(core.metrics.active_connections.clone());
    joined.map(move |end| {
        drop(active);
        report(&core, &joining, &end);
        end
    })
}

fn report(core: &Core, joining: &Joining, end: &JoinEnd) {
    core.metrics.sender_disconnects.inc();
    core.metrics.bytes_to_listener.inc_by(end.a_to_b);
    core.metrics.bytes_to_sender.inc_by(end.b_to_a);
    tracing::info!(
        tracking_id = %joining.shown.tracking_id,
        relay = %joining.shown.relay,
        to_listener = end.a_to_b,
        to_sender = end.b_to_a,
        reason = ?end.reason,
        "connection ended",
    );
}

/// How this gateway joins the legs of a relay.
pub(crate) fn join_options(core: &Core, connection: &LiveConnection) -> JoinOptions {
    let timeouts = &core.settings.load().timeouts;
    let unless_zero = |time: Duration| (!time.is_zero()).then_some(time);
    JoinOptions {
        half_close: timeouts.half_close,
        ping_every: unless_zero(timeouts.ping),
        silence: unless_zero(timeouts.silence),
        counters: Arc::clone(&connection.counters),
        ..JoinOptions::new(core.relay_token(&connection.relay, connection.dynamic))
    }
}

/// The leg of a listener that dialled in.
///
/// # Errors
/// It hung up before it was there; the words are for the log.
pub(crate) async fn listener_leg(core: &Core, line: Line) -> Result<Leg, String> {
    match line {
        Line::Upgrade(upgrade) => websocket_leg(core, upgrade).await.map_err(|error| error.to_string()),
        Line::Relayed(leg) => leg.await.map_err(|_| "the reply could not be written".to_owned()),
    }
}

/// The leg of a connection that became a WebSocket.
pub(crate) async fn websocket_leg(core: &Core, upgrade: OnUpgrade) -> hyper::Result<Leg> {
    let (stream, early) = into_parts(upgrade.await?);
    let largest_frame = core.settings.load().limits.frame;
    let dialect = FrameDialect { largest_frame, ..FrameDialect::hybrid_server() };
    Ok(Leg { stream, early, dialect: Dialect::Frames(dialect) })
}

/// The stream below hyper and what it had read ahead.
pub(crate) fn into_parts(upgraded: Upgraded) -> (Stream, Bytes) {
    let parts = upgraded
        .downcast::<TokioIo<HeadTap<Stream>>>()
        .expect("every hybrid connection is served over a tapped stream");
    // A copy: even when it is empty, hyper's own holds on to 8 KiB for as long as it lives.
    (parts.io.into_inner().into_inner(), Bytes::copy_from_slice(&parts.read_buf))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of what a function returns, without calling it.
    fn size_returned<A, B, C, F>(_: impl FnOnce(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn the_task_of_a_joined_pair_is_at_most_1_kib() {
        let size = size_returned(run);
        assert!(size <= 1024, "{size} bytes");
    }
}

//! `tcp://`: the bytes of a local connection as a stream to the relay.

use std::net::SocketAddr;

use super::door::Forwarding;
use crate::{
    connector::streams::log_end,
    io::{Dialect, JoinOptions, Leg, Stream, join},
};

/// Forwards one connection to its end.
pub(super) async fn serve(forwarding: &Forwarding, local: Stream, peer: SocketAddr) {
    let opened = tokio::select! {
        opened = forwarding.connect("", None, None, &[]) => opened,
        () = forwarding.cancel.cancelled() => return,
    };
    match opened {
        Ok(socket) => {
            let id = socket.tracking_id.clone().unwrap_or_default();
            let options = JoinOptions::new(forwarding.cancel.clone());
            let end = join(Leg::new(local, Dialect::Bytes), socket.into_leg(false), options).await;
            log_end(&id, &end);
        }
        Err(error) => {
            forwarding.complain(Some(peer), &error);
            // Bytes have no words for a refusal; a reset is at least no orderly end.
            local.abort();
        }
    }
}

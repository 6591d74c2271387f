//! One HTTP/1.1 connection of the hybrid doors.

use std::{convert::Infallible, sync::Arc};

use http::{Request, Response, StatusCode};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Notify;

use super::{
    head_tap::{HeadNotes, HeadTap},
    reply::Body,
    route,
};
use crate::{
    gateway::core::{Core, Peer},
    io::Stream,
};

/// Serves one connection until it ends, is upgraded, or the gateway drains.
pub(crate) async fn serve(core: Arc<Core>, stream: Stream, peer: Peer) {
    let settings = core.settings.load_full();
    let (tap, notes) = HeadTap::new(stream, settings.limits.request_head, settings.timeouts.handshake);
    let answering = Arc::clone(&core);
    let peer = Arc::new(peer);
    let shown = peer.address;
    // A gateway that drains still answers: an exchange that runs may need its rendezvous. One request each, then.
    let late = core.draining.is_cancelled();
    let was_answered = Arc::new(Notify::new());
    let answered = Arc::clone(&was_answered);
    let service = service_fn(move |request| {
        let answer = answer(Arc::clone(&answering), Arc::clone(&peer), notes.clone(), request);
        let answered = late.then(|| Arc::clone(&answered));
        async move {
            let response = answer.await;
            if let (Ok(response), Some(answered)) = (&response, answered)
                // It ends by itself. A `close` beside its `Upgrade` is what WCF libraries take for a refusal (relay page 1.4).
                && response.status() != StatusCode::SWITCHING_PROTOCOLS
            {
                answered.notify_one();
            }
            response
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // From the last response, or the beginning, to the next head; the tap watches how long a head takes that was begun.
        .header_read_timeout(settings.timeouts.keep_alive)
        .max_headers(settings.limits.request_headers as usize)
        // Beyond our own limit the answer is a 431 in our words; beyond twice that hyper gives it without.
        .max_header_size(settings.limits.request_head.saturating_mul(2))
        // DIFFERS: the spelling of a listener's header names is lost here; hyper has none of its own but this.
        .title_case_headers(true)
        .serve_connection(TokioIo::new(tap), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = core.draining.cancelled(), if !late => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = was_answered.notified(), if late => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(peer = %shown, %error, "connection ended");
    }
}

async fn answer(
    core: Arc<Core>,
    peer: Arc<Peer>,
    notes: HeadNotes,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    Ok(route::answer(core, peer, notes, request).await)
}

//! WebSockets at `/$servicebus/websocket`: what the library's own ports carry, for clients that reach nothing but 443 (1.4).

use std::sync::Arc;

use http::{Request, Response, header};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use tokio::time::timeout;

use super::{link, rendezvous, web::Refused};
use crate::{
    doors::{
        hybrid::{Body, handshake_key, into_parts, switching},
        oneway::{NoUpgrade, serve_oneway},
    },
    gateway::core::{Core, Peer},
    io::{FrameBytes, Stream},
    wire::{hybrid::TrackingId, relayed::SubProtocol},
};

/// Answers a handshake; what the frames carry is authorised by its own protocol.
pub(super) fn answer(
    core: &Arc<Core>,
    peer: &Arc<Peer>,
    mut request: Request<Incoming>,
    id: &TrackingId,
) -> Result<Response<Body>, Refused> {
    let key = handshake_key(&request).ok_or(Refused::NoUpgrade)?;
    let protocol = protocol(&request).ok_or(Refused::NoProtocol)?;
    let upgrade = hyper::upgrade::on(&mut request);
    core.tasks.spawn(serve(Arc::clone(core), Arc::clone(peer), upgrade, protocol));
    Ok(switching(&key, Some(protocol.name()), id))
}

fn protocol<B>(request: &Request<B>) -> Option<SubProtocol> {
    let offered = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
    offered.iter().filter_map(|offered| offered.to_str().ok()).find_map(SubProtocol::choose)
}

async fn serve(core: Arc<Core>, peer: Arc<Peer>, upgrade: OnUpgrade, protocol: SubProtocol) {
    let Some(stream) = Box::pin(upgraded(&core, upgrade, protocol)).await else { return };
    match protocol {
        SubProtocol::Amqp => Box::pin(link::serve(core, stream, peer)).await,
        // A joined pair stays in this task, so the others do not make it larger.
        SubProtocol::Connection => rendezvous::serve_carried(core, stream, peer).await,
        SubProtocol::Oneway => {
            let peer = Peer::clone(&peer);
            Box::pin(serve_oneway(core, stream, peer, None::<NoUpgrade<Stream>>)).await;
        }
    }
}

/// The frames as a stream of bytes, when hyper hands the connection over.
async fn upgraded(core: &Core, upgrade: OnUpgrade, protocol: SubProtocol) -> Option<Stream> {
    let patience = core.settings.load().timeouts.handshake;
    let upgraded = timeout(patience, upgrade).await.ok()?.ok()?;
    let (stream, early) = into_parts(upgraded);
    Some(Stream::Carried(Box::new(FrameBytes::new(stream, early, protocol.dialect()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sub_protocol_that_is_served_is_chosen_from_all_headers() {
        let offer = |offered: &[&str]| {
            let mut request = Request::get("/$servicebus/websocket");
            for offered in offered {
                request = request.header("Sec-WebSocket-Protocol", *offered);
            }
            protocol(&request.body(()).unwrap())
        };
        assert_eq!(offer(&["AMQPWSB10", "chat, wsrelayedamqp"]), Some(SubProtocol::Amqp));
        assert_eq!(offer(&["wsrelayedconnection"]), Some(SubProtocol::Connection));
        assert_eq!(offer(&["WSRELAYEDAMQP"]), None);
        assert_eq!(offer(&[]), None);
    }
}

//! `net.tcp://`: each session of a local connection as a stream to the relay, with the relay's address in its Via
//! and, where a client has the door's address in To, there too.
//!
//! .NET keeps connections in a pool and begins new sessions on them, each with a Via of its own; so each session gets
//! a relayed connection of its own.

use std::net::SocketAddr;

use tokio::io::AsyncWriteExt as _;

use super::{
    door::Forwarding,
    session::{Began, Client},
};
use crate::{
    connector::{
        dial::DialError,
        handshake::HandshakeError,
        peel::client_frame,
        random,
        readdressed::{self, Readdressed, Reason},
        streams::log_end,
        via::{self, ViaRefused},
    },
    io::{Dialect, JoinOptions, Leg, Stream, join},
    wire::{
        framing::{FaultUri, followers},
        websocket::OpCode,
    },
};

/// Forwards the sessions of one connection, to its end.
pub(super) async fn serve(forwarding: &Forwarding, local: Stream, peer: SocketAddr) {
    let mut client = Client::new(local, &[]);
    let mut first = true;
    let policy = via::policy();
    loop {
        let began = tokio::select! {
            began = client.next(first, &policy) => began,
            // A pooled connection between two sessions may be closed at any time (framing page 6.1).
            () = forwarding.stop.cancelled() => return,
        };
        let session = match began {
            Ok(Began::Session(session)) => session,
            Ok(Began::Nothing) => return,
            Err(error) => {
                forwarding.complain(Some(peer), &error);
                return client.refuse(error.fault()).await;
            }
        };
        first = false;
        let (uri, suffix) =
            match via::relay_via(&session.preamble.via, &forwarding.local.path, &forwarding.endpoint) {
                Ok(rewritten) => rewritten,
                Err(error) => {
                    forwarding.complain(Some(peer), &error);
                    let fault = match error {
                        ViaRefused::TooLong => FaultUri::ViaTooLong,
                        _ => FaultUri::EndpointNotFound,
                    };
                    return client.refuse(Some(fault)).await;
                }
            };
        let opened = tokio::select! {
            opened = forwarding.connect(suffix.as_str(), None, None, &[]) => opened,
            () = forwarding.cancel.cancelled() => return,
        };
        let mut socket = match opened {
            Ok(socket) => socket,
            Err(error) => {
                forwarding.complain(Some(peer), &error);
                return client.refuse(Some(fault_of(&error))).await;
            }
        };
        let mut preamble = Vec::new();
        session.encode(&uri, &mut preamble);
        let frame = client_frame(OpCode::Binary, &preamble, random::bytes());
        if let Err(error) = socket.stream.write_all(&frame).await {
            forwarding.complain(Some(peer), &error);
            return client.refuse(Some(FaultUri::EndpointUnavailable)).await;
        }
        let (initiator, receiver) = followers(&session, &policy.limits);
        let (stream, early) = client.into_parts();
        let readdressing = forwarding.readdressing.as_ref();
        if let Some(rewriter) = readdressing.and_then(|one| one.rewriter(&session, &uri, &forwarding.local)) {
            let session = Readdressed {
                initiator: Leg { stream, early, dialect: Dialect::Bytes },
                receiver: socket.into_leg(false),
                rewriter,
                follower: receiver,
            };
            let end = readdressed::relay(session, &forwarding.cancel).await;
            end.log(&uri);
            if let Reason::Refused { refused, .. } = &end.reason {
                forwarding.complain(Some(peer), refused);
            }
            match end.returned {
                Some((stream, read)) => client = Client::new(stream, &read),
                None => return,
            }
            continue;
        }
        let mut options = JoinOptions::new(forwarding.cancel.clone());
        options.follow_a_to_b = Some(Box::new(initiator));
        options.follow_b_to_a = Some(Box::new(receiver));
        let end = join(Leg { stream, early, dialect: Dialect::Bytes }, socket.into_leg(false), options).await;
        log_end(&uri, &end);
        match end.returned_a {
            Some((stream, read)) => client = Client::new(stream, &read),
            None => return,
        }
    }
}

/// What a .NET client is told when the relay takes no connection (framing page 5).
fn fault_of(error: &DialError) -> FaultUri {
    let DialError::Handshake(HandshakeError::Refused(refused)) = error else {
        return FaultUri::EndpointUnavailable;
    };
    match refused.status {
        404 => FaultUri::EndpointNotFound,
        401 | 403 => FaultUri::EndpointAccessDenied,
        429 | 503 => FaultUri::ServerTooBusy,
        _ => FaultUri::EndpointUnavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::handshake::Refused;

    #[test]
    fn the_gateways_refusals_become_faults_that_net_knows() {
        let fault = |status| {
            let refused = Refused { status, reason: String::new(), retry_after: None };
            fault_of(&DialError::Handshake(HandshakeError::Refused(refused)))
        };
        assert_eq!(fault(404), FaultUri::EndpointNotFound);
        assert_eq!(fault(401), FaultUri::EndpointAccessDenied);
        assert_eq!(fault(503), FaultUri::ServerTooBusy);
        assert_eq!(fault(504), FaultUri::EndpointUnavailable);
        assert_eq!(fault_of(&DialError::Handshake(HandshakeError::Closed)), FaultUri::EndpointUnavailable);
    }
}

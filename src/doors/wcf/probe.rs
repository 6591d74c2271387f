//! The probe door: a program that looks for a direct connection asks from which address it comes (6).

use std::{
    net::{IpAddr, SocketAddrV4},
    sync::Arc,
};

use bytes::BytesMut;
use tokio::{io::AsyncWriteExt, time::timeout};

use super::carriage;
use crate::{
    gateway::core::{Core, Peer},
    io::Stream,
    wire::relayed::{Preamble, Probe},
};

/// Answers one question. Whatever else is asked for is not served here, and the connection ends.
pub(crate) async fn serve(core: Arc<Core>, mut stream: Stream, peer: Peer) {
    let asked = async {
        let mut read = BytesMut::with_capacity(64);
        match carriage::read(&mut stream, &mut read, Preamble::decode).await? {
            Preamble::Probe(probe) => Ok(answer(&mut stream, &peer, probe).await?),
            Preamble::Connect { .. } => Err(std::io::Error::other("a relayed connection").into()),
        }
    };
    let patience = core.settings.load().timeouts.handshake;
    let asked: Result<Result<(), carriage::NoMessage>, _> = timeout(patience, asked).await;
    if !matches!(asked, Ok(Ok(()))) {
        core.metrics.handshake_failures.of(peer.door).inc();
        tracing::debug!(peer = %peer.address, ?asked, "no probe");
    }
}

/// Tells an address (6). Without an IPv4 address there is nothing to tell, and the connection stays a relayed one.
pub(super) async fn answer(stream: &mut Stream, peer: &Peer, probe: Probe) -> std::io::Result<()> {
    let address = match probe {
        Probe::ServerAddress => peer.local,
        Probe::ClientAddress => Some(peer.address),
    };
    let Some(address) = address else { return Ok(()) };
    let IpAddr::V4(ip) = address.ip().to_canonical() else { return Ok(()) };
    stream.write_all(&Probe::answer(SocketAddrV4::new(ip, address.port()))).await?;
    stream.shutdown().await
}

//! From the first byte of a session to the acknowledgement of its preamble: version, mode, address, encoding, perhaps TLS (3.1).

use std::{io, sync::Arc};

use bytes::{Buf, Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use super::session::Session;
use crate::{
    doors::net_tcp::preamble::{self, NoPreamble, Waits},
    gateway::core::{Core, Peer, Transport},
    io::{ServerTls, Stream},
    wire::{
        framing::{
            DecodeError, Encoding, Encodings, FramingLimits, KnownEncoding, Mode, Policy, Protection, Record,
            RecordType, Upgrade, decode, encode,
        },
        relayed::MAX_MESSAGE,
    },
};

/// What the framing lets through: more than any message may have, so that the fault to one that is too large can name it (8.4).
const ENVELOPE: u64 = 2 * MAX_MESSAGE as u64;

/// Serves a connection of the doors `oneway` and `oneway_tls` until it ends.
pub(crate) async fn serve(core: Arc<Core>, stream: Stream, peer: Peer, tls: Option<ServerTls>) {
    let Some(tls) = tls else {
        return serve_oneway(core, stream, peer, None::<NoUpgrade<Stream>>).await;
    };
    let secure = |stream: Stream, early: Bytes, host: String| async move {
        let Stream::Tcp(tcp) = stream else { return Err(io::Error::other("a second layer of tls")) };
        tls.for_host(&host).accept_after(tcp, early).await.map(Stream::from)
    };
    serve_oneway(core, stream, peer, Some(secure)).await;
}

/// Serves one session of protocol B on whatever carries it, until it ends: on TCP, or in a WebSocket or a web stream of role `oneway`.
///
/// It needs a stream of bytes that ends when its peer's does, whose `poll_flush` passes on what was written, and which need not
/// keep any borders. `peer` says how the carrier itself is protected ([`Transport::Tls`] for `https`, whatever is inside); its server
/// name, where there is one, must name the same namespace as the addresses inside; its local address is what a listener without
/// `gateway.public_ipv4` is told to dial. `secure` does the server's part of a TLS
/// handshake in the middle of the stream: it is handed the stream, the bytes that were read already and the host whose certificate is
/// wanted, for the client sends no SNI. Carriers without the upgrade (`wsrelayedoneway`, web streams over `https`) give
/// `None::<NoUpgrade<S>>`.
pub(crate) async fn serve_oneway<S, T, F, Fut>(
    core: Arc<Core>,
    mut stream: S,
    mut peer: Peer,
    secure: Option<F>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
    F: FnOnce(S, Bytes, String) -> Fut,
    Fut: Future<Output = io::Result<T>>,
{
    let settings = core.settings.load_full();
    let patience = settings.timeouts.handshake;
    let policy = Policy {
        limits: FramingLimits { via: settings.limits.via, envelope: ENVELOPE, ..FramingLimits::default() },
        modes: vec![Mode::Duplex],
        encodings: Encodings::Only(vec![Encoding::Known(KnownEncoding::BINARY_SESSION)]),
        upgrades: secure.iter().map(|_| Upgrade::Tls).collect(),
    };
    drop(settings);
    let mut read = BytesMut::new();
    let host = |preamble: &crate::wire::framing::Preamble| Ok(preamble.via.host().to_owned());
    let waits = Waits { first: patience, whole: patience };
    let begun =
        preamble::read::<_, String, std::convert::Infallible>(&mut stream, &mut read, &policy, waits, host);
    let (session, host) = match begun.await {
        Ok(begun) => begun,
        Err(NoPreamble::Ended) => return,
        Err(error) => {
            core.metrics.handshake_failures.of(peer.door).inc();
            let NoPreamble::Malformed(error) = error else {
                tracing::debug!(peer = %peer.address, %error, "no one-way session");
                return;
            };
            let id = core.tracking_id(None);
            tracing::info!(tracking_id = %id, peer = %peer.address, %error, "no one-way session");
            if let Some(fault) = error.fault()
                && let Err(error) = preamble::refuse(stream, fault, patience).await
            {
                tracing::debug!(peer = %peer.address, %error, "the fault was not taken");
            }
            return;
        }
    };
    if peer.server_name.is_none() {
        peer.server_name = Some(host.clone());
    }
    match (session.protection, secure) {
        (Protection::Upgraded(_), Some(secure)) => {
            let door = peer.door;
            let address = peer.address;
            let secured = timeout(patience, upgraded(stream, &mut read, host, secure, &policy.limits)).await;
            match secured.unwrap_or(Err(io::ErrorKind::TimedOut.into())) {
                Ok(secured) => {
                    peer.transport = Transport::Tls;
                    acknowledged(core, Arc::new(peer), secured, read, policy).await;
                }
                Err(error) => {
                    core.metrics.handshake_failures.of(door).inc();
                    tracing::debug!(peer = %address, %error, "no TLS in a one-way session");
                }
            }
        }
        _ => acknowledged(core, Arc::new(peer), stream, read, policy).await,
    }
}

/// For [`serve_oneway`] where no TLS is asked for inside.
pub(crate) type NoUpgrade<S> = fn(S, Bytes, String) -> std::future::Ready<io::Result<S>>;

/// Agrees to the upgrade, lets it happen, and reads the end of the preamble inside.
async fn upgraded<S, T, F, Fut>(
    mut stream: S,
    read: &mut BytesMut,
    host: String,
    secure: F,
    limits: &FramingLimits,
) -> io::Result<T>
where
    S: AsyncWrite + Unpin,
    T: AsyncRead + Unpin,
    F: FnOnce(S, Bytes, String) -> Fut,
    Fut: Future<Output = io::Result<T>>,
{
    write_record(&mut stream, &Record::UpgradeResponse).await?;
    let mut secured = secure(stream, read.split().freeze(), host).await?;
    loop {
        let end = decode::record(read, &[RecordType::PreambleEnd], limits);
        if let Some((_, used)) = end.map_err(io::Error::other)? {
            read.advance(used);
            return Ok(secured);
        }
        if secured.read_buf(read).await? == 0 {
            return Err(io::Error::other(DecodeError::UnexpectedEof));
        }
    }
}

/// The preamble is over.
async fn acknowledged<S>(core: Arc<Core>, peer: Arc<Peer>, mut stream: S, read: BytesMut, policy: Policy)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let patience = core.settings.load().timeouts.handshake;
    let acknowledged = timeout(patience, write_record(&mut stream, &Record::PreambleAck)).await;
    if matches!(acknowledged, Ok(Ok(()))) {
        Session::new(core, peer, read, policy).run(stream).await;
    }
}

async fn write_record<W: AsyncWrite + Unpin>(stream: &mut W, record: &Record<'_>) -> io::Result<()> {
    let mut bytes = Vec::new();
    encode::record(record, &mut bytes);
    stream.write_all(&bytes).await?;
    stream.flush().await
}

#[cfg(test)]
mod tests {
    use tokio::io::DuplexStream;

    use super::*;
    use crate::{
        config::DoorName,
        gateway::core::{Gauged, Place},
    };

    #[tokio::test]
    async fn any_stream_carries_a_session() {
        let core = Core::alone().await;
        let peer = Peer {
            door: DoorName::Https,
            address: "192.0.2.1:1".parse().unwrap(),
            server_name: None,
            transport: Transport::Tls,
            local: None,
            _place: Arc::new(Place { _counted: Gauged::new(Default::default()), _permit: None }),
        };
        let (mut near, far) = tokio::io::duplex(8);
        let served = tokio::spawn(serve_oneway(core, far, peer, None::<NoUpgrade<DuplexStream>>));
        near.write_all(b"\0\x01\0\x01\x02\x02\x13net.tcp://ns:9350/a\x03\x08\x0c\x07").await.unwrap();
        near.shutdown().await.unwrap();
        let mut answer = Vec::new();
        near.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"\x0b\x07");
        served.await.unwrap();
    }
}

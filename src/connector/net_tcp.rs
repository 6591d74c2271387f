//! Serves one net.tcp session to a `NetTcpBinding` service: checks the preamble, puts the service's address into its
//! Via (and into To, where a service would miss its own there), and lets nothing pass that is not of this session.
//!
//! A client's connection may carry further sessions, each with a Via of its own ([MC-NMF] 3.1). The gateway opens a
//! relayed connection for each of them, so a second preamble on this one comes from nobody who was authorised for it.

use std::{io, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use super::{
    dial::OpenSocket,
    listener::Serving,
    peel::{Beside, Peel, client_frame},
    random,
    readdressed::{self, Readdressed, Reason},
    target::NetTcpTarget,
    via::{self, ViaRefused},
};
use crate::{
    io::{Dialect, FrameDialect, JoinOptions, Leg, Stream, join},
    wire::{
        framing::{
            DecodeError, FaultUri, PreambleEvent, PreambleReader, Protection, Session, encode, followers,
        },
        soap::Refused,
        websocket::{Close, FrameError, OpCode},
    },
};

/// Why a session did not come about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum NetTcpError {
    /// A connection broke.
    #[error("a connection broke before the session began: {0}")]
    Io(#[from] io::Error),
    /// The sender left before its preamble was whole.
    #[error("the sender left inside its preamble")]
    SenderGone,
    /// No whole preamble within [`PREAMBLE_WITHIN`].
    #[error("the sender sent no whole preamble within {} seconds", PREAMBLE_WITHIN.as_secs())]
    Slow,
    /// The preamble is no preamble, or asks for what a relay cannot pass on.
    #[error("the sender's preamble: {0}")]
    Preamble(#[from] DecodeError),
    /// The Via does not lie under the relay.
    #[error("{0}")]
    Via(#[from] ViaRefused),
    /// An envelope or a record was not passed on.
    #[error("the session was ended: {0}")]
    Refused(#[from] Refused),
    /// The gateway's frames are wrong.
    #[error("the gateway's frames: {0}")]
    Frames(#[from] FrameError),
    /// The service left an Upgrade Request unanswered, as Mono does.
    #[error(
        "the service did not answer the request for transport security within {} seconds; it seems to know none (Mono does not)",
        UPGRADE_WITHIN.as_secs()
    )]
    UpgradeUnanswered,
}

/// From the connection to a whole preamble: what .NET services allow (framing page 6.2).
pub(crate) const PREAMBLE_WITHIN: Duration = Duration::from_secs(30);

/// For the answer to an Upgrade Request (framing page 9, row 10).
pub(crate) const UPGRADE_WITHIN: Duration = Duration::from_secs(30);

/// Bytes kept of a sender that does not wait for the answer to its Upgrade Request, as it should.
const MOST_WAITING: usize = 64 << 10;

/// For the close of a refused rendezvous.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

impl NetTcpError {
    /// The fault for the client; `None` means close without one (framing page 5).
    fn fault(&self) -> Option<FaultUri> {
        match self {
            Self::Preamble(error) => error.fault(),
            Self::Via(ViaRefused::TooLong) => Some(FaultUri::ViaTooLong),
            Self::Via(_) => Some(FaultUri::EndpointNotFound),
            Self::UpgradeUnanswered => Some(FaultUri::UpgradeInvalid),
            _ => None,
        }
    }
}

/// Serves a sender over `socket` with the service at the end of `service`.
pub(super) async fn serve(
    serving: &Arc<Serving>,
    target: &NetTcpTarget,
    mut service: Stream,
    socket: OpenSocket,
) -> Result<(), NetTcpError> {
    let mut sender = Sender { stream: socket.stream, peel: Peel::default() };
    sender.peel.push(&socket.early);
    let begun = match timeout(PREAMBLE_WITHIN, sender.preamble()).await {
        Ok(result) => result,
        Err(_) => Err(NetTcpError::Slow),
    };
    let checked = begun.and_then(|session| {
        let uri = via::service_via(&session.preamble.via, serving.endpoint.path(), target)?;
        Ok((session, uri))
    });
    let (session, uri) = match checked {
        Ok(checked) => checked,
        Err(error) => {
            // The service learns at once that nobody comes; the farewell to the sender may take a while.
            drop(service);
            sender.refuse(error.fault()).await;
            return Err(error);
        }
    };
    let readdressing = serving.readdressing.as_ref();
    let rewriter =
        readdressing.and_then(|readdressing| readdressing.rewriter(&session, &uri, &serving.endpoint));
    let mut preamble = Vec::new();
    session.encode(&uri, &mut preamble);
    service.write_all(&preamble).await?;
    let early = match session.protection {
        Protection::Clear => Bytes::new(),
        Protection::Upgraded(_) => match sender.await_upgrade(&mut service).await {
            Ok(early) => early,
            Err(error) => {
                drop(service);
                sender.refuse(error.fault()).await;
                return Err(error);
            }
        },
    };
    let (initiator, receiver) = followers(&session, &via::policy().limits);
    let frames = Dialect::Frames(FrameDialect::hybrid_client().without_borders());
    let sender = Leg { stream: sender.stream, early: sender.peel.into_early().freeze(), dialect: frames };
    let service = Leg { stream: service, early, dialect: Dialect::Bytes };
    if let Some(rewriter) = rewriter {
        let session = Readdressed { initiator: sender, receiver: service, rewriter, follower: receiver };
        let end = readdressed::relay(session, &serving.cancel).await;
        end.log(&uri);
        return match end.reason {
            Reason::Refused { refused, .. } => Err(refused.into()),
            _ => Ok(()),
        };
    }
    let mut options = JoinOptions::new(serving.cancel.clone());
    options.follow_a_to_b = Some(Box::new(initiator));
    options.follow_b_to_a = Some(Box::new(receiver));
    let end = join(sender, service, options).await;
    super::streams::log_end(&uri, &end);
    Ok(())
}

/// The rendezvous, before it is joined.
struct Sender {
    stream: Stream,
    peel: Peel,
}

impl Sender {
    /// Reads until the preamble is whole.
    async fn preamble(&mut self) -> Result<Session, NetTcpError> {
        let policy = via::policy();
        let mut reader = PreambleReader::new();
        loop {
            let closed = self.advance().await?;
            while let Some((event, used)) = reader.read(self.peel.payload(), &policy)? {
                self.peel.consume(used);
                if let PreambleEvent::Begun(session) = event {
                    return Ok(session);
                }
            }
            if closed {
                return Err(NetTcpError::SenderGone);
            }
            self.read().await?;
        }
    }

    /// Waits for the first bytes of the service's answer; the sender waits too, so anything it does is leaving.
    async fn await_upgrade(&mut self, service: &mut Stream) -> Result<Bytes, NetTcpError> {
        let mut early = BytesMut::with_capacity(512);
        let answer = async {
            loop {
                tokio::select! {
                    read = service.read_buf(&mut early) => {
                        // An end is an answer as well: the splice will pass it on.
                        read?;
                        return Ok(early.freeze());
                    }
                    more = self.read(), if self.peel.len() < MOST_WAITING => {
                        more?;
                        if self.advance().await? {
                            return Err(NetTcpError::SenderGone);
                        }
                    }
                }
            }
        };
        timeout(UPGRADE_WITHIN, answer).await.unwrap_or(Err(NetTcpError::UpgradeUnanswered))
    }

    /// Takes what was read apart and answers pings. Tells whether the sender is done.
    async fn advance(&mut self) -> Result<bool, NetTcpError> {
        loop {
            match self.peel.advance(random::bytes())? {
                Beside::Nothing => return Ok(false),
                Beside::Closed => return Ok(true),
                Beside::Pong(frame) => self.stream.write_all(&frame).await?,
            }
        }
    }

    async fn read(&mut self) -> Result<(), NetTcpError> {
        let mut raw = BytesMut::with_capacity(4 << 10);
        if self.stream.read_buf(&mut raw).await? == 0 {
            return Err(NetTcpError::SenderGone);
        }
        self.peel.push(&raw);
        Ok(())
    }

    /// Sends the fault, if there is one, and closes in order, so that the client gets to read it.
    async fn refuse(mut self, fault: Option<FaultUri>) {
        let mut frames = Vec::new();
        if let Some(fault) = fault {
            let mut record = Vec::new();
            encode::fault(fault, &mut record);
            frames.extend(client_frame(OpCode::Binary, &record, random::bytes()));
        }
        frames.extend(client_frame(OpCode::Close, &Close::NORMAL.encode(), random::bytes()));
        let farewell = async {
            self.stream.write_all(&frames).await?;
            // Until the gateway has ended its side; what it still sends is of no use.
            let mut waste = [0; 4 << 10];
            while self.stream.read(&mut waste).await? > 0 {}
            Ok::<_, io::Error>(())
        };
        // A gateway that does not end its side in time loses the connection instead.
        let _ = timeout(CLOSE_WITHIN, farewell).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    async fn pair() -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (ours, theirs) = tokio::join!(listener.accept(), TcpStream::connect(address));
        (ours.unwrap().0.into(), theirs.unwrap())
    }

    async fn sender() -> (Sender, TcpStream) {
        let (stream, peer) = pair().await;
        (Sender { stream, peel: Peel::default() }, peer)
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_leaves_an_upgrade_request_unanswered_is_given_up() {
        let ((mut sender, _gateway), (mut service, _silent)) = (sender().await, pair().await);
        let error = sender.await_upgrade(&mut service).await.unwrap_err();
        assert!(matches!(error, NetTcpError::UpgradeUnanswered), "{error}");
        assert_eq!(error.fault(), Some(FaultUri::UpgradeInvalid));
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_that_talks_on_meanwhile_is_kept_waiting() {
        let ((mut sender, mut gateway), (mut service, _silent)) = (sender().await, pair().await);
        let mut frame = vec![0x82, 127, 0, 0, 0, 0, 0, 0x40, 0, 0];
        frame.resize(10 + (4 << 20), 7);
        let talking = tokio::spawn(async move {
            let _ = gateway.write_all(&frame).await;
            gateway
        });
        let error = sender.await_upgrade(&mut service).await.unwrap_err();
        assert!(matches!(error, NetTcpError::UpgradeUnanswered), "{error}");
        assert!(sender.peel.len() <= MOST_WAITING + (4 << 10), "{} bytes", sender.peel.len());
        talking.abort();
    }

    #[tokio::test]
    async fn the_first_bytes_of_the_answer_are_kept_for_the_splice() {
        let ((mut sender, _gateway), (mut service, mut answering)) = (sender().await, pair().await);
        answering.write_all(b"\x0a").await.unwrap();
        assert_eq!(sender.await_upgrade(&mut service).await.unwrap(), &b"\x0a"[..]);
    }

    #[tokio::test]
    async fn a_sender_that_leaves_meanwhile_is_noticed() {
        let ((mut sender, gateway), (mut service, _silent)) = (sender().await, pair().await);
        drop(gateway);
        let error = sender.await_upgrade(&mut service).await.unwrap_err();
        assert!(matches!(error, NetTcpError::SenderGone), "{error}");
    }
}

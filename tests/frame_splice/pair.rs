//! Pairs over loopback, and the peers of their legs.

use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use viaduct::io::{Dialect, FrameDialect, JoinEnd, JoinOptions, Leg, join};

use crate::peer::Frame;

/// Longer than anything here takes; a test that waits this long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Both ends of a connection: ours and the peer's.
pub(crate) async fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ours, theirs) = tokio::join!(listener.accept(), TcpStream::connect(address));
    let (ours, theirs) = (ours.unwrap().0, theirs.unwrap());
    ours.set_nodelay(true).unwrap();
    theirs.set_nodelay(true).unwrap();
    (ours, theirs)
}

/// A peer of one leg: speaks WebSocket as a client, or bytes.
pub(crate) struct Peer {
    pub(crate) tcp: TcpStream,
    pub(crate) read: Vec<u8>,
}

impl Peer {
    pub(crate) async fn send(&mut self, frame: &Frame) {
        self.tcp.write_all(&frame.encode(Some(KEY))).await.unwrap();
    }

    /// The next frame; `None` at the end of the connection.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        let next = async {
            loop {
                if let Some((frame, len)) = Frame::decode(&self.read, false) {
                    self.read.drain(..len);
                    return Some(frame);
                }
                let mut buf = [0; 4096];
                match self.tcp.read(&mut buf).await {
                    Ok(len) if len > 0 => self.read.extend_from_slice(&buf[..len]),
                    _ => {
                        assert!(self.read.is_empty(), "ended inside a frame");
                        return None;
                    }
                }
            }
        };
        timeout(PATIENCE, next).await.expect("a frame in time")
    }

    /// What is read until the end, and whether that was a reset.
    pub(crate) async fn rest(&mut self) -> (Vec<u8>, bool) {
        let mut bytes = std::mem::take(&mut self.read);
        let end = timeout(PATIENCE, self.tcp.read_to_end(&mut bytes)).await.expect("an end in time");
        (bytes, end.is_err())
    }

    /// Vanishes as a killed process with unread bytes would: a reset.
    pub(crate) fn kill(self) {
        SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

pub(crate) const WS: Dialect = Dialect::Frames(FrameDialect::hybrid_server());
pub(crate) const RAW: Dialect = Dialect::Bytes;

/// Joins two legs of these dialects; their peers and the join's end.
pub(crate) async fn pair(a: Dialect, b: Dialect, options: JoinOptions) -> (Peer, Peer, JoinHandle<JoinEnd>) {
    let (a_ours, a_theirs) = connection().await;
    let (b_ours, b_theirs) = connection().await;
    let joined = tokio::spawn(join(Leg::new(a_ours.into(), a), Leg::new(b_ours.into(), b), options));
    (Peer { tcp: a_theirs, read: Vec::new() }, Peer { tcp: b_theirs, read: Vec::new() }, joined)
}

pub(crate) fn options() -> JoinOptions {
    JoinOptions::new(CancellationToken::new())
}

pub(crate) async fn ended(joined: JoinHandle<JoinEnd>) -> JoinEnd {
    timeout(PATIENCE, joined).await.expect("the pair ends in time").unwrap()
}

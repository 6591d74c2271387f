//! Pairs over loopback: how they carry, and how they end.

use std::{sync::atomic::Ordering, time::Duration};

use bytes::Bytes;
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use viaduct::io::{Dialect, EndReason, FrameDialect, JoinEnd, JoinOptions, Leg, Side, join};

use crate::peer::{BINARY, CLOSE, Frame, PING, PONG, TEXT};

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
    read: Vec<u8>,
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

#[test]
fn the_future_of_a_pair_is_small() {
    // Design, section 4.
    let size = size_of::<viaduct::io::Join>();
    assert!(size <= 1024, "{size} bytes");
}

#[tokio::test]
async fn frames_pass_both_ways_with_kind_and_border() {
    let (mut a, mut b, joined) = pair(WS, WS, options()).await;
    for frame in [
        Frame::new(true, TEXT, "hello"),
        Frame::new(true, BINARY, vec![9; 70_000]),
        Frame::new(true, TEXT, ""),
    ] {
        a.send(&frame).await;
        let first = b.frame().await.unwrap();
        let mut payload = first.payload.clone();
        while payload.len() < frame.payload.len() {
            payload.extend(b.frame().await.unwrap().payload);
        }
        assert_eq!((first.opcode, payload), (frame.opcode, frame.payload.clone()));
        b.send(&Frame::new(true, BINARY, "back")).await;
        assert_eq!(a.frame().await.unwrap(), Frame::new(true, BINARY, "back"));
    }
    drop((a, b));
    ended(joined).await;
}

#[tokio::test]
async fn what_was_read_too_early_comes_first() {
    let (a_ours, a_theirs) = connection().await;
    let (b_ours, b_theirs) = connection().await;
    let early = Bytes::from(Frame::new(true, TEXT, "early").encode(Some(KEY)));
    let a = Leg { stream: a_ours.into(), early, dialect: WS };
    let joined = tokio::spawn(join(a, Leg::new(b_ours.into(), WS), options()));
    let mut a = Peer { tcp: a_theirs, read: Vec::new() };
    let mut b = Peer { tcp: b_theirs, read: Vec::new() };
    a.send(&Frame::new(true, TEXT, "late")).await;
    assert_eq!(b.frame().await.unwrap().payload, b"early");
    assert_eq!(b.frame().await.unwrap().payload, b"late");
    drop((a, b));
    ended(joined).await;
}

#[tokio::test]
async fn a_close_is_a_half_close_with_its_code_and_ends_the_pair_when_both_said_it() {
    let (mut a, mut b, joined) = pair(WS, WS, options()).await;
    a.send(&Frame::close(3_005, "done here")).await;
    assert_eq!(b.frame().await.unwrap(), Frame::close(3_005, "done here"));
    // The other way goes on.
    b.send(&Frame::new(true, TEXT, "not yet")).await;
    assert_eq!(a.frame().await.unwrap(), Frame::new(true, TEXT, "not yet"));
    b.send(&Frame::new(true, CLOSE, "")).await;
    // No code is passed on as 1000.
    assert_eq!(a.frame().await.unwrap(), Frame::close(1_000, ""));
    assert_eq!(a.rest().await, (vec![], false));
    assert_eq!(b.rest().await, (vec![], false));
    drop((a, b));
    let end = ended(joined).await;
    assert_eq!(end.reason, EndReason::Closed);
    assert_eq!(end.b_to_a, 13 + 6);
}

#[tokio::test]
async fn bytes_half_close_both_ways_at_once() {
    let (mut a, mut b, joined) = pair(RAW, RAW, options()).await;
    a.tcp.write_all(b"request").await.unwrap();
    a.tcp.shutdown().await.unwrap();
    assert_eq!(b.rest().await, (b"request".to_vec(), false));
    b.tcp.write_all(b"response").await.unwrap();
    b.tcp.shutdown().await.unwrap();
    assert_eq!(a.rest().await, (b"response".to_vec(), false));
    assert_eq!(ended(joined).await.reason, EndReason::Closed);
}

#[tokio::test]
async fn fin_and_close_frame_turn_into_each_other() {
    let (mut web, mut raw, joined) = pair(WS, RAW, options()).await;
    web.send(&Frame::new(true, TEXT, "he")).await;
    web.send(&Frame::new(true, BINARY, "llo")).await;
    web.send(&Frame::close(1_000, "")).await;
    assert_eq!(raw.rest().await, (b"hello".to_vec(), false));
    raw.tcp.write_all(b"answer").await.unwrap();
    assert_eq!(web.frame().await.unwrap(), Frame::new(true, BINARY, "answer"));
    raw.tcp.shutdown().await.unwrap();
    assert_eq!(web.frame().await.unwrap(), Frame::close(1_000, ""));
    assert_eq!(web.rest().await, (vec![], false));
    drop(web);
    assert_eq!(ended(joined).await.reason, EndReason::Closed);
}

#[tokio::test]
async fn a_failure_said_by_a_close_code_is_a_reset_for_bytes() {
    let (mut web, mut raw, joined) = pair(WS, RAW, options()).await;
    web.send(&Frame::close(1_011, "broken")).await;
    assert!(raw.rest().await.1, "reset");
    assert_eq!(web.frame().await.unwrap(), Frame::close(1_000, ""));
    drop(web);
    assert_eq!(ended(joined).await.reason, EndReason::Failed { side: Side::A, code: 1_011 });
}

#[tokio::test]
async fn a_lost_websocket_ends_the_other_without_a_close_frame() {
    for kill in [true, false] {
        let (mut a, mut b, joined) = pair(WS, WS, options()).await;
        a.send(&Frame::new(true, TEXT, "last words")).await;
        assert_eq!(b.frame().await.unwrap().payload, b"last words");
        if kill {
            a.kill()
        } else {
            drop(a)
        }
        assert_eq!(b.frame().await, None);
        assert_eq!(ended(joined).await.reason, EndReason::Lost(Side::A));
    }
}

#[tokio::test]
async fn a_lost_leg_resets_one_of_bytes() {
    let (a, mut b, joined) = pair(WS, RAW, options()).await;
    drop(a);
    assert_eq!(b.rest().await, (vec![], true));
    assert_eq!(ended(joined).await.reason, EndReason::Lost(Side::A));
    let (mut a, b, joined) = pair(RAW, RAW, options()).await;
    b.kill();
    assert_eq!(a.rest().await, (vec![], true));
    assert_eq!(ended(joined).await.reason, EndReason::Lost(Side::B));
}

#[tokio::test]
async fn what_was_sent_before_the_other_side_vanished_still_arrives() {
    const SENT: usize = 100_000;
    let (a_ours, mut a) = connection().await;
    let (b_ours, b_theirs) = connection().await;
    // So little room towards b that the pair has to keep most of it.
    SockRef::from(&b_ours).set_send_buffer_size(4_096).unwrap();
    SockRef::from(&b_theirs).set_recv_buffer_size(4_096).unwrap();
    let options = options();
    let counters = options.counters.clone();
    let joined = tokio::spawn(join(Leg::new(a_ours.into(), RAW), Leg::new(b_ours.into(), RAW), options));
    a.write_all(&[7; SENT]).await.unwrap();
    let all_read = async {
        while counters.a_to_b.load(Ordering::Relaxed) < SENT as u64 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, all_read).await.expect("it is read in time");
    drop(a);
    let mut b = Peer { tcp: b_theirs, read: Vec::new() };
    // That this meets a reset must not cost what a had sent.
    b.tcp.write_all(&[1; 1 << 10]).await.unwrap();
    assert_eq!(b.rest().await.0.len(), SENT);
    drop(b);
    ended(joined).await;
}

#[tokio::test]
async fn bad_frames_are_answered_with_1002_and_are_an_error_for_the_other_side() {
    let (mut a, mut b, joined) = pair(WS, WS, options()).await;
    a.tcp.write_all(&Frame::new(true, TEXT, "unmasked").encode(None)).await.unwrap();
    let close = a.frame().await.unwrap();
    assert_eq!((close.opcode, &close.payload[..2]), (CLOSE, &1_002u16.to_be_bytes()[..]));
    assert_eq!(b.frame().await, None);
    drop(a);
    let end = ended(joined).await;
    assert!(matches!(end.reason, EndReason::Violation { side: Side::A, .. }), "{:?}", end.reason);
}

#[tokio::test]
async fn cancelling_says_1001_to_websockets_and_fin_to_bytes() {
    let options = options();
    let cancel = options.cancel.clone();
    let (mut a, mut b, joined) = pair(WS, RAW, options).await;
    a.send(&Frame::new(true, TEXT, "x")).await;
    let mut byte = [0];
    b.tcp.read_exact(&mut byte).await.unwrap();
    cancel.cancel();
    assert_eq!(a.frame().await.unwrap(), Frame::close(1_001, ""));
    assert_eq!(b.rest().await, (vec![], false));
    drop((a, b));
    assert_eq!(ended(joined).await.reason, EndReason::Cancelled);
}

#[tokio::test]
async fn pings_are_answered_even_while_data_for_the_pinger_never_rests_between_frames() {
    let (mut a, b, joined) = pair(WS, WS, options()).await;
    let Peer { tcp, .. } = b;
    let (mut b_read, mut b_write) = tcp.into_split();
    // b's frames are longer than what is read at once, so that reads never end between two of them.
    let flood = tokio::spawn(async move {
        let frame = Frame::new(true, BINARY, vec![5; 60_001]).encode(Some(KEY));
        while b_write.write_all(&frame).await.is_ok() {}
    });
    a.send(&Frame::new(true, PING, "still there?")).await;
    let mut frames = 0;
    let pong = loop {
        let frame = a.frame().await.unwrap();
        frames += 1;
        if frame.opcode != BINARY {
            break frame;
        }
        assert!(frames < 10_000, "no answer");
    };
    assert_eq!(pong, Frame::new(true, PONG, "still there?"));
    flood.abort();
    drop(a);
    let mut nothing = Vec::new();
    let _ = timeout(PATIENCE, b_read.read_to_end(&mut nothing)).await.expect("an end");
    assert!(nothing.is_empty(), "the ping was not relayed");
    ended(joined).await;
}

#[tokio::test]
async fn a_quiet_websocket_is_pinged_and_a_silent_one_dropped() {
    let options = JoinOptions {
        ping_every: Some(Duration::from_millis(40)),
        silence: Some(Duration::from_millis(200)),
        ..options()
    };
    let (mut a, mut b, joined) = pair(WS, WS, options).await;
    // a answers, b does not.
    let answering = tokio::spawn(async move {
        let mut pings = 0;
        while let Some(frame) = a.frame().await {
            assert_eq!(frame, Frame::new(true, PING, ""));
            pings += 1;
            a.send(&Frame::new(true, PONG, "")).await;
        }
        pings
    });
    assert_eq!(b.frame().await, Some(Frame::new(true, PING, "")));
    assert_eq!(ended(joined).await.reason, EndReason::Silent(Side::B));
    assert!(answering.await.unwrap() >= 2);
}

#[tokio::test]
async fn a_side_that_does_not_close_is_given_up_unless_it_is_active() {
    let options = JoinOptions { half_close: Duration::from_millis(300), ..options() };
    let (mut a, mut b, joined) = pair(WS, WS, options).await;
    a.send(&Frame::close(1_000, "")).await;
    assert_eq!(b.frame().await.unwrap().opcode, CLOSE);
    // Six times two thirds of the deadline: activity prolongs it.
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        b.send(&Frame::new(true, TEXT, "more")).await;
        assert_eq!(a.frame().await.unwrap().payload, b"more");
    }
    assert_eq!(a.frame().await.unwrap(), Frame::close(1_000, ""));
    assert_eq!(b.frame().await, None);
    drop((a, b));
    assert_eq!(ended(joined).await.reason, EndReason::HalfCloseExpired);
}

#[tokio::test]
async fn a_side_that_closed_and_went_away_ends_the_pair() {
    let (mut a, mut b, joined) = pair(WS, WS, options()).await;
    a.send(&Frame::close(1_001, "page left")).await;
    drop(a);
    assert_eq!(b.frame().await.unwrap(), Frame::close(1_001, "page left"));
    assert_eq!(b.frame().await.unwrap_or(Frame::close(1_000, "")).opcode, CLOSE);
    drop(b);
    assert_eq!(ended(joined).await.reason, EndReason::Closed);
}

#[tokio::test]
async fn a_reader_that_stops_stops_the_writer() {
    let (mut a, mut b, joined) = pair(WS, WS, options()).await;
    let frame = Frame::new(true, BINARY, vec![1; 60_000]).encode(Some(KEY));
    let mut sent = 0usize;
    // Until nothing is taken for a while: sockets' buffers and one read are full.
    while timeout(Duration::from_millis(500), a.tcp.write_all(&frame)).await.is_ok() {
        sent += 1;
        assert!(sent < 10_000, "no back-pressure");
    }
    drop(a);
    for _ in 0..sent {
        assert_eq!(b.frame().await.unwrap().payload.len(), 60_000);
    }
    drop(b);
    ended(joined).await;
}

//! How pairs end, hybrid page 3.5.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use viaduct::io::{Dialect, EndReason, FrameDialect, HalfClose, JoinOptions, Leg, Side, join};

use crate::pair::{KEY, PATIENCE, Peer, RAW, WS, connection, ended, options, pair};
use crate::peer::{BINARY, CLOSE, Frame, TEXT};

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
async fn a_side_that_does_not_close_is_given_up_unless_it_is_active() {
    const PATIENCE_WITH_B: Duration = Duration::from_secs(1);
    let options = JoinOptions { half_close: PATIENCE_WITH_B, ..options() };
    let (mut a, mut b, joined) = pair(WS, WS, options).await;
    a.send(&Frame::close(1_000, "")).await;
    assert_eq!(b.frame().await.unwrap().opcode, CLOSE);
    // For more than the deadline b is active, and that prolongs it.
    let closed = Instant::now();
    while closed.elapsed() < 2 * PATIENCE_WITH_B {
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
async fn a_peer_whose_close_is_the_whole_end_ends_both_ways() {
    // wcf-relay page 1.4.
    let whole =
        FrameDialect { half_close: HalfClose::Whole, may_ping: false, ..FrameDialect::hybrid_server() };
    let (mut a, mut b, joined) = pair(Dialect::Frames(whole), WS, options()).await;
    b.send(&Frame::close(1_000, "")).await;
    assert_eq!(a.frame().await.unwrap(), Frame::close(1_000, ""));
    assert_eq!(b.frame().await.unwrap(), Frame::close(1_000, ""));
    assert_eq!((a.frame().await, b.frame().await), (None, None));
    drop((a, b));
    assert_eq!(ended(joined).await.reason, EndReason::Closed);
}

#[tokio::test]
async fn cancelled_inside_a_frame_a_leg_is_dropped_for_no_close_frame_can_be_said() {
    let options = options();
    let cancel = options.cancel.clone();
    let (mut a, mut b, joined) = pair(WS, WS, options).await;
    let frame = Frame::new(true, BINARY, vec![7; 1_000]).encode(Some(KEY));
    a.tcp.write_all(&frame[..500]).await.unwrap();
    let mut part = vec![0; 500 - 4];
    b.tcp.read_exact(&mut part).await.unwrap();
    cancel.cancel();
    assert_eq!(a.frame().await.unwrap(), Frame::close(1_001, ""));
    assert_eq!(b.rest().await.0, b"");
    drop((a, b));
    assert_eq!(ended(joined).await.reason, EndReason::Cancelled);
}

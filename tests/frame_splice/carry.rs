//! What pairs carry, and that it arrives.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use viaduct::io::{EndReason, JoinOptions, Leg, Side, join};

use crate::pair::{KEY, PATIENCE, Peer, RAW, WS, connection, ended, options, pair};
use crate::peer::{BINARY, CLOSE, Frame, PING, PONG, TEXT};

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
async fn answers_that_a_pinger_cannot_be_given_are_not_kept_without_end() {
    let options = options();
    let counters = options.counters.clone();
    let (mut a, mut b, joined) = pair(WS, WS, options).await;
    // Inside a frame there is no place for a pong.
    let frame = Frame::new(true, BINARY, "half").encode(Some(KEY));
    b.tcp.write_all(&frame[..8]).await.unwrap();
    let mut sent = 0;
    for _ in 0..200 {
        let ping = Frame::new(true, PING, vec![7; 100]).encode(Some(KEY)).repeat(10);
        a.tcp.write_all(&ping).await.unwrap();
        sent += ping.len() as u64;
        while counters.a_to_b.load(Ordering::Relaxed) < sent {
            tokio::task::yield_now().await;
        }
    }
    b.tcp.write_all(&frame[8..]).await.unwrap();
    b.send(&Frame::close(1000, "")).await;
    let mut pongs = 0;
    loop {
        match a.frame().await.unwrap() {
            Frame { opcode: CLOSE, .. } => break,
            Frame { opcode: PONG, .. } => pongs += 1,
            _ => {}
        }
    }
    assert!((1..100).contains(&pongs), "{pongs} pongs were kept");
    drop((a, b));
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

/// A sequence of bytes that shows if any is lost, doubled or moved.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn much_arrives_as_it_was_sent_both_ways_at_once() {
    // Fast enough, and long enough, that the kernel is asked to move it.
    const LEN: usize = 24 << 20;
    let (a, b, joined) = pair(RAW, RAW, options()).await;
    let sides = [a, b].map(|peer| {
        tokio::spawn(async move {
            let (mut read, mut write) = peer.tcp.into_split();
            let sending = async {
                write.write_all(&pattern(LEN)).await.unwrap();
                write.shutdown().await.unwrap();
            };
            let mut got = Vec::new();
            let (_, read) = tokio::join!(sending, read.read_to_end(&mut got));
            read.unwrap();
            assert!(got == pattern(LEN));
        })
    });
    for side in sides {
        timeout(PATIENCE, side).await.expect("in time").unwrap();
    }
    assert_eq!(ended(joined).await.reason, EndReason::Closed);
}

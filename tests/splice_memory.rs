//! What a busy pair costs in memory. Alone in its process, because it looks at the memory of the whole process.
#![allow(clippy::unwrap_used, reason = "a test says by it what must hold")]
#![cfg(target_os = "linux")]

use std::{net::SocketAddr, sync::atomic::Ordering, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use viaduct::{
    io::{Dialect, EndReason, FrameDialect, JoinOptions, Leg, join},
    wire::websocket::{Close, FrameHead, OpCode},
};

const TOTAL: u64 = 100 << 20;

/// Every buffer of a pair several times over, and far less than what is sent.
const ALLOWED_KIB: u64 = 16 << 10;

const WS: Dialect = Dialect::Frames(FrameDialect::hybrid_server());

/// Resident memory of this process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A frame of a client whose mask key is zero, so that its payload needs no masking.
fn frame(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    let head = FrameHead { fin: true, opcode, mask: Some([0; 4]), len: payload.len() as u64 };
    let mut bytes = vec![0; head.encoded_len()];
    head.encode(&mut bytes);
    bytes.extend_from_slice(payload);
    bytes
}

/// Sends [`TOTAL`] bytes and its end, and reads until the other end; how much that was.
fn side(tcp: TcpStream, dialect: Dialect) -> JoinHandle<u64> {
    tokio::spawn(async move {
        let (mut read, mut write) = tcp.into_split();
        let payload = vec![3; 1 << 16];
        let sending = async {
            let unit = if dialect == Dialect::Bytes { payload } else { frame(OpCode::Binary, &payload) };
            for _ in 0..TOTAL >> 16 {
                write.write_all(&unit).await.unwrap();
            }
            match dialect {
                Dialect::Bytes => write.shutdown().await.unwrap(),
                Dialect::Frames(_) => {
                    write.write_all(&frame(OpCode::Close, &Close::NORMAL.encode())).await.unwrap()
                }
            }
        };
        let reading = async {
            let mut buf = vec![0; 1 << 16];
            let mut total = 0;
            loop {
                match read.read(&mut buf).await.unwrap() {
                    0 => return total,
                    len => total += len as u64,
                }
            }
        };
        tokio::join!(sending, reading).1
    })
}

async fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let (ours, theirs) = tokio::join!(listener.accept(), TcpStream::connect(listener.local_addr().unwrap()));
    (ours.unwrap().0, theirs.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_mebibytes_pass_each_way_in_bounded_memory() {
    for dialects in [[Dialect::Bytes; 2], [WS; 2], [WS, Dialect::Bytes]] {
        let before = resident();
        let options = JoinOptions::new(CancellationToken::new());
        let counters = options.counters.clone();
        let (a, a_peer) = connection().await;
        let (b, b_peer) = connection().await;
        let joined =
            tokio::spawn(join(Leg::new(a.into(), dialects[0]), Leg::new(b.into(), dialects[1]), options));
        let sides = [side(a_peer, dialects[0]), side(b_peer, dialects[1])];
        let end = timeout(Duration::from_secs(120), joined).await.expect("it ends in time").unwrap();
        for side in sides {
            assert!(side.await.unwrap() >= TOTAL);
        }
        assert_eq!(end.reason, EndReason::Closed);
        assert!(end.a_to_b >= TOTAL && end.b_to_a >= TOTAL);
        assert_eq!(counters.a_to_b.load(Ordering::Relaxed), end.a_to_b);
        assert_eq!(counters.b_to_a.load(Ordering::Relaxed), end.b_to_a);
        let grown = resident().saturating_sub(before);
        assert!(grown < ALLOWED_KIB, "{grown} KiB more after {dialects:?}");
    }
}

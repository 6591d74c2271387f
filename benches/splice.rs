//! Messages through the frame splice, beside a relay built on tokio-tungstenite that batches with `feed`, in the same run.
//!
//! And bulk bytes between two TCP legs, beside `tokio::io::copy_bidirectional_with_sizes` with buffers of 128 KiB.
//!
//! `cargo bench --bench splice [-- SECONDS]`. Each relay runs on a thread of its own, whose CPU time is what is compared: peers are plain blocking
//! threads that write frames made beforehand and count bytes. Rounds of both relays take turns, and the best of each is reported, so that a busy
//! machine disturbs both alike.
//!
//! - *64 in a write*: a peer writes 64 messages at once, again and again; messages a second, and the relay's CPU time a message. On a machine of few
//!   cores the peer, which makes a system call for each 64 messages, is slower than the splice; messages a second of CPU say what the relay could do.
//! - *one in a write*: on each pair one message there and one back; the relay's CPU time a message, and the median of the round trip. With one pair
//!   alone nearly all of that is the kernel's waking of sleeping threads, which no relay can save; many pairs are what a gateway has.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on has nothing to report")]

use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, SinkExt, StreamExt};
use rustix::net::RecvFlags;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};
use tokio_util::sync::CancellationToken;
use viaduct::{
    io::{Dialect, FrameDialect, JoinOptions, Leg, join},
    wire::websocket::{FrameHead, OpCode, apply_mask},
};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Rounds of each relay.
const ROUNDS: usize = 5;

#[derive(Clone, Copy, PartialEq)]
enum Relay {
    Ours,
    Tungstenite,
    OursBulk,
    CopyBulk,
}

/// What one round came to.
#[derive(Clone, Copy)]
struct Figures {
    /// Messages a second.
    rate: f64,
    /// CPU time of the relay a message.
    cpu: Duration,
    /// Median round trip; of a flood, nothing.
    p50: Duration,
}

fn main() {
    let seconds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1.0);
    let each = Duration::from_secs_f64(seconds);
    println!("best of {ROUNDS} rounds of {each:?} for each relay; the relay has one thread");
    println!();
    println!("{:>8}  {:<24}  {:>31}  {:>31}  ratio", "message", "", "viaduct", "tokio-tungstenite with feed");
    for size in [64, 1 << 10, 64 << 10] {
        let [ours, theirs] =
            best(MESSAGES, |relay| flood(relay, &message(size).repeat(64), 64 * relayed_len(size), 64, each));
        let shown = |f: Figures| format!("{:>11.0}/s {:>11.3} us CPU", f.rate, micros(f.cpu));
        println!(
            "{size:>8}  {:<24}  {:>31}  {:>31}  {:.2}x rate, {:.2}x messages a second of CPU",
            "64 in a write, 1 pair",
            shown(ours),
            shown(theirs),
            ours.rate / theirs.rate,
            micros(theirs.cpu) / micros(ours.cpu),
        );
        for pairs in [PAIRS, 1] {
            let [ours, theirs] = best(MESSAGES, |relay| ping_pong(relay, size, pairs, each));
            let shown = |f: Figures| format!("{:>8.1} us p50 {:>11.3} us CPU", micros(f.p50), micros(f.cpu));
            println!(
                "{size:>8}  {:<24}  {:>31}  {:>31}  {:.2}x p50, {:.2}x CPU",
                format!("one in a write, {pairs} {}", if pairs == 1 { "pair" } else { "pairs" }),
                shown(ours),
                shown(theirs),
                micros(ours.p50) / micros(theirs.p50),
                micros(ours.cpu) / micros(theirs.cpu),
            );
        }
    }
    let [ours, theirs] =
        best([Relay::OursBulk, Relay::CopyBulk], |relay| flood(relay, &vec![7; BULK], BULK, BULK_MIB, each));
    let shown =
        |f: Figures| format!("{:.2} GiB/s, {:.2} s CPU a GiB", f.rate / 1024.0, f.cpu.as_secs_f64() * 1024.0);
    println!();
    println!("bulk bytes, TCP to TCP: viaduct {}; copying {}", shown(ours), shown(theirs));
}

/// Bytes in one write of bulk, and the same in MiB.
const BULK: usize = 1 << 20;
const BULK_MIB: u32 = 1;

const MESSAGES: [Relay; 2] = [Relay::Ours, Relay::Tungstenite];

/// The best of some rounds of each relay.
fn best(relays: [Relay; 2], one: impl Fn(Relay) -> Figures) -> [Figures; 2] {
    let mut best: [Option<Figures>; 2] = [None; 2];
    for _ in 0..ROUNDS {
        for (best, relay) in best.iter_mut().zip(relays) {
            let round = one(relay);
            *best = Some(best.map_or(round, |best| Figures {
                rate: best.rate.max(round.rate),
                cpu: best.cpu.min(round.cpu),
                p50: best.p50.min(round.p50),
            }));
        }
    }
    best.map(Option::unwrap)
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A message as a client sends it.
fn message(size: usize) -> Vec<u8> {
    let head = FrameHead { fin: true, opcode: OpCode::Binary, mask: Some(KEY), len: size as u64 };
    let mut bytes = vec![0; head.encoded_len()];
    head.encode(&mut bytes);
    let mut payload: Vec<u8> = (0..size).map(|i| i as u8).collect();
    apply_mask(&mut payload, KEY);
    bytes.extend(payload);
    bytes
}

/// How long it is when a server sends it on.
fn relayed_len(size: usize) -> usize {
    FrameHead { fin: true, opcode: OpCode::Binary, mask: None, len: size as u64 }.encoded_len() + size
}

/// One peer writes `batch` again and again, which is `count` units and arrives as `arrives` bytes; the other counts.
fn flood(relay: Relay, batch: &[u8], arrives: usize, count: u32, each: Duration) -> Figures {
    let (mut peers, relay) = start(relay, 1);
    let (mut sender, receiver) = peers.remove(0);
    let batch = batch.to_vec();
    let until = Instant::now() + each;
    let (cpu_before, started) = (relay.cpu(), Instant::now());
    let (done, sent) = mpsc::channel();
    thread::spawn(move || {
        let mut sent = 0usize;
        while Instant::now() < until {
            sender.write_all(&batch).unwrap();
            sent += 1;
        }
        done.send((sent, sender)).unwrap();
    });
    // The sender is done only when everything it wrote was taken, and so is the relay when all of it has arrived.
    receiver.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut buf = vec![0; 1 << 20];
    let mut total = 0;
    let mut all = None;
    while all.as_ref().is_none_or(|(sent, _)| total < sent * arrives) {
        // Counted and thrown away by the kernel, so that the receiver does not hold the relay up.
        total += rustix::net::recv(&receiver, &mut buf[..], RecvFlags::TRUNC).map_or(0, |(_, len)| len);
        all = all.or_else(|| sent.try_recv().ok());
    }
    let (sent, _sender) = all.unwrap();
    let took = started.elapsed();
    let cpu = relay.cpu().saturating_sub(cpu_before);
    let units = sent as u32 * count;
    Figures { rate: f64::from(units) / took.as_secs_f64(), cpu: cpu / units, p50: Duration::ZERO }
}

/// Pairs that each have one message under way.
const PAIRS: usize = 32;

/// On each of many pairs one message there, one back.
fn ping_pong(relay: Relay, size: usize, pairs: usize, each: Duration) -> Figures {
    let (pairs, relay) = start(relay, pairs);
    let message: std::sync::Arc<[u8]> = message(size).into();
    let len = relayed_len(size);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let start = Instant::now() + WARM_UP;
        let until = start + each;
        let mut peers = Vec::new();
        for (here, there) in pairs {
            let [mut here, mut there] = [here, there].map(|tcp| {
                tcp.set_nonblocking(true).unwrap();
                tokio::net::TcpStream::from_std(tcp).unwrap()
            });
            let reply = message.clone();
            tokio::spawn(async move {
                let mut buf = vec![0; len];
                while there.read_exact(&mut buf).await.is_ok() {
                    there.write_all(&reply).await.unwrap();
                }
            });
            let message = message.clone();
            peers.push(tokio::spawn(async move {
                let mut buf = vec![0; len];
                let mut trips = Vec::new();
                loop {
                    let sent = Instant::now();
                    if sent > until {
                        return trips;
                    }
                    here.write_all(&message).await.unwrap();
                    here.read_exact(&mut buf).await.unwrap();
                    if sent > start {
                        trips.push(sent.elapsed());
                    }
                }
            }));
        }
        tokio::time::sleep_until(start.into()).await;
        let cpu_before = relay.cpu();
        tokio::time::sleep_until(until.into()).await;
        let cpu = relay.cpu().saturating_sub(cpu_before);
        let mut trips = Vec::new();
        for peer in peers {
            trips.extend(peer.await.unwrap());
        }
        trips.sort_unstable();
        let messages = 2 * trips.len();
        Figures {
            rate: messages as f64 / each.as_secs_f64(),
            cpu: cpu / messages as u32,
            p50: trips[trips.len() / 2],
        }
    })
}

/// Before anything is measured.
const WARM_UP: Duration = Duration::from_millis(100);

/// A relay on a thread of its own.
struct Running {
    task: String,
    stop: CancellationToken,
}

impl Running {
    /// CPU time of its thread.
    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("{}/schedstat", self.task)).unwrap();
        Duration::from_nanos(stat.split_whitespace().next().unwrap().parse().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Starts a relay of some pairs of connections; the peers' ends of them.
fn start(relay: Relay, pairs: usize) -> (Vec<(TcpStream, TcpStream)>, Running) {
    let (ours, peers): (Vec<_>, Vec<_>) = (0..pairs)
        .map(|_| {
            let ((a, a_peer), (b, b_peer)) = (connection(), connection());
            ([a, b], (a_peer, b_peer))
        })
        .unzip();
    let (sender, receiver) = mpsc::channel();
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    thread::spawn(move || {
        let task = std::fs::read_link("/proc/thread-self").unwrap();
        sender.send(format!("/proc/{}", task.display())).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for pair in ours {
                let [a, b] = pair.map(|tcp| {
                    tcp.set_nonblocking(true).unwrap();
                    tokio::net::TcpStream::from_std(tcp).unwrap()
                });
                match relay {
                    Relay::Ours => {
                        let frames = Dialect::Frames(FrameDialect::hybrid_server());
                        let [a, b] = [a, b].map(|tcp| Leg::new(tcp.into(), frames));
                        tokio::spawn(join(a, b, JoinOptions::new(CancellationToken::new())));
                    }
                    Relay::OursBulk => {
                        let [a, b] = [a, b].map(|tcp| Leg::new(tcp.into(), Dialect::Bytes));
                        tokio::spawn(join(a, b, JoinOptions::new(CancellationToken::new())));
                    }
                    Relay::CopyBulk => {
                        let ([mut a, mut b], size) = ([a, b], 128 << 10);
                        tokio::spawn(async move {
                            tokio::io::copy_bidirectional_with_sizes(&mut a, &mut b, size, size).await
                        });
                    }
                    Relay::Tungstenite => {
                        let a = WebSocketStream::from_raw_socket(a, Role::Server, None).await;
                        let b = WebSocketStream::from_raw_socket(b, Role::Server, None).await;
                        let ((mut a_out, mut a_in), (mut b_out, mut b_in)) = (a.split(), b.split());
                        tokio::spawn(async move { one_way(&mut a_in, &mut b_out).await });
                        tokio::spawn(async move { one_way(&mut b_in, &mut a_out).await });
                    }
                }
            }
            stopped.cancelled().await;
        });
    });
    let task = receiver.recv().unwrap();
    (peers, Running { task, stop })
}

/// Feeds every message that is there, then flushes once.
async fn one_way<R, W>(from: &mut R, to: &mut W)
where
    R: futures_util::Stream<
            Item = tokio_tungstenite::tungstenite::Result<tokio_tungstenite::tungstenite::Message>,
        > + Unpin,
    W: futures_util::Sink<tokio_tungstenite::tungstenite::Message> + Unpin,
{
    while let Some(Ok(message)) = from.next().await {
        let mut next = Some(message);
        while let Some(message) = next {
            if to.feed(message).await.is_err() {
                return;
            }
            next = from.next().now_or_never().flatten().and_then(Result::ok);
        }
        if to.flush().await.is_err() {
            return;
        }
    }
}

fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let ours = listener.accept().unwrap().0;
    for tcp in [&ours, &peer] {
        tcp.set_nodelay(true).unwrap();
    }
    (ours, peer)
}

//! What an idle pair costs: the slope of a relay's memory (PSS) between 1,000 and 5,000 joined pairs, and descriptors a pair.
//!
//! `cargo bench --bench idle_memory [-- SECONDS]`. Each pair first carries 1 MiB both ways and is then left alone for `SECONDS` (default 10). Legs: two
//! of TCP; two WebSockets; a WebSocket on TLS and one without. Each kind has a relay process of its own, with the runtime of `viaduct serve`, and its
//! peers live in another, so that only the relay is measured.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on has nothing to report")]

use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use viaduct::{
    io::{Alpn, Certificate, ClientTls, Dialect, FrameDialect, JoinOptions, Leg, ServerTls, join},
    wire::websocket::{FrameHead, OpCode},
};

const FEW: usize = 1_000;
const MANY: usize = 5_000;

/// What each side of a pair sends before it rests, in bytes.
const BUSY: usize = 1 << 20;

/// Payload of one message, in bytes.
const MESSAGE: usize = 16 << 10;

/// Pairs that are busy at the same time.
const AT_ONCE: usize = 32;

/// The name in the certificate.
const HOST: &str = "relay.example";

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["relay", kind, seconds, goal] => runtime().block_on(relay(kind, seconds.parse().unwrap(), goal)),
        ["peers", kind, a, b] => runtime().block_on(peers(kind, a.parse().unwrap(), b.parse().unwrap())),
        _ => {
            let seconds = arguments.first().copied().unwrap_or("10");
            println!("{FEW} to {MANY} pairs, each idle for {seconds} s after {} KiB both ways", BUSY >> 10);
            println!("{:<28} {:>12} {:>12} {:>6}", "legs", "KiB a pair", "fds a pair", "goal");
            for (kind, goal) in [("tcp", "8"), ("ws", "10"), ("tls", "24")] {
                let status = this_program(&["relay", kind, seconds, goal]).status().unwrap();
                assert!(status.success(), "{kind}: {status}");
            }
        }
    }
}

fn this_program(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments);
    command
}

fn runtime() -> tokio::runtime::Runtime {
    // Two connections for each pair.
    let enough = Some(2 * MANY as u64 + 1_000);
    setrlimit(Resource::Nofile, Rlimit { current: enough, maximum: enough })
        .expect("descriptors for all pairs");
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The relay: joins whatever connects to its two sockets, in order.
async fn relay(kind: &str, seconds: f64, goal: &str) {
    let bind = async || TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let (a, b) = (bind().await, bind().await);
    let made = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap();
    let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let certificate = Certificate::from_pem(Vec::new(), chain.as_bytes(), key.as_bytes()).unwrap();
    let tls = (kind == "tls").then(|| ServerTls::new(vec![certificate], Alpn::Http11).unwrap());
    let addresses = [&a, &b].map(|listener| listener.local_addr().unwrap().to_string());
    let mut peers = Peers::start(kind, &addresses, &chain);
    let dialect = match kind {
        "tcp" => Dialect::Bytes,
        _ => Dialect::Frames(FrameDialect::hybrid_server()),
    };
    tokio::spawn(async move {
        let cancel = CancellationToken::new();
        loop {
            let (a, b) = (a.accept().await.unwrap().0, b.accept().await.unwrap().0);
            let (tls, cancel) = (tls.clone(), cancel.clone());
            tokio::spawn(async move {
                let a = match tls {
                    Some(tls) => tls.accept(a).await.unwrap().into(),
                    None => a.into(),
                };
                // A task of its own, so that nothing of the handshake is left.
                tokio::spawn(join(
                    Leg::new(a, dialect),
                    Leg::new(b.into(), dialect),
                    JoinOptions::new(cancel),
                ));
            });
        }
    });
    let mut measured = Vec::new();
    for pairs in [FEW, MANY] {
        peers = tokio::task::spawn_blocking(move || peers.grow_to(pairs)).await.unwrap();
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        measured.push((pss(), descriptors()));
    }
    let [(few, few_fds), (many, many_fds)] = measured[..] else { unreachable!("two measurements") };
    let slope = |few: u64, many: u64| (many as f64 - few as f64) / (MANY - FEW) as f64;
    let legs = match kind {
        "tcp" => "TCP, TCP",
        "ws" => "WebSocket, WebSocket",
        _ => "WebSocket on TLS, WebSocket",
    };
    println!("{legs:<28} {:>12.1} {:>12.2} {goal:>6}", slope(few, many), slope(few_fds, many_fds));
    drop(peers);
}

/// Proportional set size of this process in KiB.
fn pss() -> u64 {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let line = rollup.lines().find(|line| line.starts_with("Pss:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn descriptors() -> u64 {
    std::fs::read_dir("/proc/self/fd").unwrap().count() as u64
}

/// The process of the peers, told over its standard input how many pairs to open and to keep busy for a moment.
struct Peers {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peers {
    fn start(kind: &str, addresses: &[String; 2], root: &str) -> Self {
        let mut child = this_program(&["peers", kind, &addresses[0], &addresses[1]])
            .env("ROOT_CERTIFICATE", root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (orders, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, orders, answers: BufReader::new(answers) }
    }

    fn grow_to(mut self, pairs: usize) -> Self {
        writeln!(self.orders, "{pairs}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert_eq!(answer.trim(), pairs.to_string(), "the peers failed");
        self
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The peers: as many pairs as they are told, all of which stay open.
async fn peers(kind: &str, a: SocketAddr, b: SocketAddr) {
    let root = std::env::var("ROOT_CERTIFICATE").unwrap();
    let tls = (kind == "tls").then(|| ClientTls::new(&[root.as_bytes()]).unwrap());
    let framed = kind != "tcp";
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut open: Vec<(TcpOrTls, TcpStream)> = Vec::new();
    loop {
        let line = tokio::task::spawn_blocking(|| std::io::stdin().lines().next()).await.unwrap();
        let Some(Ok(line)) = line else {
            return;
        };
        let pairs: usize = line.parse().unwrap();
        let mut busy = JoinSet::new();
        for _ in open.len()..pairs {
            let permit = permits.clone().acquire_owned().await.unwrap();
            // One pair after the other, so that the relay knows which belong together.
            let (a, b) = (TcpStream::connect(a).await.unwrap(), TcpStream::connect(b).await.unwrap());
            let tls = tls.clone();
            busy.spawn(async move {
                let _permit = permit;
                let mut a: TcpOrTls = match tls {
                    Some(tls) => Box::new(tls.connect(HOST, a).await.unwrap()),
                    None => Box::new(a),
                };
                let mut b = b;
                exchange(&mut a, &mut b, framed).await;
                (a, b)
            });
        }
        open.extend(busy.join_all().await);
        println!("{pairs}");
    }
}

trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Connection for T {}
type TcpOrTls = Box<dyn Connection>;

/// Sends [`BUSY`] bytes each way at once.
async fn exchange(a: &mut (impl Connection + ?Sized), b: &mut (impl Connection + ?Sized), framed: bool) {
    let (mut message, mut arrives) = (vec![7; MESSAGE], MESSAGE);
    if framed {
        // A mask of zeros needs no masking.
        let mut head =
            FrameHead { fin: true, opcode: OpCode::Binary, mask: Some([0; 4]), len: MESSAGE as u64 };
        let mut bytes = vec![0; head.encoded_len()];
        head.encode(&mut bytes);
        message.splice(..0, bytes);
        head.mask = None;
        arrives += head.encoded_len();
    }
    let count = BUSY / MESSAGE;
    let ((mut a_read, mut a_write), (mut b_read, mut b_write)) = (tokio::io::split(a), tokio::io::split(b));
    let sending = async |to: &mut (dyn AsyncWrite + Unpin + Send)| {
        for _ in 0..count {
            to.write_all(&message).await.unwrap();
        }
        to.flush().await.unwrap();
    };
    let reading = async |from: &mut (dyn AsyncRead + Unpin + Send)| {
        let mut buf = vec![0; arrives];
        for _ in 0..count {
            from.read_exact(&mut buf).await.unwrap();
        }
    };
    tokio::join!(sending(&mut a_write), sending(&mut b_write), reading(&mut a_read), reading(&mut b_read));
}

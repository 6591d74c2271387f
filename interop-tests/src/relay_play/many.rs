//! One recorded listener many times, each at an address of its own: what many links cost.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::control_link::ControlLink;
use super::recording::Recording;
use super::road::HOST;
use super::substitute::Tokens;
use super::talk::Talk;
use super::websocket::WebSocketLine;
use crate::connect::trusting_without_tickets;
use crate::{Config, Gateway, Wire};

const FOLDER: &str = "v2.7.5/e2e-nettcp";
const STREAM: &str = "001-5671";

/// The path of the recording; the others are as long, so that no size around them changes.
const PATH: &str = "nettcprelay";

/// How many handshakes the listeners' side has under way at a time: enough for two cores, and no more threads than they can run.
const HANDS: usize = 8;

/// Listeners that are ready to dial.
pub struct ManyListeners {
    /// What each of them says; the tokens are signed beforehand, as a library has its token before it dials.
    says: Vec<Vec<u8>>,
}

/// A listener that is online, for as long as the value lives.
pub struct IdleLink(#[expect(dead_code, reason = "it holds the connection")] ControlLink);

impl ManyListeners {
    /// So many, each with a relay that it makes.
    pub fn new(count: usize) -> Self {
        assert!(count <= 100_000, "the numbers have five digits");
        let recording = Recording::open(FOLDER);
        let says = (0..count).map(|number| at(&recording.sent(STREAM), &format!("nettcp{number:05}")));
        Self { says: says.collect() }
    }

    /// A gateway for them.
    pub fn gateway() -> Gateway {
        Gateway::start(
            Config::new().door("amqps", "127.0.0.1:0").door("rendezvous", "127.0.0.1:0").host(HOST),
        )
    }

    /// Dials for the listeners of `which`, all at once, and waits until the gateway has let all of them in: the links, and the time from
    /// the first SYN. Each handshake of TLS is a full one.
    pub fn open(&self, gateway: &Gateway, which: std::ops::Range<usize>) -> (Vec<IdleLink>, Duration) {
        self.open_at(gateway, "amqps", which, Talk::new)
    }

    /// The same with a WebSocket for each, at the door `https`.
    pub fn open_over_websockets(
        &self,
        gateway: &Gateway,
        which: std::ops::Range<usize>,
    ) -> (Vec<IdleLink>, Duration) {
        let talk = |wire| Talk::new(WebSocketLine::on(wire, HOST, "wsrelayedamqp"));
        self.open_at(gateway, "https", which, talk)
    }

    fn open_at(
        &self,
        gateway: &Gateway,
        door: &str,
        which: std::ops::Range<usize>,
        talk: impl Fn(Wire) -> Talk + Sync,
    ) -> (Vec<IdleLink>, Duration) {
        let config = Arc::new(trusting_without_tickets(gateway.authority()));
        let begun = Instant::now();
        let dialled: Vec<_> = which.map(|number| (number, Wire::tcp(gateway.door(door)))).collect();
        let waiting = Mutex::new(dialled.into_iter());
        let next = || waiting.lock().expect("no listener panics while it waits").next();
        let hand = || {
            let mut online = Vec::new();
            while let Some((number, wire)) = next() {
                let talk = talk(wire.into_tls_with(HOST, Arc::clone(&config)));
                // What it heard matters for what it was delivered, and nobody sends anything here.
                let mut link = ControlLink::open(talk, &self.says[number], &[]);
                link.expect_online();
                online.push(IdleLink(link));
            }
            online
        };
        let links = thread::scope(|scope| {
            let hands: Vec<_> = (0..HANDS).map(|_| scope.spawn(hand)).collect();
            hands.into_iter().flat_map(|hand| hand.join().expect("all are let in")).collect()
        });
        (links, begun.elapsed())
    }
}

/// What a recorded listener says at another path, with a token for it.
fn at(sent: &[u8], path: &str) -> Vec<u8> {
    assert_eq!(path.len(), PATH.len(), "no size changes");
    let mut says = sent.to_vec();
    let places: Vec<_> =
        (0..=says.len() - PATH.len()).filter(|at| says[*at..].starts_with(PATH.as_bytes())).collect();
    assert!(!places.is_empty(), "the recording names its path");
    for place in places {
        says[place..place + PATH.len()].copy_from_slice(path.as_bytes());
    }
    Tokens::good().put_into(&mut says);
    says
}

/// Lets this process, and those that it starts from now on, have so many files open.
///
/// # Errors
/// The user may not.
pub fn allow_open_files(count: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    if now.current.is_none_or(|current| current >= count) {
        return Ok(());
    }
    let maximum = now.maximum.map(|maximum| maximum.max(count));
    setrlimit(Resource::Nofile, Rlimit { current: Some(count), maximum }).map_err(io::Error::from)
}

//! What a rendezvous costs the gateway: on 9352 with TLS, and by `wss` on the hybrid path, in one run. Issue 5; design, section 4.

use std::sync::mpsc;
use std::sync::{Mutex, atomic::AtomicUsize, atomic::Ordering};
use std::thread;
use std::time::Duration;

use interop_tests::relay_play::{RelayedService, RelayedSide};
use interop_tests::{Config, Gateway, Listener, Message, NAMESPACE, TlsClient, WebSocket, accept_address};

/// Rendezvous under way at a time.
const IN_FLIGHT: usize = 64;

/// Rendezvous of a round. A round has enough of them for the ticks in which the time is counted.
const PAIRS: usize = 512;

/// Rounds of each kind, in turns, because the machine is not the same from one minute to the next.
const ROUNDS: usize = 3;

/// A rendezvous on 9352, in those of the hybrid path.
const MOST: f64 = 1.5;

#[test]
fn a_rendezvous_on_9352_costs_about_as_much_as_one_by_websocket() {
    let gateway = Gateway::start(
        Config::new()
            .door("amqps", "127.0.0.1:0")
            .door("rendezvous", "127.0.0.1:0")
            .limit("pending_per_address", "0")
            .limit("pending_per_listener", "0")
            .host("contoso.servicebus.windows.net"),
    );
    let mut service = RelayedService::open(&gateway);
    let mut listener = Listener::open(&gateway, "open");
    for tickets in [false, true] {
        let tls = TlsClient::new(gateway.authority(), tickets);
        // The first handshakes of all are full, and bring the tickets of those that follow.
        relayed(&gateway, &mut service, &tls);
        hybrid(&gateway, &mut listener, &tls);
        let before = tls.handshakes();
        let (mut on_9352, mut by_websocket) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..ROUNDS {
            on_9352 += cost(&gateway, || relayed(&gateway, &mut service, &tls));
            by_websocket += cost(&gateway, || hybrid(&gateway, &mut listener, &tls));
        }
        let after = tls.handshakes();
        let (full, resumed) = (after.0 - before.0, after.1 - before.1);
        let each = |time: Duration| time.as_secs_f64() * 1e6 / (ROUNDS * PAIRS) as f64;
        let ratio = each(on_9352) / each(by_websocket);
        println!(
            "{full} full handshakes and {resumed} resumed: {:.0} us of CPU a rendezvous on 9352, {:.0} us by wss: {ratio:.2}",
            each(on_9352),
            each(by_websocket),
        );
        // A client keeps eight tickets for a name; what has more under way begins some anew.
        let as_wanted = if tickets { resumed >= 2 * full } else { resumed == 0 };
        assert!(as_wanted, "{full} full, {resumed} resumed");
        assert!(ratio <= MOST, "{ratio:.2}");
    }
}

/// What the gateway spent on it.
fn cost(gateway: &Gateway, round: impl FnOnce()) -> Duration {
    let before = gateway.cpu_time();
    round();
    gateway.cpu_time() - before
}

/// Senders and listeners of a round: each pair says a byte there and one back.
fn round<S: Send>(invited: impl FnMut() -> S, sender: impl Fn() + Sync, listener: impl Fn(S) + Sync) {
    let mut invited = invited;
    let begun = AtomicUsize::new(0);
    let (invitations, waiting) = mpsc::channel();
    let waiting = Mutex::new(waiting);
    thread::scope(|scope| {
        for _ in 0..IN_FLIGHT {
            scope.spawn(|| {
                while begun.fetch_add(1, Ordering::Relaxed) < PAIRS {
                    sender();
                }
            });
            scope.spawn(|| {
                let next = || waiting.lock().expect("no listener panics while it waits").recv();
                while let Ok(invitation) = next() {
                    listener(invitation);
                }
            });
        }
        for _ in 0..PAIRS {
            invitations.send(invited()).expect("listeners wait");
        }
        drop(invitations);
    });
}

fn relayed(gateway: &Gateway, service: &mut RelayedService<'_>, tls: &TlsClient) {
    let sender = RelayedSide::sender(gateway);
    round(
        || service.invited(),
        || {
            let mut sender = sender.dial(tls);
            sender.say(b"1");
            assert_eq!(sender.hear(1), b"2");
            sender.end();
        },
        |invited| {
            let mut service = invited.dial(tls);
            assert_eq!(service.hear(1), b"1");
            service.say(b"2");
            service.end();
        },
    );
}

fn hybrid(gateway: &Gateway, listener: &mut Listener, tls: &TlsClient) {
    let door = gateway.door("https");
    let open = |target: &str| {
        let socket = WebSocket::try_open(tls.connect(door, NAMESPACE), target, &[]);
        socket.unwrap_or_else(|answer| panic!("{target} was refused: {answer:?}"))
    };
    round(
        || accept_address(&listener.next("accept")),
        || {
            let mut sender = open("/$hc/open");
            sender.send_binary(b"1");
            assert_eq!(sender.binary(), b"2");
            ended(sender);
        },
        |address| {
            let (_, target) = address.trim_start_matches("wss://").split_once('/').expect("a path");
            let mut listener = open(&format!("/{target}"));
            assert_eq!(listener.binary(), b"1");
            listener.send_binary(b"2");
            ended(listener);
        },
    );
}

fn ended(mut socket: WebSocket) {
    socket.send_close(1000, "");
    while !matches!(socket.message(), Message::Ended | Message::Cut) {}
}

//! What an idle joined pair costs the real gateway, seen from outside: design, section 4.

use interop_tests::{Config, Gateway, Listener, WebSocket};

/// Pairs at the first and at the second look.
const PAIRS: [usize; 2] = [100, 600];

/// Bytes a pair, both of its legs inside TLS.
const MOST: u64 = 24 << 10;

#[test]
fn a_pair_of_tls_legs_holds_no_buffers_while_it_is_idle() {
    let gateway = Gateway::start(Config::new().limit("pending_per_listener", "0"));
    let mut listener = Listener::open(&gateway, "open");
    let mut pairs = Vec::new();
    let mut seen = Vec::new();
    for pairs_then in PAIRS {
        while pairs.len() < pairs_then {
            let mut sender = gateway.connect();
            WebSocket::ask(&mut sender, "/$hc/open", &[]);
            let (_, mut accepted) = listener.accept();
            let mut sender = WebSocket::answered(sender).expect("a joined connection");
            // It has been busy: 64 KiB each way.
            let message = vec![0x5a; 64 << 10];
            sender.send_binary(&message);
            assert_eq!(accepted.binary().len(), message.len());
            accepted.send_binary(&message);
            assert_eq!(sender.binary().len(), message.len());
            pairs.push((sender, accepted));
        }
        seen.push(gateway.memory());
    }
    let slope = seen[1].saturating_sub(seen[0]) / (PAIRS[1] - PAIRS[0]) as u64;
    println!("{slope} bytes a pair");
    assert!(slope <= MOST, "{slope} bytes a pair: {seen:?}");
}

//! What the links of WCF listeners cost the real gateway on the door `amqps`, and in WebSockets on `https`, inside TLS 1.3: memory while they are idle, and the time until
//! all are back after all were lost. The listeners are the recorded one, many times; issue 5.

use std::ops::Range;
use std::time::Duration;

use interop_tests::relay_play::{IdleLink, ManyListeners, allow_open_files};
use interop_tests::{Gateway, wait_until};

/// Links at the first and at the second look.
const LINKS: [usize; 2] = [200, 2_000];

/// Bytes a link.
const MOST: u64 = 28 << 10;

/// The same in WebSockets.
const MOST_IN_WEBSOCKETS: u64 = 32 << 10;

/// From the first SYN to the last listener that is online again, both sides on the same two cores.
const BACK_WITHIN: Duration = Duration::from_secs(5);

#[test]
fn two_thousand_idle_links_are_small_and_all_come_back_at_once() {
    // Two for each of our own connections, one for each of the gateway's, which inherits this.
    allow_open_files(3 * LINKS[1] as u64 + 1_000).expect("so many open files");
    let listeners = ManyListeners::new(LINKS[1]);
    let gateway = ManyListeners::gateway();

    let (links, slope) = bytes_a_link(&gateway, |which| listeners.open(&gateway, which).0);
    println!("{slope} bytes a link");

    drop(links);
    let gone = || gateway.log().matches("WCF listener off").count() == LINKS[1];
    wait_until("the gateway has noticed that all are gone", gone);
    let (_links, took) = listeners.open(&gateway, 0..LINKS[1]);
    println!("{} links back within {took:?}", LINKS[1]);

    assert!(slope <= MOST, "{slope} bytes a link");
    assert!(took <= BACK_WITHIN, "{took:?}");
}

#[test]
fn two_thousand_idle_links_in_websockets_are_small() {
    allow_open_files(3 * LINKS[1] as u64 + 1_000).expect("so many open files");
    let listeners = ManyListeners::new(LINKS[1]);
    let gateway = ManyListeners::gateway();

    let (_links, slope) = bytes_a_link(&gateway, |which| listeners.open_over_websockets(&gateway, which).0);
    println!("{slope} bytes a link in a WebSocket");

    assert!(slope <= MOST_IN_WEBSOCKETS, "{slope} bytes a link");
}

/// Opens all links, and what each of those cost that came between the two looks.
fn bytes_a_link(gateway: &Gateway, open: impl Fn(Range<usize>) -> Vec<IdleLink>) -> (Vec<IdleLink>, u64) {
    let mut links = open(0..LINKS[0]);
    let few = gateway.memory();
    links.extend(open(LINKS[0]..LINKS[1]));
    let slope = gateway.memory().saturating_sub(few) / (LINKS[1] - LINKS[0]) as u64;
    (links, slope)
}

//! The doors `oneway`, `oneway_tls` and `probe`: what they refuse and in which words, and what becomes of messages whose listeners do not
//! take them. Senders and listeners are made of recordings (`src/relay_play/flow.rs`). Relay page 2.7, 3, 6 and 8.4.

use std::time::{Duration, Instant};

use interop_tests::relay_play::{Changed, FlowListener, FlowSender, OldListener};
use interop_tests::{Config, Gateway, KEY, OTHER_KEY, Wire, wait_until};

const HOST: &str = "contoso.servicebus.windows.net";

fn config() -> Config {
    let doors = ["amqps", "rendezvous", "oneway", "oneway_tls", "probe"];
    doors.into_iter().fold(Config::new(), |config, door| config.door(door, "127.0.0.1:0")).host(HOST)
}

#[test]
fn each_refusal_of_a_sender_has_the_fault_and_the_words_of_its_reason() {
    let policy = format!(
        "[[namespaces.relays.policies]]\nname = \"ListenOnlySharedAccessKey\"\nrights = [\"Listen\"]\nprimary_key = \"{KEY}\"\nsecondary_key = \"{OTHER_KEY}\"\n"
    );
    let declared = |path: &str, of: &str, more: &str| {
        format!("path = \"{path}\"\nkind = \"wcf\"\nwcf_type = \"{of}\"\n{more}")
    };
    let gateway = Gateway::start(
        config()
            .relay(&declared("declared1", "NetOneway", &policy))
            .relay(&declared("nettcp001", "NetTcp", ""))
            .relay(&declared("tls000001", "NetEvent", "requires_transport_security = true\n")),
    );
    let sender = Changed::default();
    for (changed, code, words) in [
        (Changed { path: "nobody001", ..sender }, "EndpointNotFoundFault", "no listener is connected"),
        (Changed { path: "declared1", ..sender }, "EndpointNotFoundFault", "no listener is connected"),
        (Changed { path: "nettcp001", ..sender }, "EndpointNotFoundFault", "takes this shape"),
        (
            Changed { path: "tls000001", in_clear: true, ..sender },
            "NoTransportSecurityFault",
            "requires transport security",
        ),
        (Changed { key: Some("c29tZWJvZHkgZWxzZQ=="), ..sender }, "AuthorizationFailedFault", "signature"),
        (Changed { ends_in: -4000, ..sender }, "AuthorizationFailedFault", "expired"),
        (
            Changed { path: "declared1", policy: "ListenOnly", ..sender },
            "AuthorizationFailedFault",
            "'Send' claim",
        ),
        (Changed { path: "a%2fb%2fc", ..sender }, "InvalidRequestFault", "path"),
    ] {
        let Err((told, text)) = FlowSender::connect(&gateway, &changed) else { panic!("{changed:?}") };
        assert_eq!(told, code, "{changed:?}: {text}");
        assert!(text.contains(words) && text.contains("TrackingId:"), "{changed:?}: {text}");
    }
}

#[test]
fn a_relay_that_nobody_declared_is_not_found_where_listeners_make_none() {
    let gateway = Gateway::start(config().namespace("dynamic_relays = \"off\""));
    let told = FlowSender::connect(&gateway, &Changed::default()).err().expect("a refusal");
    assert_eq!(told.0, "RelayNotFoundFault", "{}", told.1);
}

#[test]
fn a_message_that_is_too_large_is_refused_by_its_id_and_the_session_goes_on_up_to_what_the_framing_takes() {
    let gateway = Gateway::start(config());
    let mut listener = FlowListener::open(&gateway);
    let mut sender = FlowSender::open(&gateway).expect("somebody listens");
    let mut passes = |sender: &mut FlowSender, number: u32, length: u32| {
        sender.send_long(number, length);
        let (taken, delivery) = listener.take().expect("a message");
        listener.accept(delivery);
        assert_eq!((taken, sender.answer()), (number, (number, None)));
    };
    passes(&mut sender, 1, 65_000);
    for (number, length) in [(2, 66_000), (3, 120_000)] {
        sender.send_long(number, length);
        assert_eq!(sender.answer(), (number, Some("QuotaExceededFault".to_owned())));
    }
    passes(&mut sender, 4, 10);

    sender.send_long(5, 140_000);
    let told = sender.told_by_framing();
    let fault = b"http://schemas.microsoft.com/ws/2006/05/framing/faults/MaxMessageSizeExceededFault";
    assert_eq!(told, [&[0x08, fault.len() as u8], &fault[..]].concat());
}

#[test]
fn a_listener_that_gives_a_message_back_is_followed_by_the_next() {
    let gateway = Gateway::start(config());
    let first = FlowListener::open(&gateway);
    let mut sender = FlowSender::open(&gateway).expect("somebody listens");
    sender.send(1);
    let mut first = first;
    let (number, delivery) = first.take().expect("the one listener gets it");
    assert_eq!(number, 1);
    let mut second = FlowListener::open(&gateway);
    first.release(delivery);
    let (number, delivery) = second.take().expect("the other one gets it");
    second.accept(delivery);
    assert_eq!((number, sender.answer()), (1, (1, None)));

    sender.send(2);
    let (mut one, mut other) = (first, second);
    // Whoever has it gives it back, and so does the other: nobody is left.
    std::thread::scope(|scope| {
        for listener in [&mut one, &mut other] {
            scope.spawn(|| {
                let (number, delivery) = listener.take().expect("a message");
                assert_eq!(number, 2);
                listener.release(delivery);
            });
        }
    });
    assert_eq!(sender.answer(), (2, Some("ConnectionFailedFault".to_owned())));
}

#[test]
fn a_listener_that_says_nothing_in_time_is_not_followed_by_another() {
    let gateway = Gateway::start(config().timeout("oneway", "1s"));
    let mut first = FlowListener::open(&gateway);
    let mut sender = FlowSender::open(&gateway).expect("somebody listens");
    let sent = Instant::now();
    sender.send(1);
    let (_, delivery) = first.take().expect("a message");
    let mut second = FlowListener::open(&gateway);
    assert_eq!(sender.answer(), (1, Some("ConnectionFailedFault".to_owned())));
    assert!(sent.elapsed() >= Duration::from_secs(1), "{:?}", sent.elapsed());
    second.expect_quiet(Duration::from_millis(300));
    // Its late word is nobody's, and it is a listener like any other again.
    first.accept(delivery);
    second.kill();
    wait_until("the gateway misses the killed listener", || gateway.log().contains("WCF listener off"));
    sender.send(2);
    let (number, delivery) = first.take().expect("a message");
    first.accept(delivery);
    assert_eq!((number, sender.answer()), (2, (2, None)));
    sender.end();
}

#[test]
fn a_listener_that_is_killed_behind_the_first_byte_is_not_followed_by_another() {
    let gateway = Gateway::start(config());
    let mut first = FlowListener::open(&gateway);
    let mut sender = FlowSender::open(&gateway).expect("somebody listens");
    sender.send(1);
    first.take().expect("a message");
    let mut second = FlowListener::open(&gateway);
    first.kill();
    assert_eq!(sender.answer(), (1, Some("ConnectionFailedFault".to_owned())));
    second.expect_quiet(Duration::from_millis(300));
}

#[test]
fn a_message_to_a_listener_of_1_6_is_acknowledged_when_it_was_written() {
    let gateway = Gateway::start(config());
    let mut listener = OldListener::open(&gateway);
    let mut sender = FlowSender::open(&gateway).expect("somebody listens");
    for number in 1..=20 {
        sender.send(number);
    }
    let mut answers: Vec<_> = (1..=20).map(|_| sender.answer()).collect();
    answers.sort();
    assert_eq!(answers, (1..=20).map(|number| (number, None)).collect::<Vec<_>>());
    // It has said nothing all the while, and has them all in order.
    for number in 1..=20 {
        assert_eq!(listener.take(), number);
    }
    drop(listener);
    wait_until("the gateway misses the listener", || gateway.log().contains("WCF listener off"));
    sender.send(21);
    assert_eq!(sender.answer().1.as_deref(), Some("EndpointNotFoundFault"));
}

#[test]
fn a_silent_sender_is_dropped() {
    let gateway = Gateway::start(config().timeout("oneway_idle", "1s"));
    let _listener = FlowListener::open(&gateway);
    let mut sender = FlowSender::open(&gateway).expect("somebody listens");
    let since = Instant::now();
    assert_eq!(sender.told_by_framing(), b"");
    assert!(since.elapsed() >= Duration::from_millis(900), "{:?}", since.elapsed());
}

#[test]
fn a_preamble_that_is_none_of_a_sender_is_refused_with_the_fault_of_its_reason() {
    let gateway = Gateway::start(config());
    let via = format!("net.tcp://{HOST}:9350/a");
    let preamble = |version: u8, mode: u8, encoding: u8, end: &[u8]| {
        let head = [&[0, version, 0, 1, mode, 2, via.len() as u8], via.as_bytes()].concat();
        [&head, &[3, encoding][..], end].concat()
    };
    let tls = b"\x09\x13application/ssl-tls";
    for (sent, fault) in [
        (preamble(2, 2, 8, b"\x0c"), "UnsupportedVersion"),
        (preamble(1, 1, 8, b"\x0c"), "UnsupportedMode"),
        (preamble(1, 2, 7, b"\x0c"), "ContentTypeInvalid"),
        (preamble(1, 2, 8, tls), "UpgradeInvalid"),
    ] {
        let mut wire = Wire::tcp(gateway.door("oneway"));
        wire.send(&sent);
        let told = wire.receive_to_end();
        assert_eq!(told.first(), Some(&0x08), "{fault}: {told:02x?}");
        assert!(told.ends_with(fault.as_bytes()), "{fault}: {}", String::from_utf8_lossy(&told));
    }
}

#[test]
fn who_looks_for_a_direct_connection_is_told_its_address() {
    let gateway = Gateway::start(config());
    for door in ["probe", "rendezvous"] {
        let mut wire = Wire::tcp(gateway.door(door));
        wire.send(b"\x05\0\0\0probe\x02\0\0\0");
        let told = wire.receive_to_end();
        assert_eq!(told[..8], [127, 0, 0, 1, 0, 0, 0, 0], "{door}: {told:?}");
        assert_eq!(told.len(), 12, "{door}");
    }
    // A relayed connection is for another door.
    let mut wire = Wire::tcp(gateway.door("probe"));
    wire.send(b"\x07\0\0\0connect\x09\0\0\0sb://a/b/\0");
    assert_eq!(wire.receive_to_end(), b"");
}

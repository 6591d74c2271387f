//! Choosing among listeners, many senders at once, listeners that leave: hybrid page 2.6, 11.7, 11.8, 11.11, 11.12.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use interop_tests::{
    Answer, Config, Gateway, Listener, Message, Reply, Request, WebSocket, Wire, accept_address,
};

const FIRST: &str = "11111111-aaaa-4bbb-8ccc-000000000001";
const SECOND: &str = "11111111-aaaa-4bbb-8ccc-000000000002";

#[test]
fn two_listeners_are_both_used_over_100_requests() {
    let gateway = Gateway::new();
    let _first = Listener::open(&gateway, "open").serve(|_, _| Reply::ok("first"));
    let _second = Listener::open(&gateway, "open").serve(|_, _| Reply::ok("second"));
    let mut wire = gateway.connect();

    let answers: Vec<_> = (0..100).map(|_| Request::get("/open").on(&mut wire).text()).collect();

    let used: HashSet<_> = answers.iter().map(String::as_str).collect();
    assert_eq!(used, HashSet::from(["first", "second"]), "{answers:?}");
}

#[test]
fn allowed_and_disallowed_lists_pick_the_listener() {
    // Rule 20: by the id it registered with, whatever its spelling and suffix.
    let gateway = Gateway::new();
    let _first = Listener::open_as(&gateway, "open", &format!("{FIRST}_G5")).serve(|request, _| {
        let headers = request["requestHeaders"].to_string();
        assert!(!headers.contains("Microsoft-Relay"), "{headers}");
        Reply::ok("first")
    });
    let _second = Listener::open_as(&gateway, "open", SECOND).serve(|_, _| Reply::ok("second"));
    let allowed = "Microsoft-Relay-AllowedListeners";
    let disallowed = "Microsoft-Relay-DisallowedListeners";

    for (header, value, picked) in [
        (allowed, FIRST.to_owned(), "first"),
        (allowed, SECOND.to_uppercase(), "second"),
        (disallowed, FIRST.to_owned(), "second"),
        (disallowed, format!("99999999-aaaa-4bbb-8ccc-000000000009, {SECOND}"), "first"),
    ] {
        for _ in 0..10 {
            let answer = Request::get("/open").header(header, &value).to(&gateway);
            assert_eq!(answer.text(), picked, "{header}: {value}");
        }
    }
}

#[test]
fn a_hundred_senders_opened_at_once_all_meet_the_one_listener() {
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    std::thread::scope(|scope| {
        for number in 0..100 {
            let gateway = &gateway;
            scope.spawn(move || {
                let mut sender = WebSocket::open(gateway, &format!("open/{number}"));
                sender.send_text(&number.to_string());
                assert_eq!(sender.text(), format!("echo {number}"));
            });
        }
        let mut seen = HashSet::new();
        for _ in 0..100 {
            let (_, mut accepted) = listener.accept();
            let text = accepted.text();
            accepted.send_text(&format!("echo {text}"));
            assert!(seen.insert(text), "one sender met the listener twice");
            // Held until its sender has read the echo and gone.
            scope.spawn(move || while !matches!(accepted.message(), Message::Ended | Message::Cut) {});
        }
    });
}

#[test]
fn six_hundred_senders_that_wait_are_answered_when_the_listener_closes() {
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    let mut waiting = Vec::new();
    for _ in 0..600 {
        let mut sender = gateway.connect();
        WebSocket::ask(&mut sender, "/$hc/open", &[]);
        waiting.push(sender);
    }
    for _ in 0..600 {
        listener.next("accept");
    }
    let begun = Instant::now();

    listener.control.send_close(1000, "enough");

    for mut sender in waiting {
        let answer = Answer::read(&mut sender, "GET");
        assert!(matches!(answer.status, 404 | 502 | 504), "{answer:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn a_listener_that_does_not_take_a_sender_is_passed_over_for_another() {
    // 2.6.
    let gateway = Gateway::start(Config::new().timeout("pass_over", "500ms"));
    let (sender, _deaf, mut other) = invited_one_of_two(&gateway);

    let (_, mut accepted) = other.accept();

    accepted.send_text("here");
    let mut sender = WebSocket::answered(sender).unwrap_or_else(|answer| panic!("{answer:?}"));
    assert_eq!(sender.text(), "here");
}

#[test]
fn a_waiting_sender_goes_to_another_listener_when_its_own_leaves() {
    let gateway = Gateway::new();
    let (sender, leaving, mut staying) = invited_one_of_two(&gateway);

    leaving.control.abort();

    let (_, _accepted) = staying.accept();
    assert!(WebSocket::answered(sender).is_ok());
}

/// A sender that waits for one of two listeners: it, the one that was invited, and the other.
fn invited_one_of_two(gateway: &Gateway) -> (Wire, Listener, Listener) {
    let mut first = Listener::open_as(gateway, "open", FIRST);
    let second = Listener::open_as(gateway, "open", SECOND);
    let mut sender = gateway.connect();
    WebSocket::ask(&mut sender, "/$hc/open", &[]);
    if first.control.wire().is_quiet_for(Duration::from_millis(200)) {
        (sender, second, first)
    } else {
        first.next("accept");
        (sender, first, second)
    }
}

#[test]
fn what_is_joined_outlives_the_control_channel() {
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    let mut sender = gateway.connect();
    WebSocket::ask(&mut sender, "/$hc/open", &[]);
    let accept = listener.next("accept");
    let mut accepted = listener.dial(&accept_address(&accept), &[]);
    let mut sender = WebSocket::answered(sender).unwrap_or_else(|answer| panic!("{answer:?}"));

    listener.control.abort();
    // A refusal shows that the gateway has noticed.
    while WebSocket::try_open(gateway.connect(), "/$hc/open", &[])
        .err()
        .is_none_or(|answer| answer.status != 404)
    {}

    sender.send_text("still");
    assert_eq!(accepted.text(), "still");
}

//! Python's `websockets` and `curl` as sender and listener: programs that know nothing of any relay.

use std::time::{Duration, Instant};

use interop_tests::{Config, Gateway, Token, curl_at, encode, python_listener, python_script};

const PATIENCE: Duration = Duration::from_secs(240);

#[test]
fn a_sender_needs_no_action_and_may_hold_its_token_in_query_or_header() {
    let gateway = Gateway::new();

    let output = python_script(&gateway, "connect_without_action.py").run(PATIENCE);

    let expected =
        ["token in the query", "token in the query, form-encoded", "token in the header", "no token"];
    let lines: Vec<_> = output.lines().map(|line| line.trim_start_matches("ok ")).collect();
    assert_eq!(lines, [&expected[..], &["anonymous"]].concat());
}

#[test]
fn curl_reaches_the_listener_with_its_token_in_query_or_header() {
    let gateway = Gateway::new();
    let _listener = python_listener(&gateway, "hyco");
    let token = Token::for_path("hyco").policy("send").to_string();
    let in_query = format!("/hyco/echo?sb-hc-token={}", encode(&token));
    let header = format!("ServiceBusAuthorization: {token}");
    let authorization = format!("Authorization: {token}");

    for (target, args) in [
        (in_query.as_str(), &[][..]),
        ("/hyco/echo", &["-H", header.as_str()]),
        ("/hyco/echo", &["-H", authorization.as_str()]),
    ] {
        let output = curl_at(&gateway, target).args(["-d", "there and back"]).args(args.iter().copied());
        assert_eq!(output.run(PATIENCE), "there and back\n200 14\n");
    }
    assert!(curl_at(&gateway, "/hyco/echo").run(PATIENCE).contains("\n401 "));
}

#[test]
fn a_request_is_answered_on_the_control_channel_and_by_rendezvous() {
    let gateway = Gateway::new();
    let _listener = python_listener(&gateway, "open");

    for path in ["/open/echo", "/open/rendezvous"] {
        for args in [&["-d", "body"][..], &["-d", "body", "-H", "Transfer-Encoding: chunked"]] {
            let output = curl_at(&gateway, path).args(args.iter().copied()).run(PATIENCE);
            assert_eq!(output, "body\n200 4\n", "{path} {args:?}");
        }
    }
    assert_eq!(curl_at(&gateway, "/open/rendezvous").run(PATIENCE), "\n200 0\n");
}

#[test]
fn a_listener_killed_with_9_is_noticed_and_its_place_is_free_at_once() {
    let gateway = Gateway::start(Config::new().limit("listeners_per_relay", "1"));
    let mut killed = python_listener(&gateway, "open");
    let mut waiting = curl_at(&gateway, "/open/hang").start();
    assert_eq!(killed.line(PATIENCE), "hanging");
    let begun = Instant::now();

    killed.kill();

    // The sender whose request it had is told, at once and not after the deadline of the response.
    assert_eq!(waiting.wait(PATIENCE), Some(0));
    assert!(waiting.output().contains("\"BadGateway\""), "{}", waiting.output());
    assert!(waiting.output().contains("\n502 "), "{}", waiting.output());
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    // New ones are told that nobody is there.
    let output = curl_at(&gateway, "/open/echo").run(PATIENCE);
    assert!(output.contains("There are no listeners connected for the endpoint"), "{output}");
    // And the one place for a listener is free.
    let _next = python_listener(&gateway, "open");
    assert_eq!(curl_at(&gateway, "/open/echo").args(["-d", "back"]).run(PATIENCE), "back\n200 4\n");
}

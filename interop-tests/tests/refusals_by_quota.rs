//! What is refused because there is too much of it, or because the gateway is stopping: hybrid page 2.1, 4, 5.7.

use std::time::{Duration, Instant};

use interop_tests::{
    Answer, Config, Gateway, Listener, Message, Reply, Request, WebSocket, Wire, accept_address,
    assert_refusal, assert_refusal_json, wait_until,
};

#[test]
fn one_connection_more_than_the_namespace_may_have() {
    let gateway = Gateway::start(Config::new().limit("connections_per_namespace", "2"));
    let text = "QuotaExceeded: the maximum number of connections of the namespace, 2, has been reached";
    let mut listener = Listener::open(&gateway, "open");
    let mut joined = Vec::new();
    while joined.len() < 2 {
        let mut sender = gateway.connect();
        WebSocket::ask(&mut sender, "/$hc/open", &[]);
        let accepted = listener.accept().1;
        joined.push((WebSocket::answered(sender).expect("a joined connection"), accepted));
    }

    let refused = WebSocket::try_open(gateway.connect(), "/$hc/open", &[]).err().expect("a refusal");
    assert_refusal(&refused, 403, text, "open");
    let refused = Request::get("/open/by/http").to(&gateway);
    assert_refusal_json(&refused, 403, text, "open/by/http", "Forbidden");

    // A place is free again once a connection has ended.
    let (mut sender, mut accepted) = joined.pop().expect("two");
    sender.send_close(1000, "");
    assert!(matches!(accepted.message(), Message::Close(_)));
    accepted.send_close(1000, "");
    assert!(matches!(sender.message(), Message::Close(_)));
    assert_eq!((sender.message(), accepted.message()), (Message::Ended, Message::Ended));
    drop((sender, accepted));
    let free = (0..50).any(|_| {
        let mut next = gateway.connect();
        WebSocket::ask(&mut next, "/$hc/open", &[]);
        // A refusal comes at once; silence means that the listener is asked.
        next.is_quiet_for(Duration::from_millis(200))
    });
    assert!(free, "the place of the ended connection stays taken");
}

#[test]
fn too_many_senders_of_one_relay_waiting() {
    let gateway = Gateway::start(Config::new().limit("pending_per_relay", "1"));
    let mut listener = Listener::open(&gateway, "open");
    let mut waiting = gateway.connect();
    WebSocket::ask(&mut waiting, "/$hc/open", &[]);
    let accept = listener.next("accept");

    let refused = WebSocket::try_open(gateway.connect(), "/$hc/open", &[]).err().expect("a refusal");

    assert_too_many_requests(&refused);
    // The one that waits is not disturbed.
    listener.dial(&accept_address(&accept), &[]);
    assert!(WebSocket::answered(waiting).is_ok());
}

#[test]
fn too_many_senders_of_one_address_waiting() {
    let gateway = Gateway::start(Config::new().limit("pending_per_address", "1"));
    let mut listener = Listener::open(&gateway, "open");
    let mut waiting = gateway.connect();
    WebSocket::ask(&mut waiting, "/$hc/open", &[]);
    listener.next("accept");

    let refused = WebSocket::try_open(gateway.connect(), "/$hc/open", &[]).err().expect("a refusal");

    assert_too_many_requests(&refused);
}

#[test]
fn an_address_that_keeps_failing_waits_for_its_answers() {
    let config = Config::new().limit("failed_handshakes_per_minute", "3").timeout("refusal_delay", "1s");
    let gateway = Gateway::start(config);
    let attempt = || {
        let begun = Instant::now();
        let refused = WebSocket::try_open(gateway.connect(), "/$hc/hyco?sb-hc-action=listen", &[]);
        assert_eq!(refused.err().expect("a refusal").status, 401);
        begun.elapsed()
    };

    for _ in 0..3 {
        assert!(attempt() < Duration::from_millis(900));
    }
    assert!(attempt() >= Duration::from_secs(1));
}

#[test]
fn a_gateway_that_stops_finishes_what_runs_and_takes_nothing_new() {
    let mut gateway = Gateway::start(Config::new().timeout("drain", "20s"));
    let mut listener = Listener::open(&gateway, "open");
    let mut kept = gateway.connect();
    let mut running = gateway.connect();
    assert_eq!(Request::get("/nowhere").on(&mut kept).status, 401, "a connection that stays open");
    Request::get("/open").send(&mut running);
    let request = listener.next("request");
    let address = accept_address(&request);

    gateway.terminate();
    let ready = || Request::get("/readyz").on(&mut Wire::tcp(gateway.door("metrics"))).status;
    wait_until("the drain to begin", || ready() == 503);

    // What was there before may have been closed already; if not, nothing new is taken on it.
    Request::get("/open").send(&mut kept);
    if let Some(mut refused) = Answer::try_read_head(&mut kept) {
        assert_eq!(refused.status, 503, "{refused:?}");
        refused.body = kept.receive_to_end();
        assert!(refused.reason.starts_with("ServerBusy. "), "{refused:?}");
        assert!(refused.header("Retry-After").is_some(), "{refused:?}");
    }
    // The exchange that runs is finished by its rendezvous.
    let mut rendezvous = listener.dial(&address, &[]);
    rendezvous.send_text(
        &serde_json::json!({ "response": {
            "requestId": request["id"], "statusCode": 200, "responseHeaders": {}, "body": true } })
        .to_string(),
    );
    rendezvous.send_binary(b"finished");
    assert_eq!(Answer::read(&mut running, "GET").text(), "finished");
    // With nothing left to answer, the listener is asked to go elsewhere, with a code and a reason.
    match listener.control.message() {
        Message::Close(Some((1000 | 1001, _))) => {}
        other => panic!("a close was due, not {other:?}"),
    }
    drop((rendezvous, listener, kept, running));
    assert_eq!(gateway.wait(Duration::from_secs(15)), Some(0));
}

#[test]
fn a_request_to_a_listener_that_takes_no_more_is_told_so() {
    let gateway = Gateway::start(Config::new().limit("pending_per_listener", "1"));
    let mut listener = Listener::open(&gateway, "open");
    let mut first = gateway.connect();
    Request::get("/open/first").send(&mut first);
    let request = listener.next("request");

    let refused = Request::get("/open/second").to(&gateway);

    assert!(matches!(refused.status, 429 | 503), "{refused:?}");
    assert_eq!(refused.header("Via"), None, "{refused:?}");
    listener.respond(request["id"].as_str().expect("an id"), &Reply::ok("first"));
    assert_eq!(Answer::read(&mut first, "GET").text(), "first");
}

fn assert_too_many_requests(answer: &Answer) {
    assert_refusal(answer, 429, "TooManyRequests: too many senders are waiting for a listener", "open");
    assert!(answer.header("Retry-After").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{answer:?}");
}

//! HTTP requests through a listener: methods, statuses, bodies, headers. Hybrid page 5, 11.3-11.5.

use std::time::{Duration, Instant};

use interop_tests::{Answer, Config, Gateway, Listener, Reply, Request, accept_address, pattern};
use serde_json::json;

#[test]
fn every_status_from_200_to_599_passes_with_its_reason_and_body() {
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "open").serve(|request, body| {
        let status: u16 = interop_tests::request_target(request)[6..].parse().expect("a status in the path");
        Reply::new(status, if body.is_empty() { b"said".to_vec() } else { body.to_vec() })
            .reason(&format!("Own {status}"))
    });
    let mut wire = gateway.connect();
    for status in 200..=599 {
        for method in ["GET", "POST"] {
            let target = format!("/open/{status}");
            let request =
                if method == "GET" { Request::get(&target) } else { Request::post(&target, b"told") };
            let answer = request.on(&mut wire);

            assert_eq!((answer.status, answer.reason.as_str()), (status, format!("Own {status}").as_str()));
            let body = match status {
                // These have none; the listener's is swallowed.
                204 | 205 | 304 => "",
                _ if method == "GET" => "said",
                _ => "told",
            };
            assert_eq!(answer.text(), body, "{status} {method}");
            assert!(answer.header("Via").is_some_and(|via| via.ends_with("1.1 localhost")), "{answer:?}");
        }
    }
}

#[test]
fn a_status_may_be_text_and_a_missing_reason_is_the_usual_one() {
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "open").serve(|request, _| {
        let mut reply = Reply::ok("x");
        reply.status = json!(interop_tests::request_target(request)[6..]);
        reply
    });
    for (status, reason) in [(200, "OK"), (404, "Not Found"), (418, "I'm a teapot")] {
        let answer = Request::get(&format!("/open/{status}")).to(&gateway);
        assert_eq!((answer.status, answer.reason.as_str()), (status, reason));
    }
    assert_eq!(Request::get("/open/799").to(&gateway).status, 799);
}

#[test]
fn a_reason_phrase_is_passed_as_it_is() {
    // Rule 14.
    let phrases = ["It's \"[fine]\" \\ {so far}", "", "a  b", "<>@,;:/?=~|`^", "caf\u{e9}"];
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "open").serve(move |request, _| {
        let index: usize = interop_tests::request_target(request)[6..].parse().expect("a number");
        Reply::ok("x").reason(phrases[index])
    });
    for (index, phrase) in phrases.iter().enumerate() {
        assert_eq!(Request::get(&format!("/open/{index}")).to(&gateway).reason, *phrase);
    }
}

#[test]
fn every_method_but_connect_passes() {
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "open").serve(|request, _| {
        Reply::ok(request["method"].to_string()).headers(json!({ "X-Method": request["method"] }))
    });
    for method in
        ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE", "PATCH", "PROPFIND", "M-SEARCH"]
    {
        let answer = Request::new(method, "/open").to(&gateway);

        assert_eq!((answer.status, answer.header("X-Method")), (200, Some(method)), "{answer:?}");
        let body = if method == "HEAD" { String::new() } else { format!("\"{method}\"") };
        assert_eq!(answer.text(), body);
    }
    let refused = Request::new("CONNECT", "localhost:443").to(&gateway);
    assert!((400..500).contains(&refused.status), "{refused:?}");
}

#[test]
fn bodies_of_every_size_pass_both_ways_chunked_and_not() {
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "open").serve(|_, body| Reply::ok(body));
    let mut wire = gateway.connect();
    for length in [0, 1, 100, 65_535, 65_536, 65_537, 1 << 20, 3_000_001] {
        let body = pattern(length);
        let whole = Request::post("/open", &body).on(&mut wire);
        assert!(whole.status == 200 && whole.body == body, "{length} bytes, not chunked: {}", whole.status);
        let chunked = Request::new("POST", "/open").chunks(&body, 10_000).on(&mut wire);
        assert!(chunked.status == 200 && chunked.body == body, "{length} bytes, chunked: {}", chunked.status);
    }
    let bytewise = Request::new("POST", "/open").chunks(&pattern(5000), 1).on(&mut wire);
    assert!(bytewise.body == pattern(5000));
}

#[test]
fn a_small_body_takes_the_control_channel_and_a_large_one_a_rendezvous() {
    // 5.1.
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    for (length, inline) in [(0, true), (1, true), (65_536, true), (65_537, false)] {
        let mut wire = gateway.connect();
        Request::post("/open", &pattern(length)).send(&mut wire);
        let request = listener.next("request");
        if inline {
            assert_eq!(request["body"], length > 0, "{length} bytes");
            if length > 0 {
                assert_eq!(listener.control.binary().len(), length);
            }
            listener.respond(request["id"].as_str().expect("an id"), &Reply::new(204, ""));
        } else {
            // 5.4 A: the address alone.
            let keys: Vec<_> = request.as_object().expect("an object").keys().collect();
            assert_eq!(keys, ["address"], "{length} bytes");
            let mut rendezvous = listener.dial(&accept_address(&request), &[]);
            let whole: serde_json::Value = serde_json::from_str(&rendezvous.text()).expect("JSON");
            assert_eq!(whole["request"]["body"], true);
            assert_eq!(rendezvous.binary().len(), length);
            let id = &whole["request"]["id"];
            rendezvous.send_text(
                &json!({ "response": { "requestId": id, "statusCode": 204, "responseHeaders": {}, "body": false } })
                    .to_string(),
            );
        }
        assert_eq!(Answer::read(&mut wire, "POST").status, 204, "{length} bytes");
    }
}

#[test]
fn an_empty_chunked_body_by_rendezvous_ends_with_an_empty_frame() {
    // 5.4 A: Java fails on `"body": false` over a rendezvous.
    let gateway = Gateway::new();
    let _listener =
        Listener::open(&gateway, "open").serve(|_, body| Reply::ok(format!("{} bytes", body.len())));

    let answer = Request::new("POST", "/open").chunks(b"", 1).to(&gateway);

    assert_eq!(answer.text(), "0 bytes");
}

#[test]
fn a_response_by_rendezvous_may_end_with_a_close_instead_of_its_last_frame() {
    // Rule 10: Java.
    let gateway = Gateway::new();
    let (mut wire, mut rendezvous) = answered_by_rendezvous(&gateway);
    rendezvous.send_frame(false, 2, b"never ");
    rendezvous.send_frame(false, 0, b"finished");
    rendezvous.send_close(1000, "");

    assert_eq!(Answer::read(&mut wire, "GET").text(), "never finished");
}

#[test]
fn a_response_by_rendezvous_that_breaks_off_aborts_the_senders() {
    // Rule 10: any other end aborts.
    for code in [Some(1011), None] {
        let gateway = Gateway::new();
        let (mut wire, mut rendezvous) = answered_by_rendezvous(&gateway);
        rendezvous.send_frame(false, 2, &pattern(100_000));
        let head = Answer::read_head(&mut wire);
        assert_eq!(head.status, 200);
        match code {
            Some(code) => rendezvous.send_close(code, "broken"),
            None => rendezvous.abort(),
        }

        let rest = wire.receive_to_end();
        assert!(!rest.ends_with(b"0\r\n\r\n"), "the body looks whole after {code:?}");
    }
}

#[test]
fn a_response_by_rendezvous_streams_and_is_closed_with_1000_when_it_has_ended() {
    // 5.4 B: Node leaves the rendezvous open.
    let gateway = Gateway::new();
    let (mut wire, mut rendezvous) = answered_by_rendezvous(&gateway);
    rendezvous.send_frame(false, 2, b"first");
    let head = Answer::read_head(&mut wire);
    assert_eq!(head.header("Transfer-Encoding"), Some("chunked"), "{head:?}");
    assert_eq!(wire.receive(10), b"5\r\nfirst\r\n");
    rendezvous.send_frame(true, 0, b"last");

    assert_eq!(wire.receive(14), b"4\r\nlast\r\n0\r\n\r\n");
    assert!(matches!(rendezvous.message(), interop_tests::Message::Close(Some((1000, _)))));
    // 5.4 and rule 12: a rendezvous takes one request, and the connection of the sender goes on.
    assert_eq!(Request::get("/nowhere").on(&mut wire).status, 401);
}

#[test]
fn a_sender_that_leaves_inside_the_response_ends_the_rendezvous_with_1001() {
    let gateway = Gateway::new();
    let (mut wire, mut rendezvous) = answered_by_rendezvous(&gateway);
    assert_eq!(Answer::read_head(&mut wire).status, 200);
    wire.abort();

    let told = rendezvous.message();
    assert!(matches!(told, interop_tests::Message::Close(Some((1001, _)))), "{told:?}");
}

#[test]
fn a_sender_that_leaves_before_the_response_ends_the_rendezvous_with_1001() {
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    let mut wire = gateway.connect();
    Request::post("/open", &pattern(70_000)).send(&mut wire);
    let request = listener.next("request");
    let mut rendezvous = listener.dial(&accept_address(&request), &[]);
    rendezvous.text();
    assert_eq!(rendezvous.binary().len(), 70_000);
    wire.abort();

    let told = rendezvous.message();
    assert!(matches!(told, interop_tests::Message::Close(Some((1001, _)))), "{told:?}");
}

#[test]
fn a_listener_that_dies_before_it_answers_is_502_at_once() {
    // 11.13.
    let gateway = Gateway::new();
    for orderly in [true, false] {
        let mut listener = Listener::open(&gateway, "open");
        let mut wire = gateway.connect();
        Request::get("/open").send(&mut wire);
        listener.next("request");
        let begun = Instant::now();
        if orderly {
            listener.control.send_close(1000, "");
        } else {
            listener.control.abort();
        }

        let answer = Answer::read(&mut wire, "GET");

        assert_eq!(answer.status, 502, "{answer:?}");
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
}

#[test]
fn a_sender_that_expects_100_is_told_to_continue() {
    // 5.5: the gateway itself says so, and the listener does not see the header.
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "open")
        .serve(|request, body| Reply::ok([request["requestHeaders"].to_string().as_bytes(), body].concat()));
    let mut wire = gateway.connect();
    wire.send(b"PUT /open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");

    let go_on = Answer::read_head(&mut wire);
    assert_eq!(go_on.status, 100);
    wire.send(b"body");

    let answer = Answer::read(&mut wire, "PUT");
    assert_eq!(answer.status, 200);
    assert!(answer.text().ends_with("}body") && !answer.text().contains("Expect"), "{answer:?}");
}

#[test]
fn a_head_request_keeps_the_length_the_listener_names() {
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "open")
        .serve(|_, _| Reply::ok("").headers(json!({ "Content-Length": "12345", "ETag": "\"7\"" })));
    let mut wire = gateway.connect();

    let answer = Request::new("HEAD", "/open").on(&mut wire);

    assert_eq!((answer.header("Content-Length"), answer.header("ETag")), (Some("12345"), Some("\"7\"")));
    assert_eq!(Request::new("HEAD", "/open").on(&mut wire).status, 200, "the connection goes on");
}

#[test]
fn the_response_deadline_may_be_switched_off() {
    let gateway = Gateway::start(Config::new().timeout("response", "0s"));
    let mut listener = Listener::open(&gateway, "open");
    let mut wire = gateway.connect();
    Request::get("/open").send(&mut wire);
    let request = listener.next("request");

    assert!(wire.is_quiet_for(Duration::from_millis(1500)));

    listener.respond(request["id"].as_str().expect("an id"), &Reply::ok("late"));
    assert_eq!(Answer::read(&mut wire, "GET").text(), "late");
}

#[test]
fn silence_inside_a_response_body_aborts_it() {
    // 5.6.
    let gateway = Gateway::start(Config::new().timeout("response_idle", "500ms"));
    let (mut wire, mut rendezvous) = answered_by_rendezvous(&gateway);
    rendezvous.send_frame(false, 2, b"and then nothing");
    Answer::read_head(&mut wire);

    let rest = wire.receive_to_end();

    assert!(!rest.ends_with(b"0\r\n\r\n"), "the body looks whole");
}

/// A GET whose listener opened a rendezvous and sent the head of a response with a body there.
fn answered_by_rendezvous(gateway: &Gateway) -> (interop_tests::Wire, interop_tests::WebSocket) {
    let mut listener = Listener::open(gateway, "open");
    let mut wire = gateway.connect();
    Request::get("/open").send(&mut wire);
    let request = listener.next("request");
    let mut rendezvous = listener.dial(&accept_address(&request), &[]);
    let response =
        json!({ "requestId": request["id"], "statusCode": 200, "responseHeaders": {}, "body": true });
    rendezvous.send_text(&json!({ "response": response }).to_string());
    // The listener's control channel ends here; the exchange has moved to its rendezvous.
    (wire, rendezvous)
}

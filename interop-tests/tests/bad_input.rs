//! Input meant to do harm: from a listener (status lines, headers), from a sender (framing), from anybody (any bytes).

use std::time::Duration;

use interop_tests::{Answer, Config, Gateway, Listener, Reply, Request, Wire};
use serde_json::json;

#[test]
fn a_listeners_reason_cannot_end_the_status_line() {
    for reason in
        ["Fine\r\nX-Evil: yes", "Fine\nX-Evil: yes", "Fine\rX-Evil: yes", "Fine\0", "\r\n\r\n<html>"]
    {
        let gateway = Gateway::new();
        let _listener = Listener::open(&gateway, "open").serve(move |_, _| Reply::ok("body").reason(reason));

        let answer = Request::get("/open").to(&gateway);

        assert_harmless(&answer, reason);
    }
}

#[test]
fn a_listeners_headers_cannot_end_their_line() {
    for (name, value) in [
        ("X-A", "1\r\nX-Evil: yes"),
        ("X-A", "1\nX-Evil: yes"),
        ("X-A", "1\0"),
        ("X-A\r\nX-Evil", "yes"),
        ("X-A: 1\r\nX-Evil", "yes"),
        ("X A", "1"),
        ("", "1"),
        ("X-A:", "1"),
        ("X-\u{e9}", "1"),
    ] {
        let gateway = Gateway::new();
        let headers = json!({ (name): value });
        let _listener =
            Listener::open(&gateway, "open").serve(move |_, _| Reply::ok("body").headers(headers.clone()));

        let answer = Request::get("/open").to(&gateway);

        assert_harmless(&answer, name);
    }
}

#[test]
fn a_listener_cannot_frame_its_response() {
    for headers in [
        json!({ "Content-Length": "0" }),
        json!({ "Content-Length": "2" }),
        json!({ "content-length": ["4", "5"] }),
        json!({ "Transfer-Encoding": "chunked" }),
        json!({ "transfer-encoding": "gzip, chunked", "Content-Length": "1" }),
        json!({ "Connection": "close" }),
        json!({ "Connection": "upgrade", "Upgrade": "websocket" }),
    ] {
        let gateway = Gateway::new();
        let _listener = {
            let headers = headers.clone();
            Listener::open(&gateway, "open").serve(move |_, _| Reply::ok("body").headers(headers.clone()))
        };
        let mut wire = gateway.connect();

        let first = Request::get("/open").on(&mut wire);
        let second = Request::get("/open").on(&mut wire);

        assert_eq!((first.text().as_str(), second.text().as_str()), ("body", "body"), "{headers}");
    }
}

#[test]
fn a_request_with_two_framings_is_refused_and_smuggles_nothing() {
    // RFC 9112 6.1, 6.3.
    for head in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: +4\r\n",
        "Content-Length: 4, 5\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Host: open.example\r\n",
    ] {
        let gateway = Gateway::new();
        let mut listener = Listener::open(&gateway, "open");
        let mut wire = gateway.connect();
        wire.send(
            format!(
                "POST /open/first HTTP/1.1\r\nHost: localhost\r\n{head}\r\n0\r\n\r\nGET /open/smuggled \
                 HTTP/1.1\r\nHost: localhost\r\n\r\n"
            )
            .as_bytes(),
        );

        assert!(!wire.is_quiet_for(Duration::from_secs(2)), "{head:?} was taken");
        if let Some(answer) = Answer::try_read_head(&mut wire) {
            assert!((400..500).contains(&answer.status), "{head:?}: {answer:?}");
        }
        // Whatever else was in the bytes has not become a request.
        drop(wire);
        let mut honest = gateway.connect();
        Request::get("/open/honest").send(&mut honest);
        assert_eq!(listener.next("request")["requestTarget"], "/open/honest", "{head:?}");
    }
}

#[test]
fn any_bytes_on_any_door_end_in_a_refusal_or_a_closed_connection() {
    let mut gateway = Gateway::new();
    let long = [b'A'; 200_000];
    for bytes in [
        &b"\0\0\0\0\0\0\0\0"[..],
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST /open HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00\x01\x00\x01\x02\x02\xff\xff\xff\xff\x07",
        b"\x00\x01\x00\x01\x02\x02\xff\xff\xff\xff\xff\xff",
        b"\x00\x02\x00",
        b"\x00\x01\x00\x01\x09",
        &long,
    ] {
        for door in ["https", "http", "net_tcp", "net_tcps", "metrics"] {
            let mut wires = vec![Wire::tcp(gateway.door(door))];
            if matches!(door, "https" | "net_tcps") {
                wires.push(Wire::tls(gateway.door(door), "localhost", gateway.authority()));
            }
            for mut wire in wires {
                // The gateway may have closed before all was sent.
                if wire.try_send(bytes).is_ok() {
                    wire.finish();
                }
                wire.receive_to_end();
            }
        }
    }
    assert!(gateway.is_running());
    assert!(!gateway.log().contains("panicked"), "{}", gateway.log());
    assert_eq!(Request::get("/nowhere").to(&gateway).status, 401);
}

#[test]
fn half_a_handshake_is_ended_in_good_time() {
    let gateway = Gateway::start(Config::new().timeout("handshake", "1s"));
    for (door, bytes) in [
        ("http", &b"GET /open HTTP/1.1\r\nHost: local"[..]),
        ("net_tcp", b"\x00\x01\x00\x01\x02\x02\x20net.tcp"),
        ("https", b"\x16\x03\x01"),
        ("net_tcps", b"\x16\x03\x01"),
        ("http", b""),
        ("net_tcp", b""),
    ] {
        let mut wire = Wire::tcp(gateway.door(door));
        wire.send(bytes);

        wire.set_patience(Duration::from_secs(6));
        wire.receive_to_end();
    }
}

/// The answer is one the gateway made up, or the listener's with the harm taken out.
fn assert_harmless(answer: &Answer, what: &str) {
    assert_eq!(answer.header("X-Evil"), None, "{what:?}: {answer:?}");
    let control = |text: &str| text.chars().any(|c| c.is_control() && c != '\t');
    assert!(!control(&answer.reason), "{what:?}: {answer:?}");
    for (name, value) in &answer.headers {
        assert!(
            !name.is_empty() && !name.contains(' ') && !control(name) && !control(value),
            "{what:?}: {answer:?}"
        );
    }
    match answer.status {
        200 => assert_eq!(answer.text(), "body", "{what:?}"),
        502 => assert_eq!(answer.json()["error"]["code"], "BadGateway", "{what:?}"),
        _ => panic!("{what:?}: {answer:?}"),
    }
}

#[test]
fn a_target_and_a_host_that_name_two_hosts_are_refused() {
    // RFC 9112 3.2.2: the target would win, and the listener would read the other.
    for (host, status) in [("localhost", 200), ("LOCALHOST:80", 200), ("open.example", 400)] {
        let gateway = Gateway::new();
        let _listener = Listener::open(&gateway, "open").serve(|_, _| Reply::ok("body"));
        let mut wire = gateway.connect();
        let head = format!("GET http://localhost/open HTTP/1.1\r\nHost: {host}\r\n\r\n");
        wire.send(head.as_bytes());

        assert_eq!(Answer::read(&mut wire, "GET").status, status, "{host}");
    }
}

#[test]
fn a_body_of_single_bytes_takes_no_more_memory_than_its_length() {
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "open").serve(|_, body| Reply::ok(body.len().to_string()));
    assert_eq!(Request::post("/open", b"warm").to(&gateway).text(), "4");
    let before = gateway.memory();
    let mut wire = Wire::tcp(gateway.door("http"));
    wire.send(b"POST /open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65536\r\n\r\n");
    const SINGLE: usize = 10_000;
    let mut most = before;
    for _ in 0..SINGLE {
        wire.send(b".");
        // Looking takes a while, so that the gateway reads most of them one at a time.
        most = most.max(gateway.memory());
    }
    let growth = most - before;
    wire.send(&[b'.'; 65_536 - SINGLE]);

    assert_eq!(Answer::read(&mut wire, "POST").text(), "65536");
    assert!(growth < 16 << 20, "{growth} bytes");
}

#[test]
fn a_connection_between_two_requests_is_kept_for_its_time_and_no_longer() {
    let config = Config::new().timeout("handshake", "1s").timeout("keep_alive", "4s");
    let gateway = Gateway::start(config);
    let _listener = Listener::open(&gateway, "open").serve(|_, _| Reply::ok("body"));
    let mut wire = Wire::tcp(gateway.door("http"));
    assert_eq!(Request::get("/open").on(&mut wire).text(), "body");
    assert!(wire.is_quiet_for(Duration::from_secs(2)), "it was closed with what a head may take");

    assert_eq!(Request::get("/open").on(&mut wire).text(), "body");
    wire.set_patience(Duration::from_secs(10));
    wire.receive_to_end();
}

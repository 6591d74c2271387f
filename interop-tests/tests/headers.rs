//! Headers on their way to the listener and back: hybrid page 5.5.

use interop_tests::{Gateway, Listener, Reply, Request, Served};
use serde_json::{Value, json};

#[test]
fn what_belongs_to_the_senders_connection_stays_there() {
    let gateway = Gateway::new();
    let _listener = mirror(&gateway);
    let request = Request::post("/open", b"x")
        .header("Connection", "keep-alive, X-Hop")
        .header("X-Hop", "1")
        .header("Keep-Alive", "timeout=5")
        .header("Proxy-Connection", "keep-alive")
        .header("TE", "trailers")
        .header("Trailer", "X-Later")
        .header("Upgrade", "h2c")
        .header("Close", "1")
        .header("Microsoft-Relay-Anything", "1");

    let seen = request.to(&gateway).json();

    let names: Vec<_> = seen.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(names, ["Host", "Via"], "{seen}");
}

#[test]
fn the_rest_goes_on_as_it_was_spelled_with_repeats_joined() {
    let gateway = Gateway::new();
    let _listener = mirror(&gateway);
    let odd_name = "!#$%&*+-.^_`|~";
    let odd_value = "\"[quoted]\" \\ {x} <y> (z) ; , = ? @";
    let request = Request::get("/open")
        .header("Via", "1.0 edge")
        .header("x-lower", "1")
        .header("X-Twice", "a")
        .header("x-twice", "b")
        .header("Cookie", "a=1")
        .header("Cookie", "b=2")
        .header("X-Forwarded-For", "203.0.113.9")
        .header("X-Empty", "")
        .header(odd_name, odd_value);

    let seen = request.to(&gateway).json();

    // Rule 3: every value is a string.
    assert!(seen.as_object().is_some_and(|headers| headers.values().all(Value::is_string)), "{seen}");
    assert_eq!(seen["Host"], format!("localhost:{}", gateway.port("https")));
    assert_eq!(seen["Via"], "1.0 edge, 1.1 localhost");
    assert_eq!(seen["x-lower"], "1");
    assert_eq!(seen["X-Twice"], "a, b");
    assert_eq!(seen["Cookie"], "a=1; b=2");
    assert_eq!(seen["X-Forwarded-For"], "203.0.113.9");
    assert_eq!(seen["X-Empty"], "");
    assert_eq!(seen[odd_name], odd_value);
}

#[test]
fn bytes_above_ascii_pass_as_latin_1_both_ways() {
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "open").serve(|request, _| {
        Reply::ok("x").headers(json!({ "X-Back": request["requestHeaders"]["X-There"] }))
    });
    let mut wire = gateway.connect();
    wire.send(b"GET /open HTTP/1.1\r\nHost: localhost\r\nX-There: caf\xe9 \xff\r\n\r\n");

    let answer = interop_tests::Answer::read(&mut wire, "GET");

    assert_eq!(answer.header("X-Back"), Some("caf\u{e9} \u{ff}"), "{answer:?}");
}

#[test]
fn a_response_keeps_what_is_its_own_and_loses_what_frames_it() {
    let answer = answered(
        json!({
            "Content-Type": "text/plain", "ETag": "\"7\"", "x-lower": "1", "X-Number": 5, "X-List": ["a", "b"],
            "!#$%&*+-.^_`|~": "\"[\\]\"", "Via": "1.1 inner", "Date": "Mon, 04 May 2026 10:15:30 GMT",
            "Connection": "close, X-Hop", "X-Hop": "1", "Keep-Alive": "timeout=5", "Transfer-Encoding": "chunked",
            "Content-Length": "999", "Trailer": "X", "Upgrade": "h2c", "Proxy-Connection": "close",
        }),
        "body",
    );

    assert_eq!(answer.text(), "body");
    for (name, value) in [
        ("Content-Type", "text/plain"),
        ("ETag", "\"7\""),
        ("x-lower", "1"),
        ("X-Number", "5"),
        ("!#$%&*+-.^_`|~", "\"[\\]\""),
        ("Via", "1.1 inner, 1.1 localhost"),
        ("Date", "Mon, 04 May 2026 10:15:30 GMT"),
        ("Content-Length", "4"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}: {answer:?}");
    }
    assert_eq!(answer.all("X-List"), ["a", "b"]);
    for gone in ["Connection", "X-Hop", "Keep-Alive", "Transfer-Encoding", "Trailer", "Upgrade", "Server"] {
        assert_eq!(answer.header(gone), None, "{answer:?}");
    }
}

#[test]
fn cookies_come_one_to_a_line() {
    let joined = "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/,b=2; HttpOnly, c=x,y";
    let expected = ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/", "b=2; HttpOnly", "c=x,y"];
    assert_eq!(answered(json!({ "Set-Cookie": joined }), "x").all("Set-Cookie"), expected);

    let array = json!({ "Set-Cookie": ["a=1", "b=2; Path=/", "c=3"] });
    assert_eq!(answered(array, "x").all("Set-Cookie"), ["a=1", "b=2; Path=/", "c=3"]);
}

#[test]
fn a_date_and_a_content_type_are_added_where_they_are_missing() {
    let with_body = answered(json!({}), "x");
    assert!(with_body.header("Date").is_some_and(|date| date.ends_with(" GMT")), "{with_body:?}");
    assert_eq!(with_body.header("Content-Type"), Some("application/octet-stream"));

    let without = answered(json!({}), "");
    assert_eq!((without.header("Content-Type"), without.header("Content-Length")), (None, Some("0")));
}

/// A listener that answers with the headers it was handed.
fn mirror(gateway: &Gateway) -> Served {
    Listener::open(gateway, "open").serve(|request, _| Reply::ok(request["requestHeaders"].to_string()))
}

/// What a sender gets when the listener answers with these headers.
fn answered(headers: Value, body: &'static str) -> interop_tests::Answer {
    let gateway = Gateway::new();
    let _listener =
        Listener::open(&gateway, "open").serve(move |_, _| Reply::ok(body).headers(headers.clone()));
    Request::get("/open").to(&gateway)
}

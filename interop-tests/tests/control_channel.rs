//! What a listener is sent on its control channel: hybrid page 0 (rules 1-4, 8, 9, 15, 18, 19), 2, 3.1, 3.3.

use std::time::Duration;

use interop_tests::{Config, Gateway, Listener, Message, Reply, Request, WebSocket, Wire, accept_address};
use serde_json::{Value, json};

#[test]
fn an_accept_holds_all_that_the_java_and_node_listeners_need() {
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    let id = "5b9b0c1e-54c4-4cf1-8b7e-8a3c7f6c0a11";
    let mut sender = gateway.connect();
    // Rule 15: no action at all means `connect`.
    let target = format!("/$hc/open/cell/4?mode=fast&sb-hc-id={id}");
    WebSocket::ask(&mut sender, &target, &[("X-Shift", "night"), ("X-Shift", "late"), ("x-CaSe", "kept")]);

    let accept = listener.next("accept");

    let mut keys: Vec<_> = accept.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["address", "connectHeaders", "id", "remoteEndpoint"]);
    assert_eq!(accept["id"], format!("{id}_G0"));
    let address = accept_address(&accept);
    let start = format!(
        "wss://localhost:{}/$hc/open/cell/4?mode=fast&sb-hc-action=accept&sb-hc-id={id}_G0",
        gateway.port("https")
    );
    assert!(address.starts_with(&start), "{address}");
    assert_eq!(accept["remoteEndpoint"]["address"], "127.0.0.1");
    assert!(accept["remoteEndpoint"]["port"].as_u64().is_some_and(|port| port > 0), "{accept}");
    // Rule 3: every value is a string; repeats are joined. Node needs the key.
    let headers = accept["connectHeaders"].as_object().expect("an object");
    assert!(headers.values().all(Value::is_string), "{accept}");
    assert_eq!(headers["X-Shift"], "night, late");
    assert_eq!(headers["x-CaSe"], "kept");
    assert_eq!(headers["Host"], format!("localhost:{}", gateway.port("https")));
    assert_eq!(headers["Sec-WebSocket-Version"], "13");
    assert!(headers.contains_key("Sec-WebSocket-Key"));
}

#[test]
fn handshakes_carry_the_tracking_id() {
    let gateway = Gateway::new();
    let id = "0f0d6a6e-6a3a-4f0e-9d0c-2f6f8f1f3b55";
    let mut listener = Listener::open_as(&gateway, "open", id);
    assert_eq!(listener.control.handshake.header("TrackingId"), Some(format!("{id}_G0").as_str()));

    let mut sender = gateway.connect();
    WebSocket::ask(&mut sender, "/$hc/open", &[]);
    let (accept, _joined) = listener.accept();

    let sender = WebSocket::answered(sender).unwrap_or_else(|answer| panic!("{answer:?}"));
    assert_eq!(sender.handshake.header("TrackingId"), accept["id"].as_str());
}

#[test]
fn no_extension_and_no_protocol_is_negotiated_on_the_control_channel() {
    let gateway = Gateway::new();
    let token = gateway.listen_token("open");
    let control = WebSocket::open_with(
        &gateway,
        "open?sb-hc-action=listen",
        &[
            ("ServiceBusAuthorization", &token),
            ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
            ("Sec-WebSocket-Protocol", "soap"),
        ],
    );

    assert_eq!(control.handshake.header("Sec-WebSocket-Extensions"), None);
    assert_eq!(control.handshake.header("Sec-WebSocket-Protocol"), None);
}

#[test]
fn the_protocol_the_listener_asked_for_is_answered_on_both_sides() {
    // Rule 18. `0` is hyco-ws's slip (3.3).
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    let odd = ("0", "Sec-WebSocket-Extensions: permessage-deflate");
    for (offered, asked) in [
        (Some("soap, json"), Some("soap")),
        (Some("soap, json"), Some("json")),
        (Some("soap"), None),
        (None, None),
    ] {
        let mut sender = gateway.connect();
        let offers: Vec<_> = offered.map(|offered| ("Sec-WebSocket-Protocol", offered)).into_iter().collect();
        WebSocket::ask(&mut sender, "/$hc/open", &offers);
        let accept = listener.next("accept");
        let asks: Vec<_> =
            asked.map(|asked| ("Sec-WebSocket-Protocol", asked)).into_iter().chain([odd]).collect();
        let joined = listener.dial(&accept_address(&accept), &asks);
        let sender = WebSocket::answered(sender).unwrap_or_else(|answer| panic!("{answer:?}"));

        for handshake in [&joined.handshake, &sender.handshake] {
            assert_eq!(handshake.header("Sec-WebSocket-Protocol"), asked, "{offered:?}");
            assert_eq!(handshake.header("Sec-WebSocket-Extensions"), None);
        }
    }
}

#[test]
fn a_request_and_its_body_come_back_to_back_while_others_wait() {
    // Rule 8, with many senders at once; rule 7: the body is one binary message.
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    std::thread::scope(|scope| {
        for number in 0..50 {
            let gateway = &gateway;
            scope.spawn(move || {
                let body = vec![number; 1 + usize::from(number) * 100];
                assert_eq!(Request::post("/open", &body).to(gateway).body, body);
            });
        }
        for _ in 0..50 {
            let request = listener.next("request");
            assert_eq!(request["body"], true);
            // Nothing but control frames may stand between; `binary` fails on anything else.
            let body = listener.control.binary();
            listener.respond(request["id"].as_str().expect("an id"), &Reply::ok(body));
        }
    });
}

#[test]
fn stray_messages_do_not_close_the_control_channel() {
    // Rule 9 and 2.2: an empty binary message after `"body": false`, unknown text, responses nobody waits for.
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    listener.control.send_binary(b"");
    for text in [
        "hello",
        "{",
        "{}",
        "[1]",
        r#"{"injectFault":{"delay":1}}"#,
        r#"{"unknown":{}}"#,
        r#"{"response":{"requestId":"nobody","statusCode":200,"body":false}}"#,
        r#"{"response":{"requestId":"nobody","statusCode":200,"body":true}}"#,
    ] {
        listener.control.send_text(text);
    }
    // The body of the last one.
    listener.control.send_binary(b"to be dropped");

    let mut sender = gateway.connect();
    Request::get("/open").send(&mut sender);
    let request = listener.next("request");
    listener.respond(request["id"].as_str().expect("an id"), &Reply::new(204, ""));
    listener.control.send_binary(b"");

    assert_eq!(interop_tests::Answer::read(&mut sender, "GET").status, 204);
    let _served = listener.serve(|_, _| Reply::ok("still here"));
    assert_eq!(Request::get("/open").to(&gateway).text(), "still here");
}

#[test]
fn a_control_message_that_would_be_too_long_is_not_sent() {
    // Rule 4: above 64 KiB the request goes by its address alone, and a sender is refused with 431.
    let gateway = Gateway::start(Config::new().limit("request_head", "\"256KiB\""));
    let mut listener = Listener::open(&gateway, "open");
    let mut wire = gateway.connect();
    // Escaped in JSON, 40,000 quotes need twice the room.
    Request::get("/open").header("X-Long", &"\"".repeat(40_000)).send(&mut wire);

    let told = listener.control.message();

    match told {
        Message::Text(text) => {
            assert!(text.len() <= 65_536, "{} bytes", text.len());
            let message: Value = serde_json::from_str(&text).expect("JSON");
            let address = accept_address(&message["request"]);
            let mut rendezvous = listener.dial(&address, &[]);
            let whole: Value = serde_json::from_str(&rendezvous.text()).expect("JSON");
            assert_eq!(whole["request"]["requestHeaders"]["X-Long"].as_str().map(str::len), Some(40_000));
        }
        other => panic!("a request was due, not {other:?}"),
    }
}

#[test]
fn pings_are_answered_and_sent() {
    // Rule 19.
    let gateway = Gateway::start(Config::new().timeout("ping", "300ms"));
    let mut listener = Listener::open(&gateway, "open");
    listener.control.send_frame(true, 10, b"unasked");
    listener.control.send_frame(true, 9, b"are you there");

    let mut seen = Vec::new();
    while seen.len() < 2 {
        let frame = listener.control.raw_frame().expect("no reset").expect("no end");
        match frame.opcode {
            9 if !seen.contains(&"ping") => seen.push("ping"),
            10 => {
                assert_eq!(frame.payload, b"are you there");
                seen.push("pong");
            }
            9 => {}
            opcode => panic!("a frame of opcode {opcode}"),
        }
    }
}

#[test]
fn a_listener_that_went_silent_is_dropped_and_its_place_is_free() {
    let config =
        Config::new().timeout("ping", "300ms").timeout("silence", "1s").limit("listeners_per_relay", "1");
    let gateway = Gateway::start(config);
    let mut listener = Listener::open(&gateway, "open");

    // It reads and never answers a ping; what it is told last, if anything, is a close.
    listener.control.set_patience(Duration::from_secs(10));
    while let Ok(Some(_)) = listener.control.raw_frame() {}

    assert!(Listener::try_open(&gateway, "open", "").is_ok());
}

#[test]
fn a_listeners_close_is_echoed_with_its_code_and_reason() {
    let gateway = Gateway::new();
    for (code, reason) in [(1000, "Normal Closure"), (1000, ""), (4321, "own")] {
        let mut listener = Listener::open(&gateway, "open");
        listener.control.send_close(code, reason);

        assert_eq!(listener.control.message(), Message::Close(Some((code, reason.to_owned()))));
        assert_eq!(listener.control.message(), Message::Ended);
    }
}

#[test]
fn a_close_without_a_code_is_answered_with_one() {
    // 2.5: .NET reads the code of every close frame.
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");

    listener.control.send_frame(true, 8, b"");

    let told = listener.control.message();
    assert!(matches!(told, Message::Close(Some(_))), "{told:?}");
}

#[test]
fn a_message_above_the_limit_closes_with_1009() {
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    let long = json!({ "renewToken": { "token": "x".repeat(70_000) } }).to_string();

    // The gateway may stop reading before the end.
    let _ = listener.control.try_send_frame(true, 1, long.as_bytes());

    let told = listener.control.message();
    assert!(matches!(told, Message::Close(Some((1009, _)))), "{told:?}");
}

#[test]
fn invitations_for_a_listener_that_does_not_read_are_not_kept_without_end() {
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "open");
    let before = gateway.memory();
    let long = "x".repeat(60_000);
    for _ in 0..60 {
        // They leave again soon, answered or not, so that none of them counts as waiting any more.
        let mut senders = Vec::new();
        for _ in 0..40 {
            let mut sender = Wire::tcp(gateway.door("http"));
            WebSocket::ask(&mut sender, "/$hc/open", &[("X-Long", &long)]);
            senders.push(sender);
        }
        for sender in &mut senders {
            sender.is_quiet_for(Duration::from_millis(1));
        }
    }
    let growth = gateway.memory().saturating_sub(before);

    println!("{} MiB more", growth >> 20);
    assert!(growth < 112 << 20, "{} MiB of {} MiB", growth >> 20, (2_400 * long.len()) >> 20);
}

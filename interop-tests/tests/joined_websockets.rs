//! Two WebSockets that were joined: frames, borders, closing, aborting. Hybrid page 0 (rules 5, 6, 11), 3.5.

use std::time::{Duration, Instant};

use interop_tests::{Config, Gateway, Listener, Message, WebSocket, pattern};

/// What counts as "at once".
const AT_ONCE: Duration = Duration::from_millis(500);

#[test]
fn texts_and_binaries_keep_their_kind_and_their_borders() {
    let (_gateway, mut sender, mut listener) = joined();
    for length in [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 200_000] {
        let bytes = pattern(length);
        sender.send_binary(&bytes);
        assert_eq!(listener.binary(), bytes, "{length} bytes");
        let text = "h\u{e9}\u{2603}".repeat(length / 6);
        listener.send_text(&text);
        assert_eq!(sender.text(), text, "{length} bytes");
    }
    for number in 0..1000 {
        sender.send_text(&number.to_string());
    }
    for number in 0..1000 {
        assert_eq!(listener.text(), number.to_string());
    }
}

#[test]
fn a_message_of_one_frame_arrives_in_one_frame() {
    // 3.5: an official test expects one read.
    let (_gateway, mut sender, mut listener) = joined();
    for length in [1, 16 << 10, 65_536] {
        sender.send_binary(&pattern(length));
        let frame = listener.frame().expect("no reset").expect("no end");
        assert!(frame.fin && frame.opcode == 2 && frame.payload == pattern(length), "{length} bytes");
    }
}

#[test]
fn no_frame_is_larger_than_64_kib_or_empty() {
    // Rules 5 and 6: Java drops the connection on the one, .NET reads the other as the end.
    let (_gateway, mut sender, mut listener) = joined();
    let bytes = pattern(1_000_003);
    sender.send_binary(&bytes);

    let mut received = Vec::new();
    loop {
        let frame = listener.frame().expect("no reset").expect("no end");
        assert_eq!(frame.opcode, if received.is_empty() { 2 } else { 0 });
        assert!((1..=65_536).contains(&frame.payload.len()), "{} bytes", frame.payload.len());
        received.extend_from_slice(&frame.payload);
        if frame.fin {
            break;
        }
    }
    assert!(received == bytes);
}

#[test]
fn no_frame_is_larger_than_the_limit_that_is_set() {
    let (_gateway, mut sender, mut listener) =
        joined_at(Gateway::start(Config::new().limit("frame", "\"1KiB\"")));
    sender.send_binary(&pattern(5_000));

    let mut received = 0;
    while received < 5_000 {
        let frame = listener.frame().expect("no reset").expect("no end");
        assert!((1..=1024).contains(&frame.payload.len()), "{} bytes", frame.payload.len());
        received += frame.payload.len();
    }
}

#[test]
fn sixty_five_thousand_fragments_of_one_byte() {
    // Rule 11.
    let (_gateway, mut sender, mut listener) = joined();
    let bytes = pattern(65_000);

    sender.send_fragments(2, &bytes, 1);

    assert!(listener.binary() == bytes);
}

#[test]
fn a_fragment_is_passed_on_before_its_message_is_whole() {
    let (_gateway, mut sender, mut listener) = joined();
    sender.send_frame(false, 1, b"first ");
    let frame = listener.frame().expect("no reset").expect("no end");
    // Rule 6 lets the last piece wait for the FIN, but no more than that.
    assert!(!frame.fin && frame.opcode == 1);
    sender.send_frame(true, 0, b"second");
    let mut text = frame.payload;
    while !text.ends_with(b"second") {
        text.extend_from_slice(&listener.frame().expect("no reset").expect("no end").payload);
    }
    assert_eq!(text, b"first second");
}

#[test]
fn a_ping_is_answered_by_the_gateway_and_not_relayed() {
    let (_gateway, mut sender, mut listener) = joined();
    sender.send_frame(false, 2, b"in the ");
    sender.send_frame(true, 9, b"inside a message");
    let pong = sender.raw_frame().expect("no reset").expect("no end");
    assert_eq!((pong.opcode, pong.payload.as_slice()), (10, &b"inside a message"[..]));
    sender.send_frame(true, 0, b"middle");

    // `raw_frame` would see a ping.
    let mut received = Vec::new();
    while received != b"in the middle" {
        let frame = listener.raw_frame().expect("no reset").expect("no end");
        assert!(matches!(frame.opcode, 0 | 2), "{frame:?}");
        received.extend_from_slice(&frame.payload);
    }
}

#[test]
fn what_arrives_before_the_sender_was_answered_is_kept() {
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    let mut sender = gateway.connect();
    WebSocket::ask(&mut sender, "/$hc/open", &[]);
    let (_, mut accepted) = listener.accept();
    accepted.send_text("early");
    accepted.send_text("birds");

    let mut sender = WebSocket::answered(sender).unwrap_or_else(|answer| panic!("{answer:?}"));

    assert_eq!((sender.text(), sender.text()), ("early".to_owned(), "birds".to_owned()));
}

#[test]
fn close_is_half_close_from_either_side_and_ends_at_once() {
    // 3.5 and 11.9: data goes on the other way until that side closes as well, and no time-out is waited for.
    for listener_first in [false, true] {
        let (_gateway, sender, listener) = joined();
        let (mut first, mut second) = if listener_first { (listener, sender) } else { (sender, listener) };
        first.send_text("last words");
        first.send_close(1000, "done");
        let begun = Instant::now();
        assert_eq!(second.text(), "last words");
        assert_eq!(second.message(), Message::Close(Some((1000, "done".to_owned()))));

        for number in 0..100 {
            second.send_text(&number.to_string());
        }
        second.send_close(3001, "me too");

        for number in 0..100 {
            assert_eq!(first.text(), number.to_string());
        }
        assert_eq!(first.message(), Message::Close(Some((3001, "me too".to_owned()))));
        assert_eq!((first.message(), second.message()), (Message::Ended, Message::Ended));
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    }
}

#[test]
fn a_lost_connection_cuts_the_other_side_without_a_close() {
    // 3.5: an application must see an error, not an orderly end.
    for listener_first in [false, true] {
        let (_gateway, sender, listener) = joined();
        let (mut first, mut second) = if listener_first { (listener, sender) } else { (sender, listener) };
        first.send_text("still here");
        assert_eq!(second.text(), "still here");
        let begun = Instant::now();

        first.abort();

        let end = second.message();
        assert!(matches!(end, Message::Cut | Message::Ended), "{end:?}");
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    }
}

#[test]
fn close_codes_pass_when_they_may_and_become_1002_when_not() {
    for code in [1000_u16, 1001, 1002, 1003, 1007, 1008, 1011, 1014, 3000, 4999] {
        assert_eq!(closed_with(&code.to_be_bytes()), Message::Close(Some((code, String::new()))), "{code}");
    }
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        let told = closed_with(&code.to_be_bytes());
        assert!(matches!(told, Message::Close(Some((1002, _)))), "{code}: {told:?}");
    }
}

#[test]
fn a_close_without_a_code_goes_on_with_1000() {
    assert!(matches!(closed_with(b""), Message::Close(Some((1000, _)))));
}

#[test]
fn a_sender_that_breaks_websocket_is_closed_and_harms_nobody() {
    for (name, bytes) in [
        ("not masked", &b"\x81\x02hi"[..]),
        ("reserved bit", b"\xc1\x80\0\0\0\0"),
        ("unknown opcode", b"\x83\x80\0\0\0\0"),
        ("continuation of nothing", b"\x80\x80\0\0\0\0"),
        ("fragmented ping", b"\x09\x80\0\0\0\0"),
        ("ping of 126 bytes", b"\x89\xfe\x00\x7e\0\0\0\0"),
        ("length with its highest bit", b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"),
    ] {
        let (mut gateway, mut sender, mut listener) = joined();
        sender.wire().send(bytes);

        let told = sender.message();
        assert!(
            matches!(told, Message::Close(Some((1002 | 1007 | 1009, _))) | Message::Ended | Message::Cut),
            "{name}: {told:?}"
        );
        let told = listener.message();
        assert!(matches!(told, Message::Close(_) | Message::Ended | Message::Cut), "{name}: {told:?}");
        assert!(gateway.is_running(), "{name}");
    }
}

/// What the listener is told when the sender closes with this payload.
fn closed_with(payload: &[u8]) -> Message {
    let (_gateway, mut sender, mut listener) = joined();
    sender.send_frame(true, 8, payload);
    listener.message()
}

/// A sender and the listener's connection to it.
fn joined() -> (Gateway, WebSocket, WebSocket) {
    joined_at(Gateway::new())
}

fn joined_at(gateway: Gateway) -> (Gateway, WebSocket, WebSocket) {
    let mut listener = Listener::open(&gateway, "open");
    let mut sender = gateway.connect();
    WebSocket::ask(&mut sender, "/$hc/open", &[]);
    let (_, accepted) = listener.accept();
    let sender = WebSocket::answered(sender).unwrap_or_else(|answer| panic!("{answer:?}"));
    // The control channel may end here: what was joined does not depend on it.
    (gateway, sender, accepted)
}

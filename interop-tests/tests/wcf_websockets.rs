//! `/$servicebus/websocket`: Python's `websockets` in place of the library, in frames that the library would never write; and
//! requests that are no handshake.

use std::time::Duration;

use interop_tests::{Config, Connector, Gateway, Program, Request, python_script};

const PATIENCE: Duration = Duration::from_secs(120);

fn gateway() -> Gateway {
    Gateway::start(Config::new().namespace("dynamic_relays = \"off\""))
}

fn sender(gateway: &Gateway, what: &str) -> Program {
    python_script(gateway, "relayed_websocket.py").args([what, "wcf"])
}

#[test]
fn a_sender_may_write_its_frames_as_it_likes_and_is_written_those_that_the_library_takes() {
    let gateway = gateway();
    let _listener = Connector::listen(&gateway, "wcf", "echo");

    let output = sender(&gateway, "joined").run(PATIENCE);

    let names = ["usual", "together", "three", "fragmented", "text", "bytewise", "pinging", "impatient"];
    assert_eq!(output, names.map(|name| format!("ok {name}\n")).concat());
}

#[test]
fn a_sender_that_closes_without_a_code_is_answered_and_one_that_is_gone_leaves_nothing_behind() {
    let gateway = gateway();
    let _listener = Connector::listen(&gateway, "wcf", "echo");

    let output = sender(&gateway, "leaves").run(PATIENCE);

    assert_eq!(output, "ok close without a code is answered by a close\nok gone\n");
}

#[test]
fn what_is_no_message_is_answered_by_nothing_and_what_cannot_be_by_a_fault() {
    let gateway = gateway();

    let output = sender(&gateway, "refused").run(PATIENCE);

    assert_eq!(output.lines().filter(|line| line.ends_with("by nothing")).count(), 5, "{output}");
    assert_eq!(output.lines().filter(|line| line.ends_with("told a fault")).count(), 3, "{output}");
}

#[test]
fn what_is_no_handshake_is_told_what_would_be_one() {
    let gateway = gateway();
    let handshake = |path: &str, protocol: Option<&str>| {
        let mut request = Request::new("GET", path)
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "AAECAwQFBgcICQoLDA0ODw==");
        if let Some(protocol) = protocol {
            request = request.header("Sec-WebSocket-Protocol", protocol);
        }
        request
    };
    let websocket = "/$servicebus/websocket";
    for (request, status, words) in [
        (handshake(websocket, None), 400, "names none of wsrelayedamqp"),
        (handshake(websocket, Some("AMQPWSB10")), 400, "names none of wsrelayedamqp"),
        (handshake(websocket, Some("WSRelayedConnection")), 400, "names none of wsrelayedamqp"),
        (Request::new("GET", websocket), 426, "takes a WebSocket handshake"),
        (Request::new("POST", websocket).body(b"{}"), 426, "takes a WebSocket handshake"),
        (handshake("/$servicebus/websockets", Some("wsrelayedamqp")), 404, "nothing is served at this path"),
        (Request::new("GET", "/$servicebus"), 404, "nothing is served at this path"),
        (Request::new("GET", "/$servicebus/webstream/00/up"), 404, "nothing is served at this path"),
    ] {
        let answer = request.to(&gateway);
        assert_eq!(answer.status, status, "{answer:?}");
        let body = String::from_utf8_lossy(&answer.body);
        assert!(body.contains(words) && body.contains("TrackingId:"), "{body}");
        assert_eq!(answer.header("Upgrade"), (status == 426).then_some("websocket"));
    }
}

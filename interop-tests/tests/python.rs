//! Python's `websockets` and `curl` as sender and listener: programs that know nothing of any relay.

use std::fs::File;
use std::time::{Duration, Instant};

use interop_tests::{Config, Gateway, KEY, Program, Running, Token, curl, encode, python, repository};

const PATIENCE: Duration = Duration::from_secs(240);
const GIBIBYTE: u64 = 1 << 30;

#[test]
fn a_sender_needs_no_action_and_may_hold_its_token_in_query_or_header() {
    let gateway = Gateway::new();

    let output = script(&gateway, "connect_without_action.py").run(PATIENCE);

    let expected =
        ["token in the query", "token in the query, form-encoded", "token in the header", "no token"];
    let lines: Vec<_> = output.lines().map(|line| line.trim_start_matches("ok ")).collect();
    assert_eq!(lines, [&expected[..], &["anonymous"]].concat());
}

#[test]
fn curl_reaches_the_listener_with_its_token_in_query_or_header() {
    let gateway = Gateway::new();
    let _listener = listener(&gateway, "hyco");
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
    let _listener = listener(&gateway, "open");

    for path in ["/open/echo", "/open/rendezvous"] {
        for args in [&["-d", "body"][..], &["-d", "body", "-H", "Transfer-Encoding: chunked"]] {
            let output = curl_at(&gateway, path).args(args.iter().copied()).run(PATIENCE);
            assert_eq!(output, "body\n200 4\n", "{path} {args:?}");
        }
    }
    assert_eq!(curl_at(&gateway, "/open/rendezvous").run(PATIENCE), "\n200 0\n");
}

#[test]
fn a_gibibyte_up_passes_in_constant_memory() {
    let gateway = Gateway::new();
    let _listener = listener(&gateway, "open");
    let file = gateway.directory().join("gibibyte");
    File::create(&file).and_then(|file| file.set_len(GIBIBYTE)).expect("a sparse file");
    let file = file.to_string_lossy().into_owned();

    let upload = curl_at(&gateway, "/open/up").args(["-X", "POST", "-H", "Expect:", "-T", &file]);
    let output = in_constant_memory(&gateway, upload);

    // SHA-256 of 2^30 zeros.
    let digest = "49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14";
    assert_eq!(output, format!("{GIBIBYTE} {digest}\n200 75\n"));
}

#[test]
fn a_gibibyte_down_passes_in_constant_memory() {
    let gateway = Gateway::new();
    let mut listener = listener(&gateway, "open");
    let address = format!("https://localhost:{}/open/down?{GIBIBYTE}", gateway.port("https"));
    let authority = gateway.authority().to_string_lossy().into_owned();
    let command =
        format!("set -o pipefail; curl --silent --fail --cacert {authority} '{address}' | sha256sum");

    let output = in_constant_memory(&gateway, Program::new("/bin/bash").args(["-c", &command]));

    let sent = listener.line_starting("sent ", PATIENCE);
    let digest = output.split(' ').next().expect("a digest");
    assert_eq!(sent, format!("sent {GIBIBYTE} {digest}"));
}

#[test]
fn a_listener_killed_with_9_is_noticed_and_its_place_is_free_at_once() {
    let gateway = Gateway::start(Config::new().limit("listeners_per_relay", "1"));
    let mut killed = listener(&gateway, "open");
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
    let _next = listener(&gateway, "open");
    assert_eq!(curl_at(&gateway, "/open/echo").args(["-d", "back"]).run(PATIENCE), "back\n200 4\n");
}

/// Runs `transfer` and checks that the gateway's own memory grows by less than 16 MiB meanwhile.
fn in_constant_memory(gateway: &Gateway, transfer: Program) -> String {
    // What a first connection allocates for good is not growth.
    curl_at(gateway, "/open/echo").args(["-d", "warm"]).run(PATIENCE);
    let before = gateway.memory();
    let mut most = before;
    let mut running = transfer.start();

    let status = running.wait_watching(PATIENCE, || most = most.max(gateway.memory()));

    assert_eq!(status, Some(0), "{}\n{}", running.output(), running.errors());
    let growth = most - before;
    println!("gateway memory: {} KiB before, {} KiB more at most", before >> 10, growth >> 10);
    assert!(growth < 16 << 20, "{growth} bytes");
    running.output()
}

/// A Python listener that is registered.
fn listener(gateway: &Gateway, path: &str) -> Running {
    let mut running = script(gateway, "http_listener.py").args([path]).start();
    assert_eq!(running.line(PATIENCE), "listening");
    running
}

fn script(gateway: &Gateway, name: &str) -> Program {
    Program::new(python())
        .args(["-u", name])
        .directory(&repository().join("interop-tests/python"))
        .env("RELAY_PORT", &gateway.port("https").to_string())
        .env("RELAY_KEY", KEY)
        .env("RELAY_CA", &gateway.authority().to_string_lossy())
}

/// curl, which prints the body and then, on a line of its own, the status and the body's length.
fn curl_at(gateway: &Gateway, target: &str) -> Program {
    let port = gateway.port("https");
    Program::new(curl())
        .args(["--silent", "--show-error", "--cacert", &gateway.authority().to_string_lossy()])
        .args(["--write-out", "\\n%{http_code} %{size_download}\\n"])
        .args([format!("https://localhost:{port}{target}")])
}

//! Mono's WCF client knows the relay's address alone, and its service, at another port and path, takes nothing that does not
//! name its own: To is rewritten between them by `viaduct listen --to net.tcp://…` (and `viaduct forward`).
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::time::Duration;

use interop_tests::{Connector, Gateway, MonoService, Running, mono_client, run_mono_client};

const PATIENCE: Duration = Duration::from_secs(90);

#[test]
fn buffered_binary_with_a_session_dictionary() {
    assert_eq!(call("request-reply", "probe", "binary").0, ["ok echo", "ok add", "ok empty", "done"]);
}

#[test]
fn streamed_binary() {
    assert_eq!(
        call("one-call-each", "probe", "streamed").0,
        ["ok echo", "ok add", "ok 1 MiB came back", "done"]
    );
}

#[test]
fn text_of_soap_11() {
    assert_eq!(call("request-reply", "probe", "text11").0, ["ok echo", "ok add", "ok empty", "done"]);
}

#[test]
fn text_in_utf_16() {
    assert_eq!(call("request-reply", "probe", "utf16").0, ["ok echo", "ok add", "ok empty", "done"]);
}

#[test]
fn a_session_of_20_calls() {
    let (lines, _) = call("session", "session", "binary");
    assert_eq!(lines.len(), 22, "{lines:?}");
    assert_eq!(lines.last().unwrap(), "done");
}

#[test]
fn duplex_callbacks() {
    assert_eq!(
        call("duplex", "duplex", "binary").0,
        ["ok three notices came", "ok in order", "ok the service asked back", "done"]
    );
}

#[test]
fn one_way_calls_arrive_once_each_and_in_order() {
    let (lines, mut service) = call("one-way", "probe", "binary");

    assert_eq!(lines, ["ok five shots arrived once each", "done"]);
    for shot in 0..5 {
        assert_eq!(service.line(PATIENCE), format!("fired shot {shot}"));
    }
}

#[test]
fn a_message_of_1_mib_both_ways() {
    assert_eq!(call("blob", "probe", "binary").0, ["ok 1 MiB came back", "done"]);
}

#[test]
fn without_rewriting_the_same_service_answers_its_own_address_alone() {
    // A stream of bytes, so that To is what the client writes.
    let gateway = Gateway::new();
    let service = MonoService::start("probe", "binary");
    let _connector = Connector::listen(&gateway, "wcf", &format!("tcp://localhost:{}", service.port));
    let relay = relay(&gateway);

    assert_eq!(
        run_mono_client(&["request-reply", &service.address, &relay]),
        ["ok echo", "ok add", "ok empty", "done"]
    );
    let mut client = mono_client(&["request-reply", &relay]);
    assert_eq!(client.wait(PATIENCE), Some(1), "{}", client.output());
    assert!(client.output().starts_with("failed: "), "{}", client.output());
}

#[test]
fn a_client_that_knows_the_local_door_alone() {
    let gateway = Gateway::new();
    let service = MonoService::start("probe", "binary");
    let _listen = Connector::listen(&gateway, "wcf", &service.address);
    let (_forward, door) = Connector::forward(&gateway, "net.tcp://127.0.0.1:0/here", "wcf");

    let address = format!("net.tcp://{door}/here");
    assert_eq!(run_mono_client(&["request-reply", &address]), ["ok echo", "ok add", "ok empty", "done"]);
}

/// Runs one check of the client, which knows the relay alone: what it said, and the service.
fn call(check: &str, service: &str, binding: &str) -> (Vec<String>, Running) {
    let gateway = Gateway::new();
    let service = MonoService::start(service, binding);
    let _connector = Connector::listen(&gateway, "wcf", &service.address);

    (run_mono_client(&[check, &relay(&gateway), "-", binding]), service.running)
}

/// What the client takes for the service's address: neither port nor path are.
fn relay(gateway: &Gateway) -> String {
    format!("net.tcp://localhost:{}/wcf", gateway.port("net_tcp"))
}

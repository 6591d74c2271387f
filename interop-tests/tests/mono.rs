//! Mono's WCF: an ordinary `NetTcpBinding` client calls an ordinary `NetTcpBinding` service, through the door `net_tcp`,
//! the gateway and `viaduct listen --to net.tcp://…`.
//!
//! The client has the service's own address and names the gateway as its via, since a service checks To. Mono's limits:
//! framing page, section 9.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::time::Duration;

use interop_tests::{Connector, Gateway, MonoService, Running, run_mono_client};

/// Long enough for Mono, which takes 5 s to close a duplex channel.
const PATIENCE: Duration = Duration::from_secs(90);

#[test]
fn request_and_reply() {
    assert_eq!(call("request-reply", "probe").0, ["ok echo", "ok add", "ok empty", "done"]);
}

#[test]
fn a_session_of_20_calls_reaches_one_service_instance() {
    let (lines, _) = call("session", "session");

    let calls = (1..=20).map(|call| format!("ok call {call}"));
    let expected: Vec<_> =
        calls.chain(["ok another session counts anew", "done"].map(ToOwned::to_owned)).collect();
    assert_eq!(lines, expected);
}

#[test]
fn one_way_calls_arrive_once_each_and_in_order() {
    let (lines, mut service) = call("one-way", "probe");

    assert_eq!(lines, ["ok five shots arrived once each", "done"]);
    for shot in 0..5 {
        assert_eq!(service.line(PATIENCE), format!("fired shot {shot}"));
    }
}

#[test]
fn duplex_callbacks() {
    assert_eq!(
        call("duplex", "duplex").0,
        ["ok three notices came", "ok in order", "ok the service asked back", "done"]
    );
}

#[test]
fn a_message_of_1_mib_both_ways() {
    assert_eq!(call("blob", "probe").0, ["ok 1 MiB came back", "done"]);
}

#[test]
fn the_same_client_and_service_agree_without_a_relay() {
    // When Mono itself is at fault, this test says so.
    let service = MonoService::start("probe", "binary");

    assert_eq!(
        run_mono_client(&["request-reply", &service.address]),
        ["ok echo", "ok add", "ok empty", "done"]
    );
}

/// Runs one check of the client against `service` through the relay: what the client said, and the service.
fn call(check: &str, service: &str) -> (Vec<String>, Running) {
    let gateway = Gateway::new();
    let MonoService { running, address, .. } = MonoService::start(service, "binary");
    let _connector = Connector::listen(&gateway, "wcf", &address);

    let via = format!("net.tcp://localhost:{}/wcf", gateway.port("net_tcp"));
    (run_mono_client(&[check, &address, &via]), running)
}

//! Mono's WCF: an ordinary `NetTcpBinding` client calls an ordinary `NetTcpBinding` service, through the door `net_tcp`,
//! the gateway and `viaduct listen --to net.tcp://…`.
//!
//! The client has the service's own address and names the gateway as its via, since a service checks To. Mono's limits:
//! framing page, section 9.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use interop_tests::{Connector, Gateway, Program, Running, mono, output_dir, repository};

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
    let (_service, address) = start_service("probe");

    assert_eq!(run_client(&["request-reply", &address]), ["ok echo", "ok add", "ok empty", "done"]);
}

/// Runs one check of the client against `service` through the relay: what the client said, and the service.
fn call(check: &str, service: &str) -> (Vec<String>, Running) {
    let gateway = Gateway::new();
    let (running, address) = start_service(service);
    let _connector = Connector::listen(&gateway, "wcf", &address);

    let via = format!("net.tcp://localhost:{}/wcf", gateway.port("net_tcp"));
    (run_client(&[check, &address, &via]), running)
}

fn run_client(args: &[&str]) -> Vec<String> {
    let client = programs().join("client.exe").to_string_lossy().into_owned();
    let output = Program::new(mono()).args([client]).args(args.iter().copied()).run(PATIENCE);
    output.lines().map(ToOwned::to_owned).collect()
}

/// Starts a service on a free port; it and its address.
fn start_service(service: &str) -> (Running, String) {
    let host = programs().join("host.exe").to_string_lossy().into_owned();
    // Mono cannot be told to take any free port; one that was free a moment ago is.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let mut running = Program::new(mono()).args([&*host, service, &port]).start();
    assert_eq!(running.line(PATIENCE), "ready");
    (running, format!("net.tcp://localhost:{port}/{service}"))
}

/// Where the compiled client and host lie.
fn programs() -> &'static Path {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let directory = output_dir().join("mono");
        std::fs::create_dir_all(&directory).unwrap();
        for program in ["host", "client"] {
            Program::new(mono().with_file_name("mcs"))
                .args([format!("-out:{}", directory.join(program).with_extension("exe").display())])
                .args(["-r:System.ServiceModel.dll", "-r:System.Runtime.Serialization.dll"])
                .args([&*format!("{program}.cs"), "contract.cs", "binding.cs"])
                .directory(&repository().join("interop-tests/mono"))
                .run(PATIENCE);
        }
        directory
    })
}

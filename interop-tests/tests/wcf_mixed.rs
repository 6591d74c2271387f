//! The two worlds meet on relays of kind `wcf`: senders of WCF Relay and `viaduct listen` in front of a plain Mono service; plain
//! net.tcp and hybrid senders and a listener of WCF Relay. Senders and listeners of WCF Relay are those in C# (`mono/relay_*.cs`);
//! the recorded ones are in `wcf_scenarios`.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::time::{Duration, Instant};

use interop_tests::{
    Config, Connector, Gateway, MonoService, RelayListener, RelaySender, Service, Wire, mono_client,
    preamble, run_mono_client, shim_gateway,
};

const PATIENCE: Duration = Duration::from_secs(90);

/// Its senders need a token.
const PRIVATE: &str = "wcf-private";

/// Its senders need none.
const OPEN: &str = "wcf";

/// A sender of WCF Relay before a Mono client, `viaduct listen` in front of a Mono service.
struct Connected {
    gateway: Gateway,
    service: MonoService,
    connector: Connector,
    sender: RelaySender,
}

impl Connected {
    fn start(service: &str, binding: &str) -> Self {
        let gateway = shim_gateway(Config::new());
        let service = MonoService::start(service, binding);
        let connector = Connector::listen(&gateway, PRIVATE, &service.address);
        let sender = RelaySender::with_token(&gateway, PRIVATE);
        Self { gateway, service, connector, sender }
    }

    /// What a client says that runs one check. Its To is the relay's address, in the scheme of WCF Relay, its Via the sender's door.
    fn call(&self, check: &str, binding: &str) -> Vec<String> {
        run_mono_client(&[check, &relay(PRIVATE), &self.sender.at(PRIVATE), binding])
    }
}

fn relay(path: &str) -> String {
    format!("sb://localhost/{path}")
}

#[test]
fn a_relay_sender_calls_a_plain_service() {
    let connected = Connected::start("probe", "binary");
    assert_eq!(connected.call("request-reply", "binary"), called());
    assert_eq!(connected.sender.joined(), 1);
}

#[test]
fn a_session_of_20_calls_reaches_one_instance_of_a_plain_service() {
    let said = Connected::start("session", "binary").call("session", "binary");
    assert_eq!(said.len(), 22, "{said:?}");
    assert_eq!(said[20..], ["ok another session counts anew", "done"]);
}

#[test]
fn a_plain_service_calls_back() {
    assert_eq!(
        Connected::start("duplex", "binary").call("duplex", "binary"),
        ["ok three notices came", "ok in order", "ok the service asked back", "done"]
    );
}

#[test]
fn one_way_calls_reach_a_plain_service_once_each_and_in_order() {
    let mut connected = Connected::start("probe", "binary");
    assert_eq!(connected.call("one-way", "binary"), ["ok five shots arrived once each", "done"]);
    for shot in 0..5 {
        assert_eq!(connected.service.running.line(PATIENCE), format!("fired shot {shot}"));
    }
}

#[test]
fn streamed_calls_to_a_plain_service_one_connection_each() {
    let connected = Connected::start("probe", "streamed");
    assert_eq!(
        connected.call("one-call-each", "streamed"),
        ["ok echo", "ok add", "ok 1 MiB came back", "done"]
    );
    assert_eq!(connected.sender.joined(), 3);
}

#[test]
fn a_streamed_message_of_64_mib_to_a_plain_service_and_back() {
    assert_eq!(
        Connected::start("probe", "streamed").call("large-blob", "streamed"),
        ["ok 64 MiB came back", "done"]
    );
}

#[test]
fn a_client_learns_at_once_that_the_connector_died_under_its_call() {
    let mut connected = Connected::start("probe", "binary");
    let mut client = mono_client(&["wait", &relay(PRIVATE), &connected.sender.at(PRIVATE)]);
    assert_eq!(connected.service.running.line(PATIENCE), "waiting");

    connected.connector.running.kill();
    let killed = Instant::now();
    let said = client.line(PATIENCE);

    assert!(said.starts_with("ok the call failed: "), "{said}");
    assert!(killed.elapsed() < Duration::from_secs(5), "{:?}", killed.elapsed());
    let mut late = RelaySender::with_token(&connected.gateway, PRIVATE);
    let mut client = mono_client(&["refused", &relay(PRIVATE), &late.at(PRIVATE)]);
    let said = late.running.line_starting("refused ", PATIENCE);
    assert!(said.starts_with("refused EndpointNotFoundFault: "), "{said}");
    assert!(client.line(PATIENCE).starts_with("ok refused: "));
}

#[test]
fn a_sender_in_clear_without_a_token_calls_a_plain_service_where_its_relay_asks_for_neither() {
    let gateway = shim_gateway(Config::new());
    let service = MonoService::start("probe", "binary");
    let _connector = Connector::listen(&gateway, OPEN, &service.address);
    let sender = RelaySender::start(&gateway, OPEN, &["--clear"]);
    assert_eq!(run_mono_client(&["request-reply", &relay(OPEN), &sender.at(OPEN)]), called());
}

#[test]
fn a_plain_client_calls_a_service_behind_a_relay_listener() {
    let gateway = shim_gateway(Config::new());
    let service = MonoService::start("probe", "binary");
    let _listener = RelayListener::start(&gateway, OPEN, &service, &["--declared"]);
    let via = format!("net.tcp://localhost:{}/{OPEN}", gateway.port("net_tcp"));
    assert_eq!(run_mono_client(&["request-reply", &service.address, &via]), called());
}

/// A service of WCF Relay is found by the scheme `sb`; one behind a connector keeps its own.
#[test]
fn the_via_of_a_plain_client_reaches_a_relay_listener_as_the_library_writes_it() {
    let gateway = shim_gateway(Config::new());
    let service = Service::start();
    let _listener = RelayListener::before(&gateway, OPEN, service.port(), &["--declared"]);
    let mut sender = Wire::tcp(gateway.door("net_tcp"));
    sender.send(&preamble(&format!("net.tcp://localhost:{}/{OPEN}/v2", gateway.port("net_tcp"))));

    let expected = preamble(&format!("sb://localhost/{OPEN}/v2"));
    let mut arrived = service.connection();
    assert_eq!(arrived.receive(expected.len()), expected);
    arrived.send(b"\x0b");
    assert_eq!(sender.receive(1), b"\x0b");
}

#[test]
fn a_client_behind_a_hybrid_tunnel_calls_a_service_behind_a_relay_listener() {
    let gateway = shim_gateway(Config::new());
    let service = MonoService::start("probe", "binary");
    let _listener = RelayListener::start(&gateway, PRIVATE, &service, &["--declared"]);
    let (_forward, door) = Connector::forward(&gateway, "tcp://127.0.0.1:0", PRIVATE);
    let via = format!("net.tcp://{door}/probe");
    assert_eq!(run_mono_client(&["request-reply", &service.address, &via]), called());
}

fn called() -> [&'static str; 4] {
    ["ok echo", "ok add", "ok empty", "done"]
}

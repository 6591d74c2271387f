//! Mono's WCF client and service speak real net.tcp through a relayed connection. The handshakes at both ends are those of a program
//! of ours in C# (`mono/relay_*.cs`), in which Mono's own binary XML reads and writes every envelope. Relay page 2 and 4.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::time::{Duration, Instant};

use interop_tests::{
    Config, Gateway, MonoService, OTHER_KEY, RelayListener, RelaySender, Running, Service, Token, Wire,
    mono_client, run_mono_client, shim_gateway,
};

/// Long enough for Mono, which takes 5 s to close a duplex channel.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where the relay stands; nobody declared it.
const PATH: &str = "mono/probe";

/// Gateway, service, listener and sender, all of them up.
struct Relayed {
    gateway: Gateway,
    service: MonoService,
    listener: RelayListener,
    sender: RelaySender,
}

impl Relayed {
    fn start(service: &str, binding: &str) -> Self {
        let gateway = shim_gateway(Config::new());
        let service = MonoService::start(service, binding);
        let listener = RelayListener::start(&gateway, PATH, &service, &[]);
        let sender = RelaySender::with_token(&gateway, PATH);
        Self { gateway, service, listener, sender }
    }

    /// What a client says that runs one check.
    fn call(&self, check: &str, binding: &str) -> Vec<String> {
        run_mono_client(&[check, &self.service.address, &self.sender.via(&self.service), binding])
    }

    fn client(&self, check: &str) -> Running {
        mono_client(&[check, &self.service.address, &self.sender.via(&self.service)])
    }
}

#[test]
fn request_and_reply() {
    let relayed = Relayed::start("probe", "binary");
    assert_eq!(relayed.call("request-reply", "binary"), ["ok echo", "ok add", "ok empty", "done"]);
}

#[test]
fn a_session_of_20_calls_reaches_one_service_instance() {
    let said = Relayed::start("session", "binary").call("session", "binary");
    assert_eq!(said, session());
}

#[test]
fn duplex_callbacks() {
    assert_eq!(
        Relayed::start("duplex", "binary").call("duplex", "binary"),
        ["ok three notices came", "ok in order", "ok the service asked back", "done"]
    );
}

#[test]
fn one_way_calls_arrive_once_each_and_in_order() {
    let mut relayed = Relayed::start("probe", "binary");
    assert_eq!(relayed.call("one-way", "binary"), ["ok five shots arrived once each", "done"]);
    for shot in 0..5 {
        assert_eq!(relayed.service.running.line(PATIENCE), format!("fired shot {shot}"));
    }
}

#[test]
fn streamed_calls_one_connection_each() {
    let relayed = Relayed::start("probe", "streamed");
    assert_eq!(
        relayed.call("one-call-each", "streamed"),
        ["ok echo", "ok add", "ok 1 MiB came back", "done"]
    );
    assert_eq!(relayed.sender.joined(), 3);
}

#[test]
fn a_streamed_message_of_64_mib_both_ways() {
    assert_eq!(
        Relayed::start("probe", "streamed").call("large-blob", "streamed"),
        ["ok 64 MiB came back", "done"]
    );
}

#[test]
fn a_hundred_calls_go_over_the_four_connections_of_their_channels() {
    let relayed = Relayed::start("probe", "binary");
    assert_eq!(relayed.call("100-calls", "binary"), ["ok 100 calls on four channels", "done"]);
    assert_eq!(relayed.sender.joined(), 4);
}

/// Streamed, since Mono's service mixes up the string tables of two sessions whose first replies it writes at the same moment.
#[test]
fn one_listener_serves_four_clients_of_two_senders_at_once() {
    let relayed = Relayed::start("probe", "streamed");
    let other = RelaySender::with_token(&relayed.gateway, PATH);
    let mut clients: Vec<_> = [&relayed.sender, &other, &relayed.sender, &other]
        .map(|sender| {
            let via = sender.via(&relayed.service);
            mono_client(&["one-call-each", &relayed.service.address, &via, "streamed"])
        })
        .into();
    for client in &mut clients {
        assert_eq!(client.wait(PATIENCE), Some(0), "{}", client.output());
    }
    assert_eq!((relayed.sender.joined(), other.joined()), (6, 6));
}

#[test]
fn a_session_is_served_while_another_client_waits_for_its_reply() {
    let mut relayed = Relayed::start("probe", "binary");
    let mut waiting = relayed.client("wait");
    assert_eq!(relayed.service.running.line(PATIENCE), "waiting");

    assert_called(&relayed.service, &relayed.sender);
    assert!(waiting.is_running(), "{}", waiting.output());
}

#[test]
fn a_client_learns_at_once_that_the_listener_died_under_its_call() {
    let mut relayed = Relayed::start("probe", "binary");
    let mut client = relayed.client("wait");
    assert_eq!(relayed.service.running.line(PATIENCE), "waiting");

    relayed.listener.running.kill();
    let killed = Instant::now();
    let said = client.line(PATIENCE);

    assert!(said.starts_with("ok the call failed: "), "{said}");
    // The call's own time would be over after 30 s.
    assert!(killed.elapsed() < Duration::from_secs(5), "{:?}", killed.elapsed());
    let mut late = RelaySender::with_token(&relayed.gateway, PATH);
    assert_refused(&relayed.service, &mut late, "EndpointNotFoundFault: ");
}

#[test]
fn a_service_learns_at_once_that_its_sender_died() {
    let gateway = shim_gateway(Config::new());
    let service = Service::start();
    let _listener = RelayListener::before(&gateway, PATH, service.port(), &[]);
    let mut sender = RelaySender::with_token(&gateway, PATH);
    let mut client = Wire::tcp(([127, 0, 0, 1], sender.port).into());
    let mut served = service.connection();
    client.send(b"begun");
    assert_eq!(served.receive(5), b"begun");

    sender.running.kill();
    let killed = Instant::now();
    assert_eq!(served.receive_to_end(), b"");
    assert!(killed.elapsed() < Duration::from_secs(5), "{:?}", killed.elapsed());
}

/// Each side may end what it says and hear the other one out.
#[test]
fn an_end_of_one_direction_is_passed_on_and_the_other_one_goes_on() {
    let gateway = shim_gateway(Config::new());
    let service = Service::start();
    let _listener = RelayListener::before(&gateway, PATH, service.port(), &[]);
    let sender = RelaySender::with_token(&gateway, PATH);
    for client_first in [true, false] {
        let mut client = Wire::tcp(([127, 0, 0, 1], sender.port).into());
        let mut served = service.connection();
        let (first, second) =
            if client_first { (&mut client, &mut served) } else { (&mut served, &mut client) };
        first.send(b"all of it");
        first.finish();
        assert_eq!(second.receive_to_end(), b"all of it");
        second.send(b"and the answer");
        second.finish();
        assert_eq!(first.receive_to_end(), b"and the answer");
    }
}

#[test]
fn a_listener_that_leaves_in_good_order_is_found_no_more() {
    let mut relayed = Relayed::start("probe", "binary");
    relayed.listener.stop();
    assert_refused(&relayed.service, &mut relayed.sender, "EndpointNotFoundFault: ");
}

#[test]
fn a_sender_is_refused_in_the_words_of_its_protocol() {
    let gateway = shim_gateway(Config::new());
    let service = MonoService::start("probe", "binary");
    let _listener = RelayListener::start(&gateway, PATH, &service, &[]);
    let wrong_key =
        Token::for_path(PATH).policy("send").key("c29tZWJvZHkgZWxzZSdzIGtleSwgMzIgYnl0ZXMgbG9uZw==");
    let good = gateway.send_token(PATH);
    for (path, token, fault) in [
        ("mono/nobody", Some(gateway.send_token("mono/nobody")), "EndpointNotFoundFault: "),
        (PATH, Some(wrong_key.to_string()), "AuthorizationFailedFault: "),
        (PATH, Some(gateway.listen_token(PATH)), "AuthorizationFailedFault: "),
        (
            PATH,
            Some(Token::for_path(PATH).policy("send").ends_in(-3600).to_string()),
            "AuthorizationFailedFault: ",
        ),
        (PATH, None, "AuthorizationFailedFault: "),
        ("mono/nobody", Some(good.clone()), "AuthorizationFailedFault: "),
    ] {
        let token = token.as_deref().map_or_else(Vec::new, |token| vec!["--token", token]);
        let mut sender = RelaySender::start(&gateway, path, &token);
        assert_refused(&service, &mut sender, fault);
    }
    // The secondary key is as good.
    let secondary = Token::for_path(PATH).policy("send").key(OTHER_KEY).to_string();
    assert_called(&service, &RelaySender::start(&gateway, PATH, &["--token", &secondary]));
}

#[test]
fn a_sender_needs_no_token_where_the_listener_asked_for_none() {
    let gateway = shim_gateway(anonymous());
    let service = MonoService::start("probe", "binary");
    let _listener = RelayListener::start(&gateway, PATH, &service, &["--anonymous-senders"]);
    assert_called(&service, &RelaySender::start(&gateway, PATH, &[]));
}

#[test]
fn a_sender_in_clear_is_joined_only_where_the_listener_asked_for_no_transport_security() {
    let gateway = shim_gateway(anonymous());
    let service = MonoService::start("probe", "binary");
    let open = ["--anonymous-senders", "--clear-senders"];
    let _clear = RelayListener::start(&gateway, "mono/clear", &service, &open);
    let _secure = RelayListener::start(&gateway, "mono/secure", &service, &["--anonymous-senders"]);

    assert_called(&service, &RelaySender::start(&gateway, "mono/clear", &["--clear"]));
    assert_called(&service, &RelaySender::start(&gateway, "mono/clear", &[]));
    let mut refused = RelaySender::start(&gateway, "mono/secure", &["--clear"]);
    assert_refused(&service, &mut refused, "NoTransportSecurityFault: ");
}

#[test]
fn a_declared_relay_is_served_and_one_that_is_not_there_ends_its_listener() {
    let declared = "path = \"mono/declared\"\nkind = \"wcf\"\nwcf_type = \"NetTcp\"\n";
    let gateway = shim_gateway(Config::new().relay(declared).timeout("listener_refusal", "1s"));
    let service = MonoService::start("probe", "binary");
    let _listener = RelayListener::start(&gateway, "mono/declared", &service, &["--declared"]);
    assert_called(&service, &RelaySender::with_token(&gateway, "mono/declared"));

    let absent =
        RelayListener::refused(&gateway, PATH, &["--declared", "--token", &gateway.listen_token(PATH)]);
    assert!(absent.starts_with("DetachedException: com.microsoft:relay-not-found: "), "{absent}");
    let wrong = RelayListener::refused(&gateway, PATH, &["--token", &gateway.send_token(PATH)]);
    assert!(wrong.starts_with("DetachedException: com.microsoft:auth-failed: "), "{wrong}");
}

#[test]
fn the_shim_trusts_the_authority_of_its_own_gateway_alone() {
    let (gateway, stranger) = (shim_gateway(Config::new()), shim_gateway(Config::new()));
    let misled = ["--amqps", &stranger.port("amqps").to_string(), "--token", &gateway.listen_token(PATH)]
        .map(str::to_owned);
    let said = RelayListener::refused(&gateway, PATH, &misled.each_ref().map(String::as_str));
    assert!(said.starts_with("AuthenticationException: "), "{said}");
}

/// Listeners may make relays whose senders need no token.
fn anonymous() -> Config {
    Config::new().namespace("dynamic_relays = \"anonymous\"")
}

fn assert_called(service: &MonoService, sender: &RelaySender) {
    let said = run_mono_client(&["request-reply", &service.address, &sender.via(service)]);
    assert_eq!(said, ["ok echo", "ok add", "ok empty", "done"]);
}

/// The sender is told the fault with its tracking id, and the client's call fails.
fn assert_refused(service: &MonoService, sender: &mut RelaySender, fault: &str) {
    let mut client = mono_client(&["refused", &service.address, &sender.via(service)]);
    let said = sender.running.line_starting("refused ", PATIENCE);
    let reason = said["refused ".len()..].strip_prefix(fault).unwrap_or_else(|| panic!("{fault}? {said}"));
    assert!(reason.contains("TrackingId:"), "{reason}");
    let said = client.line(PATIENCE);
    assert!(said.starts_with("ok refused: "), "{said}");
}

fn session() -> Vec<String> {
    let calls = (1..=20).map(|call| format!("ok call {call}"));
    calls.chain(["ok another session counts anew", "done"].map(ToOwned::to_owned)).collect()
}

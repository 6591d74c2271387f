//! No later preamble of a net.tcp connection reaches a service its sender was not authorised for: in clear, and after
//! an upgrade. Design, section 5; framing page 4.3, 6.1.

use std::time::Duration;

use interop_tests::{Connector, Gateway, Service, Wire, preamble, preamble_start};

/// Long enough for bytes to come through door, gateway and connector if they were let through.
const LONG_ENOUGH: Duration = Duration::from_millis(500);

/// An empty string table, then SOAP 1.2 in binary XML: no headers, an empty body.
const ENVELOPE: &[u8] = b"\x06\x0b\x00\x56\x02\x0b\x01s\x04\x56\x0e\x01\x01";
const END: &[u8] = b"\x07";
const ACK: &[u8] = b"\x0b";

#[test]
fn in_clear_after_both_ends_the_next_preamble_is_looked_up_anew() {
    let world = World::new();
    let (mut sender, mut service) = world.session();
    sender.send(&[ENVELOPE, END].concat());
    assert_eq!(service.receive(ENVELOPE.len() + 1), [ENVELOPE, END].concat());
    service.send(END);
    assert_eq!(sender.receive(1), END);

    // `wcf-private` wants a token, and has no listener either.
    sender.send(&preamble_of("wcf-private"));

    world.assert_nothing_more(&mut service);
    assert_refused(&mut sender);
}

#[test]
fn in_clear_before_the_service_ended_it_waits_or_is_refused() {
    let world = World::new();
    let (mut sender, mut service) = world.session();

    sender.send(&[ENVELOPE, END, &preamble_of("wcf-private")].concat());

    assert_eq!(service.receive(ENVELOPE.len() + 1), [ENVELOPE, END].concat());
    world.assert_nothing_more(&mut service);
}

#[test]
fn in_clear_the_same_path_again_is_a_connection_of_its_own() {
    let world = World::new();
    let (mut sender, mut service) = world.session();
    sender.send(END);
    assert_eq!(service.receive(1), END);
    service.send(END);
    assert_eq!(sender.receive(1), END);

    sender.send(&preamble_of("wcf"));

    let mut second = world.service.connection();
    let expected = world.preamble_at_the_service();
    assert_eq!(second.receive(expected.len()), expected);
    second.send(ACK);
    assert_eq!(sender.receive(1), ACK);
}

#[test]
fn negotiate_passes_as_it_is_and_what_follows_its_session_does_not() {
    let world = World::new();
    let (mut sender, mut service) = world.upgraded("application/negotiate");

    // [MS-NNS] 2.2.1: 0x16 in progress, 0x14 done, version, size big-endian; tokens are anybody's.
    let hello = b"\x16\x01\x00\x00\x0d`hand-made-1`";
    let answer = b"\x16\x01\x00\x00\x0d`hand-made-2`";
    let last = b"\x14\x01\x00\x00\x04done";
    exchange(&mut sender, &mut service, hello, answer);
    exchange(&mut sender, &mut service, last, b"\x14\x01\x00\x00\x00");
    // [MS-NNS] 2.2.2: size little-endian; the content is protected, here no more than opaque.
    exchange(&mut sender, &mut service, b"\x0a\x00\x00\x00preambleEd", b"\x05\x00\x00\x00proof");

    sender.send(&preamble_of("wcf-private"));

    world.assert_nothing_more(&mut service);
    assert_refused(&mut sender);
}

#[test]
fn tls_passes_as_it_is_and_what_follows_its_session_does_not() {
    let world = World::new();
    let (mut sender, mut service) = world.upgraded("application/ssl-tls");

    // TLS records by their heads alone: handshake, change cipher spec, application data, alert.
    exchange(&mut sender, &mut service, b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x03\x00\x05world");
    exchange(&mut sender, &mut service, b"\x14\x03\x03\x00\x01\x01", b"\x14\x03\x03\x00\x01\x01");
    exchange(&mut sender, &mut service, b"\x17\x03\x03\x00\x04data", b"\x17\x03\x03\x00\x04atad");
    exchange(&mut sender, &mut service, b"\x15\x03\x03\x00\x02\x01\x00", b"\x15\x03\x03\x00\x02\x01\x00");

    sender.send(&preamble_of("wcf-private"));

    world.assert_nothing_more(&mut service);
    assert_refused(&mut sender);
}

#[test]
fn after_an_upgrade_not_even_the_same_path_again_is_passed() {
    let world = World::new();
    let (mut sender, mut service) = world.upgraded("application/ssl-tls");
    exchange(&mut sender, &mut service, b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x03\x00\x05world");

    sender.send(&preamble_of("wcf"));

    world.assert_nothing_more(&mut service);
}

/// A gateway, a connector of the relay `wcf` and the service behind it.
struct World {
    gateway: Gateway,
    service: Service,
    _connector: Connector,
}

impl World {
    fn new() -> Self {
        let (gateway, service) = (Gateway::new(), Service::start());
        let connector =
            Connector::listen(&gateway, "wcf", &format!("net.tcp://localhost:{}/svc", service.port()));
        Self { gateway, service, _connector: connector }
    }

    /// A duplex session that the service acknowledged: the sender's end and the service's.
    fn session(&self) -> (Wire, Wire) {
        let mut sender = Wire::tcp(self.gateway.door("net_tcp"));
        sender.send(&preamble_of("wcf"));
        let mut service = self.service.connection();
        let expected = self.preamble_at_the_service();
        assert_eq!(service.receive(expected.len()), expected);
        service.send(ACK);
        assert_eq!(sender.receive(1), ACK);
        (sender, service)
    }

    /// A session whose upgrade the service granted.
    fn upgraded(&self, upgrade: &str) -> (Wire, Wire) {
        let mut sender = Wire::tcp(self.gateway.door("net_tcp"));
        sender.send(&upgrade_request(&preamble_start("net.tcp://localhost/wcf"), upgrade));
        let mut service = self.service.connection();
        let expected = upgrade_request(&preamble_start(&self.via()), upgrade);
        assert_eq!(service.receive(expected.len()), expected);
        service.send(b"\x0a");
        assert_eq!(sender.receive(1), b"\x0a");
        (sender, service)
    }

    fn preamble_at_the_service(&self) -> Vec<u8> {
        preamble(&self.via())
    }

    /// The service's own address.
    fn via(&self) -> String {
        format!("net.tcp://localhost:{}/svc", self.service.port())
    }

    /// Neither this connection of the service nor a new one brings a byte.
    fn assert_nothing_more(&self, connection: &mut Wire) {
        connection.set_patience(LONG_ENOUGH);
        let more =
            if connection.is_quiet_for(LONG_ENOUGH) { Vec::new() } else { connection.receive_to_end() };
        assert!(more.is_empty(), "{more:02x?} reached the service");
        assert!(self.service.connection_within(LONG_ENOUGH).is_none(), "the service got a new connection");
    }
}

/// The sender is told by a fault or a closed connection.
fn assert_refused(sender: &mut Wire) {
    let told = sender.receive_to_end();
    assert!(told.is_empty() || told[0] == 0x08, "{told:02x?}");
}

fn exchange(sender: &mut Wire, service: &mut Wire, request: &[u8], reply: &[u8]) {
    sender.send(request);
    assert_eq!(service.receive(request.len()), request);
    service.send(reply);
    assert_eq!(sender.receive(reply.len()), reply);
}

/// A preamble for a relay, as a client that knows only the gateway sends it.
fn preamble_of(relay: &str) -> Vec<u8> {
    preamble(&format!("net.tcp://localhost/{relay}"))
}

fn upgrade_request(start: &[u8], upgrade: &str) -> Vec<u8> {
    let length = u8::try_from(upgrade.len()).expect("a short name");
    [start, &[0x09, length], upgrade.as_bytes()].concat()
}

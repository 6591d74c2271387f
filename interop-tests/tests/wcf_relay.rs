//! `Microsoft.ServiceBus.dll` as it was recorded: a listener, its senders, and what is between them. Relay page 2 and 4.

use std::fs;
use std::path::{Path, PathBuf};

use interop_tests::{Config, Gateway, NAMESPACE, Token, Wire};

const HOST: &str = "contoso.servicebus.windows.net";

fn recording(scenario: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/relay").join(scenario)
}

fn bytes(scenario: &str, file: &str) -> Vec<u8> {
    fs::read(recording(scenario).join(file)).expect("a recording")
}

fn gateway() -> Gateway {
    let loopback = "127.0.0.1:0";
    Gateway::start(
        Config::new()
            .host(HOST)
            .door("amqps", loopback)
            .door("rendezvous", loopback)
            .timeout("listener_refusal", "1s"),
    )
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Puts tokens of the test's own key in the place of the recorded ones, which have expired. They are as long, so that no size
/// around them changes: another second of their end gives another signature, until one has as many characters to escape.
fn signed_again(mut bytes: Vec<u8>, key: &str) -> Vec<u8> {
    let mut from = 0;
    let mut tokens = 0;
    while let Some(at) = find(&bytes[from..], b"SharedAccessSignature ") {
        let start = from + at;
        let end = start
            + bytes[start..]
                .iter()
                .position(|b| !b.is_ascii_graphic() && *b != b' ')
                .unwrap_or(bytes.len() - start);
        let text = String::from_utf8(bytes[start..end].to_vec()).expect("a token is text");
        // Whatever ASCII may follow it, a token ends with the name of its policy; in binary XML its last characters may stand in
        // another record, where they stay as they are.
        let name = text.find("&skn=").expect("a name") + "&skn=RootManageSharedAccessKey".len();
        let here = text.len().min(name);
        let text = &text[..here];
        let audience = text.split(['=', '&']).nth(1).expect("an audience");
        let token = (4000..8000)
            .map(|seconds| Token::for_encoded_audience(audience).key(key).ends_in(seconds).to_string())
            .find(|token| token.len() == name)
            .expect("a signature of the same length");
        bytes[start..start + here].copy_from_slice(&token.as_bytes()[..here]);
        from = start + here;
        tokens += 1;
    }
    assert!(tokens > 0 || find(&bytes, b"RelayAccessToken").is_none(), "a token was not found");
    bytes
}

/// Cuts what a listener sent in front of its first disposition: until then it only waits for answers.
fn before_disposition(sent: &[u8]) -> usize {
    let mut at = 0;
    while at < sent.len() {
        if sent[at..].starts_with(b"AMQP") {
            at += 8;
            continue;
        }
        let size = u32::from_be_bytes(sent[at..at + 4].try_into().expect("four bytes")) as usize;
        let body = at + usize::from(sent[at + 4]) * 4;
        if sent[body..].starts_with(&[0x00, 0x53, 0x15]) {
            return at;
        }
        at += size;
    }
    panic!("the listener settled nothing")
}

/// Opens a connection of protocol C: preamble and TLS byte in clear, all else inside TLS.
fn relayed(gateway: &Gateway, port: u16, sent: &[u8]) -> Wire {
    let uri = u32::from_le_bytes(sent[11..15].try_into().expect("four bytes")) as usize;
    let (clear, inside) = sent.split_at(15 + uri + 1);
    assert_eq!(clear.last(), Some(&1), "the recorded peer wants TLS");
    let mut wire = Wire::tcp(([127, 0, 0, 1], port).into());
    wire.send(clear);
    let mut wire = wire.into_tls(NAMESPACE, gateway.authority());
    wire.send(inside);
    wire
}

fn message(wire: &mut Wire) -> Vec<u8> {
    let length = u32::from_le_bytes(wire.receive(4).try_into().expect("four bytes"));
    wire.receive(length as usize)
}

/// A listener that is up: everything in front of its first disposition is sent, and its two links are answered.
fn listener(gateway: &Gateway, scenario: &str, file: &str) -> (Wire, Vec<u8>) {
    let sent = signed_again(bytes(scenario, file), interop_tests::KEY);
    let (first, rest) = sent.split_at(before_disposition(&sent));
    let mut wire = Wire::tls(gateway.door("amqps"), NAMESPACE, gateway.authority());
    wire.send(first);
    let mut seen = Vec::new();
    // Its own attaches, twice, and the credit that follows them.
    while count(&seen, b":out") < 1 || count(&seen, b":in") < 1 {
        seen.extend(wire.receive(1));
    }
    (wire, rest.to_vec())
}

fn count(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).filter(|window| *window == what).count()
}

/// The id and the port of the next invitation.
fn invited(listener: &mut Wire) -> (String, u16) {
    let mut seen = Vec::new();
    let text = |seen: &[u8], name: &[u8]| -> Option<String> {
        let at = find(seen, name)? + name.len();
        let length = usize::from(*seen.get(at + 1)?);
        let text = seen.get(at + 2..at + 2 + length)?;
        Some(String::from_utf8(text.to_vec()).expect("text"))
    };
    loop {
        seen.extend(listener.receive(1));
        if let (Some(id), Some(port)) = (text(&seen, b"\x02Id"), text(&seen, b"\x06IpPort")) {
            return (id, port.parse().expect("a port"));
        }
    }
}

/// The listener takes an invitation as it was recorded to, with the id of this run.
fn accepted(gateway: &Gateway, scenario: &str, file: &str, (id, port): &(String, u16)) -> Wire {
    let mut sent = bytes(scenario, file);
    let at = find(&sent, b"\x02Id\x99\x24").expect("an id") + 5;
    sent[at..at + 36].copy_from_slice(id.as_bytes());
    relayed(gateway, *port, &sent)
}

fn joined(scenario: &str, control: &str, connect: &str, accept: &str) {
    let gateway = gateway();
    let (mut listener, rest) = listener(&gateway, scenario, control);
    let connect = signed_again(bytes(scenario, connect), interop_tests::KEY);
    let mut sender = relayed(&gateway, gateway.port("rendezvous"), &connect);
    let invitation = invited(&mut listener);
    assert_eq!(invitation.1, gateway.port("rendezvous"));
    let mut service = accepted(&gateway, scenario, accept, &invitation);
    assert!(find(&message(&mut service), b"RelayedAcceptReply").is_some());
    assert!(find(&message(&mut sender), b"RelayedConnectReply").is_some());

    let (request, reply) = (bytes(scenario, "rendezvous.c2s.bin"), bytes(scenario, "rendezvous.s2c.bin"));
    sender.send(&request);
    assert_eq!(service.receive(request.len()), request);
    service.send(&reply);
    assert_eq!(sender.receive(reply.len()), reply);

    // What is joined lives on without the control link.
    listener.send(&rest);
    drop(listener);
    sender.send(b"more");
    assert_eq!(service.receive(4), b"more");
    service.finish();
}

#[test]
fn a_recorded_sender_and_listener_of_version_2_7_5_are_joined() {
    joined("v2.7.5/e2e-nettcp", "001-5671.c2s.bin", "003-9352.c2s.bin", "004-9352.c2s.bin");
}

#[test]
fn a_recorded_sender_and_listener_of_version_2_4_2_are_joined() {
    joined("v2.4.2/e2e-nettcp-v2.4.2", "001-5671.c2s.bin", "003-9352.c2s.bin", "004-9352.c2s.bin");
}

#[test]
fn a_sender_is_told_in_its_protocol_why_it_is_not_joined() {
    let gateway = gateway();
    let recorded = bytes("v2.7.5/e2e-nettcp", "003-9352.c2s.bin");
    let told = |connect: &[u8]| {
        let mut sender = relayed(&gateway, gateway.port("rendezvous"), connect);
        String::from_utf8_lossy(&message(&mut sender)).into_owned()
    };
    let nobody = told(&signed_again(recorded.clone(), interop_tests::KEY));
    assert!(nobody.contains("EndpointNotFoundFault") && nobody.contains("TrackingId:"), "{nobody}");
    let expired = told(&recorded);
    assert!(expired.contains("AuthorizationFailedFault"), "{expired}");
    let wrong_key = told(&signed_again(recorded, "c29tZWJvZHkgZWxzZSdzIGtleSwgMzIgYnl0ZXMgbG9uZw=="));
    assert!(wrong_key.contains("AuthorizationFailedFault"), "{wrong_key}");
}

#[test]
fn a_listener_with_a_bad_signature_is_detached_for_good_and_hung_up_on() {
    let gateway = gateway();
    let mut wire = Wire::tls(gateway.door("amqps"), NAMESPACE, gateway.authority());
    wire.send(&bytes("v2.7.5/e2e-nettcp", "001-5671.c2s.bin")[..1300]);
    let told = wire.receive_to_end();
    assert!(find(&told, b"com.microsoft:auth-failed").is_some(), "{}", String::from_utf8_lossy(&told));
}

#[test]
fn a_rendezvous_id_that_nobody_gave_out_is_refused() {
    let gateway = gateway();
    let id = ("00000000-0000-4000-8000-000000000000".to_owned(), gateway.port("rendezvous"));
    let mut service = accepted(&gateway, "v2.7.5/e2e-nettcp", "004-9352.c2s.bin", &id);
    let told = message(&mut service);
    assert!(find(&told, b"InvalidRequestFault").is_some(), "{}", String::from_utf8_lossy(&told));
}

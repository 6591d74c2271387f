//! What is none of a protocol's: refused as the page says, in the log once. Relay page 2.1, 2.2, 4.2, 4.3; framing page 5.

use interop_tests::relay_play::refused::{HOST, ListeningPeer, OneWayPeer, Question, RelayedPeer, Told};
use interop_tests::{Config, Gateway, Wire, fault_record, preamble};

use crate::{log_says_once, logged_once};

fn gateway() -> Gateway {
    let config = Config::new().host(HOST).timeout("listener_refusal", "50ms");
    let doors = ["amqps", "rendezvous", "oneway", "oneway_tls"];
    Gateway::start(doors.into_iter().fold(config, |config, door| config.door(door, "127.0.0.1:0")))
}

/// The peer is refused so, and it is in the log once.
#[track_caller]
fn refused(gateway: &Gateway, told: &Told, code: &str, words: &str) {
    assert_eq!((&*told.code, &*told.words), (code, words), "{told:?}");
    logged_once(gateway, told);
}

#[test]
fn a_listener_of_a_type_that_nobody_knows() {
    let gateway = gateway();
    let question = Question::changed(b"\xa1\x11RelayedConnection", b"\xa1\x11RelayedConnectioX");

    let told = ListeningPeer::ask(&gateway, &question).refused();

    let words = "malformed request: listener-type \"RelayedConnectioX\" is unknown";
    refused(&gateway, &told, "com.microsoft:argument-error", words);
}

#[test]
fn a_listener_of_a_type_that_is_not_for_listening() {
    let gateway = gateway();
    // The same length: a shorter text behind a longer size.
    let question = Question::changed(b"\xa1\x07Unicast", b"\xb1\0\0\0\x04None");

    let told = ListeningPeer::ask_as(&gateway, "v2.7.5/h-netoneway", &question).refused();

    refused(&gateway, &told, "amqp:not-allowed", "malformed request: bad value of listener-type");
}

#[test]
fn a_listener_that_does_not_say_whether_its_relay_may_be_made() {
    let gateway = gateway();
    let question = Question::changed(b"com.microsoft:dynamic-relay", b"com.microsoft:dynamic-delay");

    let told = ListeningPeer::ask(&gateway, &question).refused();

    let words = "malformed request: attach has no property com.microsoft:dynamic-relay";
    refused(&gateway, &told, "com.microsoft:argument-error", words);
}

#[test]
fn a_listener_at_an_address_of_another_scheme() {
    let gateway = gateway();
    let question = Question::changed(b"sb://contoso", b"sx://contoso");

    let told = ListeningPeer::ask(&gateway, &question).refused();

    let words = "malformed request: the address does not begin with sb://";
    refused(&gateway, &told, "com.microsoft:argument-error", words);
}

#[test]
fn a_third_link_closes_the_connection() {
    let gateway = gateway();

    let told = ListeningPeer::ask_for_more(&gateway).closed();

    assert_eq!(
        (&*told.code, &*told.words),
        ("amqp:resource-limit-exceeded", "a link beyond the pair was attached")
    );
    log_says_once(&gateway, "WCF listener broke the protocol");
}

#[test]
fn http_on_the_listeners_port_is_answered_with_what_is_spoken_there() {
    let gateway = gateway();

    let told = ListeningPeer::say_bytes(&gateway, b"GET / HTTP/1.1\r\n\r\n").heard_to_the_end();

    assert_eq!(told, b"AMQP\x03\x01\0\0");
    log_says_once(&gateway, "WCF listener broke the protocol");
}

#[test]
fn another_mechanism_than_external_ends_in_the_outcome() {
    let gateway = gateway();
    // sasl-init, mechanism PLAIN. [AMQP 5.3.3.2]
    let init = b"\0\0\0\x17\x02\x01\0\0\0\x53\x41\xc0\x0a\x01\xa3\x07PLAIN  ";
    let plain = [b"AMQP\x03\x01\0\0".as_slice(), init].concat();

    let told = ListeningPeer::say_bytes(&gateway, &plain).heard_to_the_end();

    // sasl-outcome, code 1: auth. [AMQP 5.3.3.6]
    assert!(
        told.ends_with(b"\0\x53\x44\xc0\x03\x01\x50\x01")
            || told.ends_with(b"\0\x53\x44\xc0\x04\x02\x50\x01\x40"),
        "{told:02x?}"
    );
    log_says_once(&gateway, "WCF listener broke the protocol");
}

#[test]
fn a_message_with_another_action_is_told_a_fault() {
    let gateway = gateway();
    let question = Question::changed(b"RelayedConnect@", b"RelayedConnecX@");

    let told = RelayedPeer::ask(&gateway, &question).refused();

    refused(
        &gateway,
        &told,
        "InvalidRequestFault",
        "malformed request: action is missing or has no meaning here",
    );
}

#[test]
fn a_message_without_an_address_is_told_a_fault() {
    let gateway = gateway();
    let question = Question::changed(b"\x03Uri\x99", b"\x03Urx\x99");

    let told = RelayedPeer::ask(&gateway, &question).refused();

    refused(&gateway, &told, "InvalidRequestFault", "malformed request: Uri is missing");
}

#[test]
fn a_message_for_an_address_of_another_scheme_is_told_a_fault() {
    let gateway = gateway();
    let question = Question::changed(b"Uri\x99/sb://", b"Uri\x99/sx://");

    let told = RelayedPeer::ask(&gateway, &question).refused();

    refused(
        &gateway,
        &told,
        "InvalidRequestFault",
        "malformed request: the address does not begin with sb://",
    );
}

#[test]
fn a_message_that_is_no_binary_xml_is_told_a_fault() {
    let gateway = gateway();
    let question = Question::changed(b"V\x02\x0b\x01s\x04", b"<\x02\x0b\x01s\x04");

    let told = RelayedPeer::ask(&gateway, &question).refused();

    assert!(told.words.starts_with("malformed request: "), "{told:?}");
    let words = told.words.clone();
    refused(&gateway, &told, "InvalidRequestFault", &words);
}

#[test]
fn a_token_that_is_no_text_is_told_as_a_bad_token() {
    let gateway = gateway();
    let question = Question::changed(b"SharedAccessSignature ", b"\xffharedAccessSignature ");

    let told = RelayedPeer::ask(&gateway, &question).refused();

    let words = "not authorised: MalformedToken: The token is malformed";
    refused(&gateway, &told, "AuthorizationFailedFault", words);
}

#[test]
fn bytes_that_are_no_preamble_end_the_connection_without_a_word() {
    for bytes in [
        &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
        // A word that is none, an address of a mebibyte, a mark that is none.
        b"\x07\0\0\0connecX",
        b"\x07\0\0\0connect\0\0\x10\0",
        b"\x07\0\0\0connect\x04\0\0\0sb:/\x02",
        // A message of no bytes, of fewer, of too many.
        b"\x07\0\0\0connect\x04\0\0\0sb:/\0\0\0\0\0",
        b"\x07\0\0\0connect\x04\0\0\0sb:/\0\xff\xff\xff\xff",
        b"\x07\0\0\0connect\x04\0\0\0sb:/\0\0\0\x10\0",
        // A question that is not known.
        b"\x05\0\0\0probe\x09\0\0\0",
    ] {
        let gateway = gateway();
        let mut wire = Wire::tcp(gateway.door("rendezvous"));
        wire.send(bytes);

        assert_eq!(wire.receive_to_end(), b"", "{bytes:02x?}");
        log_says_once(&gateway, "no relayed connection");
    }
}

#[test]
fn a_preamble_of_another_version_is_told_a_fault() {
    for (door, mark) in [("net_tcp", "no preamble"), ("oneway", "no one-way session")] {
        let gateway = gateway();
        let mut wire = Wire::tcp(gateway.door(door));
        wire.send(b"\0\x02\0");

        assert_eq!(wire.receive_to_end(), fault_record("UnsupportedVersion"), "{door}");
        log_says_once(&gateway, mark);
    }
}

#[test]
fn a_record_that_has_no_place_in_a_oneway_session_ends_it() {
    let gateway = gateway();
    let mut wire = Wire::tcp(gateway.door("oneway"));
    wire.send(&[&*preamble("net.tcp://localhost:9350/nowhere"), b"\x0c"].concat());

    assert_eq!(wire.receive(1), b"\x0b");
    assert_eq!(wire.receive_to_end(), b"", "no fault of framing says this");
    log_says_once(&gateway, "a one-way session broke off");
}

#[test]
fn a_oneway_sender_that_names_no_address_is_told_a_fault() {
    let gateway = gateway();
    let question = Question::changed(b"\x03Uri", b"\x03Urx");

    let told = OneWayPeer::connect(&gateway, &question).refused();

    refused(&gateway, &told, "InvalidRequestFault", "Uri is missing");
}

#[test]
fn an_old_listener_of_a_type_that_nobody_knows_is_told_a_fault() {
    let gateway = gateway();
    let question = Question::changed(b"\x11RelayedConnection", b"\x11RelayedConnectioX");

    let told = OneWayPeer::listen(&gateway, &question).refused();

    let words = "NameSettings/ServiceSettings/ListenerType has a value without meaning";
    refused(&gateway, &told, "InvalidRequestFault", words);
}

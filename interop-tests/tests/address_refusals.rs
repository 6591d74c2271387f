//! What `viaduct listen --to net.tcp://…` does not pass on when addresses have to be rewritten, by hand-made envelopes: what the
//! client is told, what the log says, and that the service sees nothing of it. And what passes unread.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use interop_tests::{
    REQUEST, Readdressed, fault_record, preamble, preamble_start, sized_record, text_envelope,
};

const ACK: &[u8] = b"\x0b";

#[test]
fn a_to_outside_the_path_is_refused_in_the_words_of_a_service() {
    let world = Readdressed::start(&[]);
    let mut sender = world.sender();
    let mut service = world.begin(&mut sender, &world.relay(), "");

    sender.send(&sized_record(&text_envelope("net.tcp://localhost/elsewhere", REQUEST, "")));

    let answer = String::from_utf8_lossy(&sender.receive_to_end()).into_owned();
    assert!(answer.contains("DestinationUnreachable"), "{answer}");
    assert!(answer.contains("to is outside the path of the service"), "{answer}");
    assert!(answer.contains("urn:uuid:7</a:RelatesTo>") && answer.ends_with('\u{7}'), "{answer}");
    assert_eq!(service.receive_to_end(), b"", "the service sees nothing of it");
    world.assert_logged("the session was ended: to is outside the path of the service");
}

#[test]
fn a_one_way_message_outside_the_path_is_refused_by_a_framing_fault() {
    let world = Readdressed::start(&[]);
    let mut sender = world.sender();
    let mut service = world.begin(&mut sender, &world.relay(), "");

    sender.send(&sized_record(&text_envelope("net.tcp://localhost/elsewhere", "", "")));

    assert_eq!(sender.receive_to_end(), fault_record("EndpointNotFound"));
    assert_eq!(service.receive_to_end(), b"");
}

#[test]
fn any_to_passes_on_what_is_neither() {
    let world = Readdressed::start(&["--any-to"]);
    let mut sender = world.sender();
    let mut service = world.begin(&mut sender, &world.relay(), "");

    let elsewhere = sized_record(&text_envelope("net.tcp://localhost/elsewhere", REQUEST, ""));
    sender.send(&elsewhere);
    assert_eq!(service.receive(elsewhere.len()), elsewhere);
    // What is below the relay is rewritten all the same.
    sender.send(&sized_record(&text_envelope(&world.relay(), REQUEST, "")));
    let expected = sized_record(&text_envelope(&world.to, REQUEST, ""));
    assert_eq!(service.receive(expected.len()), expected);
}

#[test]
fn a_signed_to_is_refused_and_says_what_to_do() {
    let world = Readdressed::start(&[]);
    let signature = "<w:Security><d:Signature><d:SignedInfo><d:Reference URI='#to'/></d:SignedInfo></d:Signature></w:Security>";
    let mut sender = world.sender();
    let mut service = world.begin(&mut sender, &world.relay(), "");

    sender.send(&sized_record(&text_envelope(&world.relay(), REQUEST, signature)));

    let answer = String::from_utf8_lossy(&sender.receive_to_end()).into_owned();
    let words = "to is signed and cannot be rewritten: give both sides one address, or use a via";
    assert!(answer.contains("s:Sender") && answer.contains(words), "{answer}");
    assert_eq!(service.receive_to_end(), b"");
    world.assert_logged(words);

    // One that need not change is the service's own matter.
    let mut sender = world.sender();
    let mut service = world.begin(&mut sender, &world.relay(), "");
    let signed = sized_record(&text_envelope(&world.to, REQUEST, signature));
    sender.send(&signed);
    assert_eq!(service.receive(signed.len()), signed);
}

#[test]
fn headers_that_are_too_large_are_refused() {
    let world = Readdressed::start(&[]);
    let mut sender = world.sender();
    let mut service = world.begin(&mut sender, &world.relay(), "");

    let padding = format!("<x>{}</x>", "x".repeat(256 << 10));
    sender.send(&sized_record(&text_envelope(&world.relay(), REQUEST, &padding)));

    assert_eq!(sender.receive_to_end(), fault_record("MaxMessageSizeExceededFault"));
    assert_eq!(service.receive_to_end(), b"");
    world.assert_logged("headers exceed the limit of 262144 bytes");
}

#[test]
fn a_buffered_binary_envelope_that_is_too_large_is_refused_by_its_size() {
    let world = Readdressed::start(&[]);
    let mut sender = world.sender();
    sender.send(&preamble(&world.relay()));
    let mut service = world.service.connection();
    service.receive(preamble(&world.to).len());
    service.send(ACK);
    assert_eq!(sender.receive(1), ACK);

    // 16 MiB and one byte; the envelope itself never comes.
    sender.send(b"\x06\x81\x80\x80\x08");

    assert_eq!(sender.receive_to_end(), fault_record("MaxMessageSizeExceededFault"));
    assert_eq!(service.receive_to_end(), b"");
    world.assert_logged("envelope of 16777217 bytes exceeds the limit of 16777216 bytes");
}

#[test]
fn after_an_upgrade_everything_passes_and_the_log_says_so_once() {
    let world = Readdressed::start(&[]);
    let upgrade = b"\x09\x13application/ssl-tls";
    for _ in 0..2 {
        let mut sender = world.sender();
        sender.send(&[&preamble_start(&world.relay())[..], upgrade].concat());
        let mut service = world.service.connection();
        let expected = [&preamble_start(&world.to)[..], upgrade].concat();
        assert_eq!(service.receive(expected.len()), expected);
        service.send(b"\x0a");
        assert_eq!(sender.receive(1), b"\x0a");
        // A TLS record by its head.
        sender.send(b"\x16\x03\x01\x00\x05hello");
        assert_eq!(service.receive(10), b"\x16\x03\x01\x00\x05hello");
    }
    let log = world.connector.running.errors();
    assert_eq!(log.matches("to is not rewritten").count(), 1, "{log}");
    assert!(log.contains("encrypted between client and service"), "{log}");
}

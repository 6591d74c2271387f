//! The readers, walked over everything that was recorded.

use super::amqp;
use super::binary_xml::{self, Element};
use super::control_link::{messages, unwrapped};
use super::envelope;
use super::http_leg;
use super::nmf;
use super::recording::Recording;
use super::relayed;

fn deliveries(folder: &str, stream: &str) -> Vec<Element> {
    let items = amqp::items(&Recording::open(folder).received(stream));
    messages(items).map(|message| unwrapped(&binary_xml::read(&message, &[]))).collect()
}

/// The sized envelopes of a session.
fn session(bytes: &[u8]) -> Vec<Element> {
    let mut rest = bytes;
    let (mut strings, mut envelopes) = (Vec::new(), Vec::new());
    while let Some(record) = nmf::record(rest) {
        rest = &rest[record.raw.len()..];
        if record.kind == nmf::SIZED_ENVELOPE {
            let document = binary_xml::take_string_table(&record.body, &mut strings);
            envelopes.push(binary_xml::read(document, &strings));
        }
    }
    assert!(rest.is_empty(), "whole records");
    envelopes
}

#[test]
fn what_the_recorded_relay_delivered_is_what_the_sender_sent() {
    // An older one passed on what only the sender's session could read.
    for (folder, sender) in
        [("v2.7.5/event-two-v2.7.5", "002-9351"), ("v2.7.5/oneway-silent-v2.7.5", "002-9351")]
    {
        let sent = session(&Recording::open(folder).sent(sender));
        let is_ping = |message: &&Element| {
            envelope::header(message, "Action").is_some_and(|action| action.starts_with("urn:relay-probe"))
        };
        let sent: Vec<_> = sent.iter().filter(is_ping).collect();
        let delivered = deliveries(folder, "001-5671");

        assert!(!delivered.is_empty() && delivered.len() <= sent.len(), "{folder}");
        for (sent, delivered) in sent.iter().zip(&delivered) {
            assert_eq!(envelope::difference(sent, delivered, &[]), None, "{folder}");
        }
    }
}

#[test]
fn the_recorded_faults_are_faults() {
    let told = |folder: &str, stream: &str| {
        let received = Recording::open(folder).received(stream);
        let envelopes = if stream.ends_with("-9351") {
            session(&received)
        } else {
            vec![binary_xml::read(relayed::counted(&received).0, &[])]
        };
        envelopes.iter().filter_map(envelope::fault).map(|(code, _)| code).collect::<Vec<_>>()
    };

    assert_eq!(told("v2.4.2/fault-nettcp-v2.4.2", "001-9352"), ["EndpointNotFoundFault"]);
    assert_eq!(told("v5.0.0/fault-nettcp-auth-v5.0.0", "001-9352"), ["AuthorizationFailedFault"]);
    assert_eq!(told("v5.0.0/fault-oneway-connect-v5.0.0", "002-9351"), ["EndpointNotFoundFault"]);
    assert_eq!(told("v2.4.2/fault-oneway-send-v2.4.2", "002-9351"), ["QuotaExceededFault"; 2]);
    assert_eq!(told("v2.7.5/e2e-nettcp", "003-9352"), [""; 0]);
}

#[test]
fn every_recorded_leg_of_the_http_bindings_is_read() {
    let mut legs = 0;
    for name in Recording::all() {
        let recording = Recording::open(&name);
        if name.contains("/http-") && recording.has("rendezvous") {
            assert!(!http_leg::answers(&recording.received("rendezvous")).is_empty(), "{name}");
            legs += 1;
        }
    }
    assert_eq!(legs, 24);
}

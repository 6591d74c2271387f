//! Protocol C: what senders and listeners said on 9352.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;
use viaduct::wire::binxml::{Dictionaries, Ids};
use viaduct::wire::relayed::{
    Answer, Delivered, FaultReason, Invitation, OnewaySend, Preamble, RelayFault, RelayedRequest, TlsMark,
    decode_message, read_answer,
};

use super::recorded::{amqp_data, binary, connection, connections, frames, head, infoset};

/// The reason that the recorder's relay gave, at the time it gave.
pub(crate) const REASON: FaultReason<'_> = FaultReason {
    text: "the reason text",
    tracking_id: "00000000-0000-0000-0000-000000000001",
    unix_seconds: 1_577_840_400,
};

/// The one message at the start of a direction, and what follows it.
fn message(stream: &[u8]) -> (&[u8], &[u8]) {
    let (message, size) = decode_message(stream).unwrap().unwrap();
    for cut in 0..size {
        assert_eq!(decode_message(&stream[..cut]), Ok(None));
    }
    (message, &stream[size..])
}

/// What a request is, after it was read and written to the same bytes.
pub(crate) fn request(bytes: &[u8], name: &str) -> RelayedRequest {
    let request = RelayedRequest::decode(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    let written = match &request {
        RelayedRequest::Connect(connect) => connect.encode(),
        RelayedRequest::Accept(accept) => accept.encode(),
    };
    assert!(written.unwrap() == bytes, "{name}: other bytes");
    request
}

/// The word for an answer.
fn word(answer: &Answer) -> String {
    match answer {
        Answer::Accepted { action, .. } => action.clone(),
        Answer::Redirect { .. } => "Redirect".to_owned(),
        Answer::Fault { fault, .. } => fault.map_or("other fault", |fault| fault.row().code).to_owned(),
    }
}

#[test]
fn every_preamble_and_request_on_9352_is_read_and_written_to_the_same_bytes() {
    let mut seen = BTreeMap::<String, usize>::new();
    let mut count = |word: &str| *seen.entry(word.to_owned()).or_default() += 1;
    for recorded in connections("-9352") {
        let name = &recorded.name;
        let (preamble, size) = Preamble::decode(&recorded.sent).unwrap().unwrap();
        let mut written = Vec::new();
        preamble.encode(&mut written);
        assert!(written == recorded.sent[..size], "{name}");
        for cut in 0..size {
            assert_eq!(Preamble::decode(&recorded.sent[..cut]), Ok(None), "{name}");
        }
        let Preamble::Connect { uri, tls } = preamble else { panic!("{name}") };
        assert!(uri.starts_with("sb://"), "{name}: {uri}");
        assert_eq!(tls, TlsMark::Tls, "{name}");
        if recorded.sent.len() == size {
            // Recorded outside of TLS; the messages inside follow below.
            count("preamble alone");
            continue;
        }
        let (bytes, raw) = message(&recorded.sent[size..]);
        let request = request(bytes, name);
        match &request {
            RelayedRequest::Connect(connect) => {
                count("connect");
                assert_eq!(connect.uri, uri, "{name}");
                assert!(connect.tracking_id.is_some(), "{name}");
                let token = connect.token.as_ref().unwrap();
                assert!(token.text.expose_secret().starts_with("SharedAccessSignature sr="), "{name}");
                assert!(token.id.as_ref().unwrap().starts_with("uuid:"), "{name}");
                // What follows is the preamble of net.tcp.
                assert!(raw.is_empty() || raw.starts_with(&[0, 1, 0, 1, 2, 2]), "{name}");
            }
            RelayedRequest::Accept(_) => {
                count("accept");
                assert!(raw.is_empty() || raw[0] == 0x0b, "{name}");
            }
        }
        let (bytes, _) = message(&recorded.received);
        let answer = read_answer(bytes, Dictionaries::STATIC).unwrap();
        count(&word(&answer));
        if let Answer::Fault { fault, reason, .. } = answer {
            assert_eq!(reason, REASON.to_string(), "{name}");
            let written = fault.unwrap().encode(&REASON, None, Ids::Static).unwrap();
            assert_eq!(
                infoset(&written, Dictionaries::STATIC),
                infoset(bytes, Dictionaries::STATIC),
                "{name}: not what the library accepted"
            );
        }
    }
    for recorded in connections("-9352-aftertls") {
        let (bytes, raw) = message(&recorded.sent);
        assert!(matches!(request(bytes, &recorded.name), RelayedRequest::Connect(_)) && raw.is_empty());
        count("connect inside tls");
    }
    let expected = [
        ("AuthorizationFailedFault", 1),
        ("EndpointNotFoundFault", 4),
        ("RelayedAcceptReply", 42),
        ("RelayedConnectReply", 7),
        ("accept", 43),
        ("connect", 11),
        ("connect inside tls", 1),
        ("preamble alone", 1),
    ];
    assert_eq!(seen, expected.map(|(word, count)| (word.to_owned(), count)).into());
}

/// The ids that listeners showed on 9352 and on WebSockets, and those that were in their invitations.
#[test]
fn every_invitation_that_a_listener_followed_is_read_and_written_again() {
    let (mut invited, mut followed, mut messages) = (Vec::new(), Vec::new(), 0);
    let links = connections("-5671").into_iter().map(|recorded| (recorded.name, recorded.received));
    let web = connections("-443").into_iter().filter(|recorded| recorded.name.contains("ws-nettcp"));
    let web = web.filter_map(|recorded| {
        let (head, rest) = head(&recorded.received);
        head.contains("wsrelayedamqp").then(|| (recorded.name.clone(), binary(&frames(rest))))
    });
    for (name, stream) in links.chain(web) {
        for data in amqp_data(&stream) {
            let delivered =
                Delivered::decode(&data, Dictionaries::STATIC).unwrap_or_else(|e| panic!("{name}: {e}"));
            let address = delivered.relay_via.as_deref().unwrap();
            let envelope = OnewaySend {
                relay_via: address,
                message_id: delivered.message_id.as_deref().unwrap_or_default(),
                to: &delivered.to,
            };
            let again = envelope.encode(&delivered.message).unwrap();
            assert_eq!(Delivered::decode(&again, Dictionaries::STATIC).unwrap().message, delivered.message);
            if delivered.message_id.is_some() {
                assert_eq!(infoset_of_head(&again), infoset_of_head(&data), "{name}");
            }
            match Invitation::decode(&delivered.message) {
                Ok(invitation) => {
                    assert_eq!(Invitation::decode(&invitation.encode().unwrap()), Ok(invitation.clone()));
                    assert_eq!(
                        infoset_of_body(&invitation.encode().unwrap()),
                        infoset_of_body(&delivered.message),
                        "{name}"
                    );
                    assert!(invitation.tcp.is_some() && invitation.https.is_some(), "{name}");
                    invited.push(invitation.id);
                }
                Err(_) if name.contains("oneway") || name.contains("event") => messages += 1,
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }
    for recorded in connections("-9352") {
        let (_, size) = Preamble::decode(&recorded.sent).unwrap().unwrap();
        if let Ok(Some((bytes, _))) = decode_message(&recorded.sent[size..])
            && let RelayedRequest::Accept(accept) = RelayedRequest::decode(bytes).unwrap()
            && !recorded.name.contains("v1.6.0")
        {
            followed.push(accept.id);
        }
    }
    // Of most scenarios over HTTP the listener's link was not kept.
    let joined = followed.iter().filter(|id| invited.contains(id)).count();
    assert_eq!((invited.len(), messages, joined), (13, 11, 9));
}

/// The body of an envelope, and what follows.
fn infoset_of_body(envelope: &[u8]) -> Vec<String> {
    let lines = infoset(envelope, Dictionaries::STATIC);
    let body = lines.iter().position(|line| line.starts_with("<s:Body")).unwrap();
    lines[body..].to_vec()
}

/// The headers of an envelope: everything in front of its body, in any order.
fn infoset_of_head(envelope: &[u8]) -> Vec<String> {
    let lines = infoset(envelope, Dictionaries::STATIC);
    let body = lines.iter().position(|line| line.starts_with("<s:Body")).unwrap();
    // The recorder's relay wrote headers in another order than the real service.
    let mut lines = lines[..body].to_vec();
    lines.sort();
    lines
}

#[test]
fn the_fault_to_an_accept_is_the_one_that_the_recording_has() {
    let recorded = connection("v2.7.5/accept-fault-v2.7.5 003-9352");
    let (bytes, _) = message(&recorded.received);
    let answer = read_answer(bytes, Dictionaries::STATIC).unwrap();
    let Answer::Fault { fault, relates_to, .. } = answer else { panic!("{answer:?}") };
    assert_eq!((fault, relates_to), (Some(RelayFault::EndpointNotFound), None));
}

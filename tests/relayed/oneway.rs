//! Protocol B: what one-way senders, and listeners of 1.6, said on 9350 and 9351.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;
use viaduct::wire::binxml::{Dictionaries, Ids, OutgoingTable, SessionTable};
use viaduct::wire::framing::{FramingLimits, InitiatorDecoder, Mode, Piece, Policy, ReceiverDecoder, Record};
use viaduct::wire::relayed::{
    Answer, ClientAuthentication, Delivered, Discovery, Invitation, ListenerType, OnewayReader,
    OnewayRequest, TransportProtection, read_answer,
};

use super::recorded::{amqp_data, connection, connections, infoset, try_infoset};
use super::rendezvous::REASON;

/// The envelopes of a direction of framing.
#[derive(Default)]
struct Envelopes {
    all: Vec<Vec<u8>>,
}

impl Envelopes {
    fn piece(&mut self, piece: &Piece<'_>) {
        match piece {
            Piece::Record(Record::SizedEnvelope { .. }) => self.all.push(Vec::new()),
            Piece::Payload { bytes, .. } => self.all.last_mut().unwrap().extend_from_slice(bytes),
            _ => {}
        }
    }
}

/// What the library sent and received, envelope by envelope.
pub(crate) fn envelopes(sent: &[u8], received: &[u8]) -> [Vec<Vec<u8>>; 2] {
    let limits = FramingLimits::default();
    let (mut one, mut other) = (Envelopes::default(), Envelopes::default());
    let (mut decoder, mut at) = (InitiatorDecoder::new(Policy::relay(limits)), 0);
    while let Some((piece, used)) = decoder.next(&sent[at..]).unwrap() {
        one.piece(&piece);
        at += used;
    }
    let (mut decoder, mut at) = (ReceiverDecoder::new(Mode::Duplex, limits), 0);
    while let Some((piece, used)) = decoder.next(&received[at..]).unwrap() {
        other.piece(&piece);
        at += used;
    }
    [one.all, other.all]
}

#[test]
fn every_message_on_9350_and_9351_is_read_and_every_answer_is_for_one_of_them() {
    let mut seen = BTreeMap::<String, usize>::new();
    let mut count = |word: String| *seen.entry(word).or_default() += 1;
    for recorded in [connections("-9350"), connections("-9351")].into_iter().flatten() {
        let name = &recorded.name;
        let [sent, received] = envelopes(&recorded.sent, &recorded.received);
        let (mut reader, mut ids) = (OnewayReader::new(), Vec::new());
        let probe = name.ends_with("-9350");
        for envelope in &sent {
            let request = reader.read(envelope).unwrap_or_else(|error| panic!("{name}: {error}"));
            count(said(&request, probe, name));
            ids.extend(match request {
                OnewayRequest::Connect(connect) => connect.message_id,
                OnewayRequest::Listen(listen) => listen.message_id,
                OnewayRequest::Ping(ping) => ping.message_id,
                OnewayRequest::Send(message) => message.message_id,
            });
        }
        let mut table = SessionTable::new();
        for envelope in &received {
            let at = table.read(envelope).unwrap();
            let answer = read_answer(&envelope[at..], Dictionaries::session(&table)).unwrap();
            let (word, relates_to) = match answer {
                Answer::Accepted { action, relates_to } => (action, relates_to),
                Answer::Redirect { relates_to, .. } => ("Redirect".to_owned(), relates_to),
                Answer::Fault { fault, reason, relates_to } => {
                    assert_eq!(reason, REASON.to_string());
                    let fault = fault.unwrap();
                    let mut none = OutgoingTable::new(0);
                    let own = fault.encode(&REASON, relates_to.as_deref(), Ids::Session(&mut none)).unwrap();
                    assert_eq!(own[0], 0, "an empty table");
                    assert_eq!(
                        infoset(&own[1..], Dictionaries::STATIC),
                        infoset(&envelope[at..], Dictionaries::session(&table)),
                        "{name}: not what the library accepted"
                    );
                    (fault.row().code.to_owned(), relates_to)
                }
            };
            let word = word.rsplit('/').next().unwrap().to_owned();
            if word != "Send" {
                assert!(ids.contains(&relates_to.unwrap()), "{name}: {word}");
            }
            count(format!("got {word}"));
        }
    }
    let expected = [
        ("connect", 6),
        ("got ConnectReply", 5),
        ("got EndpointNotFoundFault", 1),
        ("got ListenReply", 2),
        ("got QuotaExceededFault", 2),
        ("got Send", 1),
        ("got SendReply", 5),
        ("listen", 2),
        ("ping", 16),
        ("ping with token", 13),
        ("probe", 8),
        ("send", 9),
    ];
    assert_eq!(seen, expected.map(|(word, count)| (word.to_owned(), count)).into());
}

/// Checks a message of a recording and says what it was.
fn said(request: &OnewayRequest, probe: bool, name: &str) -> String {
    let sas = |token: &viaduct::wire::relayed::AccessToken| {
        token.text.expose_secret().starts_with("SharedAccessSignature sr=")
    };
    match request {
        OnewayRequest::Connect(connect) => {
            assert!(connect.token.as_ref().is_some_and(sas), "{name}");
            assert!(connect.uri.starts_with("sb://contoso"), "{name}");
            assert_eq!(connect.to.as_deref(), Some(connect.uri.as_str()), "{name}");
            assert!(connect.tracking_id.is_some(), "{name}");
            "connect".to_owned()
        }
        OnewayRequest::Listen(listen) => {
            let token = listen.token.as_ref().unwrap().text.expose_secret();
            assert!(token.starts_with("Issuer=") && token.ends_with("&HMACSHA256=AAAA"), "{name}: {token}");
            assert_eq!(listen.settings.discovery, Some(Discovery::Private));
            assert_eq!(listen.settings.client_authentication, Some(ClientAuthentication::RelayAccessToken));
            assert_eq!(listen.settings.listener_type, Some(ListenerType::RelayedConnection));
            assert_eq!(listen.settings.transport_protection, Some(TransportProtection::None));
            assert_eq!(listen.uri, "sb://contoso.servicebus.windows.net/nettcprelay/");
            assert_eq!(listen.tracking_id, None);
            "listen".to_owned()
        }
        OnewayRequest::Ping(ping) => {
            if probe {
                assert!(ping.token.is_none() && ping.message_id.is_none(), "{name}");
                assert!(ping.to.as_ref().unwrap().starts_with("net.tcp://"), "{name}");
                return "probe".to_owned();
            }
            assert!(ping.message_id.is_some(), "{name}");
            if ping.token.is_some() { "ping with token" } else { "ping" }.to_owned()
        }
        OnewayRequest::Send(message) => {
            assert!(message.token.is_none() && message.message_id.is_some(), "{name}");
            assert!(message.to.as_ref().unwrap().starts_with("sb://contoso"), "{name}");
            "send".to_owned()
        }
    }
}

#[test]
fn a_senders_message_says_the_same_without_its_session_and_reached_the_listener_like_that() {
    let (mut compared, mut arrived) = (0, 0);
    for recorded in connections("-9351") {
        let [sent, _] = envelopes(&recorded.sent, &recorded.received);
        let (mut reader, mut table) = (OnewayReader::new(), SessionTable::new());
        let link = recorded.name.rsplit_once(' ').unwrap().0.to_owned() + " 001-5671";
        let delivered: Vec<_> = connections("001-5671")
            .iter()
            .filter(|link_recorded| link_recorded.name == link)
            .flat_map(|link_recorded| amqp_data(&link_recorded.received))
            .map(|data| Delivered::decode(&data, Dictionaries::STATIC).unwrap().message)
            // The recorder's relay left ids of the session in some.
            .filter_map(|message| try_infoset(&message, Dictionaries::STATIC).ok())
            .collect();
        for envelope in &sent {
            let at = table.read(envelope).unwrap();
            if let OnewayRequest::Send(message) = reader.read(envelope).unwrap() {
                let before = infoset(&envelope[at..], Dictionaries::session(&table));
                let after = infoset(&message.message, Dictionaries::STATIC);
                assert_eq!(before, after, "{}", recorded.name);
                compared += 1;
                arrived += usize::from(delivered.contains(&after));
            }
        }
    }
    // Two were answered with a fault and reached nobody.
    assert_eq!((compared, arrived), (9, 7));
}

#[test]
fn an_old_listener_got_an_invitation_in_its_session() {
    let recorded = connection("v1.6.0/e2e-mixed-v16-host 002-9351");
    let [_, received] = envelopes(&recorded.sent, &recorded.received);
    let mut table = SessionTable::new();
    let at: Vec<usize> = received.iter().map(|envelope| table.read(envelope).unwrap()).collect();
    let delivered = Delivered::decode(&received[1][at[1]..], Dictionaries::session(&table)).unwrap();
    assert_eq!(delivered.relay_via.as_deref(), Some("sb://contoso.servicebus.windows.net/nettcprelay"));
    let invitation = Invitation::decode(&delivered.message).unwrap();
    assert_eq!(invitation.tcp, Some(("127.0.0.1".parse().unwrap(), 9352)));
    assert_eq!(invitation.instance_dns_address, None);
}

//! From the first byte to online, or to a refusal.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::peer::*;
use crate::relay::listener_link::{Condition, GoneReason, LinkError, LinkEvent};
use crate::wire::amqp::types::definitions::{Error, ErrorCondition, Role};
use crate::wire::amqp::types::messaging::{Source, TargetArchetype};
use crate::wire::amqp::{Performative, ProtocolHeader, Symbol, Value};
use crate::wire::relayed::ListenerType;

/// Every row of the table of relay page 2.2 that a relay of ours has a use for.
const CONDITIONS: [Condition; 12] = [
    Condition::RelayNotFound,
    Condition::AuthFailed,
    Condition::AddressAlreadyInUse,
    Condition::NotFound,
    Condition::ResourceLimitExceeded,
    Condition::Timeout,
    Condition::ServerBusy,
    Condition::EntityDisabled,
    Condition::ArgumentError,
    Condition::NotAllowed,
    Condition::InternalError,
    Condition::ConnectionForced,
];

#[test]
fn sasl_external_is_all_that_is_offered_and_taken() {
    let mut pair = Pair::new();
    pair.feed(&ProtocolHeader::SASL.to_bytes());
    let offered = b"\x00\x00\x00\x1b\x02\x01\x00\x00\x00\x53\x40\xc0\x0e\x01\xe0\x0b\x01\xa3\x08EXTERNAL";
    assert_eq!(pair.small_talk, ["Sasl", "sasl-mechanisms"]);
    pair.feed(&sasl_init("EXTERNAL"));
    pair.feed(&ProtocolHeader::AMQP.to_bytes());
    assert_eq!(pair.small_talk, ["Sasl", "sasl-mechanisms", "sasl-outcome", "Amqp"]);
    assert!(!pair.link.is_finished() && pair.events.is_empty());

    let mut pair = Pair::new();
    pair.link.handle_input(&ProtocolHeader::SASL.to_bytes(), pair.now);
    assert_eq!(pair.link.take_output(), [&ProtocolHeader::SASL.to_bytes()[..], offered].concat());
    pair.link.handle_input(&sasl_init("EXTERNAL"), pair.now);
    assert_eq!(pair.link.take_output(), b"\x00\x00\x00\x10\x02\x01\x00\x00\x00\x53\x44\xc0\x03\x01\x50\x00");
}

#[test]
fn the_open_offers_an_idle_time_out_that_the_library_takes() {
    let mut pair = Pair::begun_with(|terms| terms.idle = Duration::from_secs(120));
    let said = pair.take();
    let [Performative::Open(open), Performative::Begin(begin)] = &said[..] else { panic!("{said:?}") };
    assert_eq!((open.container_id.as_str(), open.max_frame_size.0), ("gateway", 65_536));
    assert_eq!(open.idle_time_out, Some(120_000));
    assert_eq!((begin.remote_channel, begin.incoming_window), (Some(0), 5_000));
}

#[test]
fn a_listener_is_wanted_by_its_first_attach_with_all_that_it_asks() {
    let mut pair = Pair::begun();
    pair.say(Performative::Attach(attach(Role::Sender)));
    let [LinkEvent::Wanted(request)] = &pair.events[..] else { panic!("{:?}", pair.events) };
    assert_eq!(request.address, ADDRESS);
    assert_eq!(request.token.as_ref().unwrap().expose_secret(), "SharedAccessSignature sr=x");
    assert_eq!(request.listener_type, ListenerType::RelayedConnection);
    assert!(request.dynamic_relay && !request.transport_security_required);
    // Not sent, so the library's default.
    assert!(request.client_authentication_required && !request.requires_public_registry);
    assert_eq!(
        (request.link_name.as_str(), request.container_id.as_str()),
        ("RelayLink_7", "RelayConnection_1")
    );
    assert_eq!(request.hostname.as_deref(), Some("ns-relay.example.net"));
    assert!(!format!("{request:?}").contains("SharedAccessSignature"));
    assert!(!format!("{:?}", pair.link).contains("SharedAccessSignature"));
}

#[test]
fn nothing_is_answered_until_it_is_decided() {
    let mut pair = Pair::wanted();
    assert_eq!(pair.names(), ["open", "begin"]);
    assert_eq!(pair.events.len(), 1);
    pair.link.accept(pair.now);
    let said = pair.take();
    let [Performative::Attach(out), Performative::Flow(flow), Performative::Attach(back)] = &said[..] else {
        panic!("{said:?}")
    };
    for (answer, asked) in [(out, attach(Role::Sender)), (back, attach(Role::Receiver))] {
        assert_eq!((&answer.name, &answer.handle), (&asked.name, &asked.handle));
        assert_eq!((&answer.source, &answer.target), (&asked.source, &asked.target));
        assert_ne!(answer.role, asked.role);
        assert_eq!(answer.properties, None);
    }
    assert_eq!((out.initial_delivery_count, back.initial_delivery_count), (None, Some(0)));
    assert_eq!(
        (flow.handle.as_ref().unwrap().0, flow.link_credit, flow.next_incoming_id),
        (OUT, Some(100), Some(1))
    );
    assert!(matches!(pair.events[1..], [LinkEvent::Online]));
}

#[test]
fn a_listener_that_waits_for_each_answer_gets_online_too() {
    for first in [Role::Sender, Role::Receiver] {
        let mut pair = Pair::begun();
        let second = if first == Role::Sender { Role::Receiver } else { Role::Sender };
        pair.say(Performative::Attach(attach(first)));
        pair.link.accept(pair.now);
        assert!(pair.names().contains(&"attach"));
        assert_eq!(pair.events.len(), 1, "half a listener is none");
        pair.say(Performative::Attach(attach(second)));
        assert!(pair.names().contains(&"attach"));
        assert!(matches!(pair.events[1..], [LinkEvent::Online]));
    }
}

#[test]
fn a_refusal_is_held_back_and_then_said_on_both_links() {
    for condition in CONDITIONS {
        let mut pair = Pair::wanted();
        pair.take();
        pair.link.refuse(LinkError::new(condition, "try elsewhere"), pair.now);
        pair.pass(Duration::from_millis(1_999));
        assert!(pair.names().is_empty(), "{condition} came too early");
        assert_eq!(pair.gone(), None);
        pair.pass(Duration::from_millis(1));
        let said = pair.take();
        let error = Error::new(symbol(condition), Some("try elsewhere".to_owned()), None);
        for (at, handle) in [(0, OUT), (2, IN)] {
            let [Performative::Attach(attach), Performative::Detach(detach)] = &said[at..at + 2] else {
                panic!("{said:?}")
            };
            assert_eq!((attach.handle.0, detach.handle.0, detach.closed), (handle, handle, true));
            assert_eq!((&attach.source, &attach.target), (&None, &None));
            assert_eq!(detach.error.as_ref(), Some(&error));
        }
        assert_eq!(pair.gone(), Some(GoneReason::Refused(LinkError::new(condition, "try elsewhere"))));
        // The library of 2.4.2 answers and leaves the connection open for ever.
        pair.say(detach(IN));
        pair.say(detach(OUT));
        pair.pass(Duration::from_secs(5));
        assert_eq!(pair.names(), ["close"]);
        assert!(pair.link.is_finished());
        assert_eq!(pair.link.poll_timeout(), None);
    }
}

/// As the library reads it, whatever enum the types keep it in.
fn symbol(condition: Condition) -> ErrorCondition {
    let symbol = serde_amqp::to_vec(&Symbol::from(condition.as_str())).unwrap();
    serde_amqp::from_slice(&symbol).unwrap()
}

#[test]
fn a_second_attach_after_the_refusal_gets_the_same() {
    let mut pair = Pair::begun();
    pair.say(Performative::Attach(attach(Role::Sender)));
    pair.link.refuse(LinkError::new(Condition::AuthFailed, "no"), pair.now);
    pair.pass(Duration::from_secs(2));
    assert_eq!(pair.names(), ["open", "begin", "attach", "detach"]);
    pair.say(Performative::Attach(attach(Role::Receiver)));
    let said = pair.take();
    let [Performative::Attach(attach), Performative::Detach(detach)] = &said[..] else { panic!("{said:?}") };
    assert_eq!((&attach.source, &attach.target), (&None, &None));
    assert_eq!(detach.error.as_ref().unwrap().condition, symbol(Condition::AuthFailed));
    pair.link.accept(pair.now);
    assert!(pair.names().is_empty(), "a refusal is not taken back");
}

#[test]
fn what_is_refused_before_it_opens_is_told_in_the_open() {
    let mut pair = Pair::new();
    pair.link.refuse(LinkError::new(Condition::ServerBusy, "later"), pair.now);
    pair.feed(&[&ProtocolHeader::SASL.to_bytes()[..], &sasl_init("EXTERNAL")].concat());
    pair.feed(&ProtocolHeader::AMQP.to_bytes());
    let rest = [
        Performative::Open(open()),
        Performative::Begin(begin()),
        Performative::Attach(attach(Role::Sender)),
    ];
    rest.into_iter().for_each(|performative| pair.say(performative));
    assert!(pair.names().is_empty());
    pair.pass(Duration::from_secs(2));
    let said = pair.take();
    let [Performative::Open(open), Performative::Close(close)] = &said[..] else { panic!("{said:?}") };
    let Some(Value::Described(error)) = open.properties.as_ref().unwrap().get("com.microsoft:open-error")
    else {
        panic!("{open:?}")
    };
    let words = vec![Value::Symbol("com.microsoft:server-busy".into()), Value::from("later")];
    assert_eq!(error.value, Value::List(words));
    // The same bytes as an error elsewhere.
    assert_eq!(
        serde_amqp::to_vec(error).unwrap(),
        serde_amqp::to_vec(close.error.as_ref().unwrap()).unwrap()
    );
    assert!(matches!(pair.gone(), Some(GoneReason::Refused(_))));
    pair.say(super::peer::close());
    assert!(pair.link.is_finished());
    assert!(pair.events.iter().all(|event| !matches!(event, LinkEvent::Wanted(_))));
}

#[test]
fn what_is_refused_before_it_attaches_is_told_at_its_attach() {
    let mut pair = Pair::begun();
    pair.link.refuse(LinkError::new(Condition::ServerBusy, "later"), pair.now);
    pair.pass(Duration::from_secs(3));
    assert_eq!(pair.names(), ["open", "begin"]);
    pair.say(Performative::Attach(attach(Role::Sender)));
    assert_eq!(pair.names(), ["attach", "detach"]);
    assert!(pair.events.iter().all(|event| !matches!(event, LinkEvent::Wanted(_))));
}

#[test]
fn an_attach_that_is_no_listeners_is_refused_in_words() {
    let with = |key: &str, value: Option<Value>| {
        let mut asked = attach(Role::Sender);
        let properties = asked.properties.as_mut().unwrap();
        let key = format!("com.microsoft:{key}");
        match value {
            Some(value) => properties.insert(Symbol::from(key), value),
            None => properties.shift_remove(&Symbol::from(key)),
        };
        asked
    };
    let mut nowhere = attach(Role::Sender);
    nowhere.target = Some(Box::new(TargetArchetype::Target(Default::default())));
    let mut nothing = attach(Role::Sender);
    nothing.properties = None;
    for (asked, words) in [
        (with("listener-type", None), "attach has no property com.microsoft:listener-type"),
        (with("listener-type", Some(Value::from("unicast"))), "listener-type \"unicast\" is unknown"),
        (with("dynamic-relay", None), "attach has no property com.microsoft:dynamic-relay"),
        (
            with("dynamic-relay", Some(Value::from("true"))),
            "property com.microsoft:dynamic-relay has a value of the wrong type",
        ),
        (with("swt", Some(Value::Uint(7))), "property com.microsoft:swt has a value of the wrong type"),
        (nowhere, "attach names no address"),
        (nothing, "attach has no property com.microsoft:listener-type"),
    ] {
        let mut pair = Pair::begun();
        pair.say(Performative::Attach(asked));
        let [LinkEvent::Malformed(bad)] = &pair.events[..] else { panic!("{:?}", pair.events) };
        assert_eq!(bad.to_string(), words);
        let said = LinkError::new(Condition::ArgumentError, words);
        pair.link.refuse(said.clone(), pair.now);
        pair.pass(Duration::from_secs(2));
        assert_eq!(pair.gone(), Some(GoneReason::Refused(said)));
        assert_eq!(pair.names(), ["open", "begin", "attach", "detach"]);
    }
}

#[test]
fn properties_that_nobody_knows_and_nulls_are_passed_over() {
    let mut asked = attach(Role::Receiver);
    let mut properties = properties();
    properties.insert(Symbol::from("com.example:new"), Value::List(vec![Value::Null]));
    properties.insert(Symbol::from("com.microsoft:swt"), Value::Null);
    asked.properties = Some(properties);
    asked.source = Some(Box::new(Source { address: Some(ADDRESS.to_owned()), ..Source::default() }));
    let mut pair = Pair::begun();
    pair.say(Performative::Attach(asked));
    let [LinkEvent::Wanted(request)] = &pair.events[..] else { panic!("{:?}", pair.events) };
    assert!(request.token.is_none());
}

#[test]
fn it_does_not_matter_how_the_bytes_are_cut() {
    let said = [
        ProtocolHeader::SASL.to_bytes().to_vec(),
        sasl_init("EXTERNAL"),
        ProtocolHeader::AMQP.to_bytes().to_vec(),
        encoded(&Performative::Open(open()), &[]),
        encoded(&Performative::Begin(begin()), &[]),
        encoded(&Performative::Attach(attach(Role::Sender)), &[]),
        empty_frame(),
        encoded(&Performative::Attach(attach(Role::Receiver)), &[]),
        encoded(&Performative::Flow(flow(IN)), &[]),
        encoded(&detach(IN), &[]),
        encoded(&end(), &[]),
        encoded(&close(), &[]),
    ]
    .concat();
    let answers = [1, 2, 7, 8, 9, 100, said.len()].map(|piece| {
        let mut pair = Pair::new();
        let (mut read, mut answer) = (Vec::new(), Vec::new());
        for piece in said.chunks(piece) {
            read.extend(piece);
            let used = pair.link.handle_input(&read, pair.now);
            read.drain(..used);
            answer.extend(pair.link.take_output());
        }
        assert!(read.is_empty() && pair.link.is_finished());
        pair.look();
        (answer, pair.events.len())
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(answers[0].1, 2, "Wanted and Gone");
}

//! What no library does.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::peer::*;
use crate::relay::listener_link::{
    Condition, DeliveryId, GoneReason, LinkError, LinkEvent, Outcome, PeerError, Violation,
};
use crate::wire::amqp::types::definitions::{Handle, Role};
use crate::wire::amqp::types::performatives::{Attach, Detach, Disposition, End, Flow, Open};
use crate::wire::amqp::{OrderedMap, Performative, ProtocolHeader, Symbol, Value};

fn sasl() -> Vec<u8> {
    [&ProtocolHeader::SASL.to_bytes()[..], &sasl_init("EXTERNAL")].concat()
}

fn violation(pair: &mut Pair) -> Violation {
    match pair.gone() {
        Some(GoneReason::Misbehaved(violation)) => violation,
        other => panic!("{other:?}"),
    }
}

#[test]
fn another_protocol_is_shown_ours_and_hung_up_on() {
    for (wrong, words) in [
        (&b"AMQP\x00\x01\x00\x00"[..], "header of protocol Amqp where another was due"),
        (b"AMQP\x02\x01\x00\x00", "header of protocol Tls where another was due"),
        (
            b"AMQP\x03\x01\x00\x01",
            "protocol header [41, 4d, 51, 50, 03, 01, 00, 01] is not one of AMQP 1.0.0",
        ),
        (b"GET / HTTP/1.1\r\n\r\n", "frame of 1195725856 bytes exceeds the limit of 65536 bytes"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", "frame of 369295618 bytes exceeds the limit of 65536 bytes"),
        (b"\x00\x00\x00\x08\x02\x05\x00\x00", "frame type 0x05 is unknown"),
    ] {
        let mut pair = Pair::new();
        pair.feed(wrong);
        assert_eq!(violation(&mut pair).to_string(), words);
        assert_eq!(pair.small_talk, ["Sasl"], "{words}");
        assert!(pair.link.is_finished() && pair.names().is_empty());
    }
    let mut pair = Pair::new();
    pair.feed(&sasl());
    pair.feed(&ProtocolHeader::SASL.to_bytes());
    assert_eq!(pair.small_talk.last().unwrap(), "Amqp");
    assert!(pair.link.is_finished());
}

#[test]
fn another_mechanism_is_refused_in_the_outcome() {
    for init in [sasl_init("PLAIN"), sasl_init(""), encoded(&Performative::Open(open()), &[])] {
        let mut pair = Pair::new();
        pair.feed(&ProtocolHeader::SASL.to_bytes());
        pair.link.handle_input(&init, pair.now);
        assert_eq!(
            pair.link.take_output(),
            b"\x00\x00\x00\x10\x02\x01\x00\x00\x00\x53\x44\xc0\x03\x01\x50\x01",
            "outcome 1, auth"
        );
        violation(&mut pair);
        assert!(pair.link.is_finished());
    }
}

/// What is said to a listener that is online, and what it is told.
fn offences() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let say = |performative: Performative| encoded(&performative, &[]);
    let attach_with = |change: &dyn Fn(&mut Attach)| {
        let mut asked = attach(Role::Sender);
        change(&mut asked);
        say(Performative::Attach(asked))
    };
    let mut channel_7 = say(end());
    channel_7[7] = 7;
    let mut token = OrderedMap::new();
    token.insert(Symbol::from("com.microsoft:swt"), Value::Uint(1));
    let mut received = transfer(Some(0), false);
    received.handle = Handle(IN);
    vec![
        ("a second open", say(Performative::Open(open())), "amqp:illegal-state"),
        ("a header in between", ProtocolHeader::AMQP.to_bytes().to_vec(), "amqp:connection:framing-error"),
        ("SASL in between", sasl_init("EXTERNAL"), "amqp:illegal-state"),
        ("a second session", say(Performative::Begin(begin())), "amqp:resource-limit-exceeded"),
        ("a channel without session", channel_7, "amqp:not-allowed"),
        ("a third link", attach_with(&|asked| asked.handle = Handle(2)), "amqp:resource-limit-exceeded"),
        ("a handle too large", attach_with(&|asked| asked.handle = Handle(256)), "amqp:invalid-field"),
        ("a flow for nothing", say(Performative::Flow(flow(9))), "amqp:session:unattached-handle"),
        (
            "a token that is a number",
            say(Performative::Flow(Flow { properties: Some(token), ..flow(IN) })),
            "amqp:invalid-field",
        ),
        (
            "a detach of nothing",
            say(Performative::Detach(Detach { handle: Handle(9), closed: true, error: None })),
            "amqp:session:unattached-handle",
        ),
        (
            "a transfer on the other link",
            encoded(&Performative::Transfer(received), b"x"),
            "amqp:not-allowed",
        ),
        (
            "a transfer that continues nothing",
            encoded(&Performative::Transfer(transfer(None, false)), b"x"),
            "amqp:invalid-field",
        ),
        (
            "two messages at once",
            [
                encoded(&Performative::Transfer(transfer(Some(0), true)), b"x"),
                encoded(&Performative::Transfer(transfer(Some(1), true)), b"x"),
            ]
            .concat(),
            "amqp:invalid-field",
        ),
        (
            "a message that is too long",
            [
                encoded(&Performative::Transfer(transfer(Some(0), true)), &[0; 65_000]),
                encoded(&Performative::Transfer(transfer(None, true)), &[0; 537]),
            ]
            .concat(),
            "amqp:link:message-size-exceeded",
        ),
        (
            "more messages than credit",
            (0..101)
                .flat_map(|id| encoded(&Performative::Transfer(transfer(Some(id), false)), b"x"))
                .collect(),
            "amqp:link:transfer-limit-exceeded",
        ),
        (
            "a disposition that runs backwards",
            say(Performative::Disposition(Disposition { ..accepted(5, Some(4)) })),
            "amqp:invalid-field",
        ),
        ("a frame too large", vec![0, 1, 0, 1, 2, 0, 0, 0], "amqp:connection:framing-error"),
        ("a frame too small", vec![0, 0, 0, 7, 2, 0, 0, 0], "amqp:connection:framing-error"),
        ("a body outside its frame", vec![0, 0, 0, 8, 3, 0, 0, 0], "amqp:connection:framing-error"),
        ("a body inside the head", vec![0, 0, 0, 8, 1, 0, 0, 0], "amqp:connection:framing-error"),
        ("a body that is no performative", b"\0\0\0\x09\x02\0\0\0\x40".to_vec(), "amqp:decode-error"),
        ("an unknown performative", b"\0\0\0\x0c\x02\0\0\0\0\x53\x19\x45".to_vec(), "amqp:decode-error"),
        ("a list that lies", b"\0\0\0\x0f\x02\0\0\0\0\x53\x17\xc0\x01\xff\x40".to_vec(), "amqp:decode-error"),
        (
            "values without end",
            b"\0\0\0\x19\x02\0\0\0\0\x53\x17\xd0\0\0\0\x09\x7f\xff\xff\xff\x40\x40\x40\x40\x40".to_vec(),
            "amqp:decode-error",
        ),
        (
            "an array of four thousand nulls",
            b"\0\0\0\x15\x02\0\0\0\0\x53\x17\xf0\0\0\0\x05\0\0\x10\0\x40".to_vec(),
            "amqp:resource-limit-exceeded",
        ),
        (
            "values too deep",
            [&b"\0\0\0\x1a\x02\0\0\0"[..], &[0; 18]].concat(),
            "amqp:resource-limit-exceeded",
        ),
        ("bytes behind an end", b"\0\0\0\x0d\x02\0\0\0\0\x53\x17\x45\x40".to_vec(), "amqp:decode-error"),
    ]
}

#[test]
fn each_offence_is_answered_by_a_close_that_says_what_it_was() {
    for (what, bytes, condition) in offences() {
        let mut pair = Pair::online(10);
        pair.feed(&bytes);
        let offence = violation(&mut pair);
        let said = pair.take();
        let Some(Performative::Close(close)) = said.last() else { panic!("{what}: {said:?}") };
        let error = close.error.clone().unwrap();
        assert_eq!(error.description, Some(offence.to_string()), "{what}");
        let told = PeerError::from(error);
        assert_eq!(told.condition, condition, "{what}");
        pair.pass(Duration::from_secs(5));
        assert!(pair.link.is_finished(), "{what}");
        assert_eq!(pair.events.iter().filter(|event| matches!(event, LinkEvent::Gone(_))).count(), 1);
    }
}

#[test]
fn an_open_that_cannot_be_kept_is_answered_by_one_and_a_close() {
    for (open, condition) in [
        (Open { max_frame_size: 511.into(), ..open() }, "amqp:invalid-field"),
        (Open { idle_time_out: Some(1), ..open() }, "amqp:not-allowed"),
    ] {
        let mut pair = Pair::new();
        pair.feed(&sasl());
        pair.feed(&ProtocolHeader::AMQP.to_bytes());
        pair.say(Performative::Open(open));
        let said = pair.take();
        let [Performative::Open(_), Performative::Close(close)] = &said[..] else { panic!("{said:?}") };
        let told = PeerError::from(close.error.clone().unwrap());
        assert_eq!(told.condition, condition);
    }
    let mut pair = Pair::new();
    pair.feed(&sasl());
    pair.feed(&ProtocolHeader::AMQP.to_bytes());
    pair.say(Performative::Begin(begin()));
    assert_eq!(pair.names(), ["open", "close"]);
}

#[test]
fn links_before_a_session_and_pairs_that_do_not_match_are_refused() {
    let mut pair = Pair::new();
    pair.feed(&sasl());
    pair.feed(&ProtocolHeader::AMQP.to_bytes());
    pair.say(Performative::Open(open()));
    pair.say(Performative::Attach(attach(Role::Sender)));
    assert_eq!(violation(&mut pair), Violation::UnknownChannel(0));

    let mut pair = Pair::begun();
    pair.say(Performative::End(End { error: None }));
    pair.say(Performative::Begin(begin()));
    assert!(matches!(pair.gone(), Some(GoneReason::Ended(None))));

    let second = |change: &dyn Fn(&mut Attach)| {
        let mut pair = Pair::begun();
        pair.say(Performative::Attach(attach(Role::Sender)));
        let mut asked = attach(Role::Receiver);
        change(&mut asked);
        pair.say(Performative::Attach(asked));
        violation(&mut pair)
    };
    assert_eq!(second(&|asked| asked.name = "RelayLink_8:in".to_owned()), Violation::PairDiffers("name"));
    assert_eq!(second(&|asked| asked.source = None), Violation::PairDiffers("address"));
    assert_eq!(second(&|asked| asked.handle = Handle(OUT)), Violation::HandleInUse(OUT));
    assert_eq!(second(&|asked| *asked = attach(Role::Sender)), Violation::SurplusLink);
}

#[test]
fn descriptions_hold_nothing_secret() {
    for (what, bytes, _) in offences() {
        let mut pair = Pair::online(10);
        pair.feed(&bytes);
        let words = violation(&mut pair).to_string();
        assert!(!words.contains("SharedAccessSignature") && words.len() < 200, "{what}: {words}");
    }
}

/// What a listener may say at any time, in order or not.
fn words() -> impl Strategy<Value = Vec<u8>> {
    let handle = prop_oneof![Just(OUT), Just(IN), 0u32..300];
    prop_oneof![
        Just(ProtocolHeader::SASL.to_bytes().to_vec()),
        Just(ProtocolHeader::AMQP.to_bytes().to_vec()),
        Just(sasl_init("EXTERNAL")),
        Just(empty_frame()),
        Just(encoded(&Performative::Open(open()), &[])),
        Just(encoded(&Performative::Begin(begin()), &[])),
        Just(encoded(&Performative::Attach(attach(Role::Sender)), &[])),
        Just(encoded(&Performative::Attach(attach(Role::Receiver)), &[])),
        (handle.clone(), any::<u32>(), any::<u32>(), any::<bool>(), any::<bool>()).prop_map(
            |(handle, credit, count, drain, echo)| {
                let flow = Flow {
                    link_credit: Some(credit),
                    delivery_count: Some(count),
                    drain,
                    echo,
                    ..flow(handle)
                };
                encoded(&Performative::Flow(flow), &[])
            }
        ),
        (any::<u32>(), any::<u32>()).prop_map(|(next, window)| {
            let flow = Flow {
                next_incoming_id: Some(next),
                incoming_window: window % 8,
                handle: None,
                delivery_count: None,
                ..flow(0)
            };
            encoded(&Performative::Flow(flow), &[])
        }),
        (0u32..9, proptest::option::of(0u32..12), any::<bool>()).prop_map(|(first, last, settled)| {
            encoded(&Performative::Disposition(Disposition { settled, ..accepted(first, last) }), &[])
        }),
        (proptest::option::of(0u32..3), any::<bool>(), vec(any::<u8>(), 0..9))
            .prop_map(|(id, more, payload)| encoded(&Performative::Transfer(transfer(id, more)), &payload)),
        handle.prop_map(|handle| encoded(&detach(handle), &[])),
        Just(encoded(&end(), &[])),
        Just(encoded(&close(), &[])),
        vec(any::<u8>(), 0..12),
    ]
}

/// What happens between two of them.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Accept,
    Refuse,
    Detach,
    Close,
    Send(usize),
    Settle(u32),
    Pass(u64),
    Nothing,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Accept),
        1 => Just(Deed::Refuse),
        1 => Just(Deed::Detach),
        1 => Just(Deed::Close),
        4 => (0usize..3_000).prop_map(Deed::Send),
        1 => (0u32..3).prop_map(Deed::Settle),
        2 => (0u64..40_000).prop_map(Deed::Pass),
        6 => Just(Deed::Nothing),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever is said and done: no panic, at most one of each of Wanted, Online and Gone, nothing behind Gone, frames that decode and
    /// fit, no deadline forgotten.
    #[test]
    fn any_conversation_ends_in_order(start in 0usize..3, talk in vec((words(), deed()), 0..24)) {
        let mut pair = match start {
            0 => Pair::new(),
            1 => Pair::begun(),
            _ => Pair::online(3),
        };
        for (bytes, deed) in talk {
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let used = pair.link.handle_input(rest, pair.now);
                pair.look();
                if used == 0 {
                    break;
                }
                rest = &rest[used..];
            }
            let error = || LinkError::new(Condition::Timeout, "later");
            match deed {
                Deed::Accept => pair.link.accept(pair.now),
                Deed::Refuse => pair.link.refuse(error(), pair.now),
                Deed::Detach => pair.link.detach(Some(error()), pair.now),
                Deed::Close => pair.link.close(None, pair.now),
                Deed::Send(len) => { let _ = pair.link.send(vec![7; len].into(), pair.now); }
                Deed::Settle(id) => {
                    let outcome = Outcome::Accepted;
                    pair.link.settle(DeliveryId(id), &outcome, pair.now);
                }
                Deed::Pass(ms) => pair.pass(Duration::from_millis(ms)),
                Deed::Nothing => {}
            }
            pair.look();
        }
        // Left alone, every connection ends.
        pair.pass(Duration::from_secs(200));
        prop_assert!(pair.link.is_finished());
        prop_assert!(pair.link.poll_timeout().is_none());
        let last = pair.events.iter().position(|event| matches!(event, LinkEvent::Gone(_)));
        prop_assert!(last.is_some() && last == pair.events.len().checked_sub(1), "{:?}", pair.events);
        for kind in [|event: &LinkEvent| matches!(event, LinkEvent::Wanted(_) | LinkEvent::Malformed(_)), |event: &LinkEvent| matches!(event, LinkEvent::Online)] {
            prop_assert!(pair.events.iter().filter(|event| kind(event)).count() <= 1);
        }
    }
}

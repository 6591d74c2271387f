//! Messages both ways, credit, windows, outcomes, tokens.

use bytes::Bytes;
use secrecy::ExposeSecret;

use super::peer::*;
use crate::relay::listener_link::{DeliveryId, LinkEvent, Outcome, SendError};
use crate::wire::amqp::types::definitions::{AmqpError, Error};
use crate::wire::amqp::types::messaging::{DeliveryState, Modified, Received, Rejected, Released};
use crate::wire::amqp::types::performatives::{Disposition, Flow, Open};
use crate::wire::amqp::{AmqpLimits, OrderedMap, Performative, Symbol, Value, data_section};

fn envelope(len: usize) -> Bytes {
    (0..len).map(|at| at as u8).collect::<Vec<_>>().into()
}

fn fates(pair: &Pair) -> Vec<(u32, Outcome)> {
    let events = pair.events.iter();
    let fate = events.filter_map(|event| match event {
        LinkEvent::Delivered { delivery, outcome } => Some((delivery.0, outcome.clone())),
        _ => None,
    });
    fate.collect()
}

#[test]
fn a_message_is_one_data_section_in_one_transfer() {
    let mut pair = Pair::online(1_000);
    let sent = pair.link.send(envelope(646), pair.now).unwrap();
    let said = pair.take_with_payload();
    let [(Performative::Transfer(transfer), payload)] = &said[..] else { panic!("{said:?}") };
    assert_eq!((transfer.delivery_id, transfer.settled, transfer.more), (Some(sent.0), Some(false), false));
    assert_eq!(transfer.message_format, Some(0));
    assert!(transfer.delivery_tag.as_ref().unwrap().len() <= 32);
    assert_eq!(data_section(payload, &AmqpLimits::default()), Ok(Some(envelope(646).to_vec())));
}

#[test]
fn a_long_message_is_cut_into_frames_that_the_listener_takes() {
    for (max_frame, len) in
        [(512, 512), (512, 5_000), (65_536, 65_536), (65_536, 200_000), (u32::MAX, 70_000)]
    {
        let mut pair = Pair::opened(Open { max_frame_size: max_frame.into(), ..open() });
        pair.come_online(10);
        pair.link.send(envelope(len), pair.now).unwrap();
        let frames = pair.take_with_payload();
        let mut whole = Vec::new();
        for (at, (performative, payload)) in frames.iter().enumerate() {
            let Performative::Transfer(transfer) = performative else { panic!("{performative:?}") };
            assert_eq!(transfer.more, at + 1 < frames.len());
            assert_eq!(transfer.delivery_id.is_some(), at == 0);
            let size = encoded(performative, payload).len();
            assert!(size <= max_frame.min(65_536) as usize, "{size} bytes");
            if transfer.more {
                assert_eq!(size, max_frame.min(65_536) as usize, "room was left in a frame");
            }
            whole.extend(payload);
        }
        assert!(frames.len() > 1, "{max_frame} {len}");
        assert_eq!(data_section(&whole, &AmqpLimits::default()), Ok(Some(envelope(len).to_vec())));
    }
}

#[test]
fn credit_is_kept_to_and_its_return_is_said_once() {
    let mut pair = Pair::online(2);
    for _ in 0..2 {
        pair.link.send(envelope(1), pair.now).unwrap();
    }
    assert_eq!(pair.link.send(envelope(1), pair.now), Err(SendError::NoCredit));
    // Credit back to 1 after the first of them; it is no credit yet: [AMQP 2.6.7].
    pair.say(Performative::Flow(Flow { link_credit: Some(1), delivery_count: Some(1), ..flow(IN) }));
    assert!(!pair.link.is_ready() && pair.events.is_empty());
    pair.say(Performative::Flow(Flow { link_credit: Some(5), delivery_count: Some(1), ..flow(IN) }));
    pair.say(Performative::Flow(Flow { link_credit: Some(6), delivery_count: Some(1), ..flow(IN) }));
    assert!(matches!(pair.events[..], [LinkEvent::Ready]));
    for _ in 0..5 {
        pair.link.send(envelope(1), pair.now).unwrap();
    }
    assert_eq!(pair.link.send(envelope(1), pair.now), Err(SendError::NoCredit));
}

#[test]
fn a_drain_uses_the_credit_up() {
    let mut pair = Pair::online(7);
    pair.say(Performative::Flow(Flow { link_credit: Some(7), drain: true, ..flow(IN) }));
    let said = pair.take();
    let [Performative::Flow(answer)] = &said[..] else { panic!("{said:?}") };
    assert_eq!((answer.delivery_count, answer.link_credit, answer.drain), (Some(7), Some(0), true));
    assert_eq!(pair.link.send(envelope(1), pair.now), Err(SendError::NoCredit));
}

#[test]
fn a_message_that_the_window_cuts_off_goes_on_when_it_opens() {
    let mut pair = Pair::online(10);
    pair.say(Performative::Flow(Flow { incoming_window: 2, link_credit: Some(10), ..flow(IN) }));
    pair.link.send(envelope(150_000), pair.now).unwrap();
    assert_eq!(pair.names(), ["transfer", "transfer"]);
    assert_eq!(pair.link.send(envelope(1), pair.now), Err(SendError::Busy));
    pair.events.clear();
    let opened = Flow { next_incoming_id: Some(3), incoming_window: 2, handle: None, ..flow(IN) };
    pair.say(Performative::Flow(Flow { delivery_count: None, ..opened }));
    let said = pair.take();
    let [Performative::Transfer(last)] = &said[..] else { panic!("{said:?}") };
    assert!(!last.more);
    assert!(matches!(pair.events[..], [LinkEvent::Ready]));
}

#[test]
fn outcomes_are_told_once_for_each_message() {
    let mut pair = Pair::online(100);
    for _ in 0..8 {
        pair.link.send(envelope(1), pair.now).unwrap();
    }
    pair.take();
    let settled =
        |first, last, state| Performative::Disposition(Disposition { state, ..accepted(first, last) });
    let error = Error::new(AmqpError::NotFound, Some("gone".to_owned()), None);
    pair.say(Performative::Disposition(accepted(0, Some(2))));
    pair.say(Performative::Disposition(accepted(1, Some(3))));
    pair.say(settled(4, None, Some(DeliveryState::Rejected(Rejected { error: Some(error) }))));
    pair.say(settled(5, None, Some(DeliveryState::Released(Released {}))));
    let modified =
        Modified { delivery_failed: Some(true), undeliverable_here: None, message_annotations: None };
    pair.say(settled(6, None, Some(DeliveryState::Modified(modified))));
    pair.say(settled(7, None, None));
    pair.say(settled(90, Some(99), None));
    let fates = fates(&pair);
    let accepted = |id| (id, Outcome::Accepted);
    assert_eq!(fates[..4], [accepted(0), accepted(1), accepted(2), accepted(3)]);
    let Outcome::Rejected(Some(error)) = &fates[4].1 else { panic!("{fates:?}") };
    assert_eq!((error.condition.as_str(), error.description.as_deref()), ("amqp:not-found", Some("gone")));
    assert_eq!(fates[5..], [(5, Outcome::Released), (6, Outcome::Modified), (7, Outcome::Unstated)]);
    assert_eq!(pair.link.unsettled(), 0);
    assert!(pair.names().is_empty());
}

#[test]
fn a_listener_that_settles_second_is_settled_to() {
    let mut pair = Pair::online(100);
    pair.link.send(envelope(1), pair.now).unwrap();
    pair.take();
    let received = Received { section_number: 0, section_offset: 0 };
    let state = Some(DeliveryState::Received(received));
    pair.say(Performative::Disposition(Disposition { settled: false, state, ..accepted(0, None) }));
    assert!(fates(&pair).is_empty() && pair.names().is_empty());
    pair.say(Performative::Disposition(Disposition { settled: false, ..accepted(0, None) }));
    let said = pair.take();
    let [Performative::Disposition(answer)] = &said[..] else { panic!("{said:?}") };
    assert!(answer.settled && answer.first == 0);
    assert_eq!(fates(&pair), [(0, Outcome::Accepted)]);
}

#[test]
fn a_forgotten_message_has_no_outcome() {
    let mut pair = Pair::online(100);
    let sent = pair.link.send(envelope(1), pair.now).unwrap();
    pair.link.forget(sent);
    pair.say(Performative::Disposition(accepted(0, None)));
    assert!(pair.events.is_empty());
}

#[test]
fn unsettled_messages_are_bounded_whatever_credit_there_is() {
    let mut pair = Pair::online_with(u32::MAX, |terms| terms.unsettled = 3);
    for _ in 0..3 {
        pair.link.send(envelope(1), pair.now).unwrap();
    }
    assert_eq!(pair.link.send(envelope(1), pair.now), Err(SendError::Busy));
    pair.say(Performative::Disposition(accepted(1, None)));
    assert!(matches!(pair.events[..], [LinkEvent::Delivered { .. }, LinkEvent::Ready]));
    pair.link.send(envelope(1), pair.now).unwrap();
}

#[test]
fn a_new_token_on_both_links_is_told_once() {
    let mut pair = Pair::online(1_000);
    let renewal = |handle, token: &str| {
        let mut properties = OrderedMap::new();
        properties.insert(Symbol::from("com.microsoft:swt"), Value::from(token));
        Performative::Flow(Flow { properties: Some(properties), link_credit: Some(1_000), ..flow(handle) })
    };
    for token in ["two", "three"] {
        pair.say(renewal(IN, token));
        pair.say(renewal(OUT, token));
    }
    // A listener that tells it on one link alone.
    pair.say(renewal(OUT, "four"));
    pair.say(renewal(OUT, "five"));
    let tokens: Vec<_> = pair
        .events
        .iter()
        .map(|event| match event {
            LinkEvent::Renewed(token) => token.expose_secret(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(tokens, ["two", "three", "four", "five"]);
    assert!(pair.names().is_empty(), "nothing is answered");
    assert!(pair.link.is_ready());
}

#[test]
fn an_echo_is_answered() {
    let mut pair = Pair::online(5);
    pair.say(Performative::Flow(Flow { echo: true, link_credit: Some(5), ..flow(IN) }));
    pair.say(Performative::Flow(Flow { echo: true, ..flow(OUT) }));
    pair.say(Performative::Flow(Flow { echo: true, handle: None, delivery_count: None, ..flow(OUT) }));
    let credits: Vec<_> = pair
        .take()
        .into_iter()
        .map(|performative| match performative {
            Performative::Flow(flow) => (flow.handle.map(|handle| handle.0), flow.link_credit),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(credits, [(Some(IN), Some(5)), (Some(OUT), Some(100)), (None, None)]);
}

#[test]
fn a_listeners_message_is_put_together_and_settled() {
    let mut pair = Pair::online(5);
    pair.transfer(transfer(Some(9), true), b"\x00\x53\x75\xa0");
    pair.transfer(transfer(None, true), b"\x04ab");
    assert!(pair.events.is_empty());
    pair.transfer(transfer(Some(9), false), b"cd");
    let [LinkEvent::Message { delivery: DeliveryId(9), settled: false, message }] = &pair.events[..] else {
        panic!("{:?}", pair.events)
    };
    assert_eq!(data_section(message, &AmqpLimits::default()), Ok(Some(b"abcd".to_vec())));
    pair.link.settle(DeliveryId(9), &Outcome::Released, pair.now);
    let said = pair.take();
    let [Performative::Disposition(settled)] = &said[..] else { panic!("{said:?}") };
    assert_eq!((settled.first, settled.settled), (9, true));
    assert_eq!(settled.state, Some(DeliveryState::Released(Released {})));
}

#[test]
fn a_message_that_is_taken_back_is_none() {
    let mut pair = Pair::online(5);
    pair.transfer(transfer(Some(0), true), b"ab");
    let mut aborted = transfer(None, false);
    aborted.aborted = true;
    pair.transfer(aborted, b"");
    pair.transfer(transfer(Some(1), false), b"cd");
    assert!(matches!(&pair.events[..], [LinkEvent::Message { delivery: DeliveryId(1), .. }]));
}

#[test]
fn a_listener_gets_new_credit_and_a_new_window_as_it_sends() {
    let mut pair = Pair::online(5);
    let mut flows = Vec::new();
    for delivery in 0..6_000 {
        pair.transfer(transfer(Some(delivery), false), b"x");
        pair.link.settle(DeliveryId(delivery), &Outcome::Accepted, pair.now);
        flows.extend(pair.take().into_iter().filter(|said| matches!(said, Performative::Flow(_))));
    }
    assert_eq!(pair.gone(), None);
    assert!((100..200).contains(&flows.len()), "{} flows", flows.len());
    // Messages that nobody settles use the credit up.
    for delivery in 6_000..6_101 {
        pair.transfer(transfer(Some(delivery), false), b"x");
    }
    assert!(pair.gone().is_some());
}

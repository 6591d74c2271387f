//! Deadlines, signs of life, and what an idle link costs.

use std::time::Duration;

use super::peer::*;
use crate::relay::listener_link::{GoneReason, LinkEvent, ListenerLink};
use crate::wire::amqp::types::definitions::Role;
use crate::wire::amqp::types::performatives::{Flow, Open};
use crate::wire::amqp::{Performative, ProtocolHeader};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn every_step_of_the_handshake_is_under_one_deadline() {
    let steps = [
        ProtocolHeader::SASL.to_bytes().to_vec(),
        sasl_init("EXTERNAL"),
        ProtocolHeader::AMQP.to_bytes().to_vec(),
        encoded(&Performative::Open(open()), &[]),
        encoded(&Performative::Begin(begin()), &[]),
        encoded(&Performative::Attach(attach(Role::Sender)), &[]),
        encoded(&Performative::Attach(attach(Role::Receiver)), &[]),
    ];
    for count in 0..=steps.len() {
        let mut pair = Pair::new();
        for step in &steps[..count] {
            pair.feed(step);
            pair.pass(SECOND);
        }
        pair.pass(SECOND * 30 - SECOND * count as u32 - Duration::from_millis(1));
        assert_eq!(pair.gone(), None, "{count} steps");
        pair.pass(Duration::from_millis(1));
        assert_eq!(pair.gone(), Some(GoneReason::HandshakeTimeout), "{count} steps");
        let names = pair.names();
        match count {
            0..=3 => assert!(names.is_empty(), "{names:?}"),
            4 | 5 => assert_eq!(names.last(), Some(&"close")),
            _ => assert_eq!(names[names.len() - 2..], ["attach", "detach"]),
        }
        pair.pass(SECOND * 5);
        assert!(pair.link.is_finished(), "{count} steps");
    }
}

#[test]
fn half_a_listener_is_sent_away_in_time() {
    let mut pair = Pair::begun();
    pair.say(Performative::Attach(attach(Role::Sender)));
    pair.link.accept(pair.now);
    pair.take();
    pair.pass(SECOND * 30);
    assert_eq!(pair.names(), ["detach"]);
    assert_eq!(pair.gone(), Some(GoneReason::HandshakeTimeout));
    pair.pass(SECOND * 5);
    assert!(pair.link.is_finished());
}

#[test]
fn empty_frames_go_out_while_nothing_else_does() {
    let mut pair = Pair::online(10);
    pair.small_talk.clear();
    for _ in 0..9 {
        pair.pass(SECOND * 20);
        pair.feed(&empty_frame());
    }
    assert_eq!(pair.small_talk, ["Empty"; 7]);
    assert!(pair.events.is_empty());
    pair.small_talk.clear();
    pair.pass(SECOND * 4);
    pair.link.send("x".into(), pair.now).unwrap();
    pair.take();
    pair.pass(SECOND * 24);
    assert!(pair.small_talk.is_empty(), "a message is a sign of life");
    pair.pass(SECOND);
    assert_eq!(pair.small_talk, ["Empty"]);
}

#[test]
fn a_listener_that_wants_more_signs_of_life_gets_them() {
    let mut pair = Pair::opened(Open { idle_time_out: Some(10_000), ..open() });
    pair.small_talk.clear();
    pair.pass(SECOND * 21);
    assert_eq!(pair.small_talk, ["Empty"; 4]);
}

#[test]
fn a_silent_listener_is_gone_and_half_a_frame_is_silence() {
    let mut pair = Pair::online(10);
    pair.pass(SECOND * 100);
    pair.feed(&empty_frame());
    pair.pass(SECOND * 100);
    assert_eq!(pair.link.handle_input(&empty_frame()[..7], pair.now), 0);
    pair.pass(SECOND * 80 - Duration::from_millis(1));
    assert_eq!(pair.gone(), None);
    pair.take();
    pair.pass(Duration::from_millis(1));
    assert_eq!(pair.gone(), Some(GoneReason::Silent));
    assert_eq!(pair.names(), ["close"]);
    pair.pass(SECOND * 5);
    assert!(pair.link.is_finished());
}

#[test]
fn a_listener_that_asks_and_never_reads_is_not_listened_to() {
    let mut pair = Pair::online(10);
    let echo = encoded(&Performative::Flow(Flow { echo: true, ..flow(OUT) }), &[]);
    let flood = echo.repeat(10_000);
    let used = pair.link.handle_input(&flood, pair.now);
    assert!(used < flood.len());
    assert_eq!(pair.link.handle_input(&flood[used..], pair.now), 0);
    let output = pair.link.take_output().len();
    assert!((64 << 10..65 << 10).contains(&output), "{output} bytes");
    assert!(pair.link.handle_input(&flood[used..], pair.now) > 0);
}

#[test]
fn an_idle_listener_costs_less_than_half_a_kibibyte() {
    // Nothing of it lies elsewhere: names are given up, queues and output are empty and without memory of their own.
    let pair = Pair::online(1_000);
    assert!(size_of::<ListenerLink>() < 512, "{} bytes", size_of::<ListenerLink>());
    let shown = format!("{:?}", pair.link);
    for empty in
        ["names: None", "refusal: None", "output: Output([])", "events: []", "unsettled: []", "open: None"]
    {
        assert!(shown.contains(empty), "{empty} is not in {shown}");
    }
    assert!(!pair.events.iter().any(|event| matches!(event, LinkEvent::Gone(_))));
}

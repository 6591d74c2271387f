//! How a control link ends, whoever ends it.

use std::time::Duration;

use super::peer::*;
use crate::relay::listener_link::{Condition, GoneReason, LinkError, LinkEvent, PeerError, SendError};
use crate::wire::amqp::Performative;
use crate::wire::amqp::types::definitions::{ConnectionError, Error, Handle, Role};
use crate::wire::amqp::types::performatives::{Close, Detach};

#[test]
fn a_service_that_stops_is_answered_each_word() {
    let mut pair = Pair::online(10);
    pair.say(detach(IN));
    assert_eq!(pair.gone(), Some(GoneReason::Detached(None)));
    assert_eq!(pair.link.send("x".into(), pair.now), Err(SendError::NotOnline));
    pair.say(detach(OUT));
    pair.say(end());
    pair.say(close());
    assert_eq!(pair.names(), ["detach", "detach", "end", "close"]);
    assert!(pair.link.is_finished());
    assert!(matches!(pair.events[..], [LinkEvent::Gone(_)]));
}

#[test]
fn a_service_that_stops_without_end_or_with_one_link_alone_is_answered_too() {
    let mut pair = Pair::online(10);
    pair.say(detach(OUT));
    pair.say(close());
    assert_eq!(pair.names(), ["detach", "close"]);
    assert!(pair.link.is_finished());
}

#[test]
fn a_detach_that_does_not_close_is_answered_alike() {
    let mut pair = Pair::online(10);
    pair.say(Performative::Detach(Detach { handle: Handle(IN), closed: false, error: None }));
    let said = pair.take();
    let [Performative::Detach(answer)] = &said[..] else { panic!("{said:?}") };
    assert!(!answer.closed && answer.handle.0 == IN);
}

#[test]
fn what_the_listener_says_at_its_end_is_passed_on() {
    let error = Error::new(ConnectionError::ConnectionForced, Some("maintenance".to_owned()), None);
    let told = PeerError {
        condition: "amqp:connection:forced".to_owned(),
        description: Some("maintenance".to_owned()),
    };
    let mut pair = Pair::online(10);
    pair.say(Performative::Close(Close { error: Some(error.clone()) }));
    assert_eq!(pair.gone(), Some(GoneReason::Closed(Some(told.clone()))));
    let mut pair = Pair::online(10);
    pair.say(Performative::Detach(Detach { handle: Handle(IN), closed: true, error: Some(error) }));
    assert_eq!(pair.gone(), Some(GoneReason::Detached(Some(told))));
}

#[test]
fn a_listener_that_is_sent_away_is_told_on_both_links_at_once() {
    let error = LinkError::new(Condition::ConnectionForced, "the gateway stops");
    for error in [Some(error), None] {
        let mut pair = Pair::online(10);
        pair.link.detach(error.clone(), pair.now);
        let said = pair.take();
        let [Performative::Detach(one), Performative::Detach(two)] = &said[..] else { panic!("{said:?}") };
        assert_eq!((one.handle.0, two.handle.0), (IN, OUT));
        assert!(one.closed && one.error == two.error && one.error.is_some() == error.is_some());
        assert_eq!(pair.gone(), Some(GoneReason::SentAway(error)));
        pair.say(detach(OUT));
        pair.say(detach(IN));
        pair.say(end());
        pair.say(close());
        assert_eq!(pair.names(), ["end", "close"]);
        assert!(pair.link.is_finished());
    }
}

#[test]
fn a_listener_that_does_not_go_is_hung_up_on() {
    let mut pair = Pair::online(10);
    pair.link.detach(None, pair.now);
    pair.take();
    // What was under way when it was sent away is no offence.
    pair.say(Performative::Disposition(accepted(0, None)));
    pair.transfer(transfer(Some(0), false), b"x");
    pair.pass(Duration::from_millis(4_999));
    assert!(!pair.link.is_finished());
    pair.pass(Duration::from_millis(1));
    assert_eq!(pair.names(), ["close"]);
    assert!(pair.link.is_finished());
    assert!(matches!(pair.events[..], [LinkEvent::Gone(_)]));
}

#[test]
fn a_listener_that_leaves_before_the_decision_is_let_go() {
    let mut pair = Pair::wanted();
    pair.take();
    pair.say(detach(OUT));
    let said = pair.take();
    let [Performative::Attach(attach), Performative::Detach(_)] = &said[..] else { panic!("{said:?}") };
    assert_eq!(attach.source, None);
    assert_eq!(pair.gone(), Some(GoneReason::Detached(None)));
    pair.link.accept(pair.now);
    pair.link.refuse(LinkError::new(Condition::AuthFailed, "no"), pair.now);
    assert!(pair.names().is_empty());
    pair.pass(Duration::from_secs(60));
    assert!(pair.link.is_finished());
}

#[test]
fn a_connection_that_breaks_is_gone_once() {
    for mut pair in [Pair::new(), Pair::begun(), Pair::wanted(), Pair::online(1)] {
        pair.link.handle_eof();
        pair.link.handle_eof();
        assert_eq!(pair.gone(), Some(GoneReason::Disconnected));
        assert!(pair.link.is_finished() && pair.link.poll_timeout().is_none());
        let gone = pair.events.iter().filter(|event| matches!(event, LinkEvent::Gone(_))).count();
        assert_eq!(gone, 1);
        let used = pair.link.handle_input(b"anything", pair.now);
        assert_eq!(used, 8);
        pair.link.accept(pair.now);
        pair.link.detach(None, pair.now);
        pair.link.close(None, pair.now);
        assert!(pair.link.take_output().is_empty() && pair.link.next_event().is_none());
    }
}

#[test]
fn a_close_of_ours_passes_over_everything_until_theirs() {
    let mut pair = Pair::online(10);
    pair.link.close(Some(LinkError::new(Condition::InternalError, "lost")), pair.now);
    assert_eq!(pair.names(), ["close"]);
    pair.say(Performative::Attach(attach(Role::Sender)));
    pair.say(detach(77));
    assert!(pair.names().is_empty() && !pair.link.is_finished());
    pair.say(close());
    assert!(pair.link.is_finished());
    assert!(pair.names().is_empty());
}

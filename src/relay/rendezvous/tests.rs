use std::time::Duration;

use super::*;
use crate::relay::testing;

const ID: RendezvousId = RendezvousId::new(0xfeed);
const PATH: &str = "/plant7/press/cell/4";

fn table() -> RendezvousTable<&'static str> {
    RendezvousTable::new(PendingLimits { per_relay: 3, per_address: 2 })
}

fn expected(now: Instant) -> Expectation {
    Expectation {
        path: PATH.into(),
        side: Side::Accept,
        relay: testing::relay(),
        sender: Some("203.0.113.9".parse().unwrap()),
        until: Some(now + Duration::from_secs(30)),
    }
}

fn from(address: &str, now: Instant) -> Expectation {
    Expectation { sender: Some(address.parse().unwrap()), ..expected(now) }
}

#[test]
fn the_right_one_is_taken_once() {
    let (mut table, now) = (table(), Instant::now());
    table.insert(ID, expected(now), "sender").unwrap();
    assert_eq!(table.claim(ID, PATH, Side::Accept, now), Ok("sender"));
    assert_eq!(table.claim(ID, PATH, Side::Accept, now), Err(ClaimError::Unknown));
    assert!(table.is_empty());
    assert_eq!(table.poll_timeout(), None);
}

#[test]
fn a_guessed_one_is_unknown_and_spoils_nothing() {
    let (mut table, now) = (table(), Instant::now());
    table.insert(ID, expected(now), "sender").unwrap();
    let guess = RendezvousId::new(0xfeee);
    assert_eq!(table.claim(guess, PATH, Side::Accept, now), Err(ClaimError::Unknown));
    assert_eq!(table.claim(ID, PATH, Side::Accept, now), Ok("sender"));
}

#[test]
fn one_at_another_path_is_refused_and_spent() {
    let (mut table, now) = (table(), Instant::now());
    table.insert(ID, expected(now), "sender").unwrap();
    assert_eq!(table.claim(ID, "/plant7/press", Side::Accept, now), Err(ClaimError::WrongPath));
    assert_eq!(table.claim(ID, PATH, Side::Accept, now), Err(ClaimError::Unknown));
}

// Relay page 4.6 and 7.3: RelayedAccept names neither path nor action.
#[test]
fn whoever_names_the_id_alone_has_a_stream_or_an_exchange_and_once() {
    let (mut table, now) = (table(), Instant::now());
    for side in [Side::Accept, Side::Request] {
        table.insert(ID, Expectation { side, ..expected(now) }, "sender").unwrap();
        assert_eq!(table.claim_by_id(ID, now), Ok("sender"));
        assert_eq!(table.claim_by_id(ID, now), Err(ClaimError::Unknown));
    }
    table.insert(ID, expected(now), "sender").unwrap();
    assert_eq!(table.claim_by_id(ID, now + Duration::from_secs(30)), Err(ClaimError::Expired));
    assert!(table.is_empty());
}

#[test]
fn one_for_another_action_is_refused_and_spent() {
    let (mut table, now) = (table(), Instant::now());
    table.insert(ID, expected(now), "sender").unwrap();
    assert_eq!(table.claim(ID, PATH, Side::Request, now), Err(ClaimError::WrongSide));
    assert_eq!(table.claim(ID, PATH, Side::Accept, now), Err(ClaimError::Unknown));
}

#[test]
fn one_that_comes_at_its_deadline_is_too_late() {
    let (mut table, now) = (table(), Instant::now());
    table.insert(ID, expected(now), "sender").unwrap();
    let late = now + Duration::from_secs(30);
    assert_eq!(table.claim(ID, PATH, Side::Accept, late), Err(ClaimError::Expired));
    assert!(table.is_empty());
}

#[test]
fn what_is_too_old_is_taken_out_and_the_rest_stays() {
    let (mut table, now) = (table(), Instant::now());
    table.insert(ID, expected(now), "old").unwrap();
    let later = Expectation { until: Some(now + Duration::from_secs(60)), ..expected(now) };
    table.insert(RendezvousId::new(2), later, "young").unwrap();
    assert_eq!(table.poll_timeout(), Some(now + Duration::from_secs(30)));
    assert_eq!(table.expire(now + Duration::from_secs(29)), Vec::<&str>::new());
    assert_eq!(table.expire(now + Duration::from_secs(30)), ["old"]);
    assert_eq!(table.len(), 1);
    assert_eq!(table.poll_timeout(), Some(now + Duration::from_secs(60)));
}

#[test]
fn one_without_a_deadline_stays_until_it_is_forgotten() {
    let (mut table, now) = (table(), Instant::now());
    table.insert(ID, Expectation { until: None, ..expected(now) }, "sender").unwrap();
    assert_eq!(table.poll_timeout(), None);
    assert_eq!(table.expire(now + Duration::from_secs(86_400)), Vec::<&str>::new());
    assert_eq!(table.forget(ID), Some("sender"));
    assert_eq!(table.forget(ID), None);
}

#[test]
fn an_address_may_not_make_more_wait_than_its_limit_until_one_ends() {
    let (mut table, now) = (table(), Instant::now());
    for n in 0..2 {
        table.insert(RendezvousId::new(n), expected(now), "sender").unwrap();
    }
    let refused = table.insert(RendezvousId::new(2), expected(now), "sender");
    assert_eq!(refused, Err(InsertError::TooManyOfAddress { limit: 2 }));
    table.forget(RendezvousId::new(0)).unwrap();
    assert_eq!(table.insert(RendezvousId::new(2), expected(now), "sender"), Ok(()));
}

#[test]
fn a_relay_may_not_make_more_wait_than_its_limit() {
    let (mut table, now) = (table(), Instant::now());
    for n in 0..3 {
        let address = format!("203.0.113.{n}");
        table.insert(RendezvousId::new(n), from(&address, now), "sender").unwrap();
    }
    let refused = table.insert(RendezvousId::new(3), from("198.51.100.1", now), "sender");
    assert_eq!(refused, Err(InsertError::TooManyOfRelay { limit: 3 }));
    assert_eq!(table.expire(now + Duration::from_secs(30)).len(), 3);
    assert_eq!(table.insert(RendezvousId::new(3), from("198.51.100.1", now), "sender"), Ok(()));
}

#[test]
fn the_addresses_of_one_ipv6_site_count_as_one() {
    let (mut table, now) = (table(), Instant::now());
    table.insert(RendezvousId::new(1), from("2001:db8:0:1::1", now), "sender").unwrap();
    table.insert(RendezvousId::new(2), from("2001:db8:0:1:9::2", now), "sender").unwrap();
    let refused = table.insert(RendezvousId::new(3), from("2001:db8:0:1::3", now), "sender");
    assert_eq!(refused, Err(InsertError::TooManyOfAddress { limit: 2 }));
    assert_eq!(table.insert(RendezvousId::new(3), from("2001:db8:0:2::3", now), "sender"), Ok(()));
}

#[test]
fn an_ipv4_address_counts_the_same_however_it_is_written() {
    let (mut table, now) = (table(), Instant::now());
    table.insert(RendezvousId::new(1), from("203.0.113.9", now), "sender").unwrap();
    table.insert(RendezvousId::new(2), from("::ffff:203.0.113.9", now), "sender").unwrap();
    let refused = table.insert(RendezvousId::new(3), from("203.0.113.9", now), "sender");
    assert_eq!(refused, Err(InsertError::TooManyOfAddress { limit: 2 }));
}

#[test]
fn a_limit_of_zero_is_none() {
    let mut table = RendezvousTable::new(PendingLimits { per_relay: 0, per_address: 0 });
    let now = Instant::now();
    for n in 0..5_000 {
        table.insert(RendezvousId::new(n), expected(now), ()).unwrap();
    }
    assert_eq!(table.len(), 5_000);
}

#[test]
fn an_id_in_use_does_not_rob_the_one_that_waits() {
    let (mut table, now) = (table(), Instant::now());
    table.insert(ID, expected(now), "first").unwrap();
    assert_eq!(table.insert(ID, expected(now), "second"), Err(InsertError::IdInUse));
    assert_eq!(table.claim(ID, PATH, Side::Accept, now), Ok("first"));
}

//! The rendezvous that a gateway waits for: each known by a secret, bound to a path and a side, good for one use.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Instant;

use super::RendezvousId;
use super::deadlines::Deadlines;
use crate::entity::RelayKey;
use crate::entity::limits::Limits;

/// The rendezvous that a gateway waits for. `T` is what wakes the waiting meeting; whoever drops it unused ends
/// the wait, so a meeting notices when its rendezvous was spoiled.
///
/// An entry leaves by [`claim`](Self::claim), successful or not (design, section 5: one use, also a failed one), by
/// [`forget`](Self::forget), or by [`expire`](Self::expire).
#[derive(Debug)]
pub struct RendezvousTable<T> {
    limits: PendingLimits,
    pending: HashMap<RendezvousId, Pending<T>>,
    /// How many of `pending` belong to each relay. No entry is 0.
    of_relay: HashMap<RelayKey, u32>,
    /// How many of `pending` belong to each sender address, as [`counted_as`] groups them. No entry is 0.
    of_address: HashMap<IpAddr, u32>,
    deadlines: Deadlines<RendezvousId>,
}

/// How many rendezvous may be waited for. 0 = no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingLimits {
    /// For one relay: `Limits::pending_per_relay`.
    pub per_relay: u32,
    /// For one sender address, IPv6 by /64: `Limits::pending_per_address`.
    pub per_address: u32,
}

impl From<&Limits> for PendingLimits {
    fn from(limits: &Limits) -> Self {
        Self { per_relay: limits.pending_per_relay, per_address: limits.pending_per_address }
    }
}

/// What a rendezvous must look like when it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The path that the listener was told to dial, **decoded**: URI classes of clients re-spell escapes.
    pub path: String,
    /// Which action it must name.
    pub side: Side,
    /// The relay it counts for.
    pub relay: RelayKey,
    /// The sender address it counts for; `None` = it has none (a Unix socket).
    pub sender: Option<IpAddr>,
    /// Not good from then on; `None` = until forgotten.
    pub until: Option<Instant>,
}

/// What a rendezvous is for; on the wire its `sb-hc-action`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `accept`: it becomes the listener's leg of a stream.
    Accept,
    /// `request`: it carries an exchange.
    Request,
}

#[derive(Debug)]
struct Pending<T> {
    expected: Expectation,
    slot: T,
}

impl<T> RendezvousTable<T> {
    /// An empty table.
    pub fn new(limits: PendingLimits) -> Self {
        Self {
            limits,
            pending: HashMap::new(),
            of_relay: HashMap::new(),
            of_address: HashMap::new(),
            deadlines: Deadlines::default(),
        }
    }

    /// Other limits from now on; what is waited for already stays.
    pub fn set_limits(&mut self, limits: PendingLimits) {
        self.limits = limits;
    }

    /// Waits for a rendezvous. On error nothing is waited for and `slot` is dropped.
    pub fn insert(&mut self, id: RendezvousId, expected: Expectation, slot: T) -> Result<(), InsertError> {
        let address = expected.sender.map(counted_as);
        let PendingLimits { per_relay, per_address } = self.limits;
        if is_full(&self.of_relay, &expected.relay, per_relay) {
            return Err(InsertError::TooManyOfRelay { limit: per_relay });
        }
        if address.is_some_and(|address| is_full(&self.of_address, &address, per_address)) {
            return Err(InsertError::TooManyOfAddress { limit: per_address });
        }
        let Entry::Vacant(vacant) = self.pending.entry(id) else {
            return Err(InsertError::IdInUse);
        };
        *self.of_relay.entry(expected.relay.clone()).or_default() += 1;
        if let Some(address) = address {
            *self.of_address.entry(address).or_default() += 1;
        }
        self.deadlines.add(expected.until, id);
        vacant.insert(Pending { expected, slot });
        Ok(())
    }

    /// A listener dialled with this id. Whatever is wrong with it, the id is not good a second time.
    /// `path` is the decoded one.
    pub fn claim(&mut self, id: RendezvousId, path: &str, side: Side, now: Instant) -> Result<T, ClaimError> {
        let Pending { expected, slot } = self.remove(id).ok_or(ClaimError::Unknown)?;
        if expected.until.is_some_and(|until| until <= now) {
            return Err(ClaimError::Expired);
        }
        if expected.side != side {
            return Err(ClaimError::WrongSide);
        }
        if expected.path != path {
            return Err(ClaimError::WrongPath);
        }
        Ok(slot)
    }

    /// A listener of WCF Relay dialled with this id: it names no path and no action, the id is all its authority (relay page 4.6). It takes
    /// streams and exchanges in the same way: what runs on the connection is settled by its own protocol (7.3).
    pub fn claim_by_id(&mut self, id: RendezvousId, now: Instant) -> Result<T, ClaimError> {
        let expected = &self.pending.get(&id).ok_or(ClaimError::Unknown)?.expected;
        let (path, side) = (expected.path.clone(), expected.side);
        self.claim(id, &path, side, now)
    }

    /// The meeting ended without it.
    pub fn forget(&mut self, id: RendezvousId) -> Option<T> {
        self.remove(id).map(|pending| pending.slot)
    }

    /// Takes out what has become too old.
    pub fn expire(&mut self, now: Instant) -> Vec<T> {
        let mut expired = Vec::new();
        while let Some(id) = self.deadlines.take_due(now) {
            expired.extend(self.remove(id).map(|pending| pending.slot));
        }
        expired
    }

    /// When to call [`expire`](Self::expire) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    /// How many are waited for.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Whether none is waited for.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    fn remove(&mut self, id: RendezvousId) -> Option<Pending<T>> {
        let pending = self.pending.remove(&id)?;
        self.deadlines.remove(pending.expected.until, id);
        uncount(&mut self.of_relay, pending.expected.relay.clone());
        if let Some(address) = pending.expected.sender {
            uncount(&mut self.of_address, counted_as(address));
        }
        Some(pending)
    }
}

fn is_full<K: Eq + Hash>(counts: &HashMap<K, u32>, key: &K, limit: u32) -> bool {
    limit != 0 && counts.get(key).is_some_and(|count| *count >= limit)
}

fn uncount<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: K) {
    if let Entry::Occupied(mut count) = counts.entry(key) {
        *count.get_mut() -= 1;
        if *count.get() == 0 {
            count.remove();
        }
    }
}

/// One site owns a whole IPv6 /64, so its addresses count as one; an IPv4 address written as IPv6 is the IPv4 one.
fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Why a rendezvous cannot be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InsertError {
    /// As many senders of this relay wait as may.
    #[error("{limit} senders of this relay wait already")]
    TooManyOfRelay {
        /// The limit.
        limit: u32,
    },
    /// As many senders of this address wait as may.
    #[error("{limit} senders of this address wait already")]
    TooManyOfAddress {
        /// The limit.
        limit: u32,
    },
    /// The id is waited for already: the random source is broken, and the one that waits must not be robbed.
    #[error("the rendezvous id is in use")]
    IdInUse,
}

/// Why a rendezvous that came is not taken. To the listener all are the same; the log tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// Never given out, used before, or its meeting is over.
    #[error("unknown rendezvous")]
    Unknown,
    /// It came after its time.
    #[error("expired rendezvous")]
    Expired,
    /// It was made for another path.
    #[error("rendezvous at another path")]
    WrongPath,
    /// It was made for another action.
    #[error("rendezvous for another action")]
    WrongSide,
}

#[cfg(test)]
mod tests {
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
}

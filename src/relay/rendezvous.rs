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
mod tests;

//! What a join is told, and what it tells at its end.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::{
    io::Stream,
    wire::{
        follow::{FollowError, Follower},
        websocket::FrameError,
    },
};

/// How a pair is joined.
pub struct JoinOptions {
    /// After one way ended, the other may be without activity this long. Default 60 s, hybrid page 3.5.
    pub half_close: Duration,
    /// A WebSocket leg from which nothing came this long is pinged, where its dialect allows pings. `None` = never. Default 30 s, hybrid page 2.4.
    pub ping_every: Option<Duration>,
    /// A WebSocket leg from which nothing came this long is dropped. `None` = never. Default 90 s, hybrid page 2.4.
    ///
    /// Not counted while the other leg takes nothing, since nothing is then read from this one. Legs without pings are left to TCP's keep-alive.
    pub silence: Option<Duration>,
    /// Ends the pair: draining, or an entity deleted.
    pub cancel: CancellationToken,
    /// Where bytes are counted while the pair runs; pairs may share one.
    pub counters: Arc<JoinCounters>,
    /// Walks along the bytes from a to b. Consulted where one of the legs carries bytes; between two WebSockets it is not.
    pub follow_a_to_b: Option<Box<dyn Follower>>,
    /// Walks along the bytes from b to a, likewise.
    pub follow_b_to_a: Option<Box<dyn Follower>>,
}

impl JoinOptions {
    /// The defaults, ended by `cancel`.
    pub fn new(cancel: CancellationToken) -> Self {
        Self {
            half_close: Duration::from_secs(60),
            ping_every: Some(Duration::from_secs(30)),
            silence: Some(Duration::from_secs(90)),
            cancel,
            counters: Arc::default(),
            follow_a_to_b: None,
            follow_b_to_a: None,
        }
    }
}

impl fmt::Debug for JoinOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinOptions")
            .field("half_close", &self.half_close)
            .field("ping_every", &self.ping_every)
            .field("silence", &self.silence)
            .field("follow_a_to_b", &self.follow_a_to_b.is_some())
            .field("follow_b_to_a", &self.follow_b_to_a.is_some())
            .finish_non_exhaustive()
    }
}

/// Bytes read from the legs, frame heads included, counted at each read.
#[derive(Debug, Default)]
pub struct JoinCounters {
    /// Read from leg a.
    pub a_to_b: AtomicU64,
    /// Read from leg b.
    pub b_to_a: AtomicU64,
}

/// One of the two legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first leg.
    A,
    /// The second leg.
    B,
}

impl Side {
    pub(super) const fn of(index: usize) -> Self {
        if index == 0 { Self::A } else { Self::B }
    }

    pub(super) const fn index(self) -> usize {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }
}

/// How a pair ended.
#[derive(Debug)]
pub struct JoinEnd {
    /// Why.
    pub reason: EndReason,
    /// Bytes read from leg a.
    pub a_to_b: u64,
    /// Bytes read from leg b.
    pub b_to_a: u64,
    /// Leg a, given back after [`EndReason::SessionsEnded`] where it carries bytes, with what was read beyond the end of its session.
    pub returned_a: Option<(Stream, Bytes)>,
}

/// Why a pair ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// Both sides said their end.
    Closed,
    /// One way ended and the other was without activity for too long.
    HalfCloseExpired,
    /// A leg was lost: reset, or ended without saying so.
    Lost(Side),
    /// Nothing came from a leg for too long, not even an answer to a ping.
    Silent(Side),
    /// A leg closed with a code that says it failed, and the other one carries bytes, which cannot say that but by a reset.
    Failed {
        /// Whose close it was.
        side: Side,
        /// The code it gave.
        code: u16,
    },
    /// A leg's frames were wrong.
    Violation {
        /// Whose frames.
        side: Side,
        /// What was wrong.
        error: FrameError,
    },
    /// A follower refused what a leg sent.
    Refused {
        /// Whose bytes.
        side: Side,
        /// What was wrong.
        error: FollowError,
    },
    /// Both followers saw the end of their session.
    SessionsEnded,
    /// [`JoinOptions::cancel`].
    Cancelled,
}

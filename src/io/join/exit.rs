//! How the legs of a pair are left.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::{
    EndReason, JoinEnd,
    way::{LegState, Way},
};
use crate::io::Stream;

/// How long a leg that is left in order may take to read what it is owed and to end as well.
const LINGER: Duration = Duration::from_secs(2);

/// How one leg is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// What it is owed is written, then its TCP (or TLS) is shut down, then what it still sends is read and thrown away until it ends as well: closing a
    /// socket that holds unread bytes resets it, and the peer might lose what it was just told.
    Orderly,
    /// What it is owed is written and its TCP is shut down; nobody waits for the peer.
    Brief,
    /// Dropped as it is.
    Drop,
    /// Dropped so that the peer sees an error.
    Abort,
    /// Given back.
    Keep,
}

/// The end of a pair, under way.
pub(super) struct Leaving {
    end: Option<JoinEnd>,
    departing: [Option<Departing>; 2],
    until: Pin<Box<Sleep>>,
}

/// A leg that is being left, and the way that led to it.
struct Departing {
    leg: LegState,
    way: Way,
    stage: Stage,
    waits: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Flush,
    Shutdown,
    Drain,
    Done,
}

impl Leaving {
    /// Leaves `legs` as `exits` say; whom nothing more is owed is gone when this returns.
    pub(super) fn new(reason: EndReason, exits: [Exit; 2], legs: [LegState; 2], ways: [Way; 2]) -> Self {
        let ([a, b], [mut from_a, from_b], [exit_a, exit_b]) = (legs, ways, exits);
        let (a_to_b, b_to_a) = (from_a.bytes, from_b.bytes);
        let beyond = from_a.take_beyond();
        let mut returned = None;
        let departing = [depart(a, from_b, exit_a, &mut returned), depart(b, from_a, exit_b, &mut None)];
        let returned_a = returned.map(|stream: Stream| (stream, beyond)) as Option<(Stream, Bytes)>;
        Self {
            end: Some(JoinEnd { reason, a_to_b, b_to_a, returned_a }),
            departing,
            until: Box::pin(sleep_until(Instant::now() + LINGER)),
        }
    }

    pub(super) const fn reason(&self) -> Option<&EndReason> {
        match &self.end {
            Some(end) => Some(&end.reason),
            None => None,
        }
    }

    /// Goes on with it, for [`LINGER`] at most. Told once.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<JoinEnd> {
        for slot in &mut self.departing {
            if let Some(departing) = slot
                && departing.poll(cx, buf).is_ready()
            {
                *slot = None;
            }
        }
        if self.departing.iter().any(Option::is_some) {
            ready!(self.until.as_mut().poll(cx));
        }
        self.end.take().map_or(Poll::Pending, Poll::Ready)
    }
}

fn depart(leg: LegState, way: Way, exit: Exit, returned: &mut Option<Stream>) -> Option<Departing> {
    match exit {
        Exit::Orderly | Exit::Brief => {
            return Some(Departing { leg, way, stage: Stage::Flush, waits: exit == Exit::Orderly });
        }
        Exit::Drop => drop(leg),
        Exit::Abort => leg.stream.abort(),
        Exit::Keep => *returned = Some(leg.stream),
    }
    None
}

impl Departing {
    fn poll(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<()> {
        loop {
            self.stage = match self.stage {
                Stage::Flush => match ready!(self.way.poll_out(&mut self.leg, cx)) {
                    Ok(()) => Stage::Shutdown,
                    Err(_) => Stage::Done,
                },
                Stage::Shutdown => match ready!(Pin::new(&mut self.leg.stream).poll_shutdown(cx)) {
                    Ok(()) if self.waits && !self.leg.gone => Stage::Drain,
                    _ => Stage::Done,
                },
                Stage::Drain => {
                    let mut read = ReadBuf::new(buf);
                    match ready!(Pin::new(&mut self.leg.stream).poll_read(cx, &mut read)) {
                        Ok(()) if !read.filled().is_empty() => Stage::Drain,
                        _ => Stage::Done,
                    }
                }
                Stage::Done => return Poll::Ready(()),
            };
        }
    }
}

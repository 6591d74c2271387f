//! The task of a pair.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{
    EndReason, JoinCounters, JoinEnd, JoinOptions, Side,
    exit::{Exit, Leaving},
    liveness::{Due, Liveness},
    scratch::with_buffer,
    way::{LegState, Pumped, Way, WayEnd, WayState},
};
use crate::{
    io::{Dialect, Leg, Stream},
    wire::websocket::{Close, HalfClose, MaskKeys, Reframer},
};

/// Turns of both ways before other tasks of the thread have theirs.
const TURNS: usize = 2;

/// Joins two legs until both are done. See the module's table for how they end.
///
/// The future owns everything of the pair and is small (a test holds it to 1 KiB); spawn it in a task of its own.
pub fn join(a: Leg, b: Leg, options: JoinOptions) -> Join {
    let JoinOptions { half_close, ping_every, silence, cancel, counters, follow_a_to_b, follow_b_to_a } =
        options;
    let (from_a, from_b) = (a.dialect, b.dialect);
    let now = Instant::now();
    let life = |dialect: Dialect| {
        let pinged = dialect.frames().is_some_and(|frames| frames.may_ping);
        pinged.then(|| Liveness::new(ping_every, silence, now.into_std()))
    };
    Join {
        cancelled: Box::pin(cancel.cancelled_owned()),
        timer: None,
        half_close,
        active: None,
        counters,
        pair: Some(Pair {
            lives: [life(from_a), life(from_b)],
            ways: [
                Way::new(reframer(from_a, from_b), follow_a_to_b, a.early),
                Way::new(reframer(from_b, from_a), follow_b_to_a, b.early),
            ],
            legs: [leg_state(a.stream, from_a), leg_state(b.stream, from_b)],
        }),
        leaving: None,
    }
}

fn leg_state(stream: Stream, dialect: Dialect) -> LegState {
    LegState { stream, frames: dialect.frames(), gone: false, broken: false }
}

fn reframer(from: Dialect, to: Dialect) -> Option<Box<Reframer>> {
    let (from, to) = (from.frames(), to.frames());
    if from.is_none() && to.is_none() {
        return None;
    }
    // Without the operating system's randomness TLS would not have come up either; zero is then as good as any seed.
    let keys = MaskKeys::new(getrandom::u64().unwrap_or_default());
    Some(Box::new(Reframer::new(from, to, keys)))
}

/// A pair being joined; yields how it ended. Dropping it drops both connections.
pub struct Join {
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Never later than the next deadline; often earlier, because reading does not move it.
    timer: Option<Pin<Box<Sleep>>>,
    half_close: Duration,
    /// The last activity since one way ended.
    active: Option<Instant>,
    counters: Arc<JoinCounters>,
    /// Until there is a reason to end.
    pair: Option<Pair>,
    /// From then on.
    leaving: Option<Box<Leaving>>,
}

/// Leg and way 0 are a and what comes from it, 1 are b and what comes from it.
struct Pair {
    legs: [LegState; 2],
    ways: [Way; 2],
    lives: [Option<Liveness>; 2],
}

impl fmt::Debug for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join")
            .field("leaving", &self.leaving.as_ref().and_then(|leaving| leaving.reason()))
            .finish_non_exhaustive()
    }
}

impl Future for Join {
    type Output = JoinEnd;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<JoinEnd> {
        with_buffer(|buf| {
            if let Some(leaving) = &mut self.leaving {
                return leaving.poll(cx, buf);
            }
            let reason = ready!(self.poll_relay(cx, buf));
            let Some(pair) = self.pair.take() else {
                return Poll::Pending;
            };
            self.leaving.insert(Box::new(pair.leave(reason))).poll(cx, buf)
        })
    }
}

impl Join {
    /// Relays until there is a reason to end.
    fn poll_relay(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<EndReason> {
        let Some(pair) = &mut self.pair else {
            return Poll::Pending;
        };
        if self.cancelled.as_mut().poll(cx).is_ready() {
            return Poll::Ready(EndReason::Cancelled);
        }
        for _ in 0..TURNS {
            let before = [pair.ways[0].bytes, pair.ways[1].bytes];
            let turn = pair.turn(cx, buf);
            let read = [pair.ways[0].bytes - before[0], pair.ways[1].bytes - before[1]];
            for (counter, read) in [&self.counters.a_to_b, &self.counters.b_to_a].into_iter().zip(read) {
                if read > 0 {
                    counter.fetch_add(read, Ordering::Relaxed);
                }
            }
            let busy = match turn {
                Ok(busy) => busy,
                Err(reason) => return Poll::Ready(reason),
            };
            if let Some(reason) = pair.finished() {
                return Poll::Ready(reason);
            }
            pair.note_life(read);
            if pair.half_closed() && (self.active.is_none() || read != [0, 0]) {
                self.active = Some(Instant::now());
            }
            if busy {
                continue;
            }
            // Pings are written in the next turn.
            match poll_timer(pair, &mut self.timer, self.active.map(|active| active + self.half_close), cx) {
                Poll::Ready(Some(reason)) => return Poll::Ready(reason),
                Poll::Ready(None) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Waits for the next deadline and acts on it. `Ready(None)`: there is something to write.
fn poll_timer(
    pair: &mut Pair,
    timer: &mut Option<Pin<Box<Sleep>>>,
    half_close: Option<Instant>,
    cx: &mut Context<'_>,
) -> Poll<Option<EndReason>> {
    loop {
        let lives = pair.lives.iter().flatten().filter_map(Liveness::poll_timeout).map(Instant::from_std);
        let Some(next) = lives.chain(half_close).min() else {
            *timer = None;
            return Poll::Pending;
        };
        let sleep = timer.get_or_insert_with(|| Box::pin(sleep_until(next)));
        if sleep.deadline() > next {
            sleep.as_mut().reset(next);
        }
        ready!(sleep.as_mut().poll(cx));
        let now = Instant::now();
        if now < next {
            sleep.as_mut().reset(next);
            continue;
        }
        if half_close.is_some_and(|at| now >= at) {
            return Poll::Ready(Some(EndReason::HalfCloseExpired));
        }
        // One that has fired stays so; it must not be asked again.
        *timer = None;
        if let Some(acted) = pair.handle_timeout(now) {
            return Poll::Ready(acted);
        }
    }
}

impl Pair {
    /// Lets each way relay what it can. `Ok(true)`: there may be more.
    fn turn(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Result<bool, EndReason> {
        let mut busy = false;
        for i in 0..2 {
            let [a, b] = &mut self.legs;
            let (src, dst) = if i == 0 { (a, b) } else { (b, a) };
            let pumped = self.ways[i].pump(src, dst, cx, buf);
            let side = Side::of(i);
            match pumped {
                Pumped::Blocked => {}
                Pumped::Busy => busy = true,
                Pumped::Ended(WayEnd::SourceLost) => return Err(EndReason::Lost(side)),
                Pumped::Ended(WayEnd::SourceFailed(close)) => {
                    return Err(EndReason::Failed { side, code: close.code.unwrap_or(1002) });
                }
                Pumped::Ended(WayEnd::Violation(error)) => return Err(EndReason::Violation { side, error }),
                Pumped::Ended(WayEnd::Refused(error)) => return Err(EndReason::Refused { side, error }),
            }
            let replies = self.ways[i].take_replies();
            if !replies.is_empty() {
                self.ways[1 - i].push_urgent(&replies);
                busy = true;
            }
        }
        let over = self.ways.each_ref().map(|way| way.state == WayState::SessionEnded);
        for i in 0..2 {
            if over[i] && !over[1 - i] {
                busy |= self.ways[i].pass_on_end(&self.legs[1 - i]);
            }
        }
        Ok(busy)
    }

    /// Whether nothing is left to relay.
    fn finished(&self) -> Option<EndReason> {
        use WayState::{Cut, Ending, Open, SessionEnded, Told};
        let states = [self.ways[0].state, self.ways[1].state];
        let lost = |i: usize| Some(EndReason::Lost(Side::of(i)));
        match states {
            [SessionEnded, SessionEnded] => {
                let clear =
                    self.ways.iter().all(Way::is_clear) && !self.legs.iter().any(LegState::wants_flush);
                return clear.then_some(EndReason::SessionsEnded);
            }
            // The leg that takes nothing any more is the one this way leads to.
            [Cut, Told | SessionEnded | Cut] => return lost(1),
            [Told | SessionEnded, Cut] => return lost(0),
            [Told | SessionEnded, Told | SessionEnded] => return Some(EndReason::Closed),
            [Open | Ending | Cut, _] | [_, Open | Ending] => {}
        }
        // One end is all that some peers know. And one that closed and then went away altogether leaves nobody to relay to.
        let whole =
            self.legs.iter().filter_map(|leg| leg.frames).any(|frames| frames.half_close == HalfClose::Whole);
        let over = |(leg, state): (&LegState, WayState)| {
            state == Told && (whole || (leg.gone && leg.frames.is_some()))
        };
        self.legs.iter().zip(states).any(over).then_some(EndReason::Closed)
    }

    fn half_closed(&self) -> bool {
        self.ways.iter().any(|way| way.state != WayState::Open)
    }

    /// Takes notice of what was read.
    fn note_life(&mut self, read: [u64; 2]) {
        let mut now = None;
        for (i, life) in self.lives.iter_mut().enumerate() {
            if let Some(life) = life
                && read[i] > 0
            {
                life.handle_heard(now.get_or_insert_with(Instant::now).into_std());
            }
        }
    }

    /// `Some(None)`: a ping is to be written. `None`: nothing is due.
    fn handle_timeout(&mut self, now: Instant) -> Option<Option<EndReason>> {
        let mut ping = false;
        let free = self.ways.iter().all(Way::is_listening);
        for i in 0..2 {
            let Some(life) = &mut self.lives[i] else {
                continue;
            };
            // Where nothing is read from it, or no ping can get through to it, its silence says nothing.
            if !free {
                life.handle_heard(now.into_std());
                continue;
            }
            match life.handle_timeout(now.into_std()) {
                Due::Nothing => {}
                Due::Ping => {
                    self.ways[1 - i].push_ping();
                    ping = true;
                }
                Due::Drop => return Some(Some(EndReason::Silent(Side::of(i)))),
            }
        }
        ping.then_some(None)
    }

    /// Decides how each leg is left, and queues the last frames.
    fn leave(mut self, reason: EndReason) -> Leaving {
        let orderly = |pair: &mut Self, i: usize, close: &Close| {
            let told = pair.ways[1 - i].state == WayState::Told;
            let framed = pair.legs[i].frames.is_some();
            if told
                || pair.ways[1 - i].state == WayState::Ending
                || !framed
                || pair.ways[1 - i].push_close(close)
            {
                Exit::Orderly
            } else {
                // Inside a frame no close frame can be said.
                Exit::Drop
            }
        };
        // An error towards a leg: WebSocket has one in ending without a close frame, bytes only in a reset.
        let error = |pair: &Self, i: usize| match pair.ways[1 - i].state {
            WayState::Told => Exit::Drop,
            _ if pair.legs[i].frames.is_some() => Exit::Drop,
            _ => Exit::Abort,
        };
        let exits = match &reason {
            EndReason::Closed | EndReason::HalfCloseExpired => {
                [orderly(&mut self, 0, &Close::NORMAL), orderly(&mut self, 1, &Close::NORMAL)]
            }
            EndReason::Cancelled => {
                let away = Close::new(1001, "");
                [orderly(&mut self, 0, &away), orderly(&mut self, 1, &away)]
            }
            EndReason::Refused { .. } => {
                let close = Close::new(1008, "");
                [orderly(&mut self, 0, &close), orderly(&mut self, 1, &close)]
            }
            EndReason::Lost(side) | EndReason::Silent(side) => {
                let mut exits = [Exit::Drop; 2];
                exits[1 - side.index()] = error(&self, 1 - side.index());
                exits
            }
            EndReason::Violation { side, .. } | EndReason::Failed { side, .. } => {
                let i = side.index();
                let close = match &reason {
                    EndReason::Violation { error, .. } => Close::new(error.close_code(), &error.to_string()),
                    _ => Close::NORMAL,
                };
                let mut exits = [error(&self, 0), error(&self, 1)];
                exits[i] = orderly(&mut self, i, &close);
                exits
            }
            EndReason::SessionsEnded => {
                let a = if self.legs[0].frames.is_none() {
                    Exit::Keep
                } else {
                    orderly(&mut self, 0, &Close::NORMAL)
                };
                self.ways[0].push_close(&Close::NORMAL);
                [a, Exit::Brief]
            }
        };
        Leaving::new(reason, exits, self.legs, self.ways)
    }
}

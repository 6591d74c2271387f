//! A session whose To is rewritten, to its end. It is copied here, because the splice passes bytes as they are.
//!
//! It ends as a joined pair does (the table of [`mod@crate::io`]'s splice), with two differences: what a message is refused for
//! is told to the initiator, and no pings are sent. The gateway pings, and TCP's keep-alive notices one that is gone.

use std::{
    future::pending,
    pin::pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::halves::{Incoming, Lost, Outgoing, split, unsplit};
use crate::{
    io::{Leg, Stream},
    wire::{
        follow::{FollowError, Follower as _, Passage},
        framing::ReceiverFollower,
        soap::{InitiatorRewriter, Refused, Rewritten},
        websocket::Close,
    },
};

/// A session from behind its preamble on.
pub(super) struct Readdressed {
    /// Who sends the envelopes whose To is rewritten.
    pub(super) initiator: Leg,
    /// Whose address they get.
    pub(super) receiver: Leg,
    pub(super) rewriter: InitiatorRewriter,
    pub(super) follower: ReceiverFollower,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct ReaddressedEnd {
    pub(super) reason: Reason,
    /// Bytes of the session that were read from each side.
    pub(super) to_receiver: u64,
    pub(super) to_initiator: u64,
    /// The initiator's connection where it carries bytes and both sides ended their session, with what was read beyond.
    pub(super) returned: Option<(Stream, Bytes)>,
}

/// Why.
#[derive(Debug)]
pub(super) enum Reason {
    /// Both sides ended their session.
    SessionsEnded,
    /// Both sides said their end.
    Closed,
    /// One way ended and the other was without activity for too long.
    HalfCloseExpired,
    /// The initiator was lost.
    InitiatorLost,
    /// The receiver was lost.
    ReceiverLost,
    /// What the initiator sent does not go on; it was told so with these records, if there is something to tell.
    Refused { refused: Refused, answer: Vec<u8> },
    /// What the receiver sent is wrong.
    ReceiverRefused(FollowError),
    /// The grace is over.
    Cancelled,
}

impl ReaddressedEnd {
    /// The outcome, once.
    pub(super) fn log(&self, id: &str) {
        let (to_service, to_sender) = (self.to_receiver, self.to_initiator);
        if let Reason::ReceiverRefused(error) = &self.reason {
            tracing::warn!(id, %error, "the service's side of a session was ended");
        }
        tracing::debug!(id, reason = ?self.reason, to_service, to_sender, "stream ended, its to rewritten");
    }
}

/// After one way ended, the other may be without activity this long; as the splice's.
const HALF_CLOSE: Duration = Duration::from_secs(60);

/// For a place between two records of the receiver, where an answer can stand, and for writing it.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How long a side that is left in order may take to read what it is owed and to end as well.
const LINGER: Duration = Duration::from_secs(2);

/// Room that is kept between two writes, in bytes; a large envelope's is let go.
const KEPT: usize = 64 << 10;

/// Relays a session to its end.
pub(super) async fn relay(session: Readdressed, cancel: &CancellationToken) -> ReaddressedEnd {
    let Readdressed { initiator, receiver, mut rewriter, mut follower } = session;
    let (mut from_initiator, mut to_initiator) = split(initiator);
    let (mut from_receiver, mut to_receiver) = split(receiver);
    let progress = Progress::new();
    let mut beyond = BytesMut::new();
    let reason = {
        let (answer_to, answers) = oneshot::channel();
        let mut up =
            pin!(forth(&mut from_initiator, &mut to_receiver, &mut rewriter, &mut beyond, &progress));
        let mut down = pin!(back(&mut from_receiver, &mut to_initiator, &mut follower, answers, &progress));
        let reason = tokio::select! {
            reason = &mut up => reason,
            reason = &mut down => reason,
            reason = progress.over() => reason,
            () = cancel.cancelled() => Reason::Cancelled,
        };
        if let Reason::Refused { answer, .. } = &reason
            && !answer.is_empty()
            && answer_to.send(answer.clone()).is_ok()
        {
            // Ends when the answer is written, or the receiver's way in some other manner.
            let _ = timeout(ANSWER_WITHIN, down).await;
        }
        reason
    };
    let [to_receiver_bytes, to_initiator_bytes] = progress.bytes();
    let (initiator, receiver) = ((from_initiator, to_initiator), (from_receiver, to_receiver));
    let returned = leave(&reason, initiator, receiver).await.map(|stream| (stream, beyond.freeze()));
    ReaddressedEnd { reason, to_receiver: to_receiver_bytes, to_initiator: to_initiator_bytes, returned }
}

/// The initiator's way. Gives a reason when nothing can go on; what ends in order is told to `progress`.
async fn forth(
    from: &mut Incoming,
    to: &mut Outgoing,
    rewriter: &mut InitiatorRewriter,
    beyond: &mut BytesMut,
    progress: &Progress,
) -> Reason {
    let mut out = Vec::new();
    let mut over = false;
    loop {
        let bytes = match from.next().await {
            Ok(Some(bytes)) => bytes,
            Ok(None) if over || rewriter.eof().is_ok() => {
                progress.set(Way::Forth, State::Told);
                // A peer that is gone needs no end.
                let _ = to.end(&Close::NORMAL).await;
                return pending().await;
            }
            Ok(None) | Err(Lost) => return Reason::InitiatorLost,
        };
        progress.read(Way::Forth, bytes.len());
        if over {
            beyond.extend_from_slice(&bytes);
            return pending().await;
        }
        let rewritten = rewriter.rewrite(&bytes, &mut out);
        if !out.is_empty() && to.send(&out).await.is_err() {
            // What the receiver sent before still arrives.
            progress.set(Way::Forth, State::Cut);
            return pending().await;
        }
        out.clear();
        out.shrink_to(KEPT);
        match rewritten {
            Rewritten::All => {}
            Rewritten::Ended { at } => {
                over = true;
                beyond.extend_from_slice(&bytes[at..]);
                progress.set(Way::Forth, State::Over);
                if !beyond.is_empty() {
                    return pending().await;
                }
            }
            Rewritten::Refused(refused) => {
                return Reason::Refused { refused, answer: rewriter.answer() };
            }
        }
    }
}

/// The receiver's way, with an answer of ours in it if there is one.
async fn back(
    from: &mut Incoming,
    to: &mut Outgoing,
    follower: &mut ReceiverFollower,
    mut answers: oneshot::Receiver<Vec<u8>>,
    progress: &Progress,
) -> Reason {
    let (mut unseen, mut over) = (0, false);
    loop {
        let bytes = tokio::select! {
            biased;
            Ok(answer) = &mut answers, if unseen == 0 && follower.takes_envelope() => {
                // Whether it arrives or not, there is nothing more to say.
                let _ = to.send(&answer).await;
                return Reason::Closed;
            }
            next = from.next() => match next {
                Ok(Some(bytes)) => bytes,
                Ok(None) if over || (unseen == 0 && follower.eof().is_ok()) => {
                    progress.set(Way::Back, State::Told);
                    let _ = to.end(&Close::NORMAL).await;
                    return pending().await;
                }
                Ok(None) | Err(Lost) => return Reason::ReceiverLost,
            },
        };
        progress.read(Way::Back, bytes.len());
        if over {
            return pending().await;
        }
        let passed = bytes.len().min(usize::try_from(unseen).unwrap_or(usize::MAX));
        unseen -= passed as u64;
        let (mut pass, mut refused) = (bytes.len(), None);
        if passed < bytes.len() {
            match follower.follow(&bytes[passed..]) {
                Passage::All { unseen: more } => unseen = more,
                Passage::Ended { at } => (pass, over) = (passed + at, true),
                Passage::Refused { at, error } => (pass, refused) = (passed + at, Some(error)),
            }
        }
        if to.send(&bytes[..pass]).await.is_err() {
            progress.set(Way::Back, State::Cut);
            return pending().await;
        }
        if let Some(error) = refused {
            return Reason::ReceiverRefused(error);
        }
        if over {
            progress.set(Way::Back, State::Over);
        }
    }
}

/// Leaves both sides, and gives the initiator's connection back where it may go on.
async fn leave(
    reason: &Reason,
    initiator: (Incoming, Outgoing),
    receiver: (Incoming, Outgoing),
) -> Option<Stream> {
    let normal = Close::NORMAL;
    match reason {
        Reason::SessionsEnded => match initiator {
            (incoming @ Incoming::Bytes(..), outgoing) => {
                in_order(receiver, &normal, Waits::No).await;
                return unsplit(incoming, outgoing);
            }
            frames => {
                tokio::join!(in_order(receiver, &normal, Waits::No), in_order(frames, &normal, Waits::Yes));
            }
        },
        Reason::InitiatorLost => abort(receiver),
        Reason::ReceiverLost => abort(initiator),
        Reason::Refused { answer, .. } if answer.is_empty() => {
            // A session that is aborted: bytes say that by a reset, a close frame by its code.
            let aborted = async {
                match initiator {
                    bytes @ (Incoming::Bytes(..), _) => abort(bytes),
                    frames => in_order(frames, &Close::new(1008, ""), Waits::Yes).await,
                }
            };
            tokio::join!(aborted, in_order(receiver, &normal, Waits::No));
        }
        Reason::Closed | Reason::HalfCloseExpired | Reason::Refused { .. } | Reason::ReceiverRefused(_) => {
            tokio::join!(in_order(initiator, &normal, Waits::Yes), in_order(receiver, &normal, Waits::Yes),);
        }
        Reason::Cancelled => {
            let away = Close::new(1001, "");
            tokio::join!(in_order(initiator, &away, Waits::Yes), in_order(receiver, &away, Waits::Yes));
        }
    }
    None
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    Yes,
    No,
}

/// Says the end, and may wait for the peer's: closing a socket that holds unread bytes resets it, and what the peer was just
/// told might be lost.
async fn in_order((mut incoming, mut outgoing): (Incoming, Outgoing), close: &Close, waits: Waits) {
    let farewell = async {
        outgoing.end(close).await?;
        outgoing.leave().await?;
        while waits == Waits::Yes && matches!(incoming.next().await, Ok(Some(_))) {}
        Ok::<_, std::io::Error>(())
    };
    let _ = timeout(LINGER, farewell).await;
}

/// Drops a side so that its peer sees an error: a reset, or an end without a close frame.
fn abort((incoming, outgoing): (Incoming, Outgoing)) {
    if let Some(stream) = unsplit(incoming, outgoing) {
        stream.abort();
    }
}

/// One direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Forth = 0,
    Back = 1,
}

/// How far a way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// Its session ended.
    Over,
    /// Its source ended, and the other side was told.
    Told,
    /// The other side takes nothing any more.
    Cut,
}

/// What both ways know of each other.
struct Progress {
    ways: Mutex<Ways>,
    changed: tokio::sync::Notify,
}

struct Ways {
    states: [State; 2],
    bytes: [u64; 2],
    active: Instant,
}

impl Progress {
    fn new() -> Self {
        let ways = Ways { states: [State::Open; 2], bytes: [0; 2], active: Instant::now() };
        Self { ways: Mutex::new(ways), changed: tokio::sync::Notify::new() }
    }

    fn with<T>(&self, f: impl FnOnce(&mut Ways) -> T) -> T {
        f(&mut self.ways.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn read(&self, way: Way, bytes: usize) {
        self.with(|ways| {
            ways.bytes[way as usize] += bytes as u64;
            ways.active = Instant::now();
        });
    }

    fn bytes(&self) -> [u64; 2] {
        self.with(|ways| ways.bytes)
    }

    fn set(&self, way: Way, state: State) {
        self.with(|ways| {
            ways.states[way as usize] = state;
            ways.active = Instant::now();
        });
        self.changed.notify_one();
    }

    /// Waits until there is nothing left to relay.
    async fn over(&self) -> Reason {
        loop {
            let (states, active) = self.with(|ways| (ways.states, ways.active));
            if let Some(reason) = finished(states) {
                return reason;
            }
            if states == [State::Open; 2] {
                self.changed.notified().await;
                continue;
            }
            tokio::select! {
                () = self.changed.notified() => {}
                () = sleep_until(active + HALF_CLOSE) => {
                    if self.with(|ways| ways.active.elapsed()) >= HALF_CLOSE {
                        return Reason::HalfCloseExpired;
                    }
                }
            }
        }
    }
}

/// As the splice decides it.
fn finished(states: [State; 2]) -> Option<Reason> {
    use State::{Cut, Over, Told};
    match states {
        [Over, Over] => Some(Reason::SessionsEnded),
        [Cut, Told | Over | Cut] => Some(Reason::ReceiverLost),
        [Told | Over, Cut] => Some(Reason::InitiatorLost),
        [Told | Over, Told | Over] => Some(Reason::Closed),
        _ => None,
    }
}

//! A session whose To is rewritten, to its end. It is copied here, because the splice passes bytes as they are.
//!
//! It ends as a joined pair does (the table of [`mod@crate::io`]'s splice), with two differences: what a message is refused for
//! is told to the initiator, and no pings are sent. The gateway pings, and TCP's keep-alive notices one that is gone.

mod leave;
mod progress;
#[cfg(test)]
mod tests;

use std::{future::pending, pin::pin, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{sync::oneshot, time::timeout};
use tokio_util::sync::CancellationToken;

use leave::leave;
use progress::{Progress, State, Way};

use super::halves::{Incoming, Lost, Outgoing, split};
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

/// For a place between two records of the receiver, where an answer can stand, and for writing it.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

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
                if progress.end(Way::Forth) {
                    // A peer that is gone needs no end.
                    let _ = to.end(&Close::NORMAL).await;
                }
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
                    if progress.end(Way::Back) {
                        let _ = to.end(&Close::NORMAL).await;
                    }
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

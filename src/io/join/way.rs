//! One direction of a pair.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{kernel::Pipe, reading::Moved};
use crate::{
    io::{Stream, kept::Kept},
    wire::{
        follow::{FollowError, Follower},
        websocket::{Close, FrameDialect, FrameError, HEADROOM, Reframer},
    },
};

/// One leg as both ways see it.
#[derive(Debug)]
pub(super) struct LegState {
    pub(super) stream: Stream,
    pub(super) frames: Option<FrameDialect>,
    /// Nothing more will be read: its end was seen, or writing to it failed and so did reading.
    pub(super) gone: bool,
    /// Writing to it failed.
    pub(super) broken: bool,
}

impl LegState {
    /// Whether TLS keeps ciphertext that the socket did not take.
    pub(super) fn wants_flush(&self) -> bool {
        self.stream.wants_flush()
    }
}

/// From one leg to the other.
pub(super) struct Way {
    /// `None` between two legs of bytes.
    pub(super) reframer: Option<Box<Reframer>>,
    pub(super) follower: Option<Box<dyn Follower>>,
    /// Bytes that the follower need not be shown.
    pub(super) unseen: u64,
    pub(super) early: Bytes,
    /// What the other leg did not take yet: at most what one read turned into, and a few control frames, because nothing is read while there is any.
    pub(super) out: Kept,
    /// Pings and pongs for the other leg, to be put between two frames.
    pub(super) urgent: Vec<u8>,
    pub(super) state: WayState,
    /// Reads in a row that gave much: it pays to let the kernel move what follows.
    pub(super) streak: u8,
    /// Borrowed while the kernel does. While it holds bytes, nothing is in `out`.
    pub(super) pipe: Option<Box<Pipe>>,
    /// Bytes that came after the end of the session.
    pub(super) beyond: Bytes,
    /// The source ended altogether after the end of its session.
    closing: Option<Close>,
    /// Bytes read.
    pub(super) bytes: u64,
}

/// How far a way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WayState {
    /// It relays.
    Open,
    /// Its source said its end; the other leg is to be told once it took what came before.
    Ending,
    /// The other leg was told.
    Told,
    /// Its follower saw the end of the session; the other leg is told nothing, unless the source ends altogether.
    SessionEnded,
    /// The other leg takes nothing any more.
    Cut,
}

/// What a call of [`Way::pump`] came to.
#[derive(Debug)]
pub(super) enum Pumped {
    /// Nothing more can be done now; the task will be woken.
    Blocked,
    /// More can be done, but it is somebody else's turn.
    Busy,
    /// The pair has to end.
    Ended(WayEnd),
}

/// Why a way makes its pair end.
#[derive(Debug)]
pub(super) enum WayEnd {
    SourceLost,
    SourceFailed(Close),
    Violation(FrameError),
    Refused(FollowError),
}

/// Bytes of pings and pongs kept while they cannot be sent, but for those of one turn.
const MOST_URGENT: usize = 4 << 10;

/// Reads in a row before the other way has its turn.
const ROUNDS: usize = 8;

impl Way {
    pub(super) fn new(
        reframer: Option<Box<Reframer>>,
        follower: Option<Box<dyn Follower>>,
        early: Bytes,
    ) -> Self {
        Self {
            reframer,
            follower,
            unseen: 0,
            early,
            out: Kept::default(),
            urgent: Vec::new(),
            state: WayState::Open,
            streak: 0,
            pipe: None,
            beyond: Bytes::new(),
            closing: None,
            bytes: 0,
        }
    }

    /// Relays until a socket has nothing to give or takes nothing.
    pub(super) fn pump(
        &mut self,
        src: &mut LegState,
        dst: &mut LegState,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Pumped {
        for _ in 0..ROUNDS {
            match self.poll_out(dst, cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => self.cut(dst),
                Poll::Pending => return Pumped::Blocked,
            }
            match self.state {
                WayState::Open => {}
                WayState::Ending => {
                    if dst.frames.is_none() {
                        match Pin::new(&mut dst.stream).poll_shutdown(cx) {
                            // A socket that is gone needs no end.
                            Poll::Ready(_) => {}
                            Poll::Pending => return Pumped::Blocked,
                        }
                    }
                    self.state = WayState::Told;
                    continue;
                }
                // Its session is over, its connection is not: the source may end it, and then the other leg is told.
                WayState::SessionEnded
                    if self.closing.is_none() && self.beyond.is_empty() && self.early.is_empty() => {}
                WayState::Told | WayState::SessionEnded | WayState::Cut => {
                    return self.overhear(src, cx, buf);
                }
            }
            match self.poll_kernel(src, dst, cx) {
                Poll::Ready(Ok(Moved::Nothing)) => {}
                Poll::Ready(Ok(Moved::Some)) => continue,
                Poll::Ready(Ok(Moved::End)) => match self.handle_eof(src, dst) {
                    Ok(()) => continue,
                    Err(end) => return Pumped::Ended(end),
                },
                Poll::Ready(Err(_)) => return Pumped::Ended(WayEnd::SourceLost),
                Poll::Pending => return Pumped::Blocked,
            }
            let len = match self.poll_input(src, dst, cx, buf) {
                Poll::Ready(Ok(0)) => match self.handle_eof(src, dst) {
                    Ok(()) => continue,
                    Err(end) => return Pumped::Ended(end),
                },
                Poll::Ready(Ok(len)) => len,
                Poll::Ready(Err(_)) => return Pumped::Ended(WayEnd::SourceLost),
                Poll::Pending => return Pumped::Blocked,
            };
            if let Err(end) = self.handle_input(src, dst, cx, buf, HEADROOM..HEADROOM + len) {
                return Pumped::Ended(end);
            }
        }
        Pumped::Busy
    }

    /// Pongs that this way's source is owed; they belong to the other way.
    pub(super) fn take_replies(&mut self) -> Vec<u8> {
        self.reframer.as_mut().map(|reframer| reframer.take_replies()).unwrap_or_default()
    }

    /// Puts control frames between two frames to the other leg, as soon as there is such a place.
    pub(super) fn push_urgent(&mut self, frames: &[u8]) {
        if self.state == WayState::Open {
            if self.urgent.len() + frames.len() > MOST_URGENT {
                // A peer that pings and takes no answers: only the latest are owed (RFC 6455 5.5.3).
                self.urgent.clear();
            }
            self.urgent.extend_from_slice(frames);
        }
    }

    /// Likewise a ping.
    pub(super) fn push_ping(&mut self) {
        if let Some(reframer) = &mut self.reframer {
            let ping = reframer.encode_ping();
            self.push_urgent(&ping);
        }
    }

    /// Whether it relays and waits for its source alone.
    pub(super) fn is_listening(&self) -> bool {
        self.state == WayState::Open && self.is_clear()
    }

    /// Whether the other leg took everything.
    pub(super) fn is_clear(&self) -> bool {
        self.out.is_empty() && self.urgent.is_empty() && self.pipe.as_ref().is_none_or(|pipe| pipe.is_empty())
    }

    /// Appends a close frame for the other leg, if it can be sent now: false inside a frame, or where the other leg has no frames.
    pub(super) fn push_close(&mut self, close: &Close) -> bool {
        match &mut self.reframer {
            Some(reframer) if reframer.between_frames() => {
                let frame = reframer.encode_close(close);
                self.out.push(&frame);
                !frame.is_empty()
            }
            _ => false,
        }
    }

    /// Takes what came after the end of the session.
    pub(super) fn take_beyond(&mut self) -> Bytes {
        let mut beyond = std::mem::take(&mut self.beyond);
        if !self.early.is_empty() {
            beyond = [&beyond[..], &self.early[..]].concat().into();
            self.early = Bytes::new();
        }
        beyond
    }

    /// Writes what the other leg did not take, then control frames that may go now.
    pub(super) fn poll_out(&mut self, dst: &mut LegState, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(pipe) = &mut self.pipe
            && let Stream::Tcp(to) = &dst.stream
        {
            ready!(pipe.poll_empty(to, cx))?;
        }
        loop {
            while !self.out.is_empty() {
                let written = ready!(Pin::new(&mut dst.stream).poll_write(cx, self.out.left()))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.out.advance(written);
            }
            if self.urgent.is_empty() || !self.between_frames() {
                break;
            }
            self.out.push(&std::mem::take(&mut self.urgent));
        }
        if dst.wants_flush() {
            ready!(Pin::new(&mut dst.stream).poll_flush(cx))?;
        }
        Poll::Ready(Ok(()))
    }

    fn between_frames(&self) -> bool {
        self.reframer.as_ref().is_none_or(|reframer| reframer.between_frames())
    }

    /// The other leg takes nothing any more.
    pub(super) fn cut(&mut self, dst: &mut LegState) {
        self.state = WayState::Cut;
        self.out = Kept::default();
        self.urgent = Vec::new();
        self.pipe = None;
        dst.broken = true;
    }

    /// The source ended.
    fn handle_eof(&mut self, src: &mut LegState, dst: &LegState) -> Result<(), WayEnd> {
        src.gone = true;
        // A WebSocket says its end by a close frame; and where writing failed, the end is that of a socket that is gone.
        if src.frames.is_some() || src.broken {
            return Err(WayEnd::SourceLost);
        }
        if let Some(follower) = &mut self.follower
            && (self.unseen > 0 || follower.eof().is_err())
        {
            return Err(WayEnd::SourceLost);
        }
        self.end(dst, &Close::NORMAL);
        Ok(())
    }

    /// The source said its end; what was read before goes first.
    pub(super) fn end(&mut self, dst: &LegState, close: &Close) {
        match self.state {
            WayState::Open => self.state = WayState::Ending,
            WayState::SessionEnded => {
                self.closing = Some(close.clone());
                return;
            }
            WayState::Ending | WayState::Told | WayState::Cut => return,
        }
        self.urgent = Vec::new();
        if dst.frames.is_some() {
            self.push_close(close);
        }
    }

    /// After the end of its session, the source ended altogether: the other leg is told so. Only for as long as the other
    /// way's session goes on; when both are over, the driver ends the pair. Tells whether there was something to tell.
    pub(super) fn pass_on_end(&mut self, dst: &LegState) -> bool {
        let Some(close) = self.closing.take() else { return false };
        self.state = WayState::Open;
        self.end(dst, &close);
        true
    }

    /// After its end a WebSocket has nothing to say; but that it went away altogether is worth knowing.
    fn overhear(&self, src: &mut LegState, cx: &mut Context<'_>, buf: &mut [u8]) -> Pumped {
        if self.state != WayState::Told || src.frames.is_none() || src.gone {
            return Pumped::Blocked;
        }
        for _ in 0..ROUNDS {
            let mut read = ReadBuf::new(buf);
            match Pin::new(&mut src.stream).poll_read(cx, &mut read) {
                Poll::Pending => return Pumped::Blocked,
                Poll::Ready(Ok(())) if !read.filled().is_empty() => {}
                Poll::Ready(_) => {
                    src.gone = true;
                    break;
                }
            }
        }
        Pumped::Busy
    }
}

//! One direction of a pair.

use std::{
    io,
    ops::Range,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{kernel::Pipe, scratch::READ};
use crate::{
    io::{Stream, TlsStream},
    wire::{
        follow::{FollowError, Follower, Passage},
        websocket::{Close, Event, FrameDialect, FrameError, HEADROOM, Pause, Reframer},
    },
};

/// One leg as both ways see it.
#[derive(Debug)]
pub(super) struct LegState {
    pub(super) stream: Stream,
    pub(super) frames: Option<FrameDialect>,
    /// Something was read since the driver last looked.
    pub(super) heard: bool,
    /// Nothing more will be read: its end was seen, or writing to it failed and so did reading.
    pub(super) gone: bool,
    /// Writing to it failed.
    pub(super) broken: bool,
}

impl LegState {
    /// Whether TLS keeps ciphertext that the socket did not take.
    pub(super) fn wants_flush(&self) -> bool {
        self.stream.tls().is_some_and(TlsStream::wants_flush)
    }
}

/// From one leg to the other.
pub(super) struct Way {
    /// `None` between two legs of bytes.
    reframer: Option<Box<Reframer>>,
    follower: Option<Box<dyn Follower>>,
    /// Bytes that the follower need not be shown.
    unseen: u64,
    early: Bytes,
    /// What the other leg did not take yet.
    out: Outgoing,
    /// Pings and pongs for the other leg, to be put between two frames.
    urgent: Vec<u8>,
    pub(super) state: WayState,
    /// Reads in a row that gave much: it pays to let the kernel move what follows.
    streak: u8,
    /// Borrowed while the kernel does. While it holds bytes, nothing is in `out`.
    pipe: Option<Box<Pipe>>,
    /// Bytes that came after the end of the session.
    beyond: Bytes,
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

/// Why a follower lets no more bytes pass.
enum Stop {
    SessionEnded,
    Refused(FollowError),
}

/// What the kernel moved.
enum Moved {
    Nothing,
    Some,
    End,
}

/// Bytes in one read that speak for a fast stream.
const MUCH: usize = 64 << 10;

/// Such reads in a row after which it is taken for one.
const FAST: u8 = 4;

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
            out: Outgoing::default(),
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
    fn cut(&mut self, dst: &mut LegState) {
        self.state = WayState::Cut;
        self.out = Outgoing::default();
        self.urgent = Vec::new();
        self.pipe = None;
        dst.broken = true;
    }

    /// Lets the kernel move bytes from socket to socket, if the way has proved fast and nobody needs to see them.
    fn poll_kernel(
        &mut self,
        src: &mut LegState,
        dst: &LegState,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Moved>> {
        let limit = if self.follower.is_some() { self.unseen } else { u64::MAX };
        let (Stream::Tcp(from), Stream::Tcp(_), None) = (&src.stream, &dst.stream, &self.reframer) else {
            return Poll::Ready(Ok(Moved::Nothing));
        };
        if self.pipe.is_none() {
            if self.streak < FAST || limit < MUCH as u64 || !self.early.is_empty() {
                return Poll::Ready(Ok(Moved::Nothing));
            }
            self.pipe = Pipe::borrow().map(Box::new);
        }
        let Some(pipe) = &mut self.pipe else {
            self.streak = 0;
            return Poll::Ready(Ok(Moved::Nothing));
        };
        let filled = if limit == 0 { Poll::Pending } else { pipe.poll_fill(from, limit, cx) };
        match filled {
            Poll::Ready(Ok(len)) if len > 0 => {
                self.bytes += len as u64;
                src.heard = true;
                self.unseen = self.unseen.saturating_sub(len as u64);
                Poll::Ready(Ok(Moved::Some))
            }
            // The source rests, or what comes next must be seen.
            other => {
                self.give_back();
                if limit == 0 { Poll::Ready(Ok(Moved::Nothing)) } else { other.map_ok(|_| Moved::End) }
            }
        }
    }

    fn give_back(&mut self) {
        if let Some(pipe) = self.pipe.take()
            && !pipe.give_back()
        {
            self.streak = 0;
        }
    }

    /// Reads what is there into `buf`, behind the headroom.
    fn poll_input(
        &mut self,
        src: &mut LegState,
        dst: &LegState,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        // Bytes that become frames: one read, one frame, its head before it.
        let limit = match (src.frames, dst.frames) {
            (None, Some(to)) => to.largest_frame.min(READ),
            _ => READ,
        };
        let buf = &mut buf[HEADROOM..HEADROOM + limit];
        let len = if self.early.is_empty() {
            let mut read = ReadBuf::new(buf);
            ready!(Pin::new(&mut src.stream).poll_read(cx, &mut read))?;
            let len = read.filled().len();
            self.streak = if len >= MUCH { self.streak.saturating_add(1) } else { 0 };
            len
        } else {
            let len = self.early.len().min(limit);
            self.early.copy_to_slice(&mut buf[..len]);
            if self.early.is_empty() {
                // Lets go of the buffer it was cut from.
                self.early = Bytes::new();
            }
            len
        };
        self.bytes += len as u64;
        src.heard |= len > 0;
        Poll::Ready(Ok(len))
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
    fn end(&mut self, dst: &LegState, close: &Close) {
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

    /// Turns what was read and writes it.
    fn handle_input(
        &mut self,
        src: &LegState,
        dst: &mut LegState,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        mut input: Range<usize>,
    ) -> Result<(), WayEnd> {
        let mut stop = None;
        if src.frames.is_none() {
            let (passes, why) = self.follow(&buf[input.clone()]);
            stop = why;
            if matches!(stop, Some(Stop::SessionEnded)) {
                self.beyond = Bytes::copy_from_slice(&buf[input.start + passes..input.end]);
            }
            input.end = input.start + passes;
        }
        let Some(mut reframer) = self.reframer.take() else {
            self.emit(dst, cx, &buf[input]);
            return self.stop(stop);
        };
        let mut event = None;
        while !input.is_empty() && event.is_none() {
            let pause = if self.urgent.is_empty() { Pause::No } else { Pause::BetweenFrames };
            let step = reframer.reframe(buf, input, pause);
            let mut output = step.output;
            if src.frames.is_some() && dst.frames.is_none() {
                let (passes, why) = self.follow(&buf[output.clone()]);
                stop = why;
                output.end = output.start + passes;
            }
            self.emit(dst, cx, &buf[output]);
            if !self.urgent.is_empty() && reframer.between_frames() {
                let urgent = std::mem::take(&mut self.urgent);
                self.emit(dst, cx, &urgent);
            }
            event = step.event;
            if stop.is_some() && src.frames.is_some() {
                break;
            }
            input = step.rest;
        }
        self.reframer = Some(reframer);
        self.stop(stop)?;
        match event {
            None => Ok(()),
            Some(Event::Violation(error)) => Err(WayEnd::Violation(error)),
            // Bytes can say a failure only by a reset.
            Some(Event::Close(close)) if close.is_failure() && dst.frames.is_none() => {
                Err(WayEnd::SourceFailed(close))
            }
            Some(Event::Close(close)) => {
                self.end(dst, &close.relayed());
                Ok(())
            }
        }
    }

    /// Shows bytes to the follower: how many pass, and why no more do.
    fn follow(&mut self, bytes: &[u8]) -> (usize, Option<Stop>) {
        let Some(follower) = &mut self.follower else {
            return (bytes.len(), None);
        };
        let unseen = bytes.len().min(usize::try_from(self.unseen).unwrap_or(usize::MAX));
        self.unseen -= unseen as u64;
        if unseen == bytes.len() {
            return (unseen, None);
        }
        match follower.follow(&bytes[unseen..]) {
            Passage::All { unseen } => {
                self.unseen = unseen;
                (bytes.len(), None)
            }
            Passage::Ended { at } => (unseen + at, Some(Stop::SessionEnded)),
            Passage::Refused { at, error } => (unseen + at, Some(Stop::Refused(error))),
        }
    }

    fn stop(&mut self, stop: Option<Stop>) -> Result<(), WayEnd> {
        match stop {
            None => {}
            Some(Stop::SessionEnded) if self.state == WayState::Open => self.state = WayState::SessionEnded,
            Some(Stop::SessionEnded) => {}
            Some(Stop::Refused(error)) => return Err(WayEnd::Refused(error)),
        }
        Ok(())
    }

    /// Writes at once; keeps what the other leg does not take.
    fn emit(&mut self, dst: &mut LegState, cx: &mut Context<'_>, mut bytes: &[u8]) {
        if self.state == WayState::Cut {
            return;
        }
        while !bytes.is_empty() {
            if !self.out.is_empty() {
                return self.out.push(bytes);
            }
            match Pin::new(&mut dst.stream).poll_write(cx, bytes) {
                Poll::Ready(Ok(written)) if written > 0 => bytes = &bytes[written..],
                Poll::Ready(_) => return self.cut(dst),
                Poll::Pending => self.out.push(bytes),
            }
            if !self.out.is_empty() {
                return;
            }
        }
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

/// Bytes a socket did not take.
#[derive(Debug, Default)]
struct Outgoing {
    bytes: Vec<u8>,
    at: usize,
}

impl Outgoing {
    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn left(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    /// What is kept is at most what one read turned into, and a few control frames: nothing is read while something is kept.
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn advance(&mut self, by: usize) {
        self.at += by;
        if self.at == self.bytes.len() {
            *self = Self::default();
        }
    }
}

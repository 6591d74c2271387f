//! What a read yields, on its way to the other leg: followed, turned, written or kept.

use std::{
    io,
    ops::Range,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{LegState, MUCH, Pumped, READ, ROUNDS, Stop, Way, WayEnd, WayState};
use crate::wire::{
    follow::Passage,
    websocket::{Close, Event, HEADROOM, Pause},
};

impl Way {
    /// Reads what is there into `buf`, behind the headroom.
    pub(super) fn poll_input(
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
    pub(super) fn handle_eof(&mut self, src: &mut LegState, dst: &LegState) -> Result<(), WayEnd> {
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
    pub(in crate::io::join) fn pass_on_end(&mut self, dst: &LegState) -> bool {
        let Some(close) = self.closing.take() else { return false };
        self.state = WayState::Open;
        self.end(dst, &close);
        true
    }

    /// Turns what was read and writes it.
    pub(super) fn handle_input(
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
    pub(super) fn follow(&mut self, bytes: &[u8]) -> (usize, Option<Stop>) {
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

    pub(super) fn stop(&mut self, stop: Option<Stop>) -> Result<(), WayEnd> {
        match stop {
            None => {}
            Some(Stop::SessionEnded) if self.state == WayState::Open => self.state = WayState::SessionEnded,
            Some(Stop::SessionEnded) => {}
            Some(Stop::Refused(error)) => return Err(WayEnd::Refused(error)),
        }
        Ok(())
    }

    /// Writes at once; keeps what the other leg does not take.
    pub(super) fn emit(&mut self, dst: &mut LegState, cx: &mut Context<'_>, mut bytes: &[u8]) {
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
    pub(super) fn overhear(&self, src: &mut LegState, cx: &mut Context<'_>, buf: &mut [u8]) -> Pumped {
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

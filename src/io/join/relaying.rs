//! What a way does with bytes that were read: show, turn, write.

use std::{
    ops::Range,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::AsyncWrite;

use super::way::{LegState, Way, WayEnd, WayState};
use crate::wire::{
    follow::{FollowError, Passage},
    websocket::{Event, Pause},
};

/// Why a follower lets no more bytes pass.
enum Stop {
    SessionEnded,
    Refused(FollowError),
}

impl Way {
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
}

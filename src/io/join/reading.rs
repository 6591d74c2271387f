//! How a way reads: into the thread's buffer, or not at all where the kernel moves bytes by itself.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, ReadBuf};

use super::{
    kernel::Pipe,
    scratch::READ,
    way::{LegState, Way},
};
use crate::{io::Stream, wire::websocket::HEADROOM};

/// What the kernel moved.
pub(super) enum Moved {
    Nothing,
    Some,
    End,
}

/// Bytes in one read that speak for a fast stream.
const MUCH: usize = 64 << 10;

/// Such reads in a row after which it is taken for one.
const FAST: u8 = 4;

impl Way {
    /// Lets the kernel move bytes from socket to socket, if the way has proved fast and nobody needs to see them.
    pub(super) fn poll_kernel(
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
        Poll::Ready(Ok(len))
    }
}

//! How one leg of a pair is left.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::way::{LegState, Way};

/// How one leg is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// What it is owed is written, then its TCP (or TLS) is shut down, then what it still sends is read and thrown away until it ends as well: closing a
    /// socket that holds unread bytes resets it, and the peer might lose what it was just told.
    Orderly(Stage),
    /// What it is owed is written and its TCP is shut down; nobody waits for the peer.
    Brief(Stage),
    /// Dropped as it is.
    Drop,
    /// Dropped so that the peer sees an error.
    Abort,
    /// Given back.
    Keep,
}

/// How far an exit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Flush,
    Shutdown,
    Drain,
    Done,
}

impl Exit {
    /// Goes on with it; `way` is the one towards the leg.
    pub(super) fn poll(
        &mut self,
        leg: &mut LegState,
        way: &mut Way,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<()> {
        let (stage, waits) = match self {
            Self::Orderly(stage) => (stage, true),
            Self::Brief(stage) => (stage, false),
            Self::Drop | Self::Abort | Self::Keep => return Poll::Ready(()),
        };
        loop {
            *stage = match stage {
                Stage::Flush => match ready!(way.poll_out(leg, cx)) {
                    Ok(()) => Stage::Shutdown,
                    Err(_) => Stage::Done,
                },
                Stage::Shutdown => match ready!(Pin::new(&mut leg.stream).poll_shutdown(cx)) {
                    Ok(()) if waits && !leg.gone => Stage::Drain,
                    _ => Stage::Done,
                },
                Stage::Drain => {
                    let mut read = ReadBuf::new(buf);
                    match ready!(Pin::new(&mut leg.stream).poll_read(cx, &mut read)) {
                        Ok(()) if !read.filled().is_empty() => Stage::Drain,
                        _ => Stage::Done,
                    }
                }
                Stage::Done => return Poll::Ready(()),
            };
        }
    }
}

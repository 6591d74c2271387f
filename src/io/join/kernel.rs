//! Moving bytes from socket to socket inside the kernel, `splice(2)`: for streams that have proved fast, and bytes nobody needs to see.
//!
//! A pipe lies between the two sockets. It is filled only while it is empty and then emptied whole, so that "would block" says which of both sockets it
//! means: filling an empty pipe fails because its source has nothing, emptying one because its target takes nothing. Pipes are borrowed from a pool of
//! the thread for as long as bytes flow, so that an idle pair has none.

use std::{
    cell::RefCell,
    io,
    os::fd::OwnedFd,
    task::{Context, Poll, ready},
};

use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use tokio::{io::Interest, net::TcpStream};

/// What a pipe should hold, in bytes: the most that one without privileges may ask for (`fs.pipe-max-size`).
const CAPACITY: usize = 1 << 20;

/// Pipes kept for reuse by each thread.
const POOLED: usize = 32;

/// Bytes below which a borrowing was not worth it.
const WORTH_IT: u64 = 256 << 10;

thread_local! {
    static POOL: RefCell<Vec<Ends>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug)]
struct Ends {
    read: OwnedFd,
    write: OwnedFd,
}

/// A borrowed pipe between two sockets.
#[derive(Debug)]
pub(super) struct Pipe {
    ends: Ends,
    /// Bytes in it.
    filled: usize,
    /// Bytes that went through it since it was borrowed.
    moved: u64,
}

impl Pipe {
    /// Borrows one; `None` where the process may open no more.
    pub(super) fn borrow() -> Option<Self> {
        let ends = POOL.with_borrow_mut(Vec::pop).or_else(|| {
            let (read, write) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).ok()?;
            // Beyond what this user may have in pipes it stays at 64 KiB, which also works.
            let _ = fcntl_setpipe_size(&write, CAPACITY);
            Some(Ends { read, write })
        })?;
        Some(Self { ends, filled: 0, moved: 0 })
    }

    /// Gives it back, if it is empty; says whether borrowing it was worth it.
    pub(super) fn give_back(self) -> bool {
        let worth = self.moved >= WORTH_IT;
        if self.filled == 0 {
            POOL.with_borrow_mut(|pool| {
                if pool.len() < POOLED {
                    pool.push(self.ends);
                }
            });
        }
        worth
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Fills the empty pipe with at most `limit` bytes of what `from` has; `Ok(0)` is the end.
    pub(super) fn poll_fill(
        &mut self,
        from: &TcpStream,
        limit: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        debug_assert!(self.is_empty(), "else a full pipe would look like an empty socket");
        let len = usize::try_from(limit).unwrap_or(usize::MAX).min(CAPACITY);
        loop {
            let filled = from
                .try_io(Interest::READABLE, || Ok(splice(from, None, &self.ends.write, None, len, FLAGS)?));
            match filled {
                Ok(len) => {
                    self.filled = len;
                    self.moved += len as u64;
                    return Poll::Ready(Ok(len));
                }
                Err(error) => again(error)?,
            }
            ready!(from.poll_read_ready(cx))?;
        }
    }

    /// Empties the pipe into `to`.
    pub(super) fn poll_empty(&mut self, to: &TcpStream, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.filled > 0 {
            let moved = to.try_io(Interest::WRITABLE, || {
                Ok(splice(&self.ends.read, None, to, None, self.filled, FLAGS)?)
            });
            match moved {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(len) => self.filled -= len,
                Err(error) => {
                    again(error)?;
                    ready!(to.poll_write_ready(cx))?;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

const FLAGS: SpliceFlags = SpliceFlags::NONBLOCK.union(SpliceFlags::MOVE);

/// Lets pass what only asks for another try.
fn again(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(()),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    async fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (ours, theirs) =
            tokio::join!(listener.accept(), TcpStream::connect(listener.local_addr().unwrap()));
        (ours.unwrap().0, theirs.unwrap())
    }

    #[tokio::test]
    async fn carries_bytes_up_to_the_limit_and_tells_the_end() {
        let (from, mut from_peer) = connection().await;
        let (to, mut to_peer) = connection().await;
        from_peer.write_all(b"hello world").await.unwrap();
        from_peer.shutdown().await.unwrap();
        let mut pipe = Pipe::borrow().unwrap();
        assert_eq!(poll_fn(|cx| pipe.poll_fill(&from, 5, cx)).await.unwrap(), 5);
        poll_fn(|cx| pipe.poll_empty(&to, cx)).await.unwrap();
        let mut got = [0; 5];
        to_peer.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"hello");
        assert_eq!(poll_fn(|cx| pipe.poll_fill(&from, 99, cx)).await.unwrap(), 6);
        poll_fn(|cx| pipe.poll_empty(&to, cx)).await.unwrap();
        assert_eq!(poll_fn(|cx| pipe.poll_fill(&from, 99, cx)).await.unwrap(), 0);
        assert!(!pipe.give_back(), "so few bytes are not worth a pipe");
    }

    #[tokio::test]
    async fn a_target_that_takes_nothing_leaves_the_rest_in_the_pipe() {
        let (from, mut from_peer) = connection().await;
        let (to, mut to_peer) = connection().await;
        let writing = tokio::spawn(async move {
            from_peer.write_all(&vec![7; 32 << 20]).await.unwrap();
            from_peer
        });
        let mut pipe = Pipe::borrow().unwrap();
        let mut filled = 0;
        // Nobody reads: at some point the target takes no more.
        while pipe.is_empty() {
            filled += poll_fn(|cx| pipe.poll_fill(&from, u64::MAX, cx)).await.unwrap();
            let _ = poll_fn(|cx| Poll::Ready(pipe.poll_empty(&to, cx))).await;
        }
        let reading = tokio::spawn(async move {
            let mut got = vec![0; 32 << 20];
            to_peer.read_exact(&mut got).await.unwrap();
        });
        poll_fn(|cx| pipe.poll_empty(&to, cx)).await.unwrap();
        while filled < 32 << 20 {
            filled += poll_fn(|cx| pipe.poll_fill(&from, u64::MAX, cx)).await.unwrap();
            poll_fn(|cx| pipe.poll_empty(&to, cx)).await.unwrap();
        }
        reading.await.unwrap();
        writing.await.unwrap();
        assert!(pipe.give_back());
        assert!(POOL.with_borrow(|pool| !pool.is_empty()));
    }
}

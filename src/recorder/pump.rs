//! One direction of a connection that is recorded.

use std::io;
use std::time::Instant;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::sync::mpsc::Sender;

use super::journal::{Entry, What};
use crate::inspect::Direction;
use crate::io::Stream;

/// Bytes that are read at once.
pub(super) const READ: usize = 64 << 10;

/// What a pump needs besides its two ends.
#[derive(Clone, Debug)]
pub(super) struct Notes {
    pub(super) connection: usize,
    pub(super) begun: Instant,
    pub(super) entries: Sender<Entry>,
}

/// How a direction ended.
#[derive(Debug)]
pub(super) enum PumpEnd {
    /// By an end, which was carried over.
    Eof,
    /// By an error of either side, which the other one is to see as such.
    Broken,
}

impl Notes {
    /// Notes what happened; `false` when nobody writes any more.
    pub(super) async fn note(&self, what: What) -> bool {
        let entry = Entry { connection: self.connection, at: self.begun.elapsed(), what };
        self.entries.send(entry).await.is_ok()
    }
}

/// Moves bytes until the end of the direction. What was read is noted before it is sent on, so that an answer is never noted before what it answers;
/// it is sent on as it came.
pub(super) async fn pump(
    from: &mut ReadHalf<Stream>,
    to: &mut WriteHalf<Stream>,
    direction: Direction,
    notes: &Notes,
    mut count: impl FnMut(usize),
) -> PumpEnd {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(READ);
        let read = (&mut *from).take(READ as u64).read_buf(&mut buffer).await;
        match read {
            Ok(0) => {
                notes.note(What::Eof(direction)).await;
                return match to.shutdown().await {
                    Ok(()) => PumpEnd::Eof,
                    Err(_) => PumpEnd::Broken,
                };
            }
            Ok(read) => {
                let bytes = buffer.split().freeze();
                if !notes.note(What::Bytes(direction, bytes.clone())).await {
                    return PumpEnd::Broken;
                }
                if send(to, &bytes).await.is_err() {
                    return PumpEnd::Broken;
                }
                count(read);
            }
            Err(_) => {
                notes.note(What::Reset(direction)).await;
                return PumpEnd::Broken;
            }
        }
    }
}

async fn send(to: &mut WriteHalf<Stream>, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes).await?;
    to.flush().await
}

//! Reads the preambles of a local net.tcp connection, one session after the other.

use std::{io, time::Duration};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use crate::{
    io::Stream,
    wire::framing::{DecodeError, FaultUri, Policy, PreambleEvent, PreambleReader, Session, encode},
};

/// A local connection between two sessions.
#[derive(Debug)]
pub(super) struct Client {
    stream: Stream,
    read: BytesMut,
}

/// What stands at the beginning of a connection, or after a session.
#[derive(Debug)]
pub(super) enum Began {
    /// A session.
    Session(Box<Session>),
    /// The client is done, or was quiet for too long.
    Nothing,
}

/// A preamble that is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum PreambleError {
    /// The connection broke.
    #[error("the connection broke inside a preamble: {0}")]
    Io(#[from] io::Error),
    /// It ended inside a preamble.
    #[error("the client left inside a preamble")]
    Gone,
    /// It took longer than .NET allows.
    #[error("the client sent no whole preamble within {} seconds", PREAMBLE_WITHIN.as_secs())]
    Slow,
    /// Its bytes are wrong.
    #[error("the client's preamble: {0}")]
    Decode(#[from] DecodeError),
}

/// From the first byte (or the accept) to a whole preamble (framing page 6.2).
const PREAMBLE_WITHIN: Duration = Duration::from_secs(30);

/// Between two sessions of a pooled connection (framing page 6.2).
const IDLE_WITHIN: Duration = Duration::from_secs(120);

/// After a fault: for the client to read it and close (framing page 10, rule 15).
const DRAIN_WITHIN: Duration = Duration::from_secs(5);

/// After a fault: bytes that are read and thrown away.
const DRAIN_BYTES: u64 = 64 << 10;

impl Client {
    /// A connection that was accepted, or given back by a splice with what was read too far.
    pub(super) fn new(stream: Stream, read: &[u8]) -> Self {
        Self { stream, read: BytesMut::from(read) }
    }

    /// Reads the next preamble. `first`: the connection is new, so that silence is an error.
    pub(super) async fn next(&mut self, first: bool, policy: &Policy) -> Result<Began, PreambleError> {
        if !first && self.read.is_empty() {
            match timeout(IDLE_WITHIN, self.stream.read_buf(&mut self.read)).await {
                Ok(Ok(0)) | Ok(Err(_)) | Err(_) => return Ok(Began::Nothing),
                Ok(Ok(_)) => {}
            }
        }
        timeout(PREAMBLE_WITHIN, self.preamble(policy)).await.unwrap_or(Err(PreambleError::Slow))
    }

    async fn preamble(&mut self, policy: &Policy) -> Result<Began, PreambleError> {
        let mut reader = PreambleReader::new();
        loop {
            while let Some((event, used)) = reader.read(&self.read, policy)? {
                self.read.advance(used);
                if let PreambleEvent::Begun(session) = event {
                    return Ok(Began::Session(Box::new(session)));
                }
            }
            if self.stream.read_buf(&mut self.read).await? == 0 {
                let clean = reader.at_start() && self.read.is_empty();
                return if clean { Ok(Began::Nothing) } else { Err(PreambleError::Gone) };
            }
        }
    }

    /// The connection, and what was read from it behind the preamble.
    pub(super) fn into_parts(self) -> (Stream, Bytes) {
        (self.stream, self.read.freeze())
    }

    /// Tells the client why, waits until it has read it, and closes.
    pub(super) async fn refuse(mut self, fault: Option<FaultUri>) {
        let Some(fault) = fault else { return };
        let mut record = Vec::new();
        encode::fault(fault, &mut record);
        let farewell = async {
            self.stream.write_all(&record).await?;
            self.stream.shutdown().await?;
            tokio::io::copy(&mut (&mut self.stream).take(DRAIN_BYTES), &mut tokio::io::sink()).await
        };
        // A client that does not leave in time loses the connection.
        let _ = timeout(DRAIN_WITHIN, farewell).await;
    }
}

impl PreambleError {
    /// What the client is told; `None` means close without a word.
    pub(super) fn fault(&self) -> Option<FaultUri> {
        match self {
            Self::Decode(error) => error.fault(),
            Self::Io(_) | Self::Gone | Self::Slow => None,
        }
    }
}

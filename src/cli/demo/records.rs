//! A net.tcp connection as the demo's service and its old client use it: whole records, small envelopes.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use crate::wire::framing::{DecodeError, FramingLimits, Record, RecordType, decode, encode};

/// One side of a connection. Each wait has a deadline.
#[derive(Debug)]
pub(super) struct Records<S> {
    stream: S,
    received: Vec<u8>,
    limits: FramingLimits,
}

/// Why a connection ended before its time.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordsError {
    #[error("the connection was lost: {0}")]
    Lost(#[from] io::Error),
    #[error("the connection was closed")]
    Closed,
    #[error("nothing came for {} seconds", .0.as_secs())]
    Silent(Duration),
    #[error("the peer broke the framing rules: {0}")]
    Framing(#[from] DecodeError),
    #[error("an envelope of {size} bytes is beyond the limit of {max} bytes")]
    EnvelopeTooLarge { size: u32, max: u64 },
}

/// What came, once the preamble is over.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    Envelope(Vec<u8>),
    End,
    /// The URI of a refusal.
    Fault(String),
    /// The connection ended where a session may end.
    Eof,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Records<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, received: Vec::new(), limits: FramingLimits::default() }
    }

    /// The next record, which must be of one of these types; `take` keeps what is wanted of it. `None`: the connection
    /// ended before its first byte.
    pub(super) async fn next<T>(
        &mut self,
        expected: &'static [RecordType],
        within: Duration,
        take: impl FnOnce(Record<'_>) -> T,
    ) -> Result<Option<T>, RecordsError> {
        loop {
            // Found by value first: what `take` borrows must not outlive the look.
            if let Some((record, used)) = decode::record(&self.received, expected, &self.limits)? {
                let taken = take(record);
                self.received.drain(..used);
                return Ok(Some(taken));
            }
            let clean = self.received.is_empty();
            match self.read(within).await? {
                0 if clean => return Ok(None),
                0 => return Err(RecordsError::Closed),
                _ => {}
            }
        }
    }

    /// The next envelope of a duplex session, or how the session went on.
    pub(super) async fn arrival(
        &mut self,
        expected: &'static [RecordType],
        within: Duration,
    ) -> Result<Arrival, RecordsError> {
        let record = self.next(expected, within, |record| match record {
            Record::SizedEnvelope { size } => Ok(size),
            Record::Fault(uri) => Err(Arrival::Fault(uri.to_owned())),
            _ => Err(Arrival::End),
        });
        match record.await? {
            Some(Ok(size)) => Ok(Arrival::Envelope(self.payload(size, within).await?)),
            Some(Err(other)) => Ok(other),
            None => Ok(Arrival::Eof),
        }
    }

    /// The bytes of a sized envelope. Room is made for what arrived, not for what was announced.
    async fn payload(&mut self, size: u32, within: Duration) -> Result<Vec<u8>, RecordsError> {
        let max = self.limits.envelope;
        if u64::from(size) > max {
            return Err(RecordsError::EnvelopeTooLarge { size, max });
        }
        let size = size as usize;
        while self.received.len() < size {
            if self.read(within).await? == 0 {
                return Err(RecordsError::Closed);
            }
        }
        Ok(self.received.drain(..size).collect())
    }

    async fn read(&mut self, within: Duration) -> Result<usize, RecordsError> {
        let read = timeout(within, self.stream.read_buf(&mut self.received)).await;
        Ok(read.map_err(|_| RecordsError::Silent(within))??)
    }

    /// Sends records as they stand.
    pub(super) async fn send(&mut self, bytes: &[u8], within: Duration) -> Result<(), RecordsError> {
        let write = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        Ok(timeout(within, write).await.map_err(|_| RecordsError::Silent(within))??)
    }

    /// Sends one sized envelope, head and payload in one write.
    pub(super) async fn send_envelope(
        &mut self,
        envelope: &[u8],
        within: Duration,
    ) -> Result<(), RecordsError> {
        let size = u32::try_from(envelope.len()).unwrap_or(u32::MAX);
        let max = self.limits.envelope;
        if u64::from(size) > max {
            return Err(RecordsError::EnvelopeTooLarge { size, max });
        }
        let mut bytes = Vec::with_capacity(envelope.len() + 6);
        encode::record(&Record::SizedEnvelope { size }, &mut bytes);
        bytes.extend_from_slice(envelope);
        self.send(&bytes, within).await
    }

    /// After a fault: no more is sent, and what the peer still sends is thrown away, up to 64 KiB (framing page 3.4).
    pub(super) async fn drain(mut self, within: Duration) {
        let drain = async {
            let _ = self.stream.shutdown().await;
            let mut left = 64 * 1024;
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = self.stream.read(&mut chunk).await {
                if read >= left {
                    break;
                }
                left -= read;
            }
        };
        let _ = timeout(within, drain).await;
    }
}

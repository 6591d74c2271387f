//! Reading a preamble from a connection, and refusing one.

use std::{io, time::Duration};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use crate::{
    io::finish,
    wire::framing::{
        DecodeError, FaultUri, Policy, Preamble, PreambleEvent, PreambleReader, Session, encode,
    },
};

/// What a connection brought instead of a preamble that can be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoPreamble<R> {
    /// The connection ended, or was silent, where it may.
    #[error("the connection ended between sessions")]
    Ended,
    /// It began a preamble and did not finish it in time.
    #[error("the preamble was not complete in time")]
    TooSlow,
    /// The bytes are no preamble.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// Nobody may or can be reached by it.
    #[error("refused")]
    Refused(R),
    /// The connection broke.
    #[error(transparent)]
    Broken(#[from] io::Error),
}

/// How long a preamble may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waits {
    /// Until its first byte.
    pub(crate) first: Duration,
    /// From there to its end.
    pub(crate) whole: Duration,
}

/// Reads one preamble. `opened` is asked once the Via and the encoding are known, before anything is answered.
///
/// What was read beyond the preamble stays in `buffer`.
pub(crate) async fn read<S: AsyncRead + Unpin, T, R>(
    stream: &mut S,
    buffer: &mut BytesMut,
    policy: &Policy,
    waits: Waits,
    opened: impl FnOnce(&Preamble) -> Result<T, R>,
) -> Result<(Session, T), NoPreamble<R>> {
    if buffer.is_empty() {
        match timeout(waits.first, stream.read_buf(buffer)).await {
            Ok(Ok(0)) | Err(_) => return Err(NoPreamble::Ended),
            Ok(read) => read?,
        };
    }
    timeout(waits.whole, read_begun(stream, buffer, policy, opened)).await.map_err(|_| NoPreamble::TooSlow)?
}

async fn read_begun<S: AsyncRead + Unpin, T, R>(
    stream: &mut S,
    buffer: &mut BytesMut,
    policy: &Policy,
    opened: impl FnOnce(&Preamble) -> Result<T, R>,
) -> Result<(Session, T), NoPreamble<R>> {
    let mut reader = PreambleReader::new();
    let mut opened = Some(opened);
    let mut answer = None;
    loop {
        match reader.read(buffer, policy)? {
            None => {
                if stream.read_buf(buffer).await? == 0 {
                    return Err(DecodeError::UnexpectedEof.into());
                }
            }
            Some((event, used)) => {
                buffer.advance(used);
                match event {
                    PreambleEvent::Record => {}
                    PreambleEvent::Opened => {
                        if let (Some(ask), Some(preamble)) = (opened.take(), reader.preamble()) {
                            answer = Some(ask(preamble).map_err(NoPreamble::Refused)?);
                        }
                    }
                    PreambleEvent::Begun(session) => {
                        let answer = answer.expect("a session begins after it was opened");
                        return Ok((session, answer));
                    }
                }
            }
        }
    }
}

/// Writes a fault and lets the peer finish (framing page 10, rule 15).
pub(crate) async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    fault: FaultUri,
    patience: Duration,
) -> io::Result<()> {
    let mut record = Vec::new();
    encode::fault(fault, &mut record);
    timeout(patience, stream.write_all(&record)).await??;
    finish(&mut stream).await
}

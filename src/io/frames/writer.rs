//! The sending direction, and what both share.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex as StdMutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt, WriteHalf},
    sync::Mutex,
};

use super::{FrameStreamError, Kind};
use crate::{
    io::Stream,
    wire::websocket::{Close, FrameDialect, FrameHead, MaskKeys, OpCode, Role, apply_mask, push_control},
};

/// The sending side.
#[derive(Debug)]
pub struct FrameWriter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    out: Mutex<Out>,
    /// Pongs that the reader could not put into `out` because the writer had it.
    pongs: StdMutex<Vec<u8>>,
}

#[derive(Debug)]
struct Out {
    half: WriteHalf<Stream>,
    dialect: FrameDialect,
    keys: MaskKeys,
    /// Whole frames not yet written.
    pending: BytesMut,
    /// A message was begun and not ended.
    open: bool,
    closed: bool,
}

impl FrameWriter {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Sends a part of a message; `fin` ends it. The first part gives the kind, later ones continue it.
    ///
    /// Parts larger than the dialect's frames are split, FIN on the last piece. An empty part is sent only where it ends a message; a .NET stream takes it
    /// for the end, so do that at the end of an HTTP body alone (hybrid page 0, rule 6). Waits until the socket took everything; dropping the future
    /// leaves the rest to the next call.
    pub async fn send(&mut self, kind: Kind, fin: bool, data: &[u8]) -> Result<(), FrameStreamError> {
        {
            let mut out = self.shared.out.lock().await;
            if out.closed {
                return Err(FrameStreamError::Closed);
            }
            if !data.is_empty() || fin {
                // Earlier frames first, so that no more than one part is ever kept.
                out.flush().await?;
                out.push_data(kind, fin, data);
            }
            out.flush().await?;
        }
        self.flush_pongs().await
    }

    /// Closes our side; nothing can be sent after it. The peer's side stays open.
    pub async fn close(&mut self, close: &Close) -> Result<(), FrameStreamError> {
        let mut out = self.shared.out.lock().await;
        if !out.closed {
            out.closed = true;
            out.push_control(OpCode::Close, &close.encode());
        }
        Ok(out.flush().await?)
    }

    /// Ends our side of the connection beneath, after the close frame.
    pub async fn shutdown(&mut self) -> Result<(), FrameStreamError> {
        let mut out = self.shared.out.lock().await;
        out.closed = true;
        out.flush().await?;
        Ok(out.half.shutdown().await?)
    }

    /// Sends pongs that the reader made while we had the socket.
    async fn flush_pongs(&mut self) -> Result<(), FrameStreamError> {
        loop {
            let pongs = self.shared.take_pongs();
            if pongs.is_empty() {
                return Ok(());
            }
            let mut out = self.shared.out.lock().await;
            out.push_pongs(&pongs);
            out.flush().await?;
        }
    }
}

/// Pongs kept while they cannot be sent, as payloads with a length byte before each; of more, only the latest are answered.
const MAX_PONGS: usize = 2048;

impl Shared {
    pub(super) fn new(half: WriteHalf<Stream>, dialect: FrameDialect) -> Arc<Self> {
        // As for a splice: without randomness TLS would not have come up either.
        let keys = MaskKeys::new(getrandom::u64().unwrap_or_default());
        let out = Out { half, dialect, keys, pending: BytesMut::new(), open: false, closed: false };
        Arc::new(Self { out: Mutex::new(out), pongs: StdMutex::default() })
    }

    pub(super) fn push_pong(&self, payload: &[u8]) {
        let mut pongs = self.pongs.lock().unwrap_or_else(PoisonError::into_inner);
        if pongs.len() + payload.len() >= MAX_PONGS {
            pongs.clear();
        }
        // A control frame holds at most 125 bytes.
        pongs.push(payload.len() as u8);
        pongs.extend_from_slice(payload);
    }

    fn take_pongs(&self) -> Vec<u8> {
        std::mem::take(&mut *self.pongs.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends pongs as far as the socket takes them now. Where the writer has it, the writer looks for them afterwards.
    pub(super) fn poll_pongs(&self, cx: &mut Context<'_>) {
        let Ok(mut out) = self.out.try_lock() else {
            return;
        };
        // Earlier frames first: a peer that pings and takes no answers must not make us keep more and more of them. A failure
        // shows when something is sent, or in reading.
        if !out.pending.is_empty() && !matches!(out.poll_flush(cx), Poll::Ready(Ok(()))) {
            return;
        }
        let pongs = self.take_pongs();
        if !out.closed && !pongs.is_empty() {
            out.push_pongs(&pongs);
            let _ = out.poll_flush(cx);
        }
    }
}

impl Out {
    fn push_pongs(&mut self, mut pongs: &[u8]) {
        while let Some((&len, rest)) = pongs.split_first() {
            let (payload, rest) = rest.split_at(usize::from(len).min(rest.len()));
            self.push_control(OpCode::Pong, payload);
            pongs = rest;
        }
    }

    fn push_control(&mut self, opcode: OpCode, payload: &[u8]) {
        let mut frame = Vec::new();
        push_control(&mut frame, self.dialect.role, &mut self.keys, opcode, payload);
        self.pending.extend_from_slice(&frame);
    }

    fn push_data(&mut self, kind: Kind, fin: bool, data: &[u8]) {
        let largest = self.dialect.largest_frame.max(1);
        let mut left = data;
        loop {
            let (piece, rest) = left.split_at(left.len().min(largest));
            let fin = fin && rest.is_empty();
            let opcode = match kind {
                _ if self.open => OpCode::Continuation,
                Kind::Text => OpCode::Text,
                Kind::Binary => OpCode::Binary,
            };
            let mask = (self.dialect.role == Role::Client).then(|| self.keys.next_key());
            let head = FrameHead { fin, opcode, mask, len: piece.len() as u64 };
            let mut bytes = [0; FrameHead::MAX];
            head.encode(&mut bytes);
            self.pending.extend_from_slice(&bytes[..head.encoded_len()]);
            let start = self.pending.len();
            self.pending.extend_from_slice(piece);
            if let Some(key) = mask {
                apply_mask(&mut self.pending[start..], key);
            }
            self.open = !fin;
            left = rest;
            if left.is_empty() {
                break;
            }
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.poll_flush(cx)).await
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.pending.is_empty() {
            let written = ready!(Pin::new(&mut self.half).poll_write(cx, &self.pending))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.pending.advance(written);
        }
        Pin::new(&mut self.half).poll_flush(cx)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use socket2::SockRef;
    use tokio::{
        io::AsyncWriteExt,
        net::{TcpListener, TcpStream},
    };

    use super::{super::FrameStream, *};

    #[tokio::test]
    async fn pongs_for_a_peer_that_does_not_read_are_not_kept_without_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (ours, raw) = tokio::join!(listener.accept(), TcpStream::connect(address));
        let (ours, mut raw) = (ours.unwrap().0, raw.unwrap());
        SockRef::from(&ours).set_send_buffer_size(4 << 10).unwrap();
        SockRef::from(&raw).set_recv_buffer_size(4 << 10).unwrap();
        let (mut reader, writer) =
            FrameStream::new(ours.into(), Bytes::new(), FrameDialect::hybrid_server()).into_split();
        let pinging = tokio::spawn(async move {
            let ping = [&[0x89, 0x80 | 125, 0, 0, 0, 0][..], &[7; 125]].concat().repeat(100);
            for _ in 0..100 {
                raw.write_all(&ping).await.unwrap();
            }
            raw.shutdown().await.unwrap();
            raw
        });
        assert!(matches!(reader.next().await, Err(FrameStreamError::Lost)));
        let kept = writer.shared.out.lock().await.pending.len();
        assert!(kept <= 2 * MAX_PONGS, "{kept} bytes");
        drop(pinging.await.unwrap());
    }
}

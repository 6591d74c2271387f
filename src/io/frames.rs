//! A WebSocket for exchanges: pieces of messages in and out, either role, no message in memory.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex as StdMutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf},
    sync::Mutex,
};

use super::Stream;
use crate::wire::websocket::{
    Close, FrameDialect, FrameError, FrameHead, MaskKeys, OpCode, Role, apply_mask, push_control, rotate_mask,
};

/// The most payload in one [`Piece::Data`], in bytes.
const LARGEST_PIECE: usize = 64 << 10;

/// Room asked for before a read, in bytes.
const READ: usize = 16 << 10;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text; its UTF-8 is not checked here.
    Text,
    /// Bytes.
    Binary,
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A part of a message, at most 64 KiB. Tiny fragments that came together are one piece.
    Data {
        /// The kind of its message.
        kind: Kind,
        /// It begins its message.
        first: bool,
        /// It ends its message.
        fin: bool,
        /// The payload; empty only at the end of a message whose last frame was.
        data: Bytes,
    },
    /// The peer closed its side. It sends nothing more.
    Close(Close),
}

/// Why a WebSocket can go on no longer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameStreamError {
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The connection ended without a close frame.
    #[error("connection ended without a close frame")]
    Lost,
    /// The peer broke RFC 6455; tell it [`FrameError::close_code`].
    #[error(transparent)]
    Violation(#[from] FrameError),
    /// A message is longer than the caller takes.
    #[error("message exceeds the limit of {limit} bytes")]
    MessageTooLong {
        /// The most bytes the caller takes.
        limit: usize,
    },
    /// The side was closed before.
    #[error("this side of the WebSocket is closed")]
    Closed,
}

/// A WebSocket after its handshake, both directions. Pings are answered while [`next`](Self::next) is waited for.
#[derive(Debug)]
pub struct FrameStream {
    reader: FrameReader,
    writer: FrameWriter,
}

impl FrameStream {
    /// Speaks `dialect` on a connection from which `early` was already read.
    pub fn new(stream: Stream, early: Bytes, dialect: FrameDialect) -> Self {
        let (read, write) = tokio::io::split(stream);
        // As for a splice: without randomness TLS would not have come up either.
        let keys = MaskKeys::new(getrandom::u64().unwrap_or_default());
        let out = Out { half: write, dialect, keys, pending: BytesMut::new(), open: false, closed: false };
        let shared = Arc::new(Shared { out: Mutex::new(out), pongs: StdMutex::default() });
        let reader = FrameReader {
            half: read,
            role: dialect.role,
            buf: BytesMut::from(&early[..]),
            left: 0,
            key: [0; 4],
            fin: true,
            first: false,
            kind: Kind::Binary,
            closed: false,
            shared: shared.clone(),
        };
        Self { reader, writer: FrameWriter { shared } }
    }

    /// The two directions, for two tasks.
    pub fn into_split(self) -> (FrameReader, FrameWriter) {
        (self.reader, self.writer)
    }

    /// See [`FrameReader::next`].
    pub async fn next(&mut self) -> Result<Piece, FrameStreamError> {
        self.reader.next().await
    }

    /// See [`FrameReader::message`].
    pub async fn message(&mut self, limit: usize) -> Result<Message, FrameStreamError> {
        self.reader.message(limit).await
    }

    /// See [`FrameWriter::send`].
    pub async fn send(&mut self, kind: Kind, fin: bool, data: &[u8]) -> Result<(), FrameStreamError> {
        self.writer.send(kind, fin, data).await
    }

    /// See [`FrameWriter::close`].
    pub async fn close(&mut self, close: &Close) -> Result<(), FrameStreamError> {
        self.writer.close(close).await
    }

    /// See [`FrameWriter::shutdown`].
    pub async fn shutdown(&mut self) -> Result<(), FrameStreamError> {
        self.writer.shutdown().await
    }
}

/// A whole message, or the peer's close instead of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
    /// The peer closed its side.
    Close(Close),
}

/// The receiving side.
#[derive(Debug)]
pub struct FrameReader {
    half: ReadHalf<Stream>,
    role: Role,
    /// Read, not yet handed out.
    buf: BytesMut,
    /// Payload of the current frame yet to come.
    left: u64,
    /// Its key, rotated to the next byte.
    key: [u8; 4],
    fin: bool,
    /// Nothing of the current message was handed out.
    first: bool,
    kind: Kind,
    closed: bool,
    shared: Arc<Shared>,
}

/// The sending side.
#[derive(Debug)]
pub struct FrameWriter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
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

impl FrameReader {
    /// The next piece. Dropping the future loses nothing; the caller sets the deadline.
    pub async fn next(&mut self) -> Result<Piece, FrameStreamError> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The rest of the current message, or the next one, of at most `limit` bytes. Not to be dropped halfway: what was read of the message is lost.
    pub async fn message(&mut self, limit: usize) -> Result<Message, FrameStreamError> {
        let mut whole = BytesMut::new();
        loop {
            match self.next().await? {
                Piece::Close(close) => return Ok(Message::Close(close)),
                Piece::Data { data, .. } if whole.len() + data.len() > limit => {
                    return Err(FrameStreamError::MessageTooLong { limit });
                }
                Piece::Data { kind, fin: true, data, .. } => {
                    let whole = if whole.is_empty() {
                        data
                    } else {
                        whole.extend_from_slice(&data);
                        whole.freeze()
                    };
                    return Ok(match kind {
                        Kind::Text => Message::Text(whole),
                        Kind::Binary => Message::Binary(whole),
                    });
                }
                Piece::Data { data, .. } => whole.extend_from_slice(&data),
            }
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Piece, FrameStreamError>> {
        if self.closed {
            return Poll::Ready(Err(FrameStreamError::Closed));
        }
        loop {
            self.shared.poll_pongs(cx);
            match self.decode() {
                Ok(Some(piece)) => return Poll::Ready(Ok(piece)),
                Ok(None) => {}
                Err(error) => {
                    self.closed = true;
                    return Poll::Ready(Err(error.into()));
                }
            }
            // Pongs that were just made are sent before waiting.
            self.shared.poll_pongs(cx);
            if ready!(self.poll_read(cx))? == 0 {
                self.closed = true;
                return Poll::Ready(Err(FrameStreamError::Lost));
            }
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let len = self.buf.len();
        self.buf.resize(len + READ, 0);
        let mut read = ReadBuf::new(&mut self.buf[len..]);
        let polled = Pin::new(&mut self.half).poll_read(cx, &mut read);
        let got = read.filled().len();
        self.buf.truncate(len + got);
        polled.map_ok(|()| got)
    }

    /// The next piece of what was read, if there is one.
    fn decode(&mut self) -> Result<Option<Piece>, FrameError> {
        loop {
            if self.left > 0 {
                if self.buf.is_empty() {
                    return Ok(None);
                }
                return Ok(Some(self.data()));
            }
            let Some((head, size)) = self.head()? else {
                return Ok(None);
            };
            if head.opcode.is_control() {
                let len = head.len as usize;
                if self.buf.len() < size + len {
                    return Ok(None);
                }
                self.buf.advance(size);
                let mut payload = self.buf.split_to(len);
                apply_mask(&mut payload, head.mask.unwrap_or_default());
                match head.opcode {
                    OpCode::Ping => self.shared.push_pong(&payload),
                    OpCode::Close => {
                        self.closed = true;
                        return Ok(Some(Piece::Close(Close::decode(&payload)?)));
                    }
                    _ => {}
                }
                continue;
            }
            self.enter(head, size)?;
            // An empty frame says nothing unless it ends a message.
            if self.left == 0 && self.fin {
                return Ok(Some(self.data()));
            }
        }
    }

    fn head(&self) -> Result<Option<(FrameHead, usize)>, FrameError> {
        let decoded = FrameHead::decode(&self.buf)?;
        if let Some((head, _)) = decoded {
            match (self.role, head.mask) {
                (Role::Server, None) => return Err(FrameError::Unmasked),
                (Role::Client, Some(_)) => return Err(FrameError::Masked),
                (Role::Server, Some(_)) | (Role::Client, None) => {}
            }
        }
        Ok(decoded)
    }

    /// Goes past the head of a data frame.
    fn enter(&mut self, head: FrameHead, size: usize) -> Result<(), FrameError> {
        match (head.opcode, self.fin) {
            (OpCode::Continuation, true) => return Err(FrameError::NothingToContinue),
            (OpCode::Continuation, false) => {}
            (_, false) => return Err(FrameError::MessageNotEnded),
            (opcode, true) => {
                self.kind = if opcode == OpCode::Text { Kind::Text } else { Kind::Binary };
                self.first = true;
            }
        }
        self.buf.advance(size);
        self.left = head.len;
        self.key = head.mask.unwrap_or_default();
        self.fin = head.fin;
        Ok(())
    }

    /// What is there of the current frame, and of fragments behind it.
    fn data(&mut self) -> Piece {
        let mut data = self.payload(LARGEST_PIECE);
        // Node may send one byte a fragment (hybrid page 0, rule 11).
        while self.left == 0 && !self.fin {
            match self.head() {
                Ok(Some((head, size))) if head.opcode == OpCode::Continuation => {
                    let fits = data.len() as u64 + head.len <= LARGEST_PIECE as u64;
                    let whole = (self.buf.len() - size) as u64 >= head.len;
                    if !fits || !whole || self.enter(head, size).is_err() {
                        break;
                    }
                    let more = self.payload(LARGEST_PIECE);
                    data.extend_from_slice(&more);
                }
                // What is wrong with it is said when its turn comes.
                _ => break,
            }
        }
        let first = std::mem::take(&mut self.first);
        Piece::Data { kind: self.kind, first, fin: self.fin && self.left == 0, data: data.freeze() }
    }

    fn payload(&mut self, limit: usize) -> BytesMut {
        let len = self.buf.len().min(limit).min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let mut data = self.buf.split_to(len);
        apply_mask(&mut data, self.key);
        self.key = rotate_mask(self.key, len);
        self.left -= len as u64;
        data
    }
}

impl FrameWriter {
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
    fn push_pong(&self, payload: &[u8]) {
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
    fn poll_pongs(&self, cx: &mut Context<'_>) {
        let Ok(mut out) = self.out.try_lock() else {
            return;
        };
        let pongs = self.take_pongs();
        if !out.closed && !pongs.is_empty() {
            out.push_pongs(&pongs);
        }
        if !out.pending.is_empty() {
            // A failure shows when something is sent, or in reading.
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

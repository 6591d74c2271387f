//! The receiving direction.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, ReadBuf, ReadHalf};

use super::{FrameStreamError, Kind, Message, Piece, writer::Shared};
use crate::{
    io::Stream,
    wire::websocket::{Close, FrameError, FrameHead, OpCode, Role, apply_mask, rotate_mask},
};

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

impl FrameReader {
    pub(super) fn new(half: ReadHalf<Stream>, early: Bytes, role: Role, shared: Arc<Shared>) -> Self {
        Self {
            half,
            role,
            buf: BytesMut::from(early),
            left: 0,
            key: [0; 4],
            fin: true,
            first: false,
            kind: Kind::Binary,
            closed: false,
            shared,
        }
    }

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

/// The most payload in one [`Piece::Data`], in bytes.
const LARGEST_PIECE: usize = 64 << 10;

/// Room asked for before a read, in bytes.
const READ: usize = 16 << 10;

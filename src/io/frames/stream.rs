//! Both directions of a WebSocket.

use bytes::Bytes;

use super::{FrameReader, FrameStreamError, FrameWriter, Kind, Message, Piece, writer::Shared};
use crate::{
    io::Stream,
    wire::websocket::{Close, FrameDialect},
};

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
        let shared = Shared::new(write, dialect);
        Self {
            reader: FrameReader::new(read, early, dialect.role, shared.clone()),
            writer: FrameWriter::new(shared),
        }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
        time::timeout,
    };

    use super::*;
    use crate::wire::websocket::FrameError;

    const PATIENCE: Duration = Duration::from_secs(20);

    async fn sockets() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (one, other) =
            tokio::join!(listener.accept(), TcpStream::connect(listener.local_addr().unwrap()));
        (one.unwrap().0, other.unwrap())
    }

    /// Both ends of a WebSocket: the server's and the client's, whose frames hold at most `largest` bytes.
    async fn pair(largest: usize) -> (FrameStream, FrameStream) {
        let (server, client) = sockets().await;
        let small = |dialect| FrameDialect { largest_frame: largest, ..dialect };
        let server = FrameStream::new(server.into(), Bytes::new(), small(FrameDialect::hybrid_server()));
        (server, FrameStream::new(client.into(), Bytes::new(), small(FrameDialect::hybrid_client())))
    }

    fn piece(kind: Kind, first: bool, fin: bool, data: &'static [u8]) -> Piece {
        Piece::Data { kind, first, fin, data: Bytes::from_static(data) }
    }

    async fn next(stream: &mut FrameStream) -> Piece {
        timeout(PATIENCE, stream.next()).await.expect("in time").unwrap()
    }

    #[tokio::test]
    async fn parts_of_a_message_keep_its_kind_and_its_borders() {
        let (mut server, mut client) = pair(1_000).await;
        client.send(Kind::Text, true, b"{}").await.unwrap();
        assert_eq!(next(&mut server).await, piece(Kind::Text, true, true, b"{}"));
        client.send(Kind::Binary, false, b"one").await.unwrap();
        assert_eq!(next(&mut server).await, piece(Kind::Binary, true, false, b"one"));
        client.send(Kind::Binary, true, b"two").await.unwrap();
        assert_eq!(next(&mut server).await, piece(Kind::Binary, false, true, b"two"));
        server.send(Kind::Binary, true, b"").await.unwrap();
        assert_eq!(next(&mut client).await, piece(Kind::Binary, true, true, b""));
    }

    #[tokio::test]
    async fn a_part_larger_than_a_frame_is_split_and_comes_together_again() {
        let (mut server, mut client) = pair(1_000).await;
        let sent: Vec<u8> = (0..200_000u32).map(|i| (i % 251) as u8).collect();
        let expected = sent.clone();
        let sending = tokio::spawn(async move {
            server.send(Kind::Binary, true, &sent).await.unwrap();
            server
        });
        let message = timeout(PATIENCE, client.message(200_000)).await.expect("in time").unwrap();
        assert_eq!(message, Message::Binary(expected.into()));
        let mut server = sending.await.unwrap();
        server.send(Kind::Text, true, &[b'x'; 101]).await.unwrap();
        let too_long = client.message(100).await;
        assert!(matches!(too_long, Err(FrameStreamError::MessageTooLong { limit: 100 })), "{too_long:?}");
    }

    #[tokio::test]
    async fn an_empty_part_that_ends_nothing_is_not_sent() {
        // Hybrid page 0, rule 6.
        let (tcp, mut raw) = sockets().await;
        let mut server = FrameStream::new(tcp.into(), Bytes::new(), FrameDialect::hybrid_server());
        server.send(Kind::Binary, false, b"a").await.unwrap();
        server.send(Kind::Binary, false, b"").await.unwrap();
        server.send(Kind::Binary, true, b"b").await.unwrap();
        drop(server);
        let mut bytes = Vec::new();
        raw.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, [0x02, 1, b'a', 0x80, 1, b'b']);
    }

    #[tokio::test]
    async fn tiny_fragments_that_came_together_are_one_piece() {
        // Hybrid page 0, rule 11.
        let mut early = vec![0x02, 0x81, 0, 0, 0, 0, b'.'];
        for _ in 0..5_000 {
            early.extend([0x00, 0x81, 0, 0, 0, 0, b'.']);
        }
        early.extend([0x80, 0x80, 0, 0, 0, 0]);
        let (tcp, _raw) = sockets().await;
        let mut server = FrameStream::new(tcp.into(), early.into(), FrameDialect::hybrid_server());
        let Piece::Data { first: true, fin: true, data, .. } = next(&mut server).await else {
            panic!("one piece is the whole message");
        };
        assert_eq!(data.len(), 5_001);
    }

    #[tokio::test]
    async fn pings_are_answered_while_a_piece_is_waited_for_and_while_one_is_being_sent() {
        let (tcp, mut raw) = sockets().await;
        let (mut reader, mut writer) =
            FrameStream::new(tcp.into(), Bytes::new(), FrameDialect::hybrid_server()).into_split();
        let reading = tokio::spawn(async move { reader.next().await });
        raw.write_all(&[0x89, 0x81, 0, 0, 0, 0, b'1']).await.unwrap();
        let mut pong = [0; 3];
        timeout(PATIENCE, raw.read_exact(&mut pong)).await.expect("in time").unwrap();
        assert_eq!(pong, [0x8a, 1, b'1']);
        // More than the sockets hold: the writer waits, and the pong after it must wait as well and not be lost.
        let large = vec![7; 16 << 20];
        let sending = tokio::spawn(async move { writer.send(Kind::Binary, true, &large).await });
        let mut head = [0; 10];
        raw.read_exact(&mut head).await.unwrap();
        raw.write_all(&[0x89, 0x81, 0, 0, 0, 0, b'2']).await.unwrap();
        let mut seen = Vec::new();
        let mut buf = vec![0; 1 << 16];
        while !seen.ends_with(&[0x8a, 1, b'2']) {
            let len = timeout(PATIENCE, raw.read(&mut buf)).await.expect("in time").unwrap();
            assert!(len > 0);
            seen.drain(..seen.len().saturating_sub(2));
            seen.extend_from_slice(&buf[..len]);
        }
        sending.await.unwrap().unwrap();
        drop(raw);
        assert!(matches!(reading.await.unwrap(), Err(FrameStreamError::Lost | FrameStreamError::Io(_))));
    }

    #[tokio::test]
    async fn closing_ends_one_side_and_the_other_goes_on() {
        let (mut server, mut client) = pair(1_000).await;
        client.close(&Close::new(1_000, "done")).await.unwrap();
        assert_eq!(next(&mut server).await, Piece::Close(Close::new(1_000, "done")));
        assert!(matches!(server.next().await, Err(FrameStreamError::Closed)));
        assert!(matches!(client.send(Kind::Text, true, b"x").await, Err(FrameStreamError::Closed)));
        server.send(Kind::Text, true, b"still here").await.unwrap();
        assert_eq!(next(&mut client).await, piece(Kind::Text, true, true, b"still here"));
        server.shutdown().await.unwrap();
        assert!(matches!(client.next().await, Err(FrameStreamError::Lost)));
    }

    #[tokio::test]
    async fn what_breaks_the_protocol_is_told_once_by_name() {
        let (tcp, mut raw) = sockets().await;
        let mut server = FrameStream::new(tcp.into(), Bytes::new(), FrameDialect::hybrid_server());
        raw.write_all(&[0x81, 1, b'x']).await.unwrap();
        assert!(matches!(server.next().await, Err(FrameStreamError::Violation(FrameError::Unmasked))));
        assert!(matches!(server.next().await, Err(FrameStreamError::Closed)));
    }

    #[tokio::test]
    async fn a_send_given_up_halfway_leaves_no_half_frame() {
        let (mut server, mut client) = pair(64 << 10).await;
        let large = vec![7; 16 << 20];
        let given_up = timeout(Duration::from_millis(100), server.send(Kind::Binary, true, &large)).await;
        assert!(given_up.is_err(), "the sockets do not hold that much");
        let receiving = tokio::spawn(async move {
            let whole = client.message(16 << 20).await.unwrap();
            (whole, client.message(100).await.unwrap())
        });
        server.send(Kind::Text, true, b"next").await.unwrap();
        let (whole, next) = timeout(PATIENCE, receiving).await.expect("in time").unwrap();
        assert_eq!(whole, Message::Binary(large.into()));
        assert_eq!(next, Message::Text(Bytes::from_static(b"next")));
    }
}

//! The client's half of a WebSocket handshake (RFC 6455 4.1) over a connection that is already there.
//!
//! Written out because the connection is wanted back as it is, with the bytes that came behind the head, and because
//! a refusal's reason phrase says what is wrong in the words of the gateway.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::random;

/// What is asked for.
#[derive(Debug, Default)]
pub(crate) struct Ask<'a> {
    /// Path and query, as they stand in the request line.
    pub(crate) path_and_query: &'a str,
    /// The value of `Host`.
    pub(crate) host: &'a str,
    /// The relay token for `ServiceBusAuthorization`, if one is needed.
    pub(crate) token: Option<&'a SecretString>,
    /// Sub-protocols to offer, as they stand in `Sec-WebSocket-Protocol`.
    pub(crate) protocols: Option<&'a str>,
    /// Further headers. Those that belong to the handshake itself must not be among them.
    pub(crate) headers: &'a [(String, String)],
}

/// A WebSocket that is open.
#[derive(Debug)]
pub(crate) struct Opened {
    /// What came behind the head: the beginning of the first frames.
    pub(crate) early: Bytes,
    /// The sub-protocol the server chose.
    pub(crate) protocol: Option<String>,
    /// The gateway's name for this connection.
    pub(crate) tracking_id: Option<String>,
}

/// A handshake that did not lead to a WebSocket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum HandshakeError {
    /// Another status than 101.
    #[error("{} {}", .0.status, .0.reason)]
    Refused(Refused),
    /// The connection broke.
    #[error("the connection broke during the handshake: {0}")]
    Io(#[from] std::io::Error),
    /// The connection ended before the head was whole.
    #[error("the other side closed the connection during the handshake")]
    Closed,
    /// No HTTP, or a 101 that is no answer to our key.
    #[error("the other side does not speak WebSocket")]
    NotWebSocket,
    /// A head beyond [`LONGEST_HEAD`].
    #[error("the answer's head is longer than 64 KiB")]
    TooLong,
    /// A value that would end a line; nothing was sent.
    #[error("the request holds a character that cannot stand in a header")]
    BadHeader,
}

/// An answer that is no 101.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// 100 to 999.
    pub(crate) status: u16,
    /// The reason phrase; the gateway's hold the tracking id.
    pub(crate) reason: String,
    /// `Retry-After` in seconds.
    pub(crate) retry_after: Option<u64>,
}

/// Bytes of a head we read.
const LONGEST_HEAD: usize = 64 << 10;

/// Header lines of a head we read.
const MOST_HEADERS: usize = 200;

/// Asks for a WebSocket and waits for the answer. The caller sets the deadline.
pub(crate) async fn open<S>(stream: &mut S, ask: &Ask<'_>) -> Result<Opened, HandshakeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let key = STANDARD.encode(random::bytes::<16>());
    stream.write_all(ask.head(&key)?.expose_secret().as_bytes()).await?;
    stream.flush().await?;
    let mut read = BytesMut::with_capacity(2 << 10);
    loop {
        if let Some((end, opened)) = answer(&read, &key)? {
            let early = read.split_off(end).freeze();
            return Ok(Opened { early, ..opened });
        }
        if read.len() >= LONGEST_HEAD {
            return Err(HandshakeError::TooLong);
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Err(HandshakeError::Closed);
        }
    }
}

impl Ask<'_> {
    fn head(&self, key: &str) -> Result<SecretString, HandshakeError> {
        let mut head = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n",
            self.path_and_query, self.host
        );
        let mut line = |name: &str, value: &str| {
            let fine = !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_graphic() && b != b':')
                && value.chars().all(|c| c == '\t' || !c.is_control());
            if fine {
                head.push_str(name);
                head.push_str(": ");
                head.push_str(value);
                head.push_str("\r\n");
            }
            fine.then_some(()).ok_or(HandshakeError::BadHeader)
        };
        if let Some(protocols) = self.protocols {
            line("Sec-WebSocket-Protocol", protocols)?;
        }
        if let Some(token) = self.token {
            line("ServiceBusAuthorization", token.expose_secret())?;
        }
        for (name, value) in self.headers {
            line(name, value)?;
        }
        let target_is_plain = self.path_and_query.starts_with('/')
            && self.path_and_query.bytes().all(|b| b.is_ascii_graphic())
            && self.host.bytes().all(|b| b.is_ascii_graphic());
        if !target_is_plain {
            return Err(HandshakeError::BadHeader);
        }
        head.push_str("\r\n");
        Ok(head.into())
    }
}

/// Reads the answer's head, if it is whole: where it ends, and what it says.
fn answer(read: &[u8], key: &str) -> Result<Option<(usize, Opened)>, HandshakeError> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let end = match response.parse(read) {
        Ok(httparse::Status::Complete(end)) => end,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(HandshakeError::NotWebSocket),
    };
    let value = |name: &str| {
        let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok().map(str::trim)
    };
    let status = response.code.unwrap_or_default();
    if status != 101 {
        return Err(HandshakeError::Refused(Refused {
            status,
            reason: response.reason.unwrap_or_default().to_owned(),
            retry_after: value("Retry-After").and_then(|seconds| seconds.parse().ok()),
        }));
    }
    let switched = value("Upgrade").is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"))
        && value("Sec-WebSocket-Accept") == Some(derive_accept_key(key.as_bytes()).as_str())
        // We offer no extension, so frames with one would be misread.
        && value("Sec-WebSocket-Extensions").is_none();
    if !switched {
        return Err(HandshakeError::NotWebSocket);
    }
    let opened = Opened {
        early: Bytes::new(),
        protocol: value("Sec-WebSocket-Protocol").map(str::to_owned),
        tracking_id: value("TrackingId").map(str::to_owned),
    };
    Ok(Some((end, opened)))
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    /// Runs a handshake against a server that reads the head and writes what `answer` makes of the key.
    async fn against(
        ask: Ask<'_>,
        reply: impl Fn(&str) -> String,
    ) -> (Result<Opened, HandshakeError>, String) {
        let (mut ours, mut theirs) = duplex(64 << 10);
        let server = async {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                theirs.read_exact(&mut byte).await.unwrap();
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap();
            let key =
                head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap().to_owned();
            // One byte at a time: the answer must not depend on the reads.
            for byte in reply(&key).into_bytes() {
                theirs.write_all(&[byte]).await.unwrap();
            }
            drop(theirs);
            head
        };
        tokio::join!(open(&mut ours, &ask), server)
    }

    fn accepted(key: &str, more: &str) -> String {
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n{more}\r\n",
            derive_accept_key(key.as_bytes())
        )
    }

    #[tokio::test]
    async fn gives_the_protocol_and_what_came_early() {
        let token = SecretString::from("SharedAccessSignature sr=x");
        let ask = Ask {
            path_and_query: "/$hc/a?b",
            host: "h:8443",
            token: Some(&token),
            protocols: Some("chat, soap"),
            headers: &[("X-A".to_owned(), "1".to_owned())],
        };
        let (opened, head) = against(ask, |key| {
            accepted(key, "Sec-WebSocket-Protocol: soap\r\nTrackingId: 42_G0\r\n") + "\u{2}frames"
        })
        .await;
        let opened = opened.unwrap();
        assert_eq!(opened.protocol.as_deref(), Some("soap"));
        assert_eq!(opened.tracking_id.as_deref(), Some("42_G0"));
        assert!(b"\x02frames".starts_with(&opened.early[..]));
        assert!(head.starts_with("GET /$hc/a?b HTTP/1.1\r\nHost: h:8443\r\n"), "{head}");
        assert!(
            head.contains("\r\nServiceBusAuthorization: SharedAccessSignature sr=x\r\nX-A: 1\r\n"),
            "{head}"
        );
    }

    #[tokio::test]
    async fn gives_status_reason_and_retry_after_of_a_refusal() {
        let ask = Ask { path_and_query: "/", host: "h", ..Ask::default() };
        let (refused, _) = against(ask, |_| {
            "HTTP/1.1 503 ServerBusy. TrackingId:1_G0\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"
                .to_owned()
        })
        .await;
        let Err(HandshakeError::Refused(refused)) = refused else { panic!("{refused:?}") };
        assert_eq!(
            refused,
            Refused { status: 503, reason: "ServerBusy. TrackingId:1_G0".to_owned(), retry_after: Some(7) }
        );
    }

    #[tokio::test]
    async fn a_wrong_key_an_extension_or_other_bytes_are_no_websocket() {
        let answers: [fn(&str) -> String; 3] = [
            |_| accepted("another key", ""),
            |key| accepted(key, "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
            |_| "SSH-2.0-OpenSSH\r\n\r\n".to_owned(),
        ];
        for answer in answers {
            let ask = Ask { path_and_query: "/", host: "h", ..Ask::default() };
            let (result, _) = against(ask, answer).await;
            assert!(matches!(result, Err(HandshakeError::NotWebSocket)), "{result:?}");
        }
    }

    #[tokio::test]
    async fn an_end_inside_the_head_is_an_error() {
        let ask = Ask { path_and_query: "/", host: "h", ..Ask::default() };
        let (result, _) = against(ask, |_| "HTTP/1.1 101 Swi".to_owned()).await;
        assert!(matches!(result, Err(HandshakeError::Closed)), "{result:?}");
    }

    #[tokio::test]
    async fn a_value_that_would_end_a_line_is_not_sent() {
        let (mut ours, _theirs) = duplex(64);
        for (name, value) in [("X", "a\r\nY: b"), ("X\r\nY", "a"), ("", "a"), ("X:", "a")] {
            let headers = [(name.to_owned(), value.to_owned())];
            let ask = Ask { path_and_query: "/", host: "h", headers: &headers, ..Ask::default() };
            assert!(
                matches!(open(&mut ours, &ask).await, Err(HandshakeError::BadHeader)),
                "{name:?} {value:?}"
            );
        }
        let ask = Ask { path_and_query: "/a b", host: "h", ..Ask::default() };
        assert!(matches!(open(&mut ours, &ask).await, Err(HandshakeError::BadHeader)));
    }
}

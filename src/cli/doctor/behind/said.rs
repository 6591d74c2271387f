//! What an answer is taken for.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::io::{LookFault, Stream};

/// What is behind a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::doctor) enum Behind {
    /// What belongs there, in the words of the report.
    Right(String),
    /// The right thing, which answers `GET /` with this status.
    NotOk(u16),
    /// The connection was closed before it said anything.
    HangsUp,
    /// Nothing in time.
    Silent,
    /// TLS, but not with us.
    TlsRefused(String),
    /// TLS, with a key that no client takes any more.
    WeakKey(String),
    /// These bytes, which do not belong there.
    Else(Vec<u8>),
    /// HTTP, but no relay.
    OtherHttp(String),
}

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Bytes of a stranger's greeting that are read.
const GREETING: usize = 256;

impl Behind {
    /// Asks with a deadline. An error is what a peer without words is taken for.
    pub(in crate::cli::doctor) async fn within<T>(
        asking: impl Future<Output = Result<T, Self>>,
    ) -> Result<T, Self> {
        timeout(ANSWER_WITHIN, asking).await.unwrap_or(Err(Self::Silent))
    }
}

impl From<io::Error> for Behind {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::TimedOut => Self::Silent,
            // Inside TLS: an alert, or bytes that are none.
            ErrorKind::InvalidData => Self::TlsRefused(error.to_string()),
            _ => Self::HangsUp,
        }
    }
}

impl From<LookFault> for Behind {
    fn from(fault: LookFault) -> Self {
        match fault {
            LookFault::Refused(why) => Self::TlsRefused(why),
            // The bytes are gone; `identify` asks again.
            LookFault::NotTls => Self::Else(Vec::new()),
            LookFault::Key(why) => Self::WeakKey(why),
            LookFault::Broken(error) => error.into(),
        }
    }
}

/// Reads at least one byte more.
pub(super) async fn more<S: AsyncRead + Unpin>(stream: &mut S, read: &mut Vec<u8>) -> Result<(), Behind> {
    let mut piece = [0; 1024];
    match stream.read(&mut piece).await? {
        0 if read.is_empty() => Err(Behind::HangsUp),
        0 => Err(Behind::Else(std::mem::take(read))),
        len => {
            read.extend_from_slice(&piece[..len]);
            Ok(())
        }
    }
}

/// Asks a stranger in HTTP and takes what it says, to tell what it is. Empty: it says nothing.
pub(in crate::cli::doctor) async fn identify(address: SocketAddr) -> Vec<u8> {
    let asking = async {
        let mut stream = Stream::connect(address).await?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
        let mut said = vec![0; GREETING];
        let len = stream.read(&mut said).await?;
        said.truncate(len);
        io::Result::Ok(said)
    };
    match timeout(ANSWER_WITHIN, asking).await {
        Ok(Ok(said)) => said,
        _ => Vec::new(),
    }
}

/// What these bytes look like, for the report.
pub(in crate::cli::doctor) fn recognise(said: &[u8]) -> String {
    let line = || {
        let line = said.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line: String =
            String::from_utf8_lossy(line).chars().filter(|c| !c.is_control()).take(60).collect();
        line.trim_end().to_owned()
    };
    match said {
        [] => "something that does not say what it is".to_owned(),
        [b'H', b'T', b'T', b'P', b'/', ..] => format!("a web server (\"{}\")", line()),
        [b'S', b'S', b'H', b'-', ..] => format!("an SSH server (\"{}\")", line()),
        [b'2', b'2', b'0', b' ' | b'-', ..] => format!("a mail or FTP server (\"{}\")", line()),
        [b'A', b'M', b'Q', b'P', ..] => "an AMQP server in clear or of another version".to_owned(),
        [0x15 | 0x16, 3, ..] => "a server that speaks TLS from the first byte".to_owned(),
        [8, ..] if line().contains("framing/faults") => format!("a net.tcp service (\"{}\")", &line()),
        [3, 0, ..] => "a remote desktop server".to_owned(),
        _ if said.iter().take(16).all(|byte| byte.is_ascii_graphic() || b" \r\n\t".contains(byte)) => {
            format!("something that says \"{}\"", line())
        }
        _ => {
            let hex: Vec<String> = said.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
            format!("something that says the bytes {}", hex.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_recognised_by_their_first_bytes() {
        for (said, expected) in [
            (&b""[..], "something that does not say what it is"),
            (b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n", "a web server (\"HTTP/1.1 400 Bad Request\")"),
            (b"SSH-2.0-OpenSSH_9\r\n", "an SSH server (\"SSH-2.0-OpenSSH_9\")"),
            (b"220 mail.example.net ESMTP\r\n", "a mail or FTP server (\"220 mail.example.net ESMTP\")"),
            (b"AMQP\0\0\x09\x01", "an AMQP server in clear or of another version"),
            (b"\x15\x03\x01\0\x02", "a server that speaks TLS from the first byte"),
            (b"+OK ready\r\n", "something that says \"+OK ready\""),
            (b"\xff\0\x01", "something that says the bytes ff 00 01"),
        ] {
            assert_eq!(recognise(said), expected);
        }
    }

    #[test]
    fn what_a_stranger_says_is_cut() {
        assert!(recognise(&[b'x'; 10_000]).len() < 120);
        assert!(recognise(&[0xff; 10_000]).len() < 120);
    }
}

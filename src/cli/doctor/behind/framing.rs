//! The doors of one-way senders: net.tcp framing, in clear on 9350, with an upgrade to TLS inside on 9351 (relay page 3.1).

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::said::{Behind, more};
use crate::wire::framing::{KnownEncoding, Mode, Record, RecordType, Upgrade, Version, encode};

/// Says a whole preamble to `via` and the end of the session: what every sender does first, less its ping.
pub(in crate::cli::doctor) async fn ask<S>(mut stream: S, via: &str) -> Result<String, Behind>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut out = preamble(via);
    encode::record(&Record::PreambleEnd, &mut out);
    acknowledged(&mut stream, &out).await
}

/// Says the preamble as far as the upgrade; the TLS handshake may follow when it is granted.
pub(in crate::cli::doctor) async fn upgrade<S>(stream: &mut S, via: &str) -> Result<(), Behind>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut out = preamble(via);
    encode::record(&Record::UpgradeRequest(Upgrade::Tls.name()), &mut out);
    match said(stream, &out).await? {
        RecordType::UpgradeResponse => Ok(()),
        _ => Err(Behind::TlsRefused("the upgrade to TLS inside net.tcp framing is not granted".to_owned())),
    }
}

/// Says the end of the preamble inside TLS.
pub(in crate::cli::doctor) async fn ask_after_upgrade<S>(mut stream: S) -> Result<String, Behind>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut out = Vec::new();
    encode::record(&Record::PreambleEnd, &mut out);
    acknowledged(&mut stream, &out).await
}

fn preamble(via: &str) -> Vec<u8> {
    let mut out = Vec::new();
    encode::record(&Record::Version(Version { major: 1, minor: 0 }), &mut out);
    encode::record(&Record::Mode(Mode::Duplex), &mut out);
    encode::via(via, &mut out);
    encode::record(&Record::KnownEncoding(KnownEncoding::BINARY_SESSION), &mut out);
    out
}

async fn acknowledged<S>(stream: &mut S, out: &[u8]) -> Result<String, Behind>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let words = match said(stream, out).await? {
        RecordType::PreambleAck => {
            // The session ends as it should; what becomes of that is nobody's business any more.
            let _ = stream.write_all(&[RecordType::End as u8]).await;
            "speaks net.tcp framing"
        }
        _ => "speaks net.tcp framing, and has nothing for this address",
    };
    Ok(words.to_owned())
}

/// The first byte of the answer, where it begins one that framing knows.
async fn said<S>(stream: &mut S, out: &[u8]) -> Result<RecordType, Behind>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(out).await?;
    stream.flush().await?;
    let mut read = Vec::new();
    more(stream, &mut read).await?;
    match read.first().copied().and_then(RecordType::from_byte) {
        Some(known @ (RecordType::PreambleAck | RecordType::UpgradeResponse | RecordType::Fault)) => {
            Ok(known)
        }
        _ => Err(Behind::Else(read)),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, duplex};

    use super::*;

    async fn against(answer: &'static [u8]) -> (Result<String, Behind>, Vec<u8>) {
        let (ours, mut theirs) = duplex(1024);
        let server = async {
            theirs.write_all(answer).await.unwrap();
            theirs.shutdown().await.unwrap();
            let mut read = Vec::new();
            theirs.read_to_end(&mut read).await.unwrap();
            read
        };
        tokio::join!(ask(ours, "net.tcp://h:9350/"), server)
    }

    #[tokio::test]
    async fn a_preamble_is_said_and_its_acknowledgement_understood() {
        let (seen, said) = against(&[0x0b]).await;
        assert_eq!(seen.unwrap(), "speaks net.tcp framing");
        // Relay page 3.1.
        let expected = [&[0, 1, 0, 1, 2, 2, 17][..], b"net.tcp://h:9350/", &[3, 8, 0x0c, 7]].concat();
        assert_eq!(said, expected);
    }

    #[tokio::test]
    async fn a_fault_is_framing_too_and_other_bytes_are_not() {
        assert!(against(&[8, 0]).await.0.is_ok());
        assert_eq!(against(b"SSH-2.0").await.0, Err(Behind::Else(b"SSH-2.0".to_vec())));
        assert_eq!(against(b"").await.0, Err(Behind::HangsUp));
    }
}

//! The doors of relayed connections: a preamble of their own, then TLS (relay page 4.2), or a probe for an address (6).

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::said::{Behind, more};
use crate::wire::relayed::{Preamble, Probe, TlsMark};

/// Asks from which address we come.
pub(in crate::cli::doctor) async fn ask<S>(mut stream: S) -> Result<String, Behind>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut out = Vec::new();
    Preamble::Probe(Probe::ClientAddress).encode(&mut out);
    stream.write_all(&out).await?;
    let mut read = Vec::new();
    loop {
        more(&mut stream, &mut read).await?;
        if let Ok(answer) = <[u8; 12]>::try_from(read.as_slice()) {
            let address = Probe::read_answer(answer).ok_or_else(|| Behind::Else(read.clone()))?;
            return Ok(format!("answers the probe: we come from {address}"));
        }
        if read.len() > 12 {
            return Err(Behind::Else(read));
        }
    }
}

/// Says that a relayed connection to `uri` follows inside TLS; the handshake may begin at once.
pub(in crate::cli::doctor) async fn start_tls<S>(stream: &mut S, uri: &str) -> Result<(), Behind>
where
    S: AsyncWrite + Unpin,
{
    let mut out = Vec::new();
    Preamble::Connect { uri: uri.to_owned(), tls: TlsMark::Tls }.encode(&mut out);
    Ok(stream.write_all(&out).await?)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, duplex};

    use super::*;

    async fn against(answer: &[u8]) -> Result<String, Behind> {
        let (ours, mut theirs) = duplex(64);
        let server = async {
            let mut asked = [0; 13];
            theirs.read_exact(&mut asked).await.unwrap();
            assert_eq!(asked, *b"\x05\0\0\0probe\x02\0\0\0");
            for byte in answer {
                theirs.write_all(&[*byte]).await.unwrap();
            }
            drop(theirs);
        };
        tokio::join!(ask(ours), server).0
    }

    #[tokio::test]
    async fn an_answer_has_twelve_bytes_with_an_address() {
        let right = against(b"\xcb\x00\x71\x0a\0\0\0\0\x40\x9c\0\0").await.unwrap();
        assert_eq!(right, "answers the probe: we come from 203.0.113.10:40000");
        assert_eq!(against(b"").await, Err(Behind::HangsUp));
        assert_eq!(against(b"HTTP").await, Err(Behind::Else(b"HTTP".to_vec())));
        assert!(matches!(against(&[0xff; 12]).await, Err(Behind::Else(_))));
    }
}

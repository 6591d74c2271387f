//! The end of a connection whose peer may still be sending.

use std::{io, time::Duration};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How long the peer may take to end its side.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of it that are read and thrown away.
const MOST: u64 = 256 << 10;

/// Ends our side and lets the peer finish: 5 s or 256 KiB at most. Closing while bytes of the peer lie unread would reset the
/// connection and take with it what was written last (framing page 10, rule 15).
pub async fn finish<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    let farewell = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(MOST), &mut tokio::io::sink()).await.map(drop)
    };
    tokio::time::timeout(PATIENCE, farewell).await.unwrap_or(Ok(()))
}

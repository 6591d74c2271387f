//! What a compressed envelope holds, up to a limit: a few bytes may claim to be very many.

use std::io::{self, Read};

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};

use super::form::Compression;
use super::payload::KEPT;

/// Why it is not known what is inside.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotInflated {
    #[error("decompressed it is larger than {} MiB", KEPT >> 20)]
    TooLarge,
    #[error("cannot be decompressed: {0}")]
    Broken(io::Error),
}

/// Decompresses, to [`KEPT`] bytes at most.
pub(super) fn inflate(compression: Compression, bytes: &[u8]) -> Result<Vec<u8>, NotInflated> {
    match compression {
        Compression::Gzip => read(GzDecoder::new(bytes)),
        // RFC 1950 2.2: compression method 8, and both bytes together a multiple of 31.
        Compression::Deflate => match bytes {
            [cmf, flg, ..] if cmf & 0x0f == 8 && u16::from_be_bytes([*cmf, *flg]).is_multiple_of(31) => {
                read(ZlibDecoder::new(bytes))
            }
            _ => read(DeflateDecoder::new(bytes)),
        },
    }
}

fn read(decoder: impl Read) -> Result<Vec<u8>, NotInflated> {
    let mut out = Vec::new();
    decoder.take(KEPT as u64 + 1).read_to_end(&mut out).map_err(NotInflated::Broken)?;
    if out.len() > KEPT { Err(NotInflated::TooLarge) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression as Level;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    #[test]
    fn gzip_raw_deflate_and_zlib_are_read() {
        let text = b"envelope ".repeat(20);
        let mut gzip = GzEncoder::new(Vec::new(), Level::default());
        let mut raw = DeflateEncoder::new(Vec::new(), Level::default());
        let mut zlib = ZlibEncoder::new(Vec::new(), Level::default());
        gzip.write_all(&text).unwrap();
        raw.write_all(&text).unwrap();
        zlib.write_all(&text).unwrap();
        assert_eq!(inflate(Compression::Gzip, &gzip.finish().unwrap()).unwrap(), text);
        assert_eq!(inflate(Compression::Deflate, &raw.finish().unwrap()).unwrap(), text);
        assert_eq!(inflate(Compression::Deflate, &zlib.finish().unwrap()).unwrap(), text);
        assert!(matches!(inflate(Compression::Gzip, b"\x56\x02"), Err(NotInflated::Broken(_))));
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let mut gzip = GzEncoder::new(Vec::new(), Level::best());
        gzip.write_all(&vec![0; KEPT + 1]).unwrap();
        let bomb = gzip.finish().unwrap();
        assert!(bomb.len() < 100_000);
        assert!(matches!(inflate(Compression::Gzip, &bomb), Err(NotInflated::TooLarge)));
    }
}

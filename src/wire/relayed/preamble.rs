//! The first bytes on 9352 and 9353, wcf-relay page 4.2 and 6.

use super::error::CarriageError;
use super::limits::{MAX_DEMUX, MAX_URI};
use super::probe::Probe;

const CONNECT: &[u8] = b"connect";
const PROBE: &[u8] = b"probe";

/// What a peer on 9352 or 9353 wants. All integers are four bytes, low byte first.
///
/// ```text
/// 07 00 00 00 "connect" | length, URI | 01 TLS follows, 00 it does not
/// 05 00 00 00 "probe"   | 01 00 00 00 or 02 00 00 00
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preamble {
    /// A sender or a listener that will say which of them it is: [`super::RelayedRequest`].
    Connect {
        /// What it dialled. A listener of 2.x names the rendezvous address, one of 5.0.0 the service like a sender: no
        /// rule may hang on it.
        uri: String,
        /// Whether the next byte is the first of a TLS handshake.
        tls: TlsMark,
    },
    /// Somebody who wants to know an address.
    Probe(Probe),
}

/// The byte in front of the messages: on 9352, and alone at the start of a web stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMark {
    /// `00`.
    Clear,
    /// `01`: a TLS handshake follows at once.
    Tls,
}

impl TlsMark {
    /// Reads the byte.
    ///
    /// # Errors
    /// [`CarriageError::BadTlsMark`].
    pub fn decode(byte: u8) -> Result<Self, CarriageError> {
        match byte {
            0 => Ok(Self::Clear),
            1 => Ok(Self::Tls),
            other => Err(CarriageError::BadTlsMark(other)),
        }
    }

    /// The byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Clear => 0,
            Self::Tls => 1,
        }
    }
}

impl Preamble {
    /// The longest preamble in bytes.
    pub const MAX: usize = 4 + CONNECT.len() + 4 + MAX_URI + 1;

    /// Decodes the preamble at the start of `bytes` and says how long it is; `Ok(None)` means that more bytes are needed.
    ///
    /// # Errors
    /// [`CarriageError`] as soon as no more bytes can make it right.
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, CarriageError> {
        let Some((kind, rest)) = string(bytes, MAX_DEMUX)? else { return Ok(None) };
        match kind {
            CONNECT => {
                let Some((uri, rest)) = string(rest, MAX_URI)? else { return Ok(None) };
                let uri = std::str::from_utf8(uri).map_err(|_| CarriageError::BadUri)?;
                if uri.is_empty() || uri.chars().any(char::is_control) {
                    return Err(CarriageError::BadUri);
                }
                let Some((mark, rest)) = rest.split_first() else { return Ok(None) };
                let preamble = Self::Connect { uri: uri.to_owned(), tls: TlsMark::decode(*mark)? };
                Ok(Some((preamble, bytes.len() - rest.len())))
            }
            PROBE => {
                let Some((question, rest)) = rest.split_first_chunk() else { return Ok(None) };
                let probe = Probe::decode(i32::from_le_bytes(*question))?;
                Ok(Some((Self::Probe(probe), bytes.len() - rest.len())))
            }
            _ => Err(CarriageError::UnknownPreamble),
        }
    }

    /// Appends the preamble.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Connect { uri, tls } => {
                put(CONNECT, out);
                put(uri.as_bytes(), out);
                out.push(tls.byte());
            }
            Self::Probe(probe) => {
                put(PROBE, out);
                out.extend_from_slice(&probe.code().to_le_bytes());
            }
        }
    }
}

/// A string and what follows it; `None`: more bytes are needed.
type Parted<'a> = Result<Option<(&'a [u8], &'a [u8])>, CarriageError>;

/// Reads a string behind its length.
fn string(bytes: &[u8], max: usize) -> Parted<'_> {
    let Some((length, rest)) = bytes.split_first_chunk() else { return Ok(None) };
    let length = i32::from_le_bytes(*length);
    let length = usize::try_from(length).ok().filter(|length| *length <= max);
    let length = length.ok_or(CarriageError::BadStringLength { max })?;
    Ok(rest.split_at_checked(length))
}

fn put(string: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(string.len() as u32).to_le_bytes());
    out.extend_from_slice(string);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(uri: &str, tls: TlsMark) -> Preamble {
        Preamble::Connect { uri: uri.to_owned(), tls }
    }

    #[test]
    fn survives_a_round_trip_and_every_cut_asks_for_more() {
        let longest = format!("sb://{}", "h".repeat(MAX_URI - 5));
        for preamble in [
            connect("sb://ns.example.net/echo", TlsMark::Tls),
            connect("sb://203.0.113.10:9352/", TlsMark::Clear),
            connect(&longest, TlsMark::Tls),
            Preamble::Probe(Probe::ServerAddress),
            Preamble::Probe(Probe::ClientAddress),
        ] {
            let mut bytes = Vec::new();
            preamble.encode(&mut bytes);
            let size = bytes.len();
            assert!(size <= Preamble::MAX);
            bytes.extend_from_slice(b"\x16\x03\x01");
            assert_eq!(Preamble::decode(&bytes), Ok(Some((preamble, size))));
            for cut in 0..size {
                assert_eq!(Preamble::decode(&bytes[..cut]), Ok(None), "cut at {cut}");
            }
        }
    }

    // Page 4.2 and 6.
    #[test]
    fn bytes_are_those_of_the_page() {
        let mut bytes = Vec::new();
        connect("sb://h/e", TlsMark::Tls).encode(&mut bytes);
        assert_eq!(bytes, b"\x07\0\0\0connect\x08\0\0\0sb://h/e\x01");
        bytes.clear();
        Preamble::Probe(Probe::ClientAddress).encode(&mut bytes);
        assert_eq!(bytes, b"\x05\0\0\0probe\x02\0\0\0");
    }

    #[test]
    fn refuses_what_is_no_preamble() {
        let refused = |bytes: &[u8]| Preamble::decode(bytes).unwrap_err();
        let kind = CarriageError::BadStringLength { max: MAX_DEMUX };
        // TLS, HTTP, message framing and AMQP on the wrong port.
        for start in [b"\x16\x03\x01\x02", b"GET ", b"AMQP", b"\xff\xff\xff\xff"] {
            assert_eq!(refused(start), kind);
        }
        assert_eq!(refused(b"\x65\0\0\0"), kind);
        assert_eq!(refused(b"\x00\0\0\0"), CarriageError::UnknownPreamble);
        assert_eq!(refused(b"\x07\0\0\0relayed"), CarriageError::UnknownPreamble);
        assert_eq!(refused(b"\x07\0\0\0CONNECT"), CarriageError::UnknownPreamble);
        let uri = CarriageError::BadStringLength { max: MAX_URI };
        assert_eq!(refused(b"\x07\0\0\0connect\x01\x08\0\0"), uri);
        assert_eq!(refused(b"\x07\0\0\0connect\xff\xff\xff\xff"), uri);
        assert_eq!(refused(b"\x07\0\0\0connect\0\0\0\0"), CarriageError::BadUri);
        assert_eq!(refused(b"\x07\0\0\0connect\x01\0\0\0\xff"), CarriageError::BadUri);
        assert_eq!(refused(b"\x07\0\0\0connect\x02\0\0\0a\n"), CarriageError::BadUri);
        assert_eq!(refused(b"\x07\0\0\0connect\x01\0\0\0a\x02"), CarriageError::BadTlsMark(2));
        assert_eq!(refused(b"\x05\0\0\0probe\x03\0\0\0"), CarriageError::UnknownProbe(3));
        assert_eq!(refused(b"\x05\0\0\0probe\0\0\0\0"), CarriageError::UnknownProbe(0));
    }
}

//! The eight bytes before everything else. [AMQP 2.2]

use super::DecodeError;

/// A protocol header of version 1.0.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtocolHeader {
    /// What follows.
    pub id: ProtocolId,
}

/// The protocol that a header announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolId {
    /// AMQP itself. [AMQP 2.2]
    Amqp = 0,
    /// A TLS handshake. [AMQP 5.2.1]
    Tls = 2,
    /// A SASL exchange. [AMQP 5.3.1]
    Sasl = 3,
}

impl ProtocolHeader {
    /// `AMQP` 0 1.0.0
    pub const AMQP: Self = Self { id: ProtocolId::Amqp };
    /// `AMQP` 3 1.0.0
    pub const SASL: Self = Self { id: ProtocolId::Sasl };
    /// Bytes of a header.
    pub const LEN: usize = 8;

    pub(super) const MAGIC: [u8; 4] = *b"AMQP";

    /// As it goes on the wire.
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        let [a, m, q, p] = Self::MAGIC;
        [a, m, q, p, self.id as u8, 1, 0, 0]
    }

    /// Reads a header from the start of `input`. `Ok(None)`: all of it so far is that of a header, read more.
    ///
    /// Bytes that cannot become one are an error at once, padded with zeros: a peer of another protocol may wait for us.
    pub fn decode(input: &[u8]) -> Result<Option<Self>, DecodeError> {
        let known = [ProtocolId::Amqp, ProtocolId::Tls, ProtocolId::Sasl].map(|id| Self { id });
        let part = &input[..input.len().min(Self::LEN)];
        match known.into_iter().find(|header| header.to_bytes().starts_with(part)) {
            Some(header) if part.len() == Self::LEN => Ok(Some(header)),
            Some(_) => Ok(None),
            None => {
                let mut found = [0; Self::LEN];
                found[..part.len()].copy_from_slice(part);
                Err(DecodeError::BadHeader(found))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_header_however_it_is_cut() {
        for id in [ProtocolId::Amqp, ProtocolId::Tls, ProtocolId::Sasl] {
            let header = ProtocolHeader { id };
            let bytes = header.to_bytes();
            for cut in 0..bytes.len() {
                assert_eq!(ProtocolHeader::decode(&bytes[..cut]), Ok(None));
            }
            assert_eq!(ProtocolHeader::decode(&[&bytes[..], b"rest"].concat()), Ok(Some(header)));
        }
        assert_eq!(ProtocolHeader::SASL.to_bytes(), *b"AMQP\x03\x01\x00\x00");
    }

    #[test]
    fn refuses_other_protocols_and_versions_at_their_first_wrong_byte() {
        for wrong in [&b"\x16"[..], b"GET ", b"AMQX", b"AMQP\x01", b"AMQP\x00\x00", b"AMQP\x00\x01\x00\x01"] {
            let error = ProtocolHeader::decode(wrong).unwrap_err();
            assert!(matches!(error, DecodeError::BadHeader(_)), "{wrong:?}");
        }
    }
}

//! Questions about addresses on 9352 and 9353, and how the relay writes an IPv4 address. Wcf-relay page 6 and 4.5.

use std::net::{Ipv4Addr, SocketAddrV4};

use super::error::CarriageError;

/// What a peer that looks for a direct connection asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// Which server the next questions should go to: ourselves; the port is not read.
    ServerAddress,
    /// From which address and port the question came.
    ClientAddress,
}

impl Probe {
    pub(super) fn decode(code: i32) -> Result<Self, CarriageError> {
        match code {
            1 => Ok(Self::ServerAddress),
            2 => Ok(Self::ClientAddress),
            other => Err(CarriageError::UnknownProbe(other)),
        }
    }

    pub(super) const fn code(self) -> i32 {
        match self {
            Self::ServerAddress => 1,
            Self::ClientAddress => 2,
        }
    }

    /// The answer, which has to arrive in one segment. To close without it says "no direct path", which is always right.
    pub fn answer(address: SocketAddrV4) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&i64::from(ipv4_number(*address.ip())).to_le_bytes());
        bytes[8..].copy_from_slice(&i32::from(address.port()).to_le_bytes());
        bytes
    }

    /// Reads an answer; `None`: no IPv4 address, or no port.
    pub fn read_answer(bytes: [u8; 12]) -> Option<SocketAddrV4> {
        let (address, port) = bytes.split_first_chunk()?;
        let address = u32::try_from(i64::from_le_bytes(*address)).ok()?;
        let port = u16::try_from(i32::from_le_bytes(*port.first_chunk()?)).ok()?;
        Some(SocketAddrV4::new(ipv4_of(address), port))
    }
}

/// The number that stands for `a.b.c.d` in messages: `a + b·256 + c·65536 + d·16777216`.
pub fn ipv4_number(address: Ipv4Addr) -> u32 {
    u32::from_le_bytes(address.octets())
}

/// The address that a number stands for.
pub fn ipv4_of(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(number.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Page 4.5: 203.0.113.10 is 175177931.
    #[test]
    fn addresses_are_numbers_with_the_low_byte_first() {
        let address = Ipv4Addr::new(203, 0, 113, 10);
        assert_eq!(ipv4_number(address), 175_177_931);
        assert_eq!(ipv4_of(175_177_931), address);
        assert_eq!(ipv4_number(Ipv4Addr::LOCALHOST), 16_777_343);
        assert_eq!(ipv4_of(u32::MAX), Ipv4Addr::BROADCAST);
    }

    #[test]
    fn answer_is_twelve_bytes() {
        let address = SocketAddrV4::new(Ipv4Addr::new(203, 0, 113, 10), 40_000);
        let bytes = Probe::answer(address);
        assert_eq!(bytes, *b"\xcb\x00\x71\x0a\0\0\0\0\x40\x9c\0\0");
        assert_eq!(Probe::read_answer(bytes), Some(address));
        assert_eq!(Probe::read_answer([0xff; 12]), None);
        assert_eq!(Probe::read_answer([1; 12]), None);
    }
}

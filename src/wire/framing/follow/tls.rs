//! The outer records of TLS, RFC 8446 5.1.

use super::walk::{Layer, Step};
use crate::wire::follow::FollowError;

/// TLS records of one direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tls;

/// The longest fragment any version allows: TLS 1.2 lets protection add 2048 bytes to 2^14.
const MAX_FRAGMENT: u16 = (1 << 14) + 2048;

impl Layer for Tls {
    /// Content type (change cipher spec, alert, handshake, application data), version 3.x, length. Each byte is judged as it
    /// comes, so of a preamble in clear (`00 …`) not one passes.
    fn head(&mut self, input: &[u8]) -> Result<Option<(usize, Step)>, FollowError> {
        match input[0] {
            0x14..=0x17 => {}
            0x00 => return Err(FollowError::SecondSession),
            other => return Err(FollowError::Unexpected(other)),
        }
        if let Some(major) = input.get(1)
            && *major != 3
        {
            return Err(FollowError::Unexpected(*major));
        }
        let Some(length) = input.get(3..5) else {
            return Ok(None);
        };
        let length = u16::from_be_bytes([length[0], length[1]]);
        if length > MAX_FRAGMENT {
            return Err(FollowError::Unexpected(input[3]));
        }
        Ok(Some((5, Step::Payload(u64::from(length)))))
    }
}

//! Messages of protocol C behind their length, wcf-relay page 4.3.

use super::error::CarriageError;
use super::limits::MAX_MESSAGE;

/// Bytes of the length.
pub const PREFIX: usize = 4;

/// The message at the start of `bytes` and how many bytes it took with its length; `Ok(None)` means that more bytes are
/// needed. After one message from each side raw bytes follow, so whoever calls keeps what was not taken.
///
/// # Errors
/// [`CarriageError::BadMessageLength`]: 0, negative or more than [`MAX_MESSAGE`].
pub fn decode_message(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, CarriageError> {
    let Some((length, rest)) = bytes.split_first_chunk() else { return Ok(None) };
    let found = i32::from_le_bytes(*length);
    let length = usize::try_from(found).ok().filter(|length| (1..=MAX_MESSAGE).contains(length));
    let length = length.ok_or(CarriageError::BadMessageLength { found, max: MAX_MESSAGE })?;
    Ok(rest.get(..length).map(|message| (message, PREFIX + length)))
}

/// The length that goes in front of a message. On a WebSocket it is a frame of its own and the message the next one: the
/// client's reader takes whole frames (page 1.4).
///
/// # Errors
/// [`CarriageError::BadMessageLength`].
pub fn message_prefix(message: &[u8]) -> Result<[u8; PREFIX], CarriageError> {
    let found = i32::try_from(message.len()).unwrap_or(i32::MAX);
    if message.is_empty() || message.len() > MAX_MESSAGE {
        return Err(CarriageError::BadMessageLength { found, max: MAX_MESSAGE });
    }
    Ok(found.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_asks_for_more_and_what_follows_is_left() {
        let mut bytes = message_prefix(b"message").unwrap().to_vec();
        bytes.extend_from_slice(b"message");
        let size = bytes.len();
        bytes.extend_from_slice(b"raw");
        assert_eq!(decode_message(&bytes), Ok(Some((&b"message"[..], size))));
        for cut in 0..size {
            assert_eq!(decode_message(&bytes[..cut]), Ok(None), "cut at {cut}");
        }
    }

    #[test]
    fn lengths_are_judged_before_anything_is_kept() {
        let refused = |length: i32| {
            let error = CarriageError::BadMessageLength { found: length, max: MAX_MESSAGE };
            assert_eq!(decode_message(&length.to_le_bytes()), Err(error));
        };
        for length in [0, -1, 65_537, i32::MIN, i32::MAX] {
            refused(length);
        }
        // The first bytes of others: an HTTP answer, a fault record of message framing.
        refused(i32::from_le_bytes(*b"HTTP"));
        assert_eq!(decode_message(&65_536_i32.to_le_bytes()), Ok(None));
        assert!(message_prefix(&[0; MAX_MESSAGE]).is_ok());
        assert!(message_prefix(&[0; MAX_MESSAGE + 1]).is_err());
        assert!(message_prefix(&[]).is_err());
    }
}

//! The one section that messages of WCF Relay have: `data`. [AMQP 3.2.6], relay page 2.4

use super::{AmqpLimits, DecodeError, shape};

/// Bytes in front of `len` bytes of data. Always in the long form, so that the length of a message tells that of its data.
pub fn data_section_head(len: u32) -> [u8; 8] {
    let [a, b, c, d] = len.to_be_bytes();
    [0x00, 0x53, 0x75, 0xb0, a, b, c, d]
}

/// The bytes of the message's only `data` section, or nothing when it is made of something else.
///
/// Sections in front of it (header, annotations, properties) are passed over. [AMQP 3.2]
pub fn data_section(message: &[u8], limits: &AmqpLimits) -> Result<Option<Vec<u8>>, DecodeError> {
    let (mut rest, mut data) = (message, None);
    while !rest.is_empty() {
        let (section, behind) = rest.split_at(shape::described_len(rest, limits)?);
        rest = behind;
        let bytes = match section {
            [0x00, 0x53, 0x75, 0xa0, _, bytes @ ..] | [0x00, 0x53, 0x75, 0xb0, _, _, _, _, bytes @ ..] => {
                bytes
            }
            // An amqp-value or amqp-sequence is a body, too. [AMQP 3.2.7], [AMQP 3.2.8]
            [0x00, 0x53, 0x76 | 0x77, ..] => return Ok(None),
            _ => continue,
        };
        if data.replace(bytes.to_vec()).is_some() {
            return Ok(None);
        }
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_data_behind_other_sections() {
        let limits = AmqpLimits::default();
        let message = [&b"\x00\x53\x70\x45"[..], &data_section_head(3), b"abc"].concat();
        assert_eq!(data_section(&message, &limits), Ok(Some(b"abc".to_vec())));
        assert_eq!(data_section(b"\x00\x53\x75\xa0\x01x", &limits), Ok(Some(b"x".to_vec())));
    }

    #[test]
    fn takes_exactly_one_data_section() {
        let limits = AmqpLimits::default();
        assert_eq!(data_section(b"\x00\x53\x77\xa1\x01x", &limits), Ok(None));
        assert_eq!(data_section(b"\x00\x53\x75\xa0\x01x\x00\x53\x75\xa0\x01y", &limits), Ok(None));
        assert_eq!(data_section(b"", &limits), Ok(None));
        assert_eq!(
            data_section(b"\x00\x53\x75\xb0\xff\xff\xff\xff", &limits),
            Err(DecodeError::ValueTooLong)
        );
    }
}

//! The head of a frame, RFC 6455 5.2.

/// What a frame carries, RFC 6455 11.8. The set is closed: without an extension no other value is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpCode {
    /// The next fragment of an open message.
    Continuation,
    /// The first frame of a text message.
    Text,
    /// The first frame of a binary message.
    Binary,
    /// The end of one direction.
    Close,
    /// A question that a pong answers.
    Ping,
    /// The answer to a ping, or a sign of life that nobody asked for.
    Pong,
}

impl OpCode {
    /// Whether frames of this kind may stand between the fragments of a message, RFC 6455 5.5.
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    const fn decode(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    const fn encode(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }
}

/// Everything of a frame but its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// The frame ends its message.
    pub fin: bool,
    /// What it carries.
    pub opcode: OpCode,
    /// The key its payload is masked with; clients mask, servers do not.
    pub mask: Option<[u8; 4]>,
    /// Bytes of payload that follow, below 2^63.
    pub len: u64,
}

impl FrameHead {
    /// The longest head in bytes: two, an eight-byte length, a mask key.
    pub const MAX: usize = 14;

    /// Decodes the head at the start of `bytes` and says how long it is; `Ok(None)` means that more bytes are needed.
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, FrameError> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        // RFC 6455 5.2: RSV1 to RSV3 are 0 unless an extension gives them a meaning.
        if first & 0x70 != 0 {
            return Err(FrameError::ReservedBits);
        }
        let opcode = OpCode::decode(first & 0x0f).ok_or(FrameError::UnknownOpCode(first & 0x0f))?;
        let fin = first & 0x80 != 0;
        let short = second & 0x7f;
        // RFC 6455 5.5: control frames hold at most 125 bytes and are never fragmented.
        if opcode.is_control() {
            if !fin {
                return Err(FrameError::ControlFragmented);
            }
            if short > 125 {
                return Err(FrameError::ControlTooLong);
            }
        }
        let (len, rest, mut size) = match short {
            126 => {
                let Some((&bytes, rest)) = rest.split_first_chunk() else {
                    return Ok(None);
                };
                let len = u64::from(u16::from_be_bytes(bytes));
                if len < 126 {
                    return Err(FrameError::LengthNotMinimal);
                }
                (len, rest, 4)
            }
            127 => {
                let Some((&bytes, rest)) = rest.split_first_chunk() else {
                    return Ok(None);
                };
                let len = u64::from_be_bytes(bytes);
                if len > i64::MAX as u64 {
                    return Err(FrameError::LengthTooLarge);
                }
                if len <= u64::from(u16::MAX) {
                    return Err(FrameError::LengthNotMinimal);
                }
                (len, rest, 10)
            }
            len => (u64::from(len), rest, 2),
        };
        let mask = if second & 0x80 == 0 {
            None
        } else {
            let Some(&key) = rest.first_chunk() else {
                return Ok(None);
            };
            size += 4;
            Some(key)
        };
        Ok(Some((Self { fin, opcode, mask, len }, size)))
    }

    /// Bytes that [`FrameHead::encode`] writes, 2 to [`FrameHead::MAX`].
    pub const fn encoded_len(&self) -> usize {
        let length = match self.len {
            0..=125 => 2,
            126..=0xffff => 4,
            _ => 10,
        };
        length + if self.mask.is_some() { 4 } else { 0 }
    }

    /// Writes the head to the start of `out`, which holds at least [`FrameHead::encoded_len`] bytes.
    pub fn encode(&self, out: &mut [u8]) {
        out[0] = self.opcode.encode() | if self.fin { 0x80 } else { 0 };
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        let at = match self.len {
            0..=125 => {
                out[1] = masked | self.len as u8;
                2
            }
            126..=0xffff => {
                out[1] = masked | 126;
                out[2..4].copy_from_slice(&(self.len as u16).to_be_bytes());
                4
            }
            _ => {
                out[1] = masked | 127;
                out[2..10].copy_from_slice(&self.len.to_be_bytes());
                10
            }
        };
        if let Some(key) = self.mask {
            out[at..at + 4].copy_from_slice(&key);
        }
    }
}

/// What is wrong with a peer's frames. All of it is the peer's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// RSV bits without an extension.
    #[error("reserved bits are set though no extension was negotiated")]
    ReservedBits,
    /// An opcode without a meaning.
    #[error("unknown frame opcode {0:#x}")]
    UnknownOpCode(u8),
    /// A control frame without FIN.
    #[error("control frame is fragmented")]
    ControlFragmented,
    /// A control frame of more than 125 bytes.
    #[error("control frame holds more than 125 bytes")]
    ControlTooLong,
    /// A length in more bytes than it needs.
    #[error("frame length is not in its shortest form")]
    LengthNotMinimal,
    /// A length of 2^63 or more.
    #[error("frame length has its highest bit set")]
    LengthTooLarge,
    /// A client must mask, RFC 6455 5.1.
    #[error("frame of a client is not masked")]
    Unmasked,
    /// A server must not mask, RFC 6455 5.1.
    #[error("frame of a server is masked")]
    Masked,
    /// A continuation without a message.
    #[error("continuation frame where no message is open")]
    NothingToContinue,
    /// A new message inside another.
    #[error("new message before the last one ended")]
    MessageNotEnded,
    /// A close payload of one byte, or a reason that is no UTF-8.
    #[error("payload of the close frame is malformed")]
    BadClosePayload,
}

impl FrameError {
    /// The close code the peer is told, RFC 6455 7.4.1.
    pub const fn close_code(&self) -> u16 {
        1002
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Result<Option<(FrameHead, usize)>, FrameError> {
        FrameHead::decode(bytes)
    }

    #[test]
    fn heads_survive_a_round_trip_and_every_cut_asks_for_more() {
        for len in [0, 1, 125, 126, 0xffff, 0x1_0000, i64::MAX as u64] {
            for mask in [None, Some([1, 2, 3, 4])] {
                let head = FrameHead { fin: true, opcode: OpCode::Binary, mask, len };
                let mut bytes = [0; FrameHead::MAX];
                head.encode(&mut bytes);
                let size = head.encoded_len();
                assert_eq!(decode(&bytes[..size]), Ok(Some((head, size))));
                for cut in 0..size {
                    assert_eq!(decode(&bytes[..cut]), Ok(None), "{len} cut at {cut}");
                }
            }
        }
    }

    #[test]
    fn refuses_what_rfc_6455_5_2_forbids() {
        assert_eq!(decode(&[0xc2, 0]), Err(FrameError::ReservedBits));
        assert_eq!(decode(&[0x83, 0]), Err(FrameError::UnknownOpCode(3)));
        assert_eq!(decode(&[0x8b, 0]), Err(FrameError::UnknownOpCode(11)));
        assert_eq!(decode(&[0x82, 126, 0, 125]), Err(FrameError::LengthNotMinimal));
        assert_eq!(decode(&[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]), Err(FrameError::LengthNotMinimal));
        assert_eq!(decode(&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]), Err(FrameError::LengthTooLarge));
    }

    #[test]
    fn refuses_control_frames_that_are_long_or_fragmented() {
        assert_eq!(decode(&[0x09, 0]), Err(FrameError::ControlFragmented));
        assert_eq!(decode(&[0x88, 126]), Err(FrameError::ControlTooLong));
        assert_eq!(decode(&[0x8a, 0xff]), Err(FrameError::ControlTooLong));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_one_of_the_three_answers(bytes: Vec<u8>) {
            if let Ok(Some((head, size))) = decode(&bytes) {
                let mut again = [0; FrameHead::MAX];
                head.encode(&mut again);
                assert_eq!(&again[..size], &bytes[..size]);
            }
        }
    }
}

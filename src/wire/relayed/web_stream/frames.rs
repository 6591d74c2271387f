//! The frames inside both halves of a web stream.

/// Bytes of payload of one frame: what the client sends itself. It reads two more.
pub const MAX_FRAME: usize = 65_533;

/// A frame without payload: a sign of life, which the receiver drops.
pub const KEEP_ALIVE: [u8; 2] = [0, 0];

/// Appends a payload in as many frames as it needs; none for nothing.
pub fn encode_frames(payload: &[u8], out: &mut Vec<u8>) {
    for part in payload.chunks(MAX_FRAME) {
        out.extend_from_slice(&(part.len() as u16).to_le_bytes());
        out.extend_from_slice(part);
    }
}

/// Takes frames apart as they come. No bytes are wrong: a length is whatever two bytes say.
#[derive(Debug, Default)]
pub struct FrameDecoder {
    /// The first byte of a length whose second one has not come.
    low: Option<u8>,
    /// Bytes of payload yet to come.
    left: usize,
}

/// A piece of a half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamChunk<'a> {
    /// A sign of life.
    KeepAlive,
    /// Some of a frame's payload: at least one byte, perhaps not all.
    Payload(&'a [u8]),
}

impl FrameDecoder {
    /// A half begins.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next piece and what follows it; `None`: all of `input` was taken, read more.
    pub fn next<'a>(&mut self, input: &'a [u8]) -> Option<(StreamChunk<'a>, &'a [u8])> {
        let mut input = input;
        while self.left == 0 {
            let (byte, rest) = input.split_first()?;
            input = rest;
            match self.low.take() {
                None => self.low = Some(*byte),
                Some(low) => {
                    self.left = usize::from(u16::from_le_bytes([low, *byte]));
                    if self.left == 0 {
                        return Some((StreamChunk::KeepAlive, input));
                    }
                }
            }
        }
        let (payload, rest) = input.split_at(input.len().min(self.left));
        self.left -= payload.len();
        (!payload.is_empty()).then_some((StreamChunk::Payload(payload), rest))
    }

    /// Whether the half ends between two frames.
    pub fn between_frames(&self) -> bool {
        self.left == 0 && self.low.is_none()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(pieces: &[&[u8]]) -> (Vec<u8>, usize, bool) {
        let (mut decoder, mut payload, mut signs) = (FrameDecoder::new(), Vec::new(), 0);
        for mut input in pieces.iter().copied() {
            while let Some((chunk, rest)) = decoder.next(input) {
                match chunk {
                    StreamChunk::KeepAlive => signs += 1,
                    StreamChunk::Payload(bytes) => payload.extend_from_slice(bytes),
                }
                input = rest;
            }
        }
        (payload, signs, decoder.between_frames())
    }

    #[test]
    fn lengths_are_two_bytes_low_byte_first() {
        let mut out = Vec::new();
        encode_frames(&[], &mut out);
        assert!(out.is_empty());
        encode_frames(&[7; 0x102], &mut out);
        assert_eq!(out[..3], [0x02, 0x01, 7]);
        out.clear();
        encode_frames(&[7; MAX_FRAME + 1], &mut out);
        assert_eq!(out.len(), MAX_FRAME + 1 + 4);
        assert_eq!(out[out.len() - 3..], [1, 0, 7]);
        // The longest length of all is taken.
        let longest = [&[0xff, 0xff][..], &[1; 0xffff]].concat();
        assert_eq!(decode(&[&longest]), (vec![1; 0xffff], 0, true));
        assert_eq!(decode(&[&[0, 0, 1, 0, 9, 0, 0]]), (vec![9], 2, true));
        assert_eq!(decode(&[&[2, 0, 9]]), (vec![9], 0, false));
        assert_eq!(decode(&[&[2]]), (vec![], 0, false));
    }

    proptest! {
        #[test]
        fn any_bytes_are_the_same_however_they_are_cut(
            bytes in prop::collection::vec(prop_oneof![0_u8..3, any::<u8>()], 0..300),
            cut in 1_usize..20,
        ) {
            let pieces: Vec<&[u8]> = bytes.chunks(cut).collect();
            prop_assert_eq!(decode(&pieces), decode(&[&bytes]));
        }

        #[test]
        fn what_was_framed_comes_out(payload in prop::collection::vec(any::<u8>(), 0..1000)) {
            let mut out = Vec::new();
            encode_frames(&payload, &mut out);
            prop_assert_eq!(decode(&[&out]), (payload, 0, true));
        }
    }
}

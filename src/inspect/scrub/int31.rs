//! A size that comes a byte at a time.

/// A number of [MC-NMF] 2.2.1 and [MC-NBFX] 2.1.2 so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Int31 {
    value: u32,
    bytes: u32,
}

/// What a further byte makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// It goes on.
    More(Int31),
    /// This is it.
    Is(u32),
    /// It is none.
    Bad,
}

impl Int31 {
    pub(super) fn push(self, byte: u8) -> Size {
        if self.bytes == 4 && byte & 0xf8 != 0 {
            return Size::Bad;
        }
        let value = self.value | u32::from(byte & 0x7f) << (7 * self.bytes);
        match byte & 0x80 {
            0 => Size::Is(value),
            _ => Size::More(Self { value, bytes: self.bytes + 1 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::int31;

    #[test]
    fn agrees_with_the_decoder_of_whole_numbers() {
        for value in [0, 1, 127, 128, 16_383, 16_384, 2_097_152, int31::MAX] {
            let mut bytes = Vec::new();
            int31::encode(value, &mut bytes);
            let mut number = Int31::default();
            for (index, byte) in bytes.iter().enumerate() {
                match number.push(*byte) {
                    Size::More(more) => number = more,
                    size => assert_eq!((size, index + 1), (Size::Is(value), bytes.len())),
                }
            }
        }
        let bad =
            [0xff, 0xff, 0xff, 0xff].iter().fold(Int31::default(), |number, byte| match number.push(*byte) {
                Size::More(more) => more,
                _ => unreachable!("four bytes go on"),
            });
        assert_eq!(bad.push(0x08), Size::Bad);
    }
}

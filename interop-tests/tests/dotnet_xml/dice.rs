//! Numbers and texts that are the same for a seed everywhere.

/// A source of numbers: SplitMix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// From 0 to `end`, without it.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    /// Whether the one time in `times` is now.
    pub(crate) fn once(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    pub(crate) fn bytes(&mut self, size: usize) -> Vec<u8> {
        (0..size).map(|_| self.bits() as u8).collect()
    }

    /// A number of any count of bits, so that small ones are as common as large ones.
    pub(crate) fn long(&mut self) -> i64 {
        let shift = self.below(64);
        self.bits() as i64 >> shift
    }

    /// Mostly short, sometimes around the sizes at which records and buffers change.
    pub(crate) fn size(&mut self) -> usize {
        match self.below(40) {
            0 => self.of(&[84, 85, 86, 127, 128, 169, 170, 171, 255, 256, 257]),
            1 => self.of(&[509, 510, 511, 512, 513, 514, 1023, 1024, 1025]),
            2 => self.below(1500),
            3 if self.once(50) => self.of(&[65_533, 65_534, 65_535, 65_536, 65_537, 70_000]),
            _ => self.below(24),
        }
    }

    /// Characters of a kind each, also those that XML text has nowhere but .NET's binary form has.
    pub(crate) fn text(&mut self, size: usize) -> String {
        let alphabet = self.below(8);
        (0..size).map(|_| self.char(alphabet)).collect()
    }

    fn char(&mut self, alphabet: usize) -> char {
        let from = |dice: &mut Self, first: u32, count: usize| {
            char::from_u32(first + dice.below(count) as u32).unwrap_or(char::REPLACEMENT_CHARACTER)
        };
        match alphabet {
            0 => self.of(&[' ', '\t', '\n', '\r']),
            1 => from(self, 0xa0, 0x700),
            2 => from(self, 0x4e00, 0x5000),
            3 => from(self, 0x1_0000, 0x10_0000),
            4 if self.once(3) => self.of(&[
                '\0', '\u{1}', '\u{7f}', '\u{85}', '\u{2028}', '\u{feff}', '\u{fffe}', '\u{ffff}',
                '\u{d7ff}', '\u{e000}',
            ]),
            4 => {
                let alphabet = self.below(4);
                self.char(alphabet)
            }
            5 => from(self, 0x30, 10),
            _ => from(self, 0x20, 0x5f),
        }
    }
}

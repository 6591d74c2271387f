//! Finds secrets in bytes that come in pieces.

use std::sync::LazyLock;

use aho_corasick::automaton::Automaton as _;
use aho_corasick::automaton::StateID;
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, StartKind};

use super::marks::{MARKS, TOKEN};
use super::secret::{FILLER, Judged, Secret};

/// Finds secrets in one run of bytes and puts the filler in their place. Whether the run comes in one piece or byte by byte makes no difference.
#[derive(Debug)]
pub(super) struct Scanner {
    state: StateID,
    secret: Option<Secret>,
    /// Whether the run is a string of its own: then it ends where the string does, and lengths in front of a token mean nothing.
    bounded: bool,
    /// The last bytes of the run, and how many there were.
    recent: [u8; RECENT],
    count: usize,
}

/// The mark of a token and a length of four bytes with its type and what stands before.
const RECENT: usize = 32;

/// Bytes of a SAS token behind its first word: the names of its four fields alone and 43 characters of signature are more than the least. What
/// stands in front of a mark and says something else is no length.
const LENGTHS: std::ops::Range<u32> = 40..1 << 16;

static AUTOMATON: LazyLock<DFA> = LazyLock::new(|| {
    DFA::builder()
        .ascii_case_insensitive(true)
        .start_kind(StartKind::Unanchored)
        .build(MARKS.iter().map(|(mark, _)| mark))
        .expect("a few short patterns are within every limit")
});

fn start() -> StateID {
    AUTOMATON.start_state(Anchored::No).expect("it was built for unanchored searches")
}

impl Scanner {
    /// Bytes of whatever kind.
    pub(super) fn new() -> Self {
        Self { state: start(), secret: None, bounded: false, recent: [0; RECENT], count: 0 }
    }

    /// Strings of known length; [`Scanner::boundary`] is told where one ends.
    pub(super) fn of_strings() -> Self {
        Self { bounded: true, ..Self::new() }
    }

    /// Another run begins: what stands before means nothing for what comes.
    pub(super) fn boundary(&mut self) {
        self.state = start();
        self.secret = None;
        self.count = 0;
    }

    /// Puts the filler in the place of secrets in the next bytes of the run.
    pub(super) fn scan(&mut self, bytes: &mut [u8]) {
        let automaton = &*AUTOMATON;
        for byte in bytes {
            let original = *byte;
            if let Some(secret) = self.secret {
                self.secret = match secret.judge(original) {
                    Judged::Hidden(next) => {
                        *byte = FILLER;
                        Some(next)
                    }
                    Judged::Shown(next) => Some(next),
                    Judged::Over => None,
                };
            }
            // Marks are found in UTF-16 as well: its zeros are passed over.
            if original != 0 {
                self.state = automaton.next_state(Anchored::No, self.state, original);
                if automaton.is_special(self.state) && automaton.is_match(self.state) {
                    self.found();
                }
            }
            if !self.bounded {
                self.recent[self.count % RECENT] = original;
                self.count += 1;
                if self.count == 2 * RECENT {
                    self.count = RECENT;
                }
            }
        }
    }

    /// A mark has just ended, though `recent` does not hold its last byte yet.
    fn found(&mut self) {
        let (mark, secret) = MARKS[AUTOMATON.match_pattern(self.state, 0).as_usize()];
        let secret = self.announced(mark).map_or(secret, Secret::Exact);
        self.secret = Some(self.secret.map_or(secret, |now| now.or(secret)));
    }

    /// How many bytes follow the mark in its string, where the mark begins a string of AMQP or of binary XML.
    fn announced(&self, mark: &[u8]) -> Option<u32> {
        if mark != TOKEN || self.bounded {
            return None;
        }
        // The byte so far in front of the mark; 0 is the one right before it.
        let before = |distance: usize| {
            let back = mark.len() + distance;
            (back <= self.count.min(RECENT)).then(|| self.recent[(self.count + RECENT - back) % RECENT])
        };
        let length = |bytes: usize| (0..bytes).map(before).collect::<Option<Vec<u8>>>();
        let one = length(1).map(|bytes| u32::from(bytes[0]));
        let four = length(4).map(|bytes| u32::from_le_bytes([bytes[3], bytes[2], bytes[1], bytes[0]]));
        let two = length(2).map(|bytes| u32::from(u16::from_le_bytes([bytes[1], bytes[0]])));
        let string = match (before(1), before(2), before(4)) {
            (Some(0xa0 | 0xa1 | 0xa3 | 0x98 | 0x99 | 0x9e | 0x9f), other, _) if !leads(other) => one,
            (_, Some(0x9a | 0x9b), _) => two,
            (_, _, Some(0xb0 | 0xb1 | 0xb3)) => four.map(u32::swap_bytes),
            (_, _, Some(0x9c | 0x9d | 0xa2)) => four,
            _ => None,
        };
        let left = string?.checked_sub(u32::try_from(mark.len()).ok()?)?;
        LENGTHS.contains(&left).then_some(left)
    }
}

/// Whether a byte begins a character of UTF-8, whose second byte then is no type.
fn leads(byte: Option<u8>) -> bool {
    matches!(byte, Some(0xc2..=0xf4))
}

//! What the preamble of a session says about both of its directions.

use super::walk::{Item, Walk};
use crate::wire::framing::{Encoding, Mode, Record};

/// The mode and the encoding of a session. Only the initiator says them, and the receiver's bytes cannot be read without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The mode.
    pub mode: Mode,
    /// The encoding of the envelopes; `None` where it is not known and has to be guessed.
    pub encoding: Option<Encoding>,
}

impl Terms {
    /// A session of which only the mode is known.
    pub fn of_mode(mode: Mode) -> Self {
        Self { mode, encoding: None }
    }

    /// The terms of each session of a connection, from what its initiator sent.
    pub fn of_initiator(bytes: &[u8]) -> Vec<Self> {
        let mut all = Vec::new();
        for found in Walk::initiator(bytes) {
            let Item::Record(record) = found.item else { continue };
            if let Record::Version(_) = record {
                all.push(Self::of_mode(Mode::Duplex));
            }
            let Some(terms) = all.last_mut() else { continue };
            match record {
                Record::Mode(mode) => terms.mode = mode,
                Record::KnownEncoding(known) => terms.encoding = Some(Encoding::Known(known)),
                Record::ExtensibleEncoding(text) => {
                    terms.encoding = Some(Encoding::Extensible(text.to_owned()));
                }
                _ => {}
            }
        }
        all
    }

    /// Whether a receiver answers in such a session.
    pub(super) fn has_answer(&self) -> bool {
        matches!(self.mode, Mode::Duplex | Mode::Singleton)
    }
}

//! What the preamble of a session says about both of its directions.

use crate::inspect::envelope::Envelopes;
use crate::inspect::form::Form;
use crate::wire::framing::{Encoding, Mode};

/// The mode and the encoding of a session. Only the initiator says them, and the receiver's bytes cannot be read without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::inspect) struct Terms {
    /// The mode.
    pub(in crate::inspect) mode: Mode,
    /// The encoding of the envelopes; `None` where it is not known and has to be guessed.
    pub(in crate::inspect) encoding: Option<Encoding>,
}

impl Terms {
    /// A session of which only the mode is known.
    pub(in crate::inspect) fn of_mode(mode: Mode) -> Self {
        Self { mode, encoding: None }
    }

    /// Whether a receiver answers in such a session.
    pub(in crate::inspect) fn has_answer(&self) -> bool {
        matches!(self.mode, Mode::Duplex | Mode::Singleton)
    }

    /// The envelopes of one direction of such a session.
    pub(super) fn envelopes(&self) -> Envelopes {
        let form = self.encoding.as_ref().map(|encoding| match encoding.content_type() {
            Some(content_type) => Form::of_content_type(content_type),
            None => Form::Other("an encoding without a content type".to_owned()),
        });
        Envelopes::new(form, self.mode != Mode::Singleton)
    }
}

//! What one direction of a connection says that is needed to read the other.

use super::framing::Terms;

/// Found by a survey before anything is shown, so that either direction can be shown first.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    /// The terms of the framing sessions, in order, [`SESSIONS`] of them at most; once the survey is over, of those with answers.
    pub(super) terms: Vec<Terms>,
    /// Which requests of HTTP, counted from 0, have an answer without body because they are HEAD; [`SESSIONS`] at most.
    pub(super) heads: Vec<u64>,
    /// Which request asked for a tunnel by CONNECT.
    pub(super) connect: Option<u64>,
    /// The relayed connection was opened by a listener: then its client is the receiver of what follows.
    pub(super) listener: bool,
}

impl Said {
    /// The survey is over.
    pub(super) fn finish(&mut self) {
        self.terms.retain(Terms::has_answer);
    }
}

/// Sessions of one connection that are remembered.
pub(super) const SESSIONS: usize = 1 << 16;

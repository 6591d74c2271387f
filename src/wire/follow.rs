//! Following one direction of a stream: how much of it may pass, and where it ends.
//!
//! A splice copies bytes it does not understand. Where the borders of a session matter (one framing session of
//! [MC-NMF] on a pooled connection, say) a [`Follower`] walks alongside and says what may pass. It looks at the heads of
//! records alone: a payload of announced length is passed as [`Passage::All`]'s `unseen` and may be moved by the kernel.

use super::framing::DecodeError;

/// Follows one direction of a byte stream and says how much of it may pass.
///
/// A follower gives the same answer for a stream however it is cut into pieces: where the session ends and whether it is
/// refused do not depend on the reads. Only how much of a wrong record has passed before it is seen to be wrong does.
pub trait Follower: Send {
    /// Looks at the next bytes of the stream, all of them after those shown (or announced as unseen) before.
    ///
    /// Empty input is allowed and changes nothing. After [`Passage::Ended`] every later byte belongs to something
    /// else, so the answer is `Ended { at: 0 }` from then on; after [`Passage::Refused`] it is `Refused { at: 0, .. }`.
    fn follow(&mut self, bytes: &[u8]) -> Passage;

    /// The stream ended here (FIN), after every byte shown or announced as unseen. (One that ends before the unseen bytes
    /// have all come ends inside a record; a driver sees that itself.)
    ///
    /// # Errors
    /// [`FollowError`] when the stream may not end at this place, for instance inside a record.
    fn eof(&mut self) -> Result<(), FollowError>;
}

/// How much of the bytes just shown may pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passage {
    /// Every byte may pass, and so may the next `unseen` bytes, which need not be shown (a payload of announced length).
    All {
        /// Bytes that follow those shown and may pass without being shown.
        unseen: u64,
    },
    /// The direction of this session ended after `at` bytes of this input; what follows is not of it.
    Ended {
        /// Bytes of this input that belong to the session.
        at: usize,
    },
    /// The first `at` bytes may pass; then the peer is wrong: pass nothing more and close.
    Refused {
        /// Bytes of this input that may pass.
        at: usize,
        /// What is wrong behind them.
        error: FollowError,
    },
}

/// Why a direction may not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    /// The stream ended inside a session, at a place where the protocol does not let it end.
    #[error("stream ended inside a session")]
    UnexpectedEnd,
    /// A byte that cannot begin what has to come here.
    #[error("byte 0x{0:02x} may not come here")]
    Unexpected(u8),
    /// Another session begins behind a security layer, where only one can be followed.
    #[error("a second session begins after an upgrade")]
    SecondSession,
    /// The framing of the stream is wrong.
    #[error(transparent)]
    Framing(#[from] DecodeError),
}

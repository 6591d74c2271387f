//! What can be wrong with a web stream.

/// Why a request, or a stream, was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebStreamError {
    /// A role that the relay does not have; `messaging` is of queues.
    #[error("web stream of a role that is not served")]
    UnknownRole,
    /// A method that does not go with the header, or both headers in one request.
    #[error("method and headers of the request do not make a web stream")]
    BadRequest,
    /// A half of another role than the stream was made for.
    #[error("half of a web stream has another role than the stream")]
    OtherRole,
    /// A half that is there already.
    #[error("half of a web stream came twice")]
    AttachedTwice,
    /// The bytes that check the way are others.
    #[error("bytes that check the web stream are not 01 02 03 04")]
    BadEcho,
    /// A half did not come in time, or the bytes that check the way.
    #[error("web stream was not complete in time")]
    TimedOut,
}

impl WebStreamError {
    /// The status of the answer, where there is one to give.
    pub const fn status(&self) -> u16 {
        match self {
            Self::UnknownRole | Self::BadRequest | Self::OtherRole | Self::BadEcho => 400,
            Self::AttachedTwice => 409,
            Self::TimedOut => 408,
        }
    }
}

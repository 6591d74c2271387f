//! Why a gateway ends a control channel of its own accord.

use crate::auth::AuthError;

/// Why a gateway ends a control channel. The text is that of hybrid page 2.5 without the tracking tail, which the
/// door adds; another protocol has words of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// The relay was deleted.
    #[error("The hybrid connection was deleted")]
    Deleted,
    /// The relay was switched off.
    #[error("The hybrid connection was disabled")]
    Disabled,
    /// The gateway stops; the listener should connect again, elsewhere or later.
    #[error("The gateway is shutting down")]
    Draining,
    /// The listener's token ended, and no new one came within the grace.
    #[error("The token is expired")]
    TokenExpired,
    /// The token by which the listener wanted to go on was refused.
    #[error("{0}")]
    RenewalRefused(AuthError),
}

impl CloseReason {
    /// The WebSocket close code. Source: hybrid page 2.5.
    pub fn code(&self) -> u16 {
        match self {
            Self::Deleted | Self::Disabled | Self::Draining => 1001,
            Self::TokenExpired | Self::RenewalRefused(_) => 1008,
        }
    }
}

//! Each refusal in its own words.

use crate::entity::{Right, UnixTime};

/// Why somebody may not do what he wants. `Display` is the text of the 401, hybrid page 6.6, up to the tracking id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// There is no token, and one is needed.
    #[error("MissingToken: Relay security token is required")]
    MissingToken,
    /// The token cannot be read. What is wrong with it is for the log; the peer is not told.
    #[error("MalformedToken: The token is malformed")]
    MalformedToken(#[source] TokenError),
    /// The token was good until a moment that is past by more than the skew.
    #[error("ExpiredToken: The token is expired. Expiration time: '{expired}'")]
    ExpiredToken {
        /// The end that the token names.
        expired: UnixTime,
    },
    /// No policy of this name, or none whose keys made this signature: the peer is not told which.
    #[error("InvalidSignature: The token has an invalid signature")]
    InvalidSignature,
    /// The token is for another host, for another path, or for nothing that can be read.
    #[error("InvalidAudience: The authorization header contains a token with a wrong audience")]
    InvalidAudience,
    /// The token is good, its policy lacks the right.
    #[error("Unauthorized access. '{needed}' claim(s) are required to perform this operation")]
    MissingRight {
        /// The right that is needed.
        needed: Right,
    },
    /// The peer's address is none from which this may be done.
    #[error("Ip has been prevented to connect to the endpoint")]
    AddressRefused,
}

/// Why a text is no SAS token. Never holds a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// More bytes than `Limits::token`.
    #[error("token of {length} bytes exceeds the limit of {most} bytes")]
    TooLong {
        /// Bytes found.
        length: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// It does not begin with `SharedAccessSignature` and a blank.
    #[error("not a shared access signature")]
    NotSas,
    /// A piece between ampersands without `=`.
    #[error("a piece between ampersands is not of the form name=value")]
    NotAPair,
    /// A name that appears twice.
    #[error("a name appears twice")]
    NameTwice,
    /// `sr`, `sig`, `se` or `skn` is missing or empty.
    #[error("{name} is missing")]
    Missing {
        /// The name as section 6.1 writes it.
        name: &'static str,
    },
    /// `se` is no decimal number.
    #[error("se is not a decimal number")]
    BadExpiry,
    /// A value of a simple web token is no UTF-8 once decoded, or no number where one is due.
    #[error("a value of the simple web token cannot be read")]
    BadValue,
    /// `sr` is no UTF-8 once decoded.
    #[error("sr is not UTF-8 once decoded")]
    BadAudience,
    /// `skn` has more than 256 characters.
    #[error("skn has more than 256 characters")]
    KeyNameTooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_the_words_of_the_service() {
        for (error, words) in [
            (AuthError::MissingToken, "MissingToken: Relay security token is required"),
            (AuthError::MalformedToken(TokenError::NotSas), "MalformedToken: The token is malformed"),
            (
                AuthError::ExpiredToken { expired: UnixTime(1_777_889_730) },
                "ExpiredToken: The token is expired. Expiration time: '2026-05-04 10:15:30Z'",
            ),
            (AuthError::InvalidSignature, "InvalidSignature: The token has an invalid signature"),
            (
                AuthError::InvalidAudience,
                "InvalidAudience: The authorization header contains a token with a wrong audience",
            ),
            (
                AuthError::MissingRight { needed: Right::Listen },
                "Unauthorized access. 'Listen' claim(s) are required to perform this operation",
            ),
            (AuthError::AddressRefused, "Ip has been prevented to connect to the endpoint"),
        ] {
            assert_eq!(error.to_string(), words);
        }
    }
}

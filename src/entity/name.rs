//! Why a name is refused.

/// What is wrong with a host name, a namespace name, an entity path or a key name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing was given.
    #[error("empty")]
    Empty,
    /// More characters than the kind of name may have.
    #[error("{length} characters, at most {most} are allowed")]
    TooLong {
        /// Characters found.
        length: usize,
        /// Characters allowed.
        most: usize,
    },
    /// A character that the kind of name does not have.
    #[error("character {found:?} is not allowed")]
    BadCharacter {
        /// The first such character.
        found: char,
    },
    /// A path that begins or ends with `/`, or holds `//`.
    #[error("empty segment: no slash at the start or the end, no two in a row")]
    EmptySegment,
    /// A path with a segment `.` or `..`.
    #[error("dot segment: '.' and '..' are not allowed")]
    DotSegment,
    /// A name that begins or ends with a hyphen, so that it cannot be a label of a host name.
    #[error("hyphen at the start or the end")]
    HyphenAtEdge,
    /// A host name with an empty label, or one of more than 63 characters.
    #[error("label of a host name is empty or longer than 63 characters")]
    BadLabel,
    /// Brackets that hold no IPv6 address.
    #[error("not an IPv6 address in brackets")]
    BadAddress,
    /// What follows the colon of an authority is no port.
    #[error("not a port: a number from 1 to 65535 is expected")]
    BadPort,
}

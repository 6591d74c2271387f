//! What can be wrong with a framing stream, and the fault it maps to.

use super::fault::FaultUri;
use super::record::{Mode, RecordType};

/// Why a framing stream was refused. Always the peer's fault; the stream cannot go on after it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The first byte of a record is no record type.
    #[error("byte 0x{0:02x} is no record type")]
    UnknownRecord(u8),
    /// A record type that may not come here.
    #[error("{} record where {} was expected", found.name(), names(expected))]
    UnexpectedRecord {
        /// What came.
        found: RecordType,
        /// What may come; empty: nothing.
        expected: &'static [RecordType],
    },
    /// The major version is not 1.
    #[error("framing version {major} is not understood")]
    BadVersion {
        /// The major version that came.
        major: u8,
    },
    /// The mode is none of 1 to 4.
    #[error("mode {0} does not exist")]
    BadMode(u8),
    /// A mode that exists and is not served here.
    #[error("{} mode is not served", .0.name())]
    UnsupportedMode(Mode),
    /// A size above 2^31 - 1, or longer than five bytes.
    #[error("size is not a 31-bit integer")]
    SizeOverflow,
    /// A string of size 0, which [MC-NMF] forbids.
    #[error("empty string in a {} record", .0.name())]
    EmptyString(RecordType),
    /// A string that is not UTF-8.
    #[error("string in a {} record is not utf-8", .0.name())]
    BadUtf8(RecordType),
    /// A sized envelope of size 0, which [MC-NMF] 2.2.4.1 forbids.
    #[error("empty envelope")]
    EmptyEnvelope,
    /// The Via is longer than the limit, raised as soon as its size is known (or its token taken out).
    #[error("via of {len} bytes exceeds the limit of {max} bytes")]
    ViaTooLong {
        /// Bytes.
        len: usize,
        /// Bytes.
        max: usize,
    },
    /// The Via is no absolute URI with a host.
    #[error("via is not an absolute uri with a host")]
    ViaNotUri,
    /// The Via has a `$sas` segment that is not followed by a readable token as its last segment.
    #[error("via holds no readable token after its $sas segment")]
    ViaTokenUnreadable,
    /// The token in the Via is longer than the limit, or none is taken here.
    #[error("token in the via exceeds the limit of {max} bytes")]
    ViaTokenTooLong {
        /// Bytes; 0 where no token is taken.
        max: usize,
    },
    /// The content type of an Extensible Encoding is longer than the limit.
    #[error("content type of {len} bytes exceeds the limit of {max} bytes")]
    ContentTypeTooLong {
        /// Bytes.
        len: usize,
        /// Bytes.
        max: usize,
    },
    /// The encoding is well formed and not served here.
    #[error("encoding is not served")]
    ContentTypeInvalid,
    /// The name of an upgrade is longer than the limit.
    #[error("upgrade name of {len} bytes exceeds the limit of {max} bytes")]
    UpgradeTooLong {
        /// Bytes.
        len: usize,
        /// Bytes.
        max: usize,
    },
    /// The upgrade is well formed and not served here.
    #[error("upgrade is not served")]
    UpgradeInvalid,
    /// The URI of a fault is longer than the limit.
    #[error("fault of {len} bytes exceeds the limit of {max} bytes")]
    FaultTooLong {
        /// Bytes.
        len: usize,
        /// Bytes.
        max: usize,
    },
    /// A sized envelope is larger than the limit, raised as soon as its size is known.
    #[error("envelope of {size} bytes exceeds the limit of {max} bytes")]
    EnvelopeTooLarge {
        /// Bytes.
        size: u32,
        /// Bytes.
        max: u64,
    },
    /// The chunks of an unsized envelope are larger than the limit in all.
    #[error("message of {size} bytes or more exceeds the limit of {max} bytes")]
    MessageTooLarge {
        /// Bytes announced so far.
        size: u64,
        /// Bytes.
        max: u64,
    },
    /// The stream ends where it must not.
    #[error("stream ends inside a session")]
    UnexpectedEof,
}

impl DecodeError {
    /// The fault a receiver sends, framing page 5 and 11; `None`: close without one. An initiator never sends a fault.
    pub fn fault(&self) -> Option<FaultUri> {
        match self {
            Self::BadVersion { .. } => Some(FaultUri::UnsupportedVersion),
            Self::BadMode(_) | Self::UnsupportedMode(_) => Some(FaultUri::UnsupportedMode),
            Self::ViaTooLong { .. } => Some(FaultUri::ViaTooLong),
            // .NET clients show the URI of a fault they do not know, which tells more than a closed connection.
            Self::ViaTokenUnreadable | Self::ViaTokenTooLong { .. } => Some(FaultUri::EndpointAccessDenied),
            Self::ContentTypeInvalid => Some(FaultUri::ContentTypeInvalid),
            // .NET reads the name of an upgrade with the decoder of content types, so it knows this fault for both.
            Self::ContentTypeTooLong { .. } | Self::UpgradeTooLong { .. } => {
                Some(FaultUri::ContentTypeTooLong)
            }
            Self::UpgradeInvalid => Some(FaultUri::UpgradeInvalid),
            Self::EnvelopeTooLarge { .. } => Some(FaultUri::MaxMessageSizeExceeded),
            Self::UnknownRecord(_)
            | Self::UnexpectedRecord { .. }
            | Self::SizeOverflow
            | Self::EmptyString(_)
            | Self::BadUtf8(_)
            | Self::EmptyEnvelope
            | Self::ViaNotUri
            | Self::FaultTooLong { .. }
            | Self::MessageTooLarge { .. }
            | Self::UnexpectedEof => None,
        }
    }

    /// The class of the error in the vectors, in recordings and in `viaduct inspect`.
    pub fn class(&self) -> &'static str {
        match self {
            Self::UnknownRecord(_) => "unknown-record",
            Self::UnexpectedRecord { .. } => "unexpected-record",
            Self::BadVersion { .. } => "bad-version",
            Self::BadMode(_) => "bad-mode",
            Self::UnsupportedMode(_) => "unsupported-mode",
            Self::SizeOverflow => "size-overflow",
            Self::EmptyString(_) => "empty-string",
            Self::BadUtf8(_) => "bad-utf8",
            Self::EmptyEnvelope => "empty-envelope",
            Self::ViaTooLong { .. } => "via-too-long",
            Self::ViaNotUri => "via-not-uri",
            Self::ViaTokenUnreadable => "via-token-unreadable",
            Self::ViaTokenTooLong { .. } => "via-token-too-long",
            Self::ContentTypeTooLong { .. } => "content-type-too-long",
            Self::ContentTypeInvalid => "content-type-invalid",
            Self::UpgradeTooLong { .. } => "upgrade-too-long",
            Self::UpgradeInvalid => "upgrade-invalid",
            Self::FaultTooLong { .. } => "fault-too-long",
            Self::EnvelopeTooLarge { .. } | Self::MessageTooLarge { .. } => "message-too-large",
            Self::UnexpectedEof => "eof",
        }
    }
}

fn names(expected: &[RecordType]) -> String {
    if expected.is_empty() {
        return "nothing".to_owned();
    }
    expected.iter().map(|record| record.name()).collect::<Vec<_>>().join(" or ")
}

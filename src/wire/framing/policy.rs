//! What a receiver takes: limits, modes, encodings and upgrades.

use super::error::DecodeError;
use super::record::{Encoding, KnownEncoding, Mode, Upgrade};

/// The limits of one framing stream, in bytes. Each is compared with a size as soon as the size is known, before
/// anything is read or kept of what it announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FramingLimits {
    /// A Via, after its token has been taken out. Default 2048, framing page 1.2.
    pub via: usize,
    /// A SAS token in the last two segments of a Via, as text. Default 0: none is taken.
    pub token: usize,
    /// A content type. Default 256, framing page 1.2.
    pub content_type: usize,
    /// The name of an upgrade. Default 256, framing page 1.2.
    pub upgrade: usize,
    /// The URI of a fault. Default 256, framing page 1.2.
    pub fault: usize,
    /// A sized envelope, or all chunks of an unsized one; 0 = no limit. Default 65,536, framing page 6.2.
    pub envelope: u64,
}

impl Default for FramingLimits {
    fn default() -> Self {
        Self { via: 2048, token: 0, content_type: 256, upgrade: 256, fault: 256, envelope: 65_536 }
    }
}

impl FramingLimits {
    /// The longest Via record that is read: a token, in base64, may make it longer than [`Self::via`].
    pub fn via_on_the_wire(&self) -> usize {
        match self.token {
            0 => self.via,
            token => self.via + super::via::token_suffix_len(token),
        }
    }
}

/// What a receiver serves; anything else is refused with the fault of framing page 5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Limits of the stream.
    pub limits: FramingLimits,
    /// Modes that are served.
    pub modes: Vec<Mode>,
    /// Encodings that are served.
    pub encodings: Encodings,
    /// Upgrades that are served.
    pub upgrades: Vec<Upgrade>,
}

/// Which encodings are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encodings {
    /// The numbers 0 to 8 and every content type.
    Standard,
    /// The numbers 0 to 12 and every content type: who only passes envelopes on needs not read them.
    WithCoreWcf,
    /// These alone.
    Only(Vec<Encoding>),
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            limits: FramingLimits::default(),
            modes: vec![Mode::Singleton, Mode::Duplex],
            encodings: Encodings::Standard,
            upgrades: Vec::new(),
        }
    }
}

impl Policy {
    /// What a relay takes: both modes of TCP, whatever encoding the service behind it may know, and the two upgrades
    /// whose outer records can be followed.
    pub fn relay(limits: FramingLimits) -> Self {
        Self {
            limits,
            encodings: Encodings::WithCoreWcf,
            upgrades: vec![Upgrade::Tls, Upgrade::Negotiate],
            ..Self::default()
        }
    }

    pub(super) fn check_mode(&self, mode: Mode) -> Result<(), DecodeError> {
        if self.modes.contains(&mode) { Ok(()) } else { Err(DecodeError::UnsupportedMode(mode)) }
    }

    pub(super) fn check_encoding(&self, encoding: &Encoding) -> Result<(), DecodeError> {
        let served = match (&self.encodings, encoding) {
            (Encodings::Only(served), _) => served.iter().any(|one| same(one, encoding)),
            (Encodings::Standard, Encoding::Known(known)) => known.0 <= KnownEncoding::LAST_STANDARD.0,
            (Encodings::WithCoreWcf, Encoding::Known(known)) => known.content_type().is_some(),
            (_, Encoding::Extensible(_)) => true,
        };
        if served { Ok(()) } else { Err(DecodeError::ContentTypeInvalid) }
    }

    pub(super) fn upgrade(&self, name: &str) -> Result<Upgrade, DecodeError> {
        Upgrade::from_name(name)
            .filter(|upgrade| self.upgrades.contains(upgrade))
            .ok_or(DecodeError::UpgradeInvalid)
    }
}

/// Content types compare by media type, ignoring case; parameters are allowed (framing page 2.1).
fn same(one: &Encoding, other: &Encoding) -> bool {
    let media = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match (one, other) {
        (Encoding::Extensible(one), Encoding::Extensible(other)) => media(one) == media(other),
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serves_the_numbers_of_the_specification_and_corewcfs_only_when_told() {
        let nine = Encoding::Known(KnownEncoding(9));
        assert_eq!(Policy::default().check_encoding(&nine), Err(DecodeError::ContentTypeInvalid));
        let relay = Policy::relay(FramingLimits::default());
        assert_eq!(relay.check_encoding(&nine), Ok(()));
        assert!(relay.check_encoding(&Encoding::Known(KnownEncoding(13))).is_err());
    }

    #[test]
    fn content_types_compare_by_media_type() {
        let served = Encodings::Only(vec![Encoding::Extensible("multipart/related".to_owned())]);
        let policy = Policy { encodings: served, ..Policy::default() };
        let mtom = Encoding::Extensible("Multipart/Related; type=\"application/xop+xml\"".to_owned());
        assert_eq!(policy.check_encoding(&mtom), Ok(()));
        assert!(policy.check_encoding(&Encoding::Extensible("text/plain".to_owned())).is_err());
    }

    #[test]
    fn a_token_makes_room_for_a_longer_via_on_the_wire() {
        let limits = FramingLimits { token: 3, ..FramingLimits::default() };
        // `/$sas/` and four characters of base64.
        assert_eq!(limits.via_on_the_wire(), 2048 + 6 + 4);
        assert_eq!(FramingLimits::default().via_on_the_wire(), 2048);
    }
}

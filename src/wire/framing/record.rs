//! Record types, modes, encodings and upgrades, [MC-NMF] 2.2.

use super::via_text::ViaText;

/// The first byte of a record, [MC-NMF] 2.2.1. An unknown type has no length, so it cannot be skipped: the set is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RecordType {
    /// Version of the framing, the first record of a session.
    Version = 0x00,
    /// Mode of the session.
    Mode = 0x01,
    /// Transport address.
    Via = 0x02,
    /// Encoding of the envelopes, by number.
    KnownEncoding = 0x03,
    /// Encoding of the envelopes, by content type.
    ExtensibleEncoding = 0x04,
    /// Envelope in chunks.
    UnsizedEnvelope = 0x05,
    /// Envelope of announced size.
    SizedEnvelope = 0x06,
    /// "I send no more."
    End = 0x07,
    /// Refusal by the receiver.
    Fault = 0x08,
    /// The initiator asks for a security layer.
    UpgradeRequest = 0x09,
    /// The receiver agrees to it.
    UpgradeResponse = 0x0a,
    /// The receiver accepts the preamble.
    PreambleAck = 0x0b,
    /// Last record of the preamble.
    PreambleEnd = 0x0c,
}

impl RecordType {
    /// Every type, in the order of its number.
    pub const ALL: [Self; 13] = [
        Self::Version,
        Self::Mode,
        Self::Via,
        Self::KnownEncoding,
        Self::ExtensibleEncoding,
        Self::UnsizedEnvelope,
        Self::SizedEnvelope,
        Self::End,
        Self::Fault,
        Self::UpgradeRequest,
        Self::UpgradeResponse,
        Self::PreambleAck,
        Self::PreambleEnd,
    ];

    /// The type with this number, if there is one.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }

    /// Its name in recordings and in `viaduct inspect`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Mode => "mode",
            Self::Via => "via",
            Self::KnownEncoding => "known-encoding",
            Self::ExtensibleEncoding => "extensible-encoding",
            Self::UnsizedEnvelope => "unsized-envelope",
            Self::SizedEnvelope => "sized-envelope",
            Self::End => "end",
            Self::Fault => "fault",
            Self::UpgradeRequest => "upgrade-request",
            Self::UpgradeResponse => "upgrade-response",
            Self::PreambleAck => "preamble-ack",
            Self::PreambleEnd => "preamble-end",
        }
    }
}

/// One record, without the payload of an envelope: that is moved by its length, not collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record<'a> {
    /// [MC-NMF] 2.2.3.1.
    Version(Version),
    /// [MC-NMF] 2.2.3.2.
    Mode(Mode),
    /// [MC-NMF] 2.2.3.3. May hold a token, so it does not print itself whole.
    Via(ViaText<'a>),
    /// [MC-NMF] 2.2.3.4.1.
    KnownEncoding(KnownEncoding),
    /// [MC-NMF] 2.2.3.4.2: a MIME content type.
    ExtensibleEncoding(&'a str),
    /// [MC-NMF] 2.2.4.3: chunks follow.
    UnsizedEnvelope,
    /// [MC-NMF] 2.2.4.1: `size` bytes of payload follow.
    SizedEnvelope {
        /// Bytes of the payload, at least 1.
        size: u32,
    },
    /// [MC-NMF] 2.2.4.4.
    End,
    /// [MC-NMF] 2.2.5: a fault URI; see [`super::FaultUri`] for the ones of Microsoft.
    Fault(&'a str),
    /// [MC-NMF] 2.2.3.5: name of the security protocol.
    UpgradeRequest(&'a str),
    /// [MC-NMF] 2.2.3.6.
    UpgradeResponse,
    /// [MC-NMF] 2.2.3.8.
    PreambleAck,
    /// [MC-NMF] 2.2.3.7.
    PreambleEnd,
}

impl Record<'_> {
    /// Its type.
    pub fn record_type(&self) -> RecordType {
        match self {
            Self::Version(_) => RecordType::Version,
            Self::Mode(_) => RecordType::Mode,
            Self::Via(_) => RecordType::Via,
            Self::KnownEncoding(_) => RecordType::KnownEncoding,
            Self::ExtensibleEncoding(_) => RecordType::ExtensibleEncoding,
            Self::UnsizedEnvelope => RecordType::UnsizedEnvelope,
            Self::SizedEnvelope { .. } => RecordType::SizedEnvelope,
            Self::End => RecordType::End,
            Self::Fault(_) => RecordType::Fault,
            Self::UpgradeRequest(_) => RecordType::UpgradeRequest,
            Self::UpgradeResponse => RecordType::UpgradeResponse,
            Self::PreambleAck => RecordType::PreambleAck,
            Self::PreambleEnd => RecordType::PreambleEnd,
        }
    }
}

/// Version of the framing. Only the major number is checked, as .NET does; the minor one is kept as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// 1.
    pub major: u8,
    /// 0 in all known software.
    pub minor: u8,
}

/// What a session carries, [MC-NMF] 2.2.3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Mode {
    /// One unsized envelope each way (`TransferMode.Streamed*`).
    Singleton = 1,
    /// Any number of sized envelopes both ways (`TransferMode.Buffered`).
    Duplex = 2,
    /// Sized envelopes of the initiator, no answer. MSMQ only.
    Simplex = 3,
    /// One message up to the end of the stream, no answer. MSMQ only.
    SingletonSized = 4,
}

impl Mode {
    /// The mode with this number, if there is one.
    pub fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Singleton),
            2 => Some(Self::Duplex),
            3 => Some(Self::Simplex),
            4 => Some(Self::SingletonSized),
            _ => None,
        }
    }

    /// Its name in recordings and in `viaduct inspect`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Singleton => "singleton",
            Self::Duplex => "duplex",
            Self::Simplex => "simplex",
            Self::SingletonSized => "singleton-sized",
        }
    }
}

/// An encoding by number, [MC-NMF] 2.2.3.4.1. Numbers that nobody knows are kept, so that they can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KnownEncoding(pub u8);

impl KnownEncoding {
    /// SOAP 1.2 text in UTF-8.
    pub const SOAP12_UTF8: Self = Self(3);
    /// Binary XML without a session dictionary (streamed bindings).
    pub const BINARY: Self = Self(7);
    /// Binary XML with a session dictionary (buffered bindings, the default).
    pub const BINARY_SESSION: Self = Self(8);
    /// The last number of the specification; 9 to 12 are CoreWCF's.
    pub const LAST_STANDARD: Self = Self(8);

    /// The content type that .NET associates with the number; `None` for one that nobody knows.
    pub fn content_type(self) -> Option<&'static str> {
        const TYPES: [&str; 13] = [
            "text/xml; charset=utf-8",
            "text/xml; charset=utf16",
            "text/xml; charset=unicodeFFFE",
            "application/soap+xml; charset=utf-8",
            "application/soap+xml; charset=utf16",
            "application/soap+xml; charset=unicodeFFFE",
            "multipart/related",
            "application/soap+msbin1",
            "application/soap+msbinsession1",
            "application/soap+msbin1+gzip",
            "application/soap+msbinsession1+gzip",
            "application/soap+msbin1+deflate",
            "application/soap+msbinsession1+deflate",
        ];
        TYPES.get(usize::from(self.0)).copied()
    }
}

/// The encoding of a session's envelopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encoding {
    /// By number.
    Known(KnownEncoding),
    /// By content type, at most 256 bytes: what .NET sends for MTOM, UTF-16 and compression.
    Extensible(String),
}

impl Encoding {
    /// The content type; `None` for a number that nobody knows.
    pub fn content_type(&self) -> Option<&str> {
        match self {
            Self::Known(known) => known.content_type(),
            Self::Extensible(content_type) => Some(content_type),
        }
    }
}

/// A security layer that can be started inside a preamble, framing page 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Upgrade {
    /// TLS (bindings with a certificate).
    Tls,
    /// NegotiateStream, [MS-NNS] (Windows security, the default of `NetTcpBinding`).
    Negotiate,
}

impl Upgrade {
    /// The layer with this name. .NET compares the name byte for byte.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "application/ssl-tls" => Some(Self::Tls),
            "application/negotiate" => Some(Self::Negotiate),
            _ => None,
        }
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls => "application/ssl-tls",
            Self::Negotiate => "application/negotiate",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_types_agree() {
        for (number, record_type) in (0u8..).zip(RecordType::ALL) {
            assert_eq!(record_type as u8, number);
            assert_eq!(RecordType::from_byte(number), Some(record_type));
        }
        assert_eq!(RecordType::from_byte(0x0d), None);
        assert_eq!(RecordType::from_byte(0xff), None);
    }

    #[test]
    fn the_default_encodings_of_both_transfer_modes_have_their_content_type() {
        assert_eq!(KnownEncoding::BINARY.content_type(), Some("application/soap+msbin1"));
        assert_eq!(KnownEncoding::BINARY_SESSION.content_type(), Some("application/soap+msbinsession1"));
        assert_eq!(KnownEncoding(13).content_type(), None);
    }

    #[test]
    fn upgrades_come_back_from_their_names() {
        for upgrade in [Upgrade::Tls, Upgrade::Negotiate] {
            assert_eq!(Upgrade::from_name(upgrade.name()), Some(upgrade));
        }
        assert_eq!(Upgrade::from_name("application/SSL-TLS"), None);
    }
}

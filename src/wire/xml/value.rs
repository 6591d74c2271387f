//! Values: a text, or something typed that has exactly one text form ([MC-NBFX] 2.2.3).

use std::borrow::Cow;

use uuid::Uuid;

use super::string::Str;
use crate::wire::binxml::List;

/// The value of an attribute or a piece of an element's text. [`std::fmt::Display`] prints its text form, as .NET 8 prints it.
///
/// Text XML yields [`Value::Chars`] alone; every variant is a record type of binary XML.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// No text.
    Empty,
    /// `0`
    Zero,
    /// `1`
    One,
    /// `false`
    False,
    /// `true`
    True,
    /// `false` or `true`, as items of arrays are written.
    Bool(bool),
    /// A number of one byte.
    Int8(i8),
    /// A number of two bytes.
    Int16(i16),
    /// A number of four bytes.
    Int32(i32),
    /// A number of eight bytes.
    Int64(i64),
    /// A number of eight bytes without a sign.
    UInt64(u64),
    /// A single.
    Float(f32),
    /// A double.
    Double(f64),
    /// A decimal number with up to 28 fraction digits.
    Decimal(Decimal),
    /// A point in time.
    DateTime(DateTime),
    /// A length of time.
    TimeSpan(TimeSpan),
    /// A GUID.
    Uuid(Uuid),
    /// A GUID whose text form is an `urn:uuid:`.
    UniqueId(Uuid),
    /// Characters.
    Chars(&'a str),
    /// Characters that stand in UTF-16.
    Utf16(Utf16<'a>),
    /// Bytes, whose text form is base64.
    Bytes(&'a [u8]),
    /// A string of a dictionary.
    Dictionary(Str<'a>),
    /// A qualified name: a letter as prefix, and a string of a dictionary.
    QName {
        /// `a` to `z`.
        letter: u8,
        /// The local name.
        local: Str<'a>,
    },
    /// Several values; their texts are joined by one space.
    List(List<'a>),
}

impl<'a> Value<'a> {
    /// The text, where it need not be made first.
    #[inline]
    pub fn as_str(&self) -> Option<&'a str> {
        match self {
            Self::Empty => Some(""),
            Self::Zero => Some("0"),
            Self::One => Some("1"),
            Self::False | Self::Bool(false) => Some("false"),
            Self::True | Self::Bool(true) => Some("true"),
            Self::Chars(text) => Some(text),
            Self::Dictionary(text) => Some(text.text),
            _ => None,
        }
    }

    /// The text.
    pub fn text(&self) -> Cow<'a, str> {
        self.as_str().map_or_else(|| Cow::Owned(self.to_string()), Cow::Borrowed)
    }

    /// Whether it is a text without a character. Bytes and lists are none, whatever they hold.
    pub fn is_no_text(&self) -> bool {
        match self {
            Self::Utf16(text) => text.as_bytes().is_empty(),
            _ => self.as_str() == Some(""),
        }
    }

    /// Whether the text is made of space, tab, CR and LF alone, or empty; only texts are looked at.
    pub fn is_blank(&self) -> bool {
        let blank = |char: char| matches!(char, ' ' | '\t' | '\r' | '\n');
        match self {
            Self::Utf16(text) => text.chars().all(blank),
            _ => self.as_str().is_some_and(|text| text.chars().all(blank)),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Chars(text)
    }
}

/// Well-formed UTF-16, low byte first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Utf16<'a>(&'a [u8]);

impl<'a> Utf16<'a> {
    /// `None`: an odd number of bytes, or half of a surrogate pair.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let whole = bytes.len().is_multiple_of(2);
        let well_formed = || char::decode_utf16(units(bytes)).all(|char| char.is_ok());
        (whole && well_formed()).then_some(Self(bytes))
    }

    /// The characters.
    pub fn chars(self) -> impl Iterator<Item = char> + 'a {
        char::decode_utf16(units(self.0)).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// The bytes, two for each unit.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

fn units(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit))
}

/// A decimal number: 96 bits, a scale and a sign, as .NET's `decimal`. Trailing zeros of the fraction are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    scale: u8,
    digits: u128,
}

impl Decimal {
    /// The largest scale.
    pub const MAX_SCALE: u8 = 28;

    /// `digits` divided by ten to the power of `scale`. `None`: more than 96 bits, or a scale above 28.
    pub const fn new(negative: bool, digits: u128, scale: u8) -> Option<Self> {
        if digits >> 96 != 0 || scale > Self::MAX_SCALE {
            return None;
        }
        Some(Self { negative, scale, digits })
    }

    /// Whether it is below zero; zero may have a sign, which its text does not show.
    pub const fn is_negative(self) -> bool {
        self.negative
    }

    /// How many of the digits stand behind the point.
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// The digits without the point.
    pub const fn digits(self) -> u128 {
        self.digits
    }
}

/// A point in time: ticks of 100 ns since year 1, and what they are relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime(u64);

/// What a [`DateTime`] is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateTimeKind {
    /// Not said.
    Unspecified,
    /// UTC.
    Utc,
    /// The ticks are UTC, and were meant to be shown in the zone of the machine.
    Local,
}

impl DateTime {
    /// The largest number of ticks: the last of year 9999.
    pub const MAX_TICKS: u64 = 3_155_378_975_999_999_999;

    const TICKS: u64 = (1 << 62) - 1;
    const DAY: u64 = 864_000_000_000;

    /// Two bits of kind and 62 of ticks. `None`: the ticks are out of range.
    ///
    /// A local time may lie just below year 1 in UTC: its ticks are negative then, and count as the first of year 1.
    #[inline]
    pub const fn from_bits(bits: u64) -> Option<Self> {
        let ticks = bits & Self::TICKS;
        let below_year_1 = bits >> 63 == 1 && ticks > Self::TICKS - Self::DAY;
        if ticks <= Self::MAX_TICKS || below_year_1 { Some(Self(bits)) } else { None }
    }

    /// A point in time. `None`: the ticks are out of range.
    pub const fn new(ticks: u64, kind: DateTimeKind) -> Option<Self> {
        if ticks > Self::MAX_TICKS {
            return None;
        }
        let kind = match kind {
            DateTimeKind::Unspecified => 0,
            DateTimeKind::Utc => 1,
            DateTimeKind::Local => 2,
        };
        Some(Self(kind << 62 | ticks))
    }

    /// The bits, as [MC-NBFX] 2.2.3.10 has them.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Ticks of 100 ns since 0001-01-01T00:00:00.
    pub const fn ticks(self) -> u64 {
        let ticks = self.0 & Self::TICKS;
        // DIFFERS: below year 1 .NET keeps the time of day, which makes it later than it was.
        if ticks > Self::MAX_TICKS { 0 } else { ticks }
    }

    /// What the ticks are relative to.
    pub const fn kind(self) -> DateTimeKind {
        match self.0 >> 62 {
            0 => DateTimeKind::Unspecified,
            1 => DateTimeKind::Utc,
            _ => DateTimeKind::Local,
        }
    }
}

/// A length of time in ticks of 100 ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSpan(pub i64);

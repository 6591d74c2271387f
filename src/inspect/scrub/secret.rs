//! How far a secret goes: a byte at a time.

/// What every byte of a secret is replaced by: a letter that is a digit of base64 and of hexadecimal numbers and stands for itself in URLs,
/// headers, JSON and XML, so that what was well formed stays so.
pub const FILLER: u8 = b'A';

/// A secret that is being read, or what stands between it and its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secret {
    /// A SAS token, from the end of its first word. Its fields are divided by `&`, unless it is itself a value of a URL.
    Token { begun: bool },
    /// Behind a backslash in a token that is part of JSON.
    TokenEscape,
    /// The value of a parameter, to the next `&`; one that begins with a quote, to the next quote.
    Parameter { begun: bool },
    /// In quotes.
    Quoted,
    /// A segment of a path.
    Segment,
    /// A header's value; `begun` behind the blanks in front.
    Line { begun: bool },
    /// Behind a line's end: a blank goes on with the header.
    Fold,
    /// The value of a property of JSON: a string, or an array of them.
    Json(Json),
    /// The text of an element of XML.
    Element(Element),
    /// Digits of base64.
    Base64,
    /// The value behind a key of AMQP: its type comes next.
    Amqp,
    /// Bytes of its length that come next, and the length so far.
    AmqpLength { bytes: u8, length: u32 },
    /// Bytes of known number.
    Exact(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Json {
    /// Behind the name.
    Name,
    /// Behind the colon.
    Colon,
    /// In a string.
    String { array: bool },
    /// Behind a backslash in it.
    Escape { array: bool },
    /// Between the strings of an array.
    Between,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    /// In the start tag, behind the name; whether the last byte was a slash.
    Tag { slash: bool },
    /// In the text.
    Text,
}

/// What a byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// Part of the secret; this comes next.
    Hidden(Secret),
    /// Not part of it, but it goes on.
    Shown(Secret),
    /// No longer part of it.
    Over,
}

impl Secret {
    pub(super) const TOKEN: Self = Self::Token { begun: false };
    pub(super) const PARAMETER: Self = Self::Parameter { begun: false };
    pub(super) const LINE: Self = Self::Line { begun: false };
    pub(super) const JSON: Self = Self::Json(Json::Name);
    pub(super) const ELEMENT: Self = Self::Element(Element::Tag { slash: false });
    pub(super) const AMQP: Self = Self::Amqp;

    /// What is being read when a mark inside it announces `other`: whichever hides more.
    pub(super) fn or(self, other: Self) -> Self {
        let is_longer = match self {
            Self::Token { .. }
            | Self::Quoted
            | Self::Line { .. }
            | Self::AmqpLength { .. }
            | Self::Exact(_) => true,
            Self::Json(json) => matches!(json, Json::String { .. } | Json::Escape { .. }),
            Self::Element(element) => element == Element::Text,
            // A token that is not encoded goes beyond where these end.
            Self::Parameter { .. } | Self::Segment | Self::Base64 => {
                !matches!(other, Self::Token { .. } | Self::Exact(_))
            }
            Self::TokenEscape | Self::Fold | Self::Amqp => false,
        };
        if is_longer { self } else { other }
    }

    /// Judges the next byte.
    pub(super) fn judge(self, byte: u8) -> Judged {
        use Judged::{Hidden, Over, Shown};
        match self {
            Self::Exact(left) => match left {
                0 => Over,
                left => Hidden(Self::Exact(left - 1)),
            },
            Self::Amqp => match byte {
                0xa0 | 0xa1 | 0xa3 => Shown(Self::AmqpLength { bytes: 1, length: 0 }),
                0xb0 | 0xb1 | 0xb3 => Shown(Self::AmqpLength { bytes: 4, length: 0 }),
                _ => Over,
            },
            Self::AmqpLength { bytes, length } => {
                let length = length << 8 | u32::from(byte);
                match bytes {
                    1 => Shown(Self::Exact(length)),
                    bytes => Shown(Self::AmqpLength { bytes: bytes - 1, length }),
                }
            }
            // UTF-16: the other half of a character.
            _ if byte == 0 => Shown(self),
            Self::Token { begun: false } => match byte {
                b' ' => Shown(Self::Token { begun: true }),
                b'%' | b'+' => Hidden(Self::Parameter { begun: true }),
                b if is_token(b) => Hidden(Self::Token { begun: true }),
                _ => Over,
            },
            Self::Token { begun: true } => match byte {
                b'\\' => Shown(Self::TokenEscape),
                b if is_token(b) => Hidden(self),
                _ => Over,
            },
            Self::TokenEscape => match byte {
                b'u' | b'/' => Shown(Self::Token { begun: true }),
                _ => Over,
            },
            Self::Parameter { begun } => match byte {
                b'"' if !begun => Shown(Self::Quoted),
                b'&' | b'#' | b';' => Over,
                b if is_token(b) => Hidden(Self::Parameter { begun: true }),
                _ => Over,
            },
            Self::Quoted => match byte {
                b'"' | b'\r' | b'\n' => Over,
                _ => Hidden(self),
            },
            Self::Segment => match byte {
                b'/' | b'?' | b'#' | b'&' => Over,
                b if is_token(b) => Hidden(self),
                _ => Over,
            },
            Self::Line { begun } => match byte {
                b' ' | b'\t' if !begun => Shown(self),
                b'\r' => Shown(self),
                b'\n' => Shown(Self::Fold),
                _ => Hidden(Self::Line { begun: true }),
            },
            // RFC 9112 5.2: a line that begins with a blank goes on with the header before it.
            Self::Fold => match byte {
                b' ' | b'\t' => Shown(Self::LINE),
                _ => Over,
            },
            Self::Json(json) => json.judge(byte),
            Self::Element(element) => element.judge(byte),
            Self::Base64 => match byte {
                b'=' => Shown(self),
                b'+' | b'/' | b'-' | b'_' | b'.' | b'%' => Hidden(self),
                b if b.is_ascii_alphanumeric() => Hidden(self),
                _ => Over,
            },
        }
    }
}

impl Json {
    fn judge(self, byte: u8) -> Judged {
        use Judged::{Hidden, Over, Shown};
        let shown = |json| Shown(Secret::Json(json));
        match (self, byte) {
            (Self::Name | Self::Colon | Self::Between, b' ' | b'\t' | b'\r' | b'\n') => shown(self),
            (Self::Name, b':') => shown(Self::Colon),
            (Self::Colon, b'[') => shown(Self::Between),
            (Self::Colon, b'"') => shown(Self::String { array: false }),
            (Self::Between, b',') => shown(self),
            (Self::Between, b'"') => shown(Self::String { array: true }),
            (Self::String { array: true }, b'"') => shown(Self::Between),
            (Self::String { array: false }, b'"') => Over,
            (Self::String { array }, b'\\') => shown(Self::Escape { array }),
            (Self::String { .. }, _) => Hidden(Secret::Json(self)),
            // The digits of `\u` are hidden, and the filler is one.
            (Self::Escape { array }, _) => shown(Self::String { array }),
            (Self::Name | Self::Colon | Self::Between, _) => Over,
        }
    }
}

impl Element {
    fn judge(self, byte: u8) -> Judged {
        use Judged::{Hidden, Over, Shown};
        match (self, byte) {
            (Self::Tag { slash: true }, b'>') | (_, b'<') => Over,
            (Self::Tag { slash: false }, b'>') => Shown(Secret::Element(Self::Text)),
            (Self::Tag { .. }, _) => Shown(Secret::Element(Self::Tag { slash: byte == b'/' })),
            (Self::Text, b' ' | b'\t' | b'\r' | b'\n') => Shown(Secret::Element(self)),
            (Self::Text, _) => Hidden(Secret::Element(self)),
        }
    }
}

/// Whether a byte may stand in a token as URLs, headers, JSON and XML have it; `&amp;` is part of one.
fn is_token(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e)
        && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b',' | b'{' | b'}' | b'|' | b'^' | b'`' | b'\\')
}

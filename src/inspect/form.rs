//! What an envelope looks like, by its content type.

use super::media::MediaType;
use crate::wire::xml::Charset;

/// How envelopes are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// Text XML; a byte order mark is believed more than this.
    Text(Charset),
    /// Binary XML with the static dictionary.
    Binary,
    /// Binary XML with the static dictionary and that of the session, whose strings stand in front of each envelope.
    BinarySession,
    /// One of the others, compressed as a whole, its string table too.
    Compressed(Compression, Box<Self>),
    /// A MIME package whose root part is the envelope: MTOM. Without a boundary the package begins with its own MIME headers.
    Mime(Option<MimeType>),
    /// A content type that is not read here.
    Other(String),
}

/// What the content type of a MIME package says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MimeType {
    /// What stands between the parts.
    pub(super) boundary: String,
    /// The Content-ID of the root part; without it that is the first one.
    pub(super) start: Option<String>,
}

/// How bytes are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 1951, as .NET's `DeflateStream` writes it, or inside zlib's, RFC 1950.
    Deflate,
}

impl Compression {
    /// The compression with this name in a content type or a content coding.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            _ => None,
        }
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }
}

impl Form {
    /// What a content type says; framing page 2.1.
    pub(super) fn of_content_type(content_type: &str) -> Self {
        let media = MediaType::parse(content_type);
        let suffix = media.media.rsplit_once('+');
        let compressed = suffix.and_then(|(name, suffix)| Some((name, Compression::of(suffix)?)));
        let name = compressed.map_or(media.media.as_str(), |(name, _)| name);
        let form = match name {
            "application/soap+msbin1" => Self::Binary,
            "application/soap+msbinsession1" => Self::BinarySession,
            "multipart/related" => Self::Mime(MimeType::of(&media)),
            "text/xml" | "application/soap+xml" | "application/xml" | "application/xop+xml" => {
                Self::Text(media.parameter("charset").map_or(Charset::Utf8, charset_of))
            }
            _ => return Self::Other(content_type.to_owned()),
        };
        match compressed {
            Some((_, compression)) => Self::Compressed(compression, Box::new(form)),
            None => form,
        }
    }

    /// What an envelope looks like of which nothing is known but whether it may be one of several.
    pub(super) fn guess(first: &[u8], several: bool) -> Self {
        if is_text(first) {
            Self::Text(Charset::Utf8)
        } else if several {
            // .NET's choice: a session dictionary where there are several messages.
            Self::BinarySession
        } else {
            Self::Binary
        }
    }
}

impl MimeType {
    pub(super) fn of(media: &MediaType) -> Option<Self> {
        let boundary = media.parameter("boundary")?.to_owned();
        Some(Self { boundary, start: media.parameter("start").map(str::to_owned) })
    }
}

/// .NET's names for its encodings, framing page 2.1.
fn charset_of(name: &str) -> Charset {
    match name.to_ascii_lowercase().as_str() {
        "utf16" | "utf-16" | "utf-16le" | "unicode" => Charset::Utf16Le,
        "unicodefffe" | "utf-16be" => Charset::Utf16Be,
        _ => Charset::Utf8,
    }
}

/// Whether these bytes begin a document of text XML. As binary XML with a string table, `<` and what follows it in text would be
/// a table of 60 bytes whose first string is longer.
fn is_text(bytes: &[u8]) -> bool {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [b'<', 0, ..] | [0, b'<', ..] => true,
        [b'<', next, ..] => matches!(next, b'?' | b'!' | b'_' | b'a'..=b'z' | b'A'..=b'Z' | 0xc3..),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_read_as_dotnet_writes_them() {
        for (content_type, form) in [
            ("application/soap+msbin1", Form::Binary),
            ("application/soap+msbinsession1", Form::BinarySession),
            ("text/xml; charset=utf-8", Form::Text(Charset::Utf8)),
            ("application/soap+xml; charset=unicodeFFFE", Form::Text(Charset::Utf16Be)),
            ("Application/Soap+XML; action=\"a\"; charset=\"utf-16\"", Form::Text(Charset::Utf16Le)),
            (
                "application/soap+msbinsession1+gzip",
                Form::Compressed(Compression::Gzip, Box::new(Form::BinarySession)),
            ),
            ("multipart/related; type=\"application/xop+xml\"", Form::Mime(None)),
            ("application/octet-stream", Form::Other("application/octet-stream".to_owned())),
        ] {
            assert_eq!(Form::of_content_type(content_type), form);
        }
    }

    #[test]
    fn without_terms_the_first_bytes_decide() {
        assert_eq!(Form::guess(b"<s:Envelope", true), Form::Text(Charset::Utf8));
        assert_eq!(Form::guess(&[0xff, 0xfe, b'<', 0], true), Form::Text(Charset::Utf8));
        assert_eq!(Form::guess(b"\x3c\x0aabc", true), Form::BinarySession);
        assert_eq!(Form::guess(b"\x56\x02", false), Form::Binary);
    }
}

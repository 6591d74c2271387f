//! What the envelopes of a session look like.

use super::terms::Terms;
use crate::wire::framing::Mode;
use crate::wire::xml::Charset;

/// How envelopes are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Text XML; a byte order mark is believed more than this.
    Text(Charset),
    /// Binary XML with the static dictionary.
    Binary,
    /// Binary XML with the static dictionary and that of the session, whose strings stand in front of each envelope.
    BinarySession,
    /// A content type that is not read here: MTOM, compression, or one that nobody knows.
    Other(String),
}

impl Form {
    /// What the terms of a session say; where they say nothing, what the first envelope looks like.
    pub fn of(terms: &Terms, first: &[u8]) -> Self {
        match &terms.encoding {
            Some(encoding) => match encoding.content_type() {
                Some(content_type) => Self::of_content_type(content_type),
                None => Self::Other("an encoding without a content type".to_owned()),
            },
            None if is_text(first) => Self::Text(Charset::Utf8),
            // .NET's choice: a session dictionary where there are several messages.
            None if terms.mode == Mode::Singleton => Self::Binary,
            None => Self::BinarySession,
        }
    }

    /// What a content type says; framing page 2.1.
    pub fn of_content_type(content_type: &str) -> Self {
        let mut parts = content_type.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        match media.as_str() {
            "application/soap+msbin1" => Self::Binary,
            "application/soap+msbinsession1" => Self::BinarySession,
            "text/xml" | "application/soap+xml" | "application/xml" => {
                let charset = parts.find_map(|part| {
                    let (name, value) = part.split_once('=')?;
                    name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
                });
                Self::Text(charset.map_or(Charset::Utf8, charset_of))
            }
            _ => Self::Other(content_type.to_owned()),
        }
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
            ("application/soap+msbin1+gzip", Form::Other("application/soap+msbin1+gzip".to_owned())),
        ] {
            assert_eq!(Form::of_content_type(content_type), form);
        }
    }

    #[test]
    fn without_terms_the_first_bytes_and_the_mode_decide() {
        let (duplex, singleton) = (Terms::of_mode(Mode::Duplex), Terms::of_mode(Mode::Singleton));
        assert_eq!(Form::of(&duplex, b"<s:Envelope"), Form::Text(Charset::Utf8));
        assert_eq!(Form::of(&duplex, &[0xff, 0xfe, b'<', 0]), Form::Text(Charset::Utf8));
        assert_eq!(Form::of(&duplex, b"\x3c\x0aabc"), Form::BinarySession);
        assert_eq!(Form::of(&singleton, b"\x56\x02"), Form::Binary);
    }
}

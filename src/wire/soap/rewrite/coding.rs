//! In which of the encodings that can be rewritten a session's envelopes are.

use crate::wire::framing::Encoding;
use crate::wire::xml::Charset;

/// An encoding of envelopes in which To can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Binary XML with a session dictionary: encoding 8.
    Session,
    /// Binary XML without: encoding 7.
    Binary,
    /// Text XML.
    Text(Charset),
}

impl Coding {
    /// What a preamble's encoding stands for (framing page 2.1); `None` where To cannot be found: MTOM, compression, and what
    /// nobody knows.
    pub fn of(encoding: &Encoding) -> Option<Self> {
        let content_type = encoding.content_type()?.to_ascii_lowercase();
        let mut parts = content_type.split(';').map(str::trim);
        match parts.next()? {
            "application/soap+msbinsession1" => Some(Self::Session),
            "application/soap+msbin1" => Some(Self::Binary),
            "text/xml" | "application/soap+xml" => {
                let charset = parts.find_map(|part| part.strip_prefix("charset="));
                match charset.unwrap_or("utf-8").trim_matches('"') {
                    "utf-8" | "utf8" => Some(Self::Text(Charset::Utf8)),
                    "utf-16" | "utf16" | "utf-16le" => Some(Self::Text(Charset::Utf16Le)),
                    "utf-16be" | "unicodefffe" => Some(Self::Text(Charset::Utf16Be)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::framing::KnownEncoding;

    #[test]
    fn numbers_and_content_types_are_told_apart() {
        let known = |number| Coding::of(&Encoding::Known(KnownEncoding(number)));
        assert_eq!(known(0), Some(Coding::Text(Charset::Utf8)));
        assert_eq!(known(4), Some(Coding::Text(Charset::Utf16Le)));
        assert_eq!(known(5), Some(Coding::Text(Charset::Utf16Be)));
        assert_eq!(known(7), Some(Coding::Binary));
        assert_eq!(known(8), Some(Coding::Session));
        // MTOM and CoreWCF's compression.
        for number in [6, 9, 10, 11, 12, 13] {
            assert_eq!(known(number), None, "{number}");
        }
        let named = |content_type: &str| Coding::of(&Encoding::Extensible(content_type.to_owned()));
        assert_eq!(named("text/xml; charset=utf-16LE"), Some(Coding::Text(Charset::Utf16Le)));
        assert_eq!(named("Application/SOAP+XML; charset=\"utf-16BE\""), Some(Coding::Text(Charset::Utf16Be)));
        assert_eq!(named("application/soap+xml; charset=ebcdic"), None);
        assert_eq!(named("application/soap+msbinsession1+gzip"), None);
        assert_eq!(named("multipart/related; type=\"application/xop+xml\""), None);
    }
}

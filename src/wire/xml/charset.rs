//! Text XML as bytes: UTF-8 and UTF-16, which one it is, and back.

use super::error::XmlError;

/// How text XML is written as bytes. Nothing else is read: WCF's text encoder takes exactly these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    /// UTF-8.
    #[default]
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

impl Charset {
    /// What the first bytes of a document say, and how many of them are the byte order mark. `None`: too few bytes, unless
    /// no more come.
    ///
    /// The mark is believed before anything that a preamble or a content type says: Mono announces big-endian UTF-16 and
    /// sends little-endian with a mark (framing page 9, item 9). Without a mark the `<` that begins every document decides,
    /// and where there is none, `told`.
    pub fn detect(start: &[u8], told: Self) -> Option<(Self, usize)> {
        match start {
            [0xfe, 0xff, ..] => Some((Self::Utf16Be, 2)),
            [0xff, 0xfe, ..] => Some((Self::Utf16Le, 2)),
            [0xef, 0xbb, 0xbf, ..] => Some((Self::Utf8, 3)),
            [] | [0xef] | [0xef, 0xbb] | [0xfe] | [0xff] | [0x00] => None,
            [0x00, b'<' | b' ' | b'\t' | b'\r' | b'\n', ..] => Some((Self::Utf16Be, 0)),
            [b'<' | b' ' | b'\t' | b'\r' | b'\n'] => None,
            [b'<' | b' ' | b'\t' | b'\r' | b'\n', 0x00, ..] => Some((Self::Utf16Le, 0)),
            [b'<' | b' ' | b'\t' | b'\r' | b'\n', ..] => Some((Self::Utf8, 0)),
            _ => Some((told, 0)),
        }
    }

    /// Whether an XML declaration may name this encoding `name`, in either case.
    pub fn may_be_named(self, name: &str) -> bool {
        let names: &[&str] = match self {
            Self::Utf8 => &["utf-8", "utf8"],
            Self::Utf16Le => &["utf-16", "utf-16le", "utf16", "unicode"],
            Self::Utf16Be => &["utf-16", "utf-16be", "utf16", "unicodefffe"],
        };
        names.iter().any(|known| name.eq_ignore_ascii_case(known))
    }

    /// Appends `text` as bytes of this encoding, without a mark.
    pub fn encode(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Self::Utf8 => out.extend_from_slice(text.as_bytes()),
            Self::Utf16Le => text.encode_utf16().for_each(|unit| out.extend_from_slice(&unit.to_le_bytes())),
            Self::Utf16Be => text.encode_utf16().for_each(|unit| out.extend_from_slice(&unit.to_be_bytes())),
        }
    }

    /// Bytes that `text` takes in this encoding.
    pub fn encoded_len(self, text: &str) -> usize {
        match self {
            Self::Utf8 => text.len(),
            Self::Utf16Le | Self::Utf16Be => 2 * text.encode_utf16().count(),
        }
    }

    /// The byte order mark.
    pub fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 => &[0xef, 0xbb, 0xbf],
            Self::Utf16Le => &[0xff, 0xfe],
            Self::Utf16Be => &[0xfe, 0xff],
        }
    }

    /// What an XML declaration calls this encoding.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le | Self::Utf16Be => "utf-16",
        }
    }
}

/// Bytes of one document into text, however they are cut.
#[derive(Debug)]
pub struct CharsetDecoder {
    told: Charset,
    /// What the document turned out to be, with the length of its mark.
    found: Option<(Charset, usize)>,
    /// Bytes of a character that has not come whole, or the document's first few.
    rest: [u8; 4],
    rest_len: usize,
}

impl CharsetDecoder {
    /// A document that the transport says is `told`; its own first bytes are believed more.
    pub fn new(told: Charset) -> Self {
        Self { told, found: None, rest: [0; 4], rest_len: 0 }
    }

    /// What the document is, once its first bytes have come; [`Charset::Utf8`] may still be a guess before.
    pub fn charset(&self) -> Charset {
        self.found.map_or(self.told, |(charset, _)| charset)
    }

    /// Bytes of the byte order mark: 0, 2 or 3.
    pub fn mark_len(&self) -> usize {
        self.found.map_or(0, |(_, len)| len)
    }

    /// Appends the text of the next bytes to `out`; bytes of a character that is not whole yet are kept.
    ///
    /// # Errors
    /// [`XmlError::BadText`].
    pub fn push(&mut self, mut bytes: &[u8], out: &mut String) -> Result<(), XmlError> {
        // First the character that was cut, byte by byte, then all the rest at once.
        while self.rest_len > 0 || self.found.is_none() {
            let Some((byte, others)) = bytes.split_first() else { return Ok(()) };
            bytes = others;
            self.rest[self.rest_len] = *byte;
            self.rest_len += 1;
            let rest = self.rest;
            let start = &rest[..self.rest_len];
            if self.found.is_none() {
                let Some((charset, mark)) = Charset::detect(start, self.told) else { continue };
                self.found = Some((charset, mark));
                self.rest_len = 0;
                self.decode(&rest[mark..start.len()], out)?;
            } else {
                self.rest_len = 0;
                self.decode(start, out)?;
            }
        }
        self.decode(bytes, out)
    }

    /// The document is over.
    ///
    /// # Errors
    /// [`XmlError::BadText`] when it ends inside a character.
    pub fn finish(&mut self, out: &mut String) -> Result<(), XmlError> {
        if self.found.is_none() {
            let rest = self.rest;
            self.found = Some((self.told, 0));
            let len = std::mem::take(&mut self.rest_len);
            self.decode(&rest[..len], out)?;
        }
        if self.rest_len > 0 { Err(XmlError::BadText(self.charset())) } else { Ok(()) }
    }

    fn decode(&mut self, bytes: &[u8], out: &mut String) -> Result<(), XmlError> {
        let used = match self.charset() {
            Charset::Utf8 => decode_utf8(bytes, out)?,
            charset @ Charset::Utf16Le => decode_utf16(bytes, charset, u16::from_le_bytes, out)?,
            charset @ Charset::Utf16Be => decode_utf16(bytes, charset, u16::from_be_bytes, out)?,
        };
        let rest = &bytes[used..];
        self.rest[..rest.len()].copy_from_slice(rest);
        self.rest_len = rest.len();
        Ok(())
    }
}

/// Appends what is whole and right, and says how many bytes that were; at most 3 are left.
fn decode_utf8(bytes: &[u8], out: &mut String) -> Result<usize, XmlError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            out.push_str(text);
            Ok(bytes.len())
        }
        Err(error) => {
            let whole = error.valid_up_to();
            out.push_str(std::str::from_utf8(&bytes[..whole]).unwrap_or_default());
            // Without a length the last character is not whole.
            if error.error_len().is_none() { Ok(whole) } else { Err(XmlError::BadText(Charset::Utf8)) }
        }
    }
}

/// As [`decode_utf8`]; a high surrogate without its low one counts as not whole.
fn decode_utf16(
    bytes: &[u8],
    charset: Charset,
    unit: impl Fn([u8; 2]) -> u16,
    out: &mut String,
) -> Result<usize, XmlError> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let mut used = 2 * pairs.len();
    let mut units = pairs.iter().map(|pair| unit(*pair));
    if units.clone().next_back().is_some_and(|last| (0xd800..0xdc00).contains(&last)) {
        units.next_back();
        used -= 2;
    }
    out.reserve(pairs.len());
    for c in char::decode_utf16(units) {
        out.push(c.map_err(|_| XmlError::BadText(charset))?);
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(bytes: &[u8], told: Charset, cut: usize) -> Result<(String, Charset, usize), XmlError> {
        let mut decoder = CharsetDecoder::new(told);
        let mut text = String::new();
        for piece in bytes.chunks(cut.max(1)) {
            decoder.push(piece, &mut text)?;
        }
        decoder.finish(&mut text)?;
        Ok((text, decoder.charset(), decoder.mark_len()))
    }

    #[test]
    fn the_mark_is_believed_before_what_was_told() {
        // Framing page 9, item 9: announced as big-endian, sent as little-endian with a mark.
        let bytes = [0xff, 0xfe, b'<', 0, b'a', 0];
        assert_eq!(decode(&bytes, Charset::Utf16Be, 1).unwrap(), ("<a".to_owned(), Charset::Utf16Le, 2));
    }

    #[test]
    fn without_a_mark_the_first_character_decides() {
        for told in [Charset::Utf8, Charset::Utf16Le, Charset::Utf16Be] {
            assert_eq!(decode(&[b'<', 0], told, 1).unwrap(), ("<".to_owned(), Charset::Utf16Le, 0));
            assert_eq!(decode(&[0, b'<'], told, 1).unwrap(), ("<".to_owned(), Charset::Utf16Be, 0));
            assert_eq!(decode(b"<a", told, 1).unwrap(), ("<a".to_owned(), Charset::Utf8, 0));
        }
    }

    #[test]
    fn cut_and_broken_characters_are_refused() {
        for bytes in [&b"<\xff"[..], b"<\xe2\x82", b"<\xc0\x80", b"<\xed\xa0\x80"] {
            assert_eq!(decode(bytes, Charset::Utf8, 1), Err(XmlError::BadText(Charset::Utf8)));
        }
        for bytes in [&b"<\0a"[..], b"<\0\x00\xd8", b"<\0\x00\xd8a\0", b"<\0\x00\xdca\0"] {
            assert_eq!(
                decode(bytes, Charset::Utf8, 1),
                Err(XmlError::BadText(Charset::Utf16Le)),
                "{bytes:?}"
            );
            assert_eq!(
                decode(bytes, Charset::Utf8, 9),
                Err(XmlError::BadText(Charset::Utf16Le)),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn declarations_name_what_the_bytes_are() {
        assert!(Charset::Utf8.may_be_named("UTF-8"));
        assert!(Charset::Utf16Le.may_be_named("utf-16"));
        assert!(!Charset::Utf8.may_be_named("utf-16"));
        assert!(!Charset::Utf16Le.may_be_named("utf-16BE"));
        assert!(!Charset::Utf8.may_be_named("iso-8859-1"));
    }

    proptest! {
        #[test]
        fn text_survives_however_its_bytes_are_cut(text in "<[a-zé日😀]{0,30}", mark: bool, cut in 1usize..9) {
            for charset in [Charset::Utf8, Charset::Utf16Le, Charset::Utf16Be] {
                let mut bytes = if mark { charset.mark().to_vec() } else { Vec::new() };
                charset.encode(&text, &mut bytes);
                let mark_len = if mark { charset.mark().len() } else { 0 };
                prop_assert_eq!(bytes.len(), mark_len + charset.encoded_len(&text));
                prop_assert_eq!(decode(&bytes, charset, cut).unwrap(), (text.clone(), charset, mark_len));
            }
        }

        #[test]
        fn any_bytes_are_the_same_however_they_are_cut(bytes in prop::collection::vec(any::<u8>(), 0..40), cut in 1usize..9) {
            prop_assert_eq!(decode(&bytes, Charset::Utf8, cut), decode(&bytes, Charset::Utf8, 1000));
        }
    }
}

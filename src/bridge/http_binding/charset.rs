//! Text in whatever charset into UTF-8, as it comes.
//!
//! The listener's decoder knows UTF-8 and UTF-16 and does not look at the charset of Content-Type (7.4), so everything that is not UTF-8 is
//! re-encoded, and an XML declaration made to fit.

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::refusal::HttpRefusal;

/// Bytes within which an XML declaration must end to be looked at.
const DECLARATION: usize = 1024;

/// Bytes that are decoded at a time, so that the text of one does not take three times a large read.
const PIECE: usize = 8 * 1024;

/// What stands for any declaration once the text is UTF-8.
const UTF8_DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";

/// Turns one text into UTF-8.
pub(super) struct ToUtf8 {
    /// What the transport says.
    told: Option<&'static Encoding>,
    syntax: Syntax,
    state: State,
}

/// What kind of text it is, which decides where its charset may be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// XML names its charset itself where nobody else does. UTF-8 passes byte for byte: its reader checks it.
    Xml,
    /// JSON has none and no byte order mark.
    Json,
}

enum State {
    /// The charset is not known yet; the first bytes.
    Start(Vec<u8>),
    /// It is UTF-8 and passes.
    Same,
    Other {
        decoder: Box<Decoder>,
        /// The first characters, until the declaration was replaced.
        head: Option<String>,
    },
}

impl ToUtf8 {
    /// A text begins whose transport says `charset`.
    ///
    /// # Errors
    /// Nobody knows that charset.
    pub(super) fn new(charset: Option<&str>, syntax: Syntax) -> Result<Self, HttpRefusal> {
        let told = charset.map(known).transpose()?;
        Ok(Self { told, syntax, state: State::Start(Vec::new()) })
    }

    /// Appends the next bytes as UTF-8; `last`: no more come.
    ///
    /// # Errors
    /// They are no text of the charset, or the charset is unknown. What stands before was appended, so that a caller that looks at that first answers
    /// the same however the bytes are cut.
    pub(super) fn push(&mut self, bytes: &[u8], last: bool, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        if let State::Start(start) = &mut self.state {
            // Only the declaration's place is looked at, so no more is kept.
            let (head, rest) = bytes.split_at(bytes.len().min(DECLARATION));
            start.extend_from_slice(head);
            let Some((encoding, mark)) = charset(start, self.told, self.syntax, last && rest.is_empty())?
            else {
                return Ok(());
            };
            let start = std::mem::take(start);
            self.state = State::of(encoding, self.syntax);
            let same = matches!(self.state, State::Same);
            let start = if same { &start[..] } else { &start[mark..] };
            self.text(start, last && rest.is_empty(), out)?;
            return if rest.is_empty() { Ok(()) } else { self.text(rest, last, out) };
        }
        self.text(bytes, last, out)
    }

    /// Whether the text was not UTF-8. Known once anything was written.
    pub(super) fn is_recoded(&self) -> bool {
        matches!(&self.state, State::Other { decoder, .. } if decoder.encoding() != UTF_8)
    }

    fn text(&mut self, bytes: &[u8], last: bool, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        let State::Other { decoder, head } = &mut self.state else {
            out.extend_from_slice(bytes);
            return Ok(());
        };
        let mut text = String::new();
        let mut pieces = bytes.chunks(PIECE).peekable();
        loop {
            let piece = pieces.next().unwrap_or_default();
            let ends = pieces.peek().is_none();
            let decoded = decode(decoder, piece, last && ends, &mut text);
            match head {
                Some(start) => {
                    start.push_str(&text);
                    if let Some(start) = declared(start, last && ends)? {
                        out.extend_from_slice(start.as_bytes());
                        *head = None;
                    }
                }
                None => out.extend_from_slice(text.as_bytes()),
            }
            decoded?;
            text.clear();
            if ends {
                return Ok(());
            }
        }
    }
}

impl State {
    fn of(encoding: &'static Encoding, syntax: Syntax) -> Self {
        let is_xml = syntax == Syntax::Xml;
        if is_xml && encoding == UTF_8 {
            return Self::Same;
        }
        let decoder = Box::new(encoding.new_decoder_without_bom_handling());
        Self::Other { decoder, head: is_xml.then(String::new) }
    }
}

fn known(label: &str) -> Result<&'static Encoding, HttpRefusal> {
    let found = Encoding::for_label_no_replacement(label.as_bytes());
    found.ok_or_else(|| HttpRefusal::UnknownCharset { charset: label.chars().take(64).collect() })
}

/// The charset of a text and the bytes of its mark; `None`: more bytes are needed. RFC 7303, section 3: a byte order mark, then the transport,
/// then the declaration.
fn charset(
    start: &[u8],
    told: Option<&'static Encoding>,
    syntax: Syntax,
    last: bool,
) -> Result<Option<(&'static Encoding, usize)>, HttpRefusal> {
    if let Some((encoding, mark)) = Encoding::for_bom(start) {
        return Ok(Some((encoding, mark)));
    }
    let may_be_mark = |mark: &[u8]| start.len() < mark.len() && mark.starts_with(start);
    if !last && [&[0xef, 0xbb, 0xbf][..], &[0xff, 0xfe], &[0xfe, 0xff]].into_iter().any(may_be_mark) {
        return Ok(None);
    }
    if syntax == Syntax::Json {
        return Ok(Some((told.unwrap_or(UTF_8), 0)));
    }
    match start {
        [b'<'] if !last => return Ok(None),
        [b'<', 0, ..] => return Ok(Some((UTF_16LE, 0))),
        [0, b'<', ..] => return Ok(Some((UTF_16BE, 0))),
        _ => {}
    }
    if let Some(told) = told {
        return Ok(Some((told, 0)));
    }
    const BEGINS: &[u8] = b"<?xml";
    let begun = &start[..start.len().min(BEGINS.len())];
    if !BEGINS.starts_with(begun) {
        return Ok(Some((UTF_8, 0)));
    }
    let end = start.windows(2).position(|pair| pair == b"?>");
    match end {
        Some(end) => match encoding_name(&start[..end]) {
            Some(name) => Ok(Some((ascii_compatible(known(name)?), 0))),
            None => Ok(Some((UTF_8, 0))),
        },
        None if last || start.len() >= DECLARATION => Ok(Some((UTF_8, 0))),
        None => Ok(None),
    }
}

/// A declaration that can be read as ASCII and says UTF-16 is wrong, and the reader says so.
fn ascii_compatible(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding }
}

/// The value of the pseudo-attribute `encoding`.
fn encoding_name(declaration: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(declaration).ok()?;
    let content = text.strip_prefix("<?xml").filter(|rest| rest.starts_with([' ', '\t', '\r', '\n']))?;
    let start = quick_xml::events::BytesStart::from_content(content, 0);
    let value = start.attributes().flatten().find(|attribute| attribute.key.0 == "encoding")?.value;
    let from = text.find(value.as_ref())?;
    text.get(from..from + value.len())
}

/// The first characters with a declaration that fits; `None`: more are needed.
fn declared(start: &str, last: bool) -> Result<Option<String>, HttpRefusal> {
    const BEGINS: &str = "<?xml";
    if start.len() < BEGINS.len() && BEGINS.starts_with(start) && !last {
        return Ok(None);
    }
    let Some(rest) = start.strip_prefix(BEGINS) else { return Ok(Some(start.to_owned())) };
    match rest.find("?>") {
        Some(end) => Ok(Some(format!("{UTF8_DECLARATION}{}", &rest[end + 2..]))),
        None if last || start.len() > DECLARATION => Err(HttpRefusal::BadText),
        None => Ok(None),
    }
}

fn decode(decoder: &mut Decoder, bytes: &[u8], last: bool, out: &mut String) -> Result<(), HttpRefusal> {
    let most = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(usize::MAX);
    out.reserve(most.min(4 * bytes.len() + 16));
    match decoder.decode_to_string_without_replacement(bytes, out, last) {
        (DecoderResult::InputEmpty, _) => Ok(()),
        (DecoderResult::Malformed(..) | DecoderResult::OutputFull, _) => Err(HttpRefusal::BadText),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn recode(
        bytes: &[u8],
        told: Option<&str>,
        syntax: Syntax,
        cut: usize,
    ) -> Result<(Vec<u8>, bool), HttpRefusal> {
        let mut recoder = ToUtf8::new(told, syntax)?;
        let mut out = Vec::new();
        for piece in bytes.chunks(cut.max(1)) {
            recoder.push(piece, false, &mut out)?;
        }
        recoder.push(&[], true, &mut out)?;
        Ok((out, recoder.is_recoded()))
    }

    fn utf16(text: &str, mark: bool) -> Vec<u8> {
        let mark = if mark { "\u{feff}" } else { "" };
        format!("{mark}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn xml_in_utf8_passes_byte_for_byte() {
        for text in [
            "<a>h\u{e9}</a>",
            "\u{feff}<?xml version='1.0'?><a/>",
            "",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>",
        ] {
            for told in [None, Some("utf-8")] {
                let (out, recoded) = recode(text.as_bytes(), told, Syntax::Xml, 1).unwrap();
                assert_eq!((out.as_slice(), recoded), (text.as_bytes(), false));
            }
        }
    }

    // 7.4: ISO-8859-1 came out as U+FFFD at the listener.
    #[test]
    fn other_charsets_become_utf8_with_a_declaration_that_fits() {
        let cases: [(&[u8], Option<&str>, &str); 6] = [
            (b"<a>h\xe9</a>", Some("iso-8859-1"), "<a>h\u{e9}</a>"),
            (
                b"<?xml version='1.0' encoding='iso-8859-1'?><a>h\xe9</a>",
                None,
                "<?xml version=\"1.0\" encoding=\"utf-8\"?><a>h\u{e9}</a>",
            ),
            (
                b"<?xml version=\"1.0\" encoding=\"windows-1251\" ?><a>\xcf</a>",
                None,
                "<?xml version=\"1.0\" encoding=\"utf-8\"?><a>\u{41f}</a>",
            ),
            (
                &utf16("<?xml version='1.0' encoding='utf-16'?><a>\u{e9}</a>", true),
                Some("utf-16"),
                "<?xml version=\"1.0\" encoding=\"utf-8\"?><a>\u{e9}</a>",
            ),
            (&utf16("<a>\u{e9}</a>", false), None, "<a>\u{e9}</a>"),
            (b"<a>\x93\xfa</a>", Some("shift_jis"), "<a>\u{65e5}</a>"),
        ];
        for (bytes, told, text) in cases {
            for cut in [1, 2, 7, 10_000] {
                let (out, recoded) = recode(bytes, told, Syntax::Xml, cut).unwrap();
                assert_eq!((std::str::from_utf8(&out).unwrap(), recoded), (text, true));
            }
        }
    }

    #[test]
    fn a_byte_order_mark_is_believed_more_than_the_transport() {
        let (out, recoded) = recode("\u{feff}<a/>".as_bytes(), Some("iso-8859-1"), Syntax::Xml, 1).unwrap();
        assert_eq!((out.as_slice(), recoded), ("\u{feff}<a/>".as_bytes(), false));
    }

    #[test]
    fn json_loses_its_mark_and_its_charset() {
        for (bytes, told) in [
            ("\u{feff}{}".as_bytes().to_vec(), None),
            (utf16("{}", true), None),
            (utf16("{}", false), Some("utf-16")),
        ] {
            assert_eq!(recode(&bytes, told, Syntax::Json, 1).unwrap().0, b"{}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_and_charsets_that_nobody_knows_are_refused() {
        assert!(matches!(recode(b"\"\xff\"", None, Syntax::Json, 9), Err(HttpRefusal::BadText)));
        assert!(matches!(recode(b"\"\xe2\x82", None, Syntax::Json, 1), Err(HttpRefusal::BadText)));
        assert!(matches!(ToUtf8::new(Some("klingon"), Syntax::Xml), Err(HttpRefusal::UnknownCharset { .. })));
        let named = b"<?xml version='1.0' encoding='klingon'?><a/>";
        assert!(matches!(recode(named, None, Syntax::Xml, 1), Err(HttpRefusal::UnknownCharset { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_the_same_however_they_are_cut(
            bytes in prop::collection::vec(any::<u8>(), 0..60), cut in 1usize..9, told in 0usize..4,
        ) {
            let told = [None, Some("utf-8"), Some("utf-16"), Some("iso-2022-jp")][told];
            for syntax in [Syntax::Xml, Syntax::Json] {
                let whole = recode(&bytes, told, syntax, 1000);
                prop_assert_eq!(format!("{:?}", recode(&bytes, told, syntax, cut)), format!("{whole:?}"));
            }
        }
    }
}

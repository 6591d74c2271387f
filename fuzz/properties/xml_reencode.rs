//! Text XML into binary XML and back.

use viaduct::wire::binxml::{DecodeError, Dictionaries, Ids, OutgoingTable, SessionTable};
use viaduct::wire::xml::{
    BinaryToText, Charset, Event, ReencodeError, TextReader, TextStyle, TextToBinary, XmlError, XmlLimits,
};

use super::binxml_reader::{dictionaries, limits, session};
use super::binxml_session::wide;
use super::cut::{cut, ways};
use super::document::{Joined, Summary};
use super::options::{bit, options};
use super::xml_text::charset;

/// As [`super::binxml_reader::MEMORY`], with the text beside the summary.
pub const MEMORY: usize = 128 << 20;

/// Options: the direction and the charset, limits or dictionaries, two sizes of pieces.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([kind, how, first, second], document) = options(input);
    let style = TextStyle {
        charset: charset(kind),
        mark: bit(kind, 2),
        declaration: bit(kind, 3),
        ..TextStyle::default()
    };
    if bit(kind, 7) {
        from_binary(document, how, style);
    } else {
        from_text(document, super::xml_text::limits(how), style, bit(how, 1), [first, second]);
    }
}

fn from_text(document: &[u8], limits: XmlLimits, style: TextStyle, in_session: bool, sizes: [u8; 2]) {
    let whole = text_to_binary(style.charset, &limits, [document].into_iter(), in_session);
    for sizes in ways(document.len(), sizes) {
        let cut = text_to_binary(style.charset, &limits, cut(document, sizes), in_session);
        match (&whole, &cut) {
            (Ok(one), Ok(other)) => assert_eq!(says_binary(one, in_session), says_binary(other, in_session)),
            (one, other) => assert_eq!(one, other, "cut by {sizes:?}"),
        }
    }
    let Ok(binary) = whole else { return };
    let says = says_text(document, style.charset, &limits).expect("it was read before");
    assert_eq!(says_binary(&binary, in_session), says);
    let text = binary_to_text(&binary, in_session, style).expect("what came from text can become text");
    assert_eq!(says_text(&text, style.charset, &wide_text(&limits)), Ok(says));
}

fn from_binary(document: &[u8], how: u8, style: TextStyle) {
    let limits = limits(how);
    let session = session();
    let dictionaries = dictionaries(how >> 4, &session);
    let mut text = Vec::new();
    let done = BinaryToText::new(document, dictionaries, limits.clone(), style).all(&mut text);
    let read = read(document, dictionaries, &limits);
    let says = match (done, read) {
        (Ok(()), Ok(says)) => says.in_text_form(),
        (Err(ReencodeError::Binary(error)), Err(read)) => return assert_eq!(error, read),
        // What XML does not have.
        (Err(ReencodeError::Text(_)), _) => return,
        (done, read) => panic!("{done:?} {read:?}"),
    };
    let unlimited = XmlLimits {
        depth: usize::MAX,
        markup: usize::MAX,
        name: usize::MAX,
        attributes: usize::MAX,
        namespaces: usize::MAX,
        document: u64::MAX,
    };
    assert_eq!(says_text(&text, style.charset, &unlimited), Ok(says.clone()));
    let binary = text_to_binary(style.charset, &unlimited, [&text[..]].into_iter(), false)
        .expect("what came from binary can become binary");
    assert_eq!(says_binary(&binary, false), says);
}

fn wide_text(limits: &XmlLimits) -> XmlLimits {
    XmlLimits { depth: limits.depth, ..XmlLimits::default() }
}

fn text_to_binary<'a>(
    told: Charset,
    limits: &XmlLimits,
    pieces: impl Iterator<Item = &'a [u8]>,
    in_session: bool,
) -> Result<Vec<u8>, ReencodeError> {
    let mut table = OutgoingTable::default();
    let ids = if in_session { Ids::Session(&mut table) } else { Ids::Static };
    let (mut encoder, mut out) = (TextToBinary::new(told, limits.clone(), ids), Vec::new());
    for piece in pieces {
        encoder.push(piece, &mut out)?;
    }
    encoder.finish(&mut out)?;
    Ok(out)
}

/// Calls `use_it` with a message's document and its dictionaries.
fn with_document<T>(
    message: &[u8],
    in_session: bool,
    use_it: impl FnOnce(&[u8], Dictionaries<'_>) -> T,
) -> T {
    if !in_session {
        return use_it(message, Dictionaries::STATIC);
    }
    let mut table = SessionTable::new();
    let start = table.read(message).expect("the table is right");
    use_it(&message[start..], Dictionaries::session(&table))
}

fn binary_to_text(message: &[u8], in_session: bool, style: TextStyle) -> Result<Vec<u8>, ReencodeError> {
    with_document(message, in_session, |document, dictionaries| {
        let (mut text, mut again) = (Vec::new(), Vec::new());
        let limits = wide(&limits(0));
        let mut pieces = BinaryToText::new(document, dictionaries, limits.clone(), style);
        while pieces.next(&mut text)? {}
        BinaryToText::new(document, dictionaries, limits, style).all(&mut again)?;
        assert_eq!(text, again);
        Ok(text)
    })
}

fn says_binary(message: &[u8], in_session: bool) -> Summary {
    with_document(message, in_session, |document, dictionaries| {
        read(document, dictionaries, &wide(&limits(0))).expect("what was written can be read")
    })
}

/// What a document of binary XML says, without the white space around its root and without declarations.
fn read(
    document: &[u8],
    dictionaries: Dictionaries<'_>,
    limits: &viaduct::wire::binxml::Limits,
) -> Result<Summary, DecodeError> {
    let mut reader = viaduct::wire::binxml::Reader::new(document, dictionaries, limits.clone());
    let (mut summary, mut joined) = (Summary::of_content(), Joined::default());
    while let Some(&event) = reader.next_event()? {
        if reader.depth() > 0 || !matches!(event, Event::Text(_)) {
            joined.event(&event, &mut summary);
        }
    }
    Ok(summary)
}

fn says_text(document: &[u8], told: Charset, limits: &XmlLimits) -> Result<Summary, XmlError> {
    let mut reader = TextReader::told(told, limits.clone());
    reader.push(document);
    reader.finish();
    let mut summary = Summary::of_content();
    while let Some(event) = reader.next()? {
        summary.event(&event);
    }
    Ok(summary)
}

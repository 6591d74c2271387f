//! Reading and writing text XML.

use viaduct::wire::xml::{Charset, Event, TextReader, TextStyle, TextWriter, XmlError, XmlLimits};

use super::cut::{cut, ways};
use super::document::Summary;
use super::options::{bit, choose, options};

/// A document in UTF-16, its text and its summary, a few times over.
pub const MEMORY: usize = 4 << 20;

/// Options: what the transport says and limits, the style of the writer, two sizes of pieces.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([told, style, first, second], document) = options(input);
    let limits = limits(told >> 2);
    let told = charset(told);
    let style = TextStyle {
        charset: charset(style),
        mark: bit(style, 2),
        declaration: bit(style, 3),
        short: bit(style, 4),
        lenient: bit(style, 5),
    };
    let whole = read(told, &limits, [document].into_iter(), style);
    for sizes in ways(document.len(), [first, second]) {
        let cut = read(told, &limits, cut(document, sizes), style);
        assert_eq!(whole.as_ref().map(|read| &read.0), cut.as_ref().map(|read| &read.0), "cut by {sizes:?}");
    }
    if let Ok((says, written)) = whole {
        let wide = XmlLimits { depth: limits.depth, ..XmlLimits::default() };
        let (again, written_again) = read(style.charset, &wide, [&written[..]].into_iter(), style)
            .expect("what was written can be read");
        assert_eq!(again, says);
        assert_eq!(written_again, written);
    }
}

/// The charset that an option chooses.
pub(super) fn charset(option: u8) -> Charset {
    choose(option % 4, [Charset::Utf8, Charset::Utf16Le, Charset::Utf16Be, Charset::Utf8])
}

/// The limits that an option chooses: our own, or narrow ones.
pub(super) fn limits(option: u8) -> XmlLimits {
    if bit(option, 0) {
        return XmlLimits { depth: 4, markup: 200, name: 20, attributes: 4, namespaces: 5, document: 600 };
    }
    XmlLimits::default()
}

/// What a document says and how it is written, or what is wrong with it.
fn read<'a>(
    told: Charset,
    limits: &XmlLimits,
    pieces: impl Iterator<Item = &'a [u8]>,
    style: TextStyle,
) -> Result<(Summary, Vec<u8>), XmlError> {
    let mut copy = Copy {
        reader: TextReader::told(told, limits.clone()),
        writer: TextWriter::new(style),
        summary: Summary::exact(),
        at: 0,
        max: limits.depth,
    };
    for piece in pieces {
        copy.reader.push(piece);
        copy.events()?;
    }
    copy.reader.finish();
    copy.events()?;
    assert_eq!(copy.reader.depth(), 0);
    copy.writer.finish().expect("the document is whole");
    let mut written = Vec::new();
    copy.writer.take(&mut written);
    Ok((copy.summary, written))
}

struct Copy {
    reader: TextReader,
    writer: TextWriter,
    summary: Summary,
    at: u64,
    max: usize,
}

impl Copy {
    fn events(&mut self) -> Result<(), XmlError> {
        loop {
            let inside = match self.reader.next() {
                Ok(None) => return Ok(()),
                Ok(Some(event)) => {
                    self.summary.event(&event);
                    self.writer.event(&event).expect("what was read can be written");
                    matches!(event, Event::Text(_) | Event::Comment(_))
                }
                Err(error) => {
                    assert_eq!(self.reader.next(), Err(error.clone()), "an error stays");
                    return Err(error);
                }
            };
            let span = self.reader.span();
            assert!(span.start >= self.at && span.start <= span.end, "{span:?} after {}", self.at);
            self.at = if inside { span.end } else { span.start };
            assert!(self.reader.depth() <= self.max);
        }
    }
}

//! Text XML cut into its pieces: tags, runs of text, comments.

use std::ops::Range;

use memchr::memchr;
use quick_xml::parser::{ElementParser, Parser};

use super::error::XmlError;

/// Longest piece of text that is handed out as one, in bytes of source. Where text is cut depends on the text alone,
/// never on how its bytes came.
pub(super) const TEXT_PIECE: usize = 8192;

/// Longest reference, `&#x10FFFF;` with some leading zeros.
const REFERENCE: usize = 32;

/// One piece of a document; ranges are places in [`Scanner::text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// What stands between `<?xml` and `?>`; only the first of a document.
    Declaration(Range<usize>),
    /// What stands between `<` and `>` or `/>`.
    Start { content: Range<usize>, empty: bool },
    /// What stands between `</` and `>`.
    End(Range<usize>),
    /// Text with its references, perhaps not all of it.
    Text(Range<usize>),
    /// Text from within a CDATA section, perhaps not all of it.
    Cdata(Range<usize>),
    /// What stands between `<!--` and `-->`.
    Comment(Range<usize>),
}

/// Cuts the text of one document, however it comes, in a buffer that holds no more than one piece and one push.
#[derive(Debug)]
pub(super) struct Scanner {
    text: String,
    /// Where in `text` the next token begins.
    at: usize,
    /// How far beyond `at` was searched in vain, so that a tag that comes byte by byte is not searched again and again.
    searched: usize,
    tag: ElementParser,
    in_cdata: bool,
    finished: bool,
    /// Bytes of the document before `text`.
    before: u64,
    max_markup: usize,
}

impl Scanner {
    /// A document whose tags and comments are at most `max_markup` bytes long.
    pub(super) fn new(max_markup: usize) -> Self {
        Self {
            text: String::new(),
            at: 0,
            searched: 0,
            tag: ElementParser::default(),
            in_cdata: false,
            finished: false,
            before: 0,
            max_markup,
        }
    }

    /// Where more text of the document is appended. Ranges of earlier tokens are void after this, unless they are to be kept.
    pub(super) fn input(&mut self, keep: bool) -> &mut String {
        if !keep {
            self.text.drain(..self.at);
            self.before += self.at as u64;
            self.at = 0;
        }
        &mut self.text
    }

    /// No more text comes.
    pub(super) fn finish(&mut self) {
        self.finished = true;
    }

    /// Whether all of the document has been handed out.
    pub(super) fn is_over(&self) -> bool {
        self.finished && self.at == self.text.len() && !self.in_cdata
    }

    /// The text that ranges are places in.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of UTF-8 from the beginning of the document to the end of the token last read.
    pub(super) fn position(&self) -> u64 {
        self.before + self.at as u64
    }

    /// Bytes of UTF-8 from the beginning of the document to the end of what has come.
    pub(super) fn end(&self) -> u64 {
        self.before + self.text.len() as u64
    }

    /// Drops the last `len` bytes that came, or a few more so that no character is cut.
    pub(super) fn cut(&mut self, len: u64) {
        let mut end = self.text.len().saturating_sub(usize::try_from(len).unwrap_or(usize::MAX)).max(self.at);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        self.text.truncate(end);
    }

    /// The next token. `Ok(None)`: more text is needed, or the document is over.
    pub(super) fn next(&mut self) -> Result<Option<Token>, XmlError> {
        let rest = &self.text[self.at..];
        if self.in_cdata {
            return self.cdata();
        }
        let bytes = rest.as_bytes();
        match bytes {
            [] => Ok(None),
            [b'<', b'/', ..] => {
                let content = self.markup(2, 1, |rest| memchr(b'>', rest.as_bytes()))?;
                Ok(content.map(Token::End))
            }
            [b'<', b'?', ..] => self.declaration(),
            [b'<', b'!', ..] => self.exclamation(),
            [b'<'] => self.need(),
            [b'<', ..] => self.start(),
            _ => self.characters(),
        }
    }

    /// More text, unless none comes.
    fn need<T>(&self) -> Result<Option<T>, XmlError> {
        if self.finished { Err(XmlError::UnexpectedEof) } else { Ok(None) }
    }

    /// Uses up markup: its content is what stands behind the first `skip` bytes, up to where `find` finds its end of `end` bytes.
    fn markup(
        &mut self,
        skip: usize,
        end: usize,
        find: impl Fn(&str) -> Option<usize>,
    ) -> Result<Option<Range<usize>>, XmlError> {
        let content = &self.text[self.at + skip..];
        // What was searched may end with the first bytes of its end.
        let mut from = self.searched.saturating_sub(end - 1).min(content.len());
        while !content.is_char_boundary(from) {
            from -= 1;
        }
        let found = find(&content[from..]).map(|len| from + len);
        if found.unwrap_or((content.len() + 1).saturating_sub(end)) > self.max_markup {
            return Err(XmlError::MarkupTooLong { max: self.max_markup });
        }
        let Some(len) = found else {
            self.searched = content.len();
            return self.need();
        };
        Ok(Some(self.take(skip, len, end)))
    }

    /// Uses up a token: `skip` bytes, its content of `len` bytes and `end` bytes.
    fn take(&mut self, skip: usize, len: usize, end: usize) -> Range<usize> {
        let from = self.at + skip;
        self.at = from + len + end;
        self.searched = 0;
        self.tag = ElementParser::default();
        from..from + len
    }

    fn start(&mut self) -> Result<Option<Token>, XmlError> {
        let content = &self.text[self.at + 1..];
        let found = self.tag.feed(&content.as_bytes()[self.searched..]).map(|len| self.searched + len);
        if found.unwrap_or(content.len()) > self.max_markup {
            return Err(XmlError::MarkupTooLong { max: self.max_markup });
        }
        let Some(len) = found else {
            self.searched = content.len();
            return self.need();
        };
        let empty = content[..len].ends_with('/');
        let mut content = self.take(1, len, 1);
        content.end -= usize::from(empty);
        Ok(Some(Token::Start { content, empty }))
    }

    fn declaration(&mut self) -> Result<Option<Token>, XmlError> {
        const OPEN: &str = "<?xml";
        let rest = &self.text[self.at..];
        if rest.len() <= OPEN.len() {
            return if OPEN.starts_with(rest) { self.need() } else { Err(XmlError::ProcessingInstruction) };
        }
        let behind = rest.as_bytes()[OPEN.len()];
        if self.position() != 0 || !rest.starts_with(OPEN) || !behind.is_ascii_whitespace() {
            return Err(XmlError::ProcessingInstruction);
        }
        let content = self.markup(OPEN.len(), 2, |rest| rest.find("?>"))?;
        Ok(content.map(Token::Declaration))
    }

    fn exclamation(&mut self) -> Result<Option<Token>, XmlError> {
        const COMMENT: &str = "<!--";
        const CDATA: &str = "<![CDATA[";
        let rest = &self.text[self.at..];
        if rest.starts_with(COMMENT) {
            let content = self.markup(COMMENT.len(), 3, |rest| rest.find("-->"))?;
            return Ok(content.map(Token::Comment));
        }
        if rest.starts_with(CDATA) {
            self.at += CDATA.len();
            self.in_cdata = true;
            return self.cdata();
        }
        if COMMENT.starts_with(rest) || CDATA.starts_with(rest) || "<!DOCTYPE".starts_with(rest) {
            return self.need();
        }
        if rest.starts_with("<!DOCTYPE") { Err(XmlError::DocumentType) } else { Err(XmlError::BadMarkup) }
    }

    fn characters(&mut self) -> Result<Option<Token>, XmlError> {
        let rest = &self.text[self.at..];
        let piece = piece(rest);
        let end = match memchr(b'<', piece.as_bytes()) {
            Some(end) => end,
            None if piece.len() < rest.len() || rest.len() == TEXT_PIECE => uncut(piece)?,
            None if self.finished => rest.len(),
            None => return Ok(None),
        };
        let text = &piece[..end];
        if memchr(b']', text.as_bytes()).is_some() && text.contains("]]>") {
            return Err(XmlError::CdataEndInText);
        }
        Ok(Some(Token::Text(self.take(0, end, 0))))
    }

    fn cdata(&mut self) -> Result<Option<Token>, XmlError> {
        let rest = &self.text[self.at..];
        let piece = piece(rest);
        if let Some(len) = piece.find("]]>") {
            self.in_cdata = false;
            return Ok(Some(Token::Cdata(self.take(0, len, 3))));
        }
        if piece.len() == rest.len() && rest.len() < TEXT_PIECE {
            return self.need();
        }
        let end = piece.trim_end_matches(['\r', ']']).len();
        // A whole piece of nothing but brackets is cut all the same: what follows the last two is decided later.
        let end = if end == 0 { piece.len() - 2 } else { end };
        Ok(Some(Token::Cdata(self.take(0, end, 0))))
    }
}

/// The first [`TEXT_PIECE`] bytes, or a little less where that is inside a character.
fn piece(rest: &str) -> &str {
    let mut end = rest.len().min(TEXT_PIECE);
    while !rest.is_char_boundary(end) {
        end -= 1;
    }
    &rest[..end]
}

/// Where a long text may be cut: not inside a reference, a line end or `]]>`.
fn uncut(piece: &str) -> Result<usize, XmlError> {
    if let Some(reference) = piece.rfind('&')
        && !piece[reference..].contains(';')
    {
        let cut = piece.len() - reference > REFERENCE;
        return if cut { Err(XmlError::UnknownEntity) } else { Ok(reference) };
    }
    let end = piece.trim_end_matches(['\r', ']']).len();
    Ok(if end == 0 { piece.len() - 2 } else { end })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(document: &str, max: usize) -> Result<(), XmlError> {
        let mut scanner = Scanner::new(max);
        for char in document.chars() {
            scanner.input(true).push(char);
            while scanner.next()?.is_some() {}
        }
        Ok(())
    }

    #[test]
    fn a_comment_as_long_as_it_may_be_is_taken_however_it_is_cut() {
        for max in 1..10 {
            let comment = format!("<!--{}-->", "x".repeat(max));
            assert!(fed(&comment, max).is_ok(), "{max}");
            let longer = format!("<!--{}-->", "x".repeat(max + 1));
            assert_eq!(fed(&longer, max), Err(XmlError::MarkupTooLong { max }));
        }
    }
}

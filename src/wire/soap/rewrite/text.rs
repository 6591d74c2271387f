//! To in text XML: the bytes between its tags are replaced, all others stay.

use std::ops::Range;

use super::error::RewriteError;
use super::head::{Known, MAX_HEAD};
use super::route::ToRoute;
use crate::wire::soap::{HeaderReader, Headers, Place, SoapLimits};
use crate::wire::xml::{Charset, CharsetDecoder, Event, TextReader, XmlLimits};

/// Rewrites To in one message of text XML as it comes. The bytes up to the body are kept until that is seen, all others
/// pass.
#[derive(Debug)]
pub struct TextRewriter {
    route: ToRoute,
    reader: TextReader,
    headers: HeaderReader,
    kept: Vec<u8>,
    /// Where the content of To stands in the text.
    to: Option<Range<u64>>,
    /// Where the content of the To that is being read begins.
    to_begins: u64,
    /// Set once the body has begun: everything passes.
    known: Option<Known>,
}

impl TextRewriter {
    /// A message begins, in UTF-8 unless its transport told otherwise; its own first bytes are believed more.
    pub fn new(route: &ToRoute, told: Charset) -> Self {
        Self {
            route: route.clone(),
            reader: TextReader::told(told, XmlLimits { markup: MAX_HEAD, ..XmlLimits::default() }),
            headers: HeaderReader::new(SoapLimits::default()),
            kept: Vec::new(),
            to: None,
            to_begins: 0,
            known: None,
        }
    }

    /// Takes the next bytes of the message and appends to `out` what can be passed on.
    ///
    /// # Errors
    /// [`RewriteError`]; nothing of the message has been passed on.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), RewriteError> {
        if self.known.is_some() {
            out.extend_from_slice(bytes);
            return Ok(());
        }
        let room = MAX_HEAD - self.kept.len();
        self.kept.extend_from_slice(bytes);
        // A little at a time, so that a whole body is not decoded for nothing.
        for piece in bytes[..room.min(bytes.len())].chunks(4096) {
            self.reader.push(piece);
            if self.read()? {
                self.known = Some(self.splice(out)?);
                self.kept = Vec::new();
                return Ok(());
            }
        }
        if bytes.len() > room { Err(RewriteError::HeadersTooLarge { max: MAX_HEAD }) } else { Ok(()) }
    }

    /// What became of the headers, once the body has begun.
    pub(super) fn known(&self) -> Option<Known> {
        self.known
    }

    /// The message is over.
    ///
    /// # Errors
    /// It ended before its body.
    pub fn finish(mut self) -> Result<(), RewriteError> {
        if self.known.is_some() {
            return Ok(());
        }
        self.reader.finish();
        self.read()?;
        Err(RewriteError::UnexpectedEof)
    }

    /// What the headers say, once the body has begun.
    pub fn headers(&self) -> Option<&Headers> {
        self.headers.headers()
    }

    /// Reads on and says whether the body has begun.
    fn read(&mut self) -> Result<bool, RewriteError> {
        while let Some(event) = self.reader.next()? {
            let (starts, ends) = (matches!(event, Event::Start(_)), matches!(event, Event::End));
            let place = self.headers.event(&event)?;
            match place {
                Place::Body => return Ok(true),
                Place::To if starts && self.reader.depth() == 3 => self.to_begins = self.reader.span().end,
                Place::To if starts => return Err(RewriteError::NotAnAddress),
                // Its end is the last event there. One that is for somebody else does not count.
                Place::To if ends && self.headers.has_to() && self.to.is_none() => {
                    let begins = self.to_begins;
                    self.to = Some(begins..self.reader.span().start.max(begins));
                }
                _ => {}
            }
        }
        Ok(false)
    }

    fn splice(&mut self, out: &mut Vec<u8>) -> Result<Known, RewriteError> {
        let Some(headers) = self.headers.headers() else { return Err(RewriteError::UnexpectedEof) };
        let new = self.route.judge_headers(headers)?;
        let (Some(new), Some(to)) = (new, self.to.clone()) else {
            out.extend_from_slice(&self.kept);
            return Ok(Known::Same);
        };
        let charset = self.reader.charset();
        let (start, end) = (self.place(to.start)?, self.place(to.end)?);
        let before = self.kept.get(..start).ok_or(RewriteError::UnexpectedEof)?;
        let after = self.kept.get(end..).ok_or(RewriteError::UnexpectedEof)?;
        out.extend_from_slice(before);
        charset.encode(&quick_xml::escape::minimal_escape(new.as_str()), out);
        out.extend_from_slice(after);
        Ok(Known::Changed)
    }

    /// The byte of the message where `at` bytes of its text have passed.
    fn place(&self, at: u64) -> Result<usize, RewriteError> {
        let at = usize::try_from(at).map_err(|_| RewriteError::TooLarge)?;
        if self.reader.charset() == Charset::Utf8 {
            return Ok(self.reader.mark_len() + at);
        }
        // What stands behind the headers was checked by the reader only in part, and may end inside a character.
        let mut decoder = CharsetDecoder::new(self.reader.charset());
        let mut text = String::new();
        let _ = decoder.push(&self.kept, &mut text);
        let before = text.get(..at).ok_or(RewriteError::UnexpectedEof)?;
        Ok(self.reader.mark_len() + self.reader.charset().encoded_len(before))
    }
}

/// Appends a whole message with its To rewritten.
///
/// # Errors
/// [`RewriteError`]; nothing has been appended.
pub fn rewrite_text(
    message: &[u8],
    told: Charset,
    route: &ToRoute,
    out: &mut Vec<u8>,
) -> Result<Headers, RewriteError> {
    let mut rewriter = TextRewriter::new(route, told);
    rewriter.push(message, out)?;
    match rewriter.headers() {
        Some(headers) => Ok(headers.clone()),
        None => {
            rewriter.finish()?;
            Err(RewriteError::UnexpectedEof)
        }
    }
}

//! The envelopes of one direction, in order: what one session says is needed to read the next envelope.

use std::ops::Range;

use super::form::Form;
use super::terms::Terms;
use crate::wire::binxml::{self, Dictionaries, Limits, Reader, SessionTable};
use crate::wire::xml::{
    Charset, CharsetDecoder, Event, TextReader, TextStyle, TextWriter, XmlError, XmlLimits,
};

/// Reads the envelopes of one session in one direction. Each has to pass, in order, because later ones use the strings of earlier ones.
#[derive(Debug)]
pub struct Envelopes {
    terms: Terms,
    /// Known from the terms, or guessed at the first envelope.
    form: Option<Form>,
    table: SessionTable,
}

/// Why an envelope is not shown as XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// It is no binary XML.
    #[error("no binary xml: {0}")]
    Binary(#[from] binxml::DecodeError),
    /// It is no text XML, or cannot be written as such.
    #[error("no text xml: {0}")]
    Text(#[from] XmlError),
    /// Its encoding is none that is read here.
    #[error("{0} is not read")]
    Form(String),
}

/// What stands in front of the document of an envelope in a session with a dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Preface {
    /// Bytes of the string table, its length included.
    pub(super) table: usize,
    /// The index of its first string in the session.
    pub(super) first: usize,
}

/// Who is shown a document, event by event: the bytes of each, from the beginning of the envelope, where they are known.
pub(super) type See<'s> = dyn FnMut(&Event<'_>, Option<Range<usize>>) -> Result<(), XmlError> + 's;

impl Envelopes {
    /// A session of these terms begins.
    pub fn new(terms: Terms) -> Self {
        let table = SessionTable::with_limits(SESSION_BYTES, SESSION_ENTRIES);
        Self { terms, form: None, table }
    }

    /// The envelope as text XML: as it stands, where it is text already.
    ///
    /// # Errors
    /// [`Unreadable`]. Later envelopes may be readable all the same.
    pub fn text(&mut self, envelope: &[u8]) -> Result<String, Unreadable> {
        if let Form::Text(charset) = self.form(envelope) {
            return as_it_stands(envelope, charset);
        }
        self.fragment(envelope)
    }

    /// The envelope as XML for a place inside another document: without a declaration.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn fragment(&mut self, envelope: &[u8]) -> Result<String, Unreadable> {
        let mut writer = TextWriter::new(STYLE);
        self.read(envelope, &mut |_| {}, &mut |event, _| writer.event(event))?;
        writer.finish()?;
        let mut text = Vec::new();
        writer.take(&mut text);
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Shows what stands in front of the document, if anything does, then its events.
    pub(super) fn read(
        &mut self,
        envelope: &[u8],
        preface: &mut dyn FnMut(Preface),
        see: &mut See<'_>,
    ) -> Result<(), Unreadable> {
        let first = self.table.len();
        match self.form(envelope) {
            Form::Text(charset) => read_text(envelope, charset, see),
            Form::Binary => read_binary(envelope, 0, Dictionaries::STATIC, see),
            Form::BinarySession => {
                let start = self.table.read(envelope)?;
                preface(Preface { table: start, first });
                read_binary(envelope, start, Dictionaries::session(&self.table), see)
            }
            Form::Other(content_type) => Err(Unreadable::Form(content_type)),
        }
    }

    fn form(&mut self, envelope: &[u8]) -> Form {
        self.form.get_or_insert_with(|| Form::of(&self.terms, envelope)).clone()
    }
}

fn as_it_stands(envelope: &[u8], charset: Charset) -> Result<String, Unreadable> {
    let (mut text, mut decoder) = (String::new(), CharsetDecoder::new(charset));
    decoder.push(envelope, &mut text)?;
    decoder.finish(&mut text)?;
    Ok(text)
}

fn read_binary(
    envelope: &[u8],
    start: usize,
    dictionaries: Dictionaries<'_>,
    see: &mut See<'_>,
) -> Result<(), Unreadable> {
    let mut reader = Reader::new(&envelope[start..], dictionaries, Limits::default());
    loop {
        let from = start + reader.position();
        let Some(&event) = reader.next_event()? else { return Ok(()) };
        let to = start + reader.position();
        // The items of an array share the bytes of its start tag, so that a position may go back.
        see(&event, (from < to).then_some(from..to))?;
    }
}

fn read_text(envelope: &[u8], charset: Charset, see: &mut See<'_>) -> Result<(), Unreadable> {
    let mut reader = TextReader::told(charset, XmlLimits::default());
    reader.push(envelope);
    reader.finish();
    while let Some(event) = reader.next()? {
        see(&event, None)?;
    }
    Ok(())
}

/// Characters that XML does not have are shown as references: what is on the wire is to be seen.
pub(super) const STYLE: TextStyle =
    TextStyle { charset: Charset::Utf8, mark: false, declaration: false, short: false, lenient: true };

/// What a session may define here. Services may take more than .NET's 2048 bytes (`MaxSessionSize`).
const SESSION_BYTES: usize = 16 << 20;
const SESSION_ENTRIES: usize = 1 << 20;

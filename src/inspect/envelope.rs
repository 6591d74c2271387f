//! The envelopes of one direction, in order: what one session says is needed to read the next envelope.

use std::borrow::Cow;
use std::ops::Range;

use super::compressed::inflate;
use super::form::Form;
use super::mime::{Part, package};
use super::payload::{KEPT, Payload};
use super::redact::Redactor;
use crate::wire::binxml::{self, Dictionaries, Limits, Reader, SessionTable};
use crate::wire::xml::{
    Charset, CharsetDecoder, Event, TextReader, TextStyle, TextWriter, XmlError, XmlLimits,
};

/// Reads the envelopes of one session in one direction. Each has to pass, in order, because later ones use the strings of earlier ones.
#[derive(Debug)]
pub(super) struct Envelopes {
    /// What the content type says, or what the first envelope looked like.
    form: Option<Form>,
    /// Whether there may be more than one of them.
    several: bool,
    table: SessionTable,
}

/// Why an envelope is not shown as XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(super) enum Unreadable {
    /// It is no binary XML.
    #[error("no binary xml: {0}")]
    Binary(#[from] binxml::DecodeError),
    /// It is no text XML, or cannot be written as such.
    #[error("no text xml: {0}")]
    Text(#[from] XmlError),
    /// It is compressed, and cannot be decompressed.
    #[error("{0}")]
    Compressed(String),
    /// It is a MIME package that cannot be taken apart.
    #[error("{0}")]
    Mime(String),
    /// Its encoding is none that is read here.
    #[error("{0} is not read")]
    Form(String),
    /// Some of its bytes are not in the capture.
    #[error("{0} of its bytes are missing in the capture")]
    Missing(u64),
    /// It is too large to be decoded.
    #[error("{len} bytes are more than the {} MiB that are decoded", KEPT >> 20)]
    TooLarge {
        /// Its bytes.
        len: u64,
    },
}

/// An envelope out of its wrapping.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    pub(super) document: Cow<'a, [u8]>,
    /// Where the document begins in what was opened; `None`: it was compressed.
    pub(super) place: Option<usize>,
    /// Text or binary.
    form: Form,
    /// The parts of the package around it, and which is the envelope.
    pub(super) parts: Vec<Part>,
    /// How it was compressed.
    pub(super) compressed: Option<&'static str>,
}

/// What stands in front of the document of an envelope in a session with a dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Preface {
    /// Bytes of the string table, its length included; 0: it is missing.
    pub(super) table: usize,
    /// The index of its first string in the session.
    pub(super) first: usize,
}

/// Who is shown a document, event by event: the bytes of each, from the beginning of the document, where they are known.
pub(super) type See<'s> = dyn FnMut(&Event<'_>, Option<Range<usize>>) -> Result<(), XmlError> + 's;

impl Envelopes {
    /// A session begins. Without a `form` its first envelope is looked at; `several`: others may follow it.
    pub(super) fn new(form: Option<Form>, several: bool) -> Self {
        Self { form, several, table: SessionTable::with_limits(SESSION_BYTES, SESSION_ENTRIES) }
    }

    /// Takes an envelope out of its wrapping.
    ///
    /// # Errors
    /// [`Unreadable`]. The strings that it defines for later envelopes are kept all the same, where they can be.
    pub(super) fn open<'a>(&mut self, payload: &'a Payload) -> Result<Opened<'a>, Unreadable> {
        let bytes = payload.bytes();
        let several = self.several;
        let form = self.form.get_or_insert_with(|| Form::guess(bytes, several)).clone();
        if payload.missing() > 0 || payload.len() > bytes.len() as u64 {
            if form == Form::BinarySession {
                let _ = self.table.read(bytes);
            }
            return Err(match payload.missing() {
                0 => Unreadable::TooLarge { len: payload.len() },
                missing => Unreadable::Missing(missing),
            });
        }
        open(Cow::Borrowed(bytes), Some(0), form)
    }

    /// The envelope as text XML: as it stands, where it is text already.
    ///
    /// # Errors
    /// [`Unreadable`]. Later envelopes may be readable all the same.
    pub(super) fn text(&mut self, opened: &Opened<'_>) -> Result<String, Unreadable> {
        let Form::Text(charset) = opened.form else { return self.fragment(opened) };
        let mut redactor = Redactor::default();
        read_text(&opened.document, charset, &mut |event, _| {
            redactor.shown(event);
            Ok(())
        })?;
        if redactor.found() { self.fragment(opened) } else { as_it_stands(&opened.document, charset) }
    }

    /// The envelope as XML for a place inside another document: without a declaration.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub(super) fn fragment(&mut self, opened: &Opened<'_>) -> Result<String, Unreadable> {
        let mut writer = TextWriter::new(STYLE);
        self.read(opened, &mut |_| {}, &mut |event, _| writer.event(event))?;
        writer.finish()?;
        let mut text = Vec::new();
        writer.take(&mut text);
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Shows what stands in front of the document, if anything does, then its events.
    pub(super) fn read(
        &mut self,
        opened: &Opened<'_>,
        preface: &mut dyn FnMut(Preface),
        see: &mut See<'_>,
    ) -> Result<(), Unreadable> {
        let first = self.table.len();
        let document = &opened.document;
        let mut redactor = Redactor::default();
        let see: &mut See<'_> = &mut |event, place| match redactor.shown(event) {
            Some(event) => see(&event, place),
            None => Ok(()),
        };
        match opened.form {
            Form::Text(charset) => read_text(document, charset, see),
            Form::BinarySession if lacks_table(document) => {
                preface(Preface { table: 0, first });
                read_binary(document, 0, Dictionaries::session(&self.table), see)
            }
            Form::BinarySession => {
                let start = self.table.read(document)?;
                preface(Preface { table: start, first });
                read_binary(document, start, Dictionaries::session(&self.table), see)
            }
            _ => read_binary(document, 0, Dictionaries::STATIC, see),
        }
    }
}

/// Whether an envelope begins with an element where its string table should be. Some record or write envelopes so.
fn lacks_table(document: &[u8]) -> bool {
    // [MC-NBFX] 2.2.1: the elements that an envelope may begin with.
    let is_element = matches!(document.first(), Some(0x40..=0x77));
    is_element && SessionTable::with_limits(SESSION_BYTES, SESSION_ENTRIES).read(document).is_err()
}

/// Opens one wrapping after the other. There are two at most: a compression, and a package.
fn open(bytes: Cow<'_, [u8]>, place: Option<usize>, form: Form) -> Result<Opened<'_>, Unreadable> {
    match form {
        Form::Compressed(compression, inner) => {
            let document =
                inflate(compression, &bytes).map_err(|error| Unreadable::Compressed(error.to_string()))?;
            let opened = open(Cow::Owned(document), None, *inner)?;
            Ok(Opened { compressed: Some(compression.name()), ..opened })
        }
        Form::Mime(mime) => {
            let package =
                package(&bytes, mime.as_ref()).map_err(|error| Unreadable::Mime(error.to_string()))?;
            let root = &package.parts[package.root];
            let form = match root.content_type().map(Form::of_content_type) {
                Some(form @ (Form::Text(_) | Form::Binary)) => form,
                _ => Form::guess(&bytes[root.body.clone()], false),
            };
            let place = place.map(|place| place + root.body.start);
            let document = match &bytes {
                Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[root.body.clone()]),
                Cow::Owned(bytes) => Cow::Owned(bytes[root.body.clone()].to_vec()),
            };
            Ok(Opened { document, place, form, parts: package.parts, compressed: None })
        }
        Form::Other(content_type) => Err(Unreadable::Form(content_type)),
        form => Ok(Opened { document: bytes, place, form, parts: Vec::new(), compressed: None }),
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

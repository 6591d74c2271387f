//! Text XML into binary XML and back, event by event, in memory that does not grow with the document.

use super::charset::Charset;
use super::error::XmlError;
use super::limits::XmlLimits;
use super::reader::TextReader;
use super::runtime::Runtime;
use super::writer::{TextStyle, TextWriter};
use crate::wire::binxml::{DecodeError, Dictionaries, Ids, Limits, Reader, WriteError, Writer};

/// Bytes of text after which [`BinaryToText::next`] lets its caller have them.
const PIECE: usize = 16 * 1024;

/// Why a document was not turned into its other form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReencodeError {
    /// It is not well-formed text, or cannot be said in text.
    #[error(transparent)]
    Text(#[from] XmlError),
    /// It is no binary XML.
    #[error(transparent)]
    Binary(#[from] DecodeError),
    /// It cannot be written as binary XML.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Turns a document of text XML into binary XML as it comes.
///
/// Names and texts become inline records, apart from the texts `0` and `1`: readers of .NET take that for every type (binary
/// XML page, section 9). With a session all of the document is kept, since its string table stands in front.
#[derive(Debug)]
pub struct TextToBinary<'t> {
    reader: TextReader,
    writer: Writer<'t>,
}

impl<'t> TextToBinary<'t> {
    /// A document begins, in UTF-8 unless its transport told otherwise; its own first bytes are believed more.
    pub fn new(told: Charset, limits: XmlLimits, ids: Ids<'t>) -> Self {
        Self { reader: TextReader::told(told, limits), writer: Writer::new(ids, Runtime::Net8) }
    }

    /// Takes the next bytes of the document and appends to `out` what is complete.
    ///
    /// # Errors
    /// [`ReencodeError`]; the document cannot go on.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ReencodeError> {
        self.reader.push(bytes);
        self.copy()?;
        self.writer.take(out);
        Ok(())
    }

    /// The document is over; appends the rest.
    ///
    /// # Errors
    /// [`ReencodeError`]: it was not whole.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), ReencodeError> {
        self.reader.finish();
        self.copy()?;
        out.append(&mut self.writer.finish()?);
        Ok(())
    }

    fn copy(&mut self) -> Result<(), ReencodeError> {
        while let Some(event) = self.reader.next()? {
            self.writer.event(&event)?;
        }
        Ok(())
    }
}

/// Turns a document of binary XML into text XML, piece by piece.
#[derive(Debug)]
pub struct BinaryToText<'a> {
    reader: Reader<'a>,
    writer: TextWriter,
    over: bool,
}

impl<'a> BinaryToText<'a> {
    /// A document; with a session, what follows its string table.
    pub fn new(document: &'a [u8], dictionaries: Dictionaries<'a>, limits: Limits, style: TextStyle) -> Self {
        Self {
            reader: Reader::new(document, dictionaries, limits),
            writer: TextWriter::new(style),
            over: false,
        }
    }

    /// Appends some kilobytes of text, or more where one value is longer, and says whether there is more to come.
    ///
    /// # Errors
    /// [`ReencodeError`]; the document cannot go on.
    pub fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, ReencodeError> {
        while !self.over && self.writer.written() < PIECE {
            match self.reader.next_event()? {
                Some(event) => self.writer.event(event)?,
                None => {
                    self.writer.finish()?;
                    self.over = true;
                }
            }
        }
        self.writer.take(out);
        Ok(!self.over)
    }

    /// Appends all of the text.
    ///
    /// # Errors
    /// [`ReencodeError`].
    pub fn all(mut self, out: &mut Vec<u8>) -> Result<(), ReencodeError> {
        while self.next(out)? {}
        Ok(())
    }
}

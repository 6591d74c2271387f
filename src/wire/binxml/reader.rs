//! Reading a whole document.

use super::array::RawItems;
use super::cursor::Stop;
use super::decoder::Decoder;
use super::dictionaries::Dictionaries;
use super::error::DecodeError;
use super::limits::Limits;
use crate::wire::xml::Event;

/// A pull reader of one document in memory. What it says borrows from the document and its dictionaries, and it allocates nothing as long as at most
/// eight declarations are in scope and no element has more than sixteen attributes.
#[derive(Debug)]
pub struct Reader<'a> {
    input: &'a [u8],
    dictionaries: Dictionaries<'a>,
    decoder: Decoder<&'a str>,
    /// What was read last.
    event: Event<'a>,
    over: Option<Result<(), DecodeError>>,
}

impl<'a> Reader<'a> {
    /// Begins to read a document; with a session, what follows its string table.
    pub fn new(document: &'a [u8], dictionaries: Dictionaries<'a>, limits: Limits) -> Self {
        Self {
            input: document,
            dictionaries,
            decoder: Decoder::new(limits, true),
            event: Event::End,
            over: None,
        }
    }

    /// The next event; `None` at the end of the document. It stays where it is until the next call; copy it to ask the reader something meanwhile.
    ///
    /// # Errors
    /// The document is malformed, or exceeds a limit. Every later call fails the same way.
    #[inline]
    pub fn next_event(&mut self) -> Result<Option<&Event<'a>>, DecodeError> {
        match self.decoder.next(self.input, self.dictionaries, &mut self.event) {
            Ok(()) => Ok(Some(&self.event)),
            Err(stop) => self.stop(stop),
        }
    }

    #[cold]
    fn stop(&mut self, stop: Stop) -> Result<Option<&Event<'a>>, DecodeError> {
        let result = match (self.over, stop) {
            (Some(result), _) => result,
            (None, Stop::Bad(error)) => Err(error),
            (None, Stop::More) => self.decoder.finish(self.input),
        };
        self.over = Some(result);
        result.map(|()| None)
    }

    /// The items of the array whose first start tag was read last.
    pub(super) fn begun_array(&self) -> Option<RawItems<'a>> {
        self.decoder.begun_array(self.input)
    }

    /// Whether the next event is of the start tag that was begun.
    pub(super) fn is_in_tag(&self) -> bool {
        self.decoder.is_in_tag()
    }

    /// Passes the items of an array whose start tag was read.
    pub(super) fn skip_array(&mut self) {
        self.decoder.skip_array();
    }

    /// The limits it reads by.
    pub fn limits(&self) -> &Limits {
        &self.decoder.limits
    }

    /// Where the next record begins, in bytes from the start of the document.
    pub fn position(&self) -> usize {
        self.decoder.at
    }

    /// How many elements are open.
    pub fn depth(&self) -> u32 {
        self.decoder.depth()
    }
}

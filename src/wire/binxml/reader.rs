//! Reading a whole document.

use super::cursor::Stop;
use super::decoder::Decoder;
use super::dictionaries::Dictionaries;
use super::error::DecodeError;
use super::limits::Limits;
use super::scope::{Resolved, XML};
use crate::wire::xml::{Event, Str};

/// A pull reader of one document in memory. What it says borrows from the document and its dictionaries, and it allocates nothing as long as at most
/// twelve declarations are in scope and no element has more than sixteen attributes.
#[derive(Debug)]
pub struct Reader<'a> {
    input: &'a [u8],
    dictionaries: Dictionaries<'a>,
    decoder: Decoder<&'a str>,
    over: Option<Result<(), DecodeError>>,
}

impl<'a> Reader<'a> {
    /// Begins to read a document; with a session, what follows its string table.
    pub fn new(document: &'a [u8], dictionaries: Dictionaries<'a>, limits: Limits) -> Self {
        Self { input: document, dictionaries, decoder: Decoder::new(limits, true), over: None }
    }

    /// The next event; `None` at the end of the document.
    ///
    /// # Errors
    /// The document is malformed, or exceeds a limit. Every later call fails the same way.
    #[inline]
    pub fn next_event(&mut self) -> Result<Option<Event<'a>>, DecodeError> {
        match self.decoder.next(self.input, self.dictionaries) {
            Ok(mut event) => {
                if let Event::Start(name) | Event::Attribute { name, .. } = &mut event {
                    name.namespace = match self.decoder.resolved {
                        Resolved::None => Str::plain(""),
                        Resolved::Xml => Str::plain(XML),
                        Resolved::At(index) => {
                            let (text, origin) = self.decoder.scope.uri(index);
                            Str { text, origin }
                        }
                    };
                }
                Ok(Some(event))
            }
            Err(stop) => self.stop(stop),
        }
    }

    #[cold]
    fn stop(&mut self, stop: Stop) -> Result<Option<Event<'a>>, DecodeError> {
        let result = match (self.over, stop) {
            (Some(result), _) => result,
            (None, Stop::Bad(error)) => Err(error),
            (None, Stop::More) => self.decoder.finish(self.input),
        };
        self.over = Some(result);
        result.map(|()| None)
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

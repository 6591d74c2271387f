//! Writing a document, byte for byte as Microsoft's writer does.
//!
//! Attributes come in the order of the calls, then the declarations of the tag in the order in which they became necessary, because a declaration that
//! is in scope already is not repeated (binary XML page, section 8).

use super::outgoing::OutgoingTable;
use super::record_type::RecordType;
use super::write_buffer::WriteBuffer;
use super::write_error::WriteError;
use super::write_scope::WriteScope;
use crate::wire::xml::{Origin, Runtime, Str, Value};

/// Writes one document.
///
/// Strings are written by id when they come from a dictionary that the document has, and inline otherwise: a plain string never gets an id, whatever it
/// is equal to. Values are written in the smallest record that .NET writes for them.
#[derive(Debug)]
pub struct Writer<'t> {
    pub(super) buffer: WriteBuffer,
    pub(super) ids: Ids<'t>,
    pub(super) scope: WriteScope,
    pub(super) runtime: Runtime,
    pub(super) depth: u32,
    pub(super) state: State,
    had_root: bool,
    /// Bytes that wait for more, so that the base64 of each record but the last has no padding.
    pub(super) tail: Tail,
}

/// Which ids a document may have.
#[derive(Debug)]
pub enum Ids<'t> {
    /// None at all.
    None,
    /// Those of the static dictionary.
    Static,
    /// Those of the static dictionary and of a session, whose table is written in front of the document.
    Session(&'t mut OutgoingTable),
}

#[derive(Debug, PartialEq)]
pub(super) enum State {
    /// Between records of content, or around the root.
    Content,
    /// A start tag is open.
    Tag,
    /// An attribute is open.
    Attribute(AttributeValue),
}

/// What the value of an attribute has come to.
#[derive(Debug, PartialEq)]
pub(super) enum AttributeValue {
    Empty,
    Text(String),
    Dictionary(String, Origin),
    Bytes(Vec<u8>),
    /// A typed value, which is written already.
    Written,
}

#[derive(Debug, Default)]
pub(super) struct Tail {
    pub(super) bytes: [u8; 2],
    pub(super) count: usize,
}

impl Tail {
    pub(super) fn take(&mut self) -> ([u8; 2], usize) {
        let count = std::mem::take(&mut self.count);
        (self.bytes, count)
    }
}

impl<'t> Writer<'t> {
    /// Begins a document.
    pub fn new(ids: Ids<'t>, runtime: Runtime) -> Self {
        let mut ids = ids;
        if let Ids::Session(table) = &mut ids {
            // A writer that was dropped by force of circumstances has left its strings.
            table.roll_back();
        }
        Self {
            buffer: WriteBuffer::new(Vec::with_capacity(512), runtime),
            ids,
            scope: WriteScope::new(),
            runtime,
            depth: 0,
            state: State::Content,
            had_root: false,
            tail: Tail::default(),
        }
    }

    /// Starts an element. Without a prefix (`None`) the innermost one that stands for the namespace is taken, or else the namespace becomes the default.
    ///
    /// # Errors
    /// A second root, or a prefix that cannot stand for the namespace.
    pub fn start_element(
        &mut self,
        prefix: Option<&str>,
        local: Str<'_>,
        namespace: Str<'_>,
    ) -> Result<(), WriteError> {
        self.before_element()?;
        self.start_tag(prefix, local, namespace)
    }

    /// Ends what must not be open when an element comes.
    pub(super) fn before_element(&mut self) -> Result<(), WriteError> {
        self.content()?;
        if self.depth == 0 && self.had_root { Err(WriteError::MultipleRoots) } else { Ok(()) }
    }

    pub(super) fn start_tag(
        &mut self,
        prefix: Option<&str>,
        local: Str<'_>,
        namespace: Str<'_>,
    ) -> Result<(), WriteError> {
        let found;
        let prefix = match prefix {
            Some(prefix) => prefix,
            None => {
                found = self.scope.prefix(namespace.text).unwrap_or_default().to_owned();
                &found
            }
        };
        self.scope.open();
        self.scope.declare(prefix, namespace, self.depth + 1)?;
        self.open_tag(prefix, local)
    }

    /// Writes the name of an element whose prefix is seen to.
    pub(super) fn open_tag(&mut self, prefix: &str, local: Str<'_>) -> Result<(), WriteError> {
        short_enough(local.text)?;
        self.depth += 1;
        self.had_root = true;
        self.state = State::Tag;
        self.name(RecordType::SHORT_ELEMENT, prefix, local);
        Ok(())
    }

    /// Ends the innermost element.
    ///
    /// # Errors
    /// None is open.
    pub fn end_element(&mut self) -> Result<(), WriteError> {
        self.content()?;
        if self.depth == 0 {
            return Err(WriteError::UnbalancedEnd);
        }
        self.buffer.end_element();
        self.depth -= 1;
        self.scope.close(self.depth);
        Ok(())
    }

    /// Starts an attribute; what is written up to its end is its value.
    ///
    /// # Errors
    /// No start tag is open, or the prefix cannot stand for the namespace.
    pub fn start_attribute(
        &mut self,
        prefix: Option<&str>,
        local: Str<'_>,
        namespace: Str<'_>,
    ) -> Result<(), WriteError> {
        self.in_tag()?;
        let found;
        let prefix = match prefix.unwrap_or_default() {
            "" if namespace.is_empty() => "",
            "" => {
                found = match self.scope.attribute_prefix(namespace.text) {
                    Some(prefix) => prefix.to_owned(),
                    None => self.scope.invent(namespace, self.depth)?.to_owned(),
                };
                self.scope.rely_on(&found);
                &found
            }
            prefix => {
                self.scope.declare(prefix, namespace, self.depth)?;
                prefix
            }
        };
        self.open_attribute(prefix, local)
    }

    /// Writes the name of an attribute whose prefix is seen to.
    pub(super) fn open_attribute(&mut self, prefix: &str, local: Str<'_>) -> Result<(), WriteError> {
        short_enough(local.text)?;
        self.state = State::Attribute(AttributeValue::Empty);
        self.name(RecordType::SHORT_ATTRIBUTE, prefix, local);
        Ok(())
    }

    pub(super) fn in_tag(&self) -> Result<(), WriteError> {
        if self.state == State::Tag { Ok(()) } else { Err(WriteError::MisplacedAttribute) }
    }

    /// Ends the attribute.
    ///
    /// # Errors
    /// None is open.
    pub fn end_attribute(&mut self) -> Result<(), WriteError> {
        if !matches!(self.state, State::Attribute(_)) {
            return Err(WriteError::UnbalancedEnd);
        }
        let State::Attribute(value) = std::mem::replace(&mut self.state, State::Tag) else { return Ok(()) };
        match value {
            AttributeValue::Empty => self.buffer.text_node(RecordType::EMPTY_TEXT),
            AttributeValue::Text(text) => self.chars(&text),
            AttributeValue::Dictionary(text, origin) => {
                self.dictionary_text(Str { text: &text, origin });
            }
            AttributeValue::Bytes(bytes) => self.buffer.bytes(&[], &bytes),
            AttributeValue::Written => {}
        }
        self.buffer.seal();
        Ok(())
    }

    /// Declares a prefix, or with an empty one the default namespace, unless it stands for the namespace already.
    ///
    /// # Errors
    /// No start tag is open, or the prefix stands for something else in it.
    pub fn declare(&mut self, prefix: &str, namespace: Str<'_>) -> Result<(), WriteError> {
        self.in_tag()?;
        self.scope.declare(prefix, namespace, self.depth)
    }

    /// Writes a comment.
    ///
    /// # Errors
    /// An attribute is open.
    pub fn comment(&mut self, comment: &str) -> Result<(), WriteError> {
        short_enough(comment)?;
        self.content()?;
        self.buffer.node(RecordType::COMMENT);
        self.buffer.name(comment);
        Ok(())
    }

    /// The document, after its string table where there is a session. The strings it added to the session stay from now on: it has to be sent.
    ///
    /// # Errors
    /// There is no root, or an element is open.
    pub fn finish(mut self) -> Result<Vec<u8>, WriteError> {
        if self.depth > 0 || !self.had_root || self.state != State::Content {
            return Err(WriteError::Unfinished);
        }
        let document = std::mem::take(&mut self.buffer.out);
        let Ids::Session(table) = &mut self.ids else { return Ok(document) };
        let mut message = Vec::with_capacity(document.len() + 128);
        table.encode(&mut message);
        message.extend_from_slice(&document);
        table.commit();
        Ok(message)
    }

    /// Appends to `out` what is complete of the document; [`Self::finish`] then returns the rest. Only for documents without a session, whose table
    /// has to come first: of others nothing is taken.
    pub fn take(&mut self, out: &mut Vec<u8>) {
        match self.ids {
            Ids::Session(_) => {}
            Ids::None | Ids::Static => self.buffer.take(out),
        }
    }

    /// Ends what must not be open when content comes: the start tag, with its declarations, and bytes that wait.
    pub(super) fn content(&mut self) -> Result<(), WriteError> {
        match self.state {
            State::Content => {
                self.flush_tail();
                Ok(())
            }
            State::Attribute(_) => Err(WriteError::AttributeOpen),
            State::Tag => {
                self.state = State::Content;
                let Self { scope, buffer, ids, .. } = self;
                for (prefix, uri) in scope.of_tag(self.depth) {
                    declaration(buffer, ids.id(uri), prefix, uri.text);
                }
                Ok(())
            }
        }
    }

    /// The record of a name; `short` is its type without prefix and with an inline name.
    fn name(&mut self, short: RecordType, prefix: &str, local: Str<'_>) {
        let id = self.ids.id(local);
        name(&mut self.buffer, short, prefix, local.text, id);
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        if let Ids::Session(table) = &mut self.ids {
            table.roll_back();
        }
    }
}

impl Ids<'_> {
    /// The id by which a string is written.
    pub(super) fn id(&mut self, string: Str<'_>) -> Option<u32> {
        match (self, string.origin) {
            (Self::None, _) | (_, Origin::Plain) | (Self::Static, Origin::Dictionary) => None,
            (_, Origin::Static(index)) => Some(u32::from(index) * 2),
            (Self::Session(table), Origin::Dictionary) => table.id(string.text),
        }
    }
}

fn name(buffer: &mut WriteBuffer, short: RecordType, prefix: &str, local: &str, id: Option<u32>) {
    // Attributes leave four types to declarations, between those without a letter and those with one.
    let letters = if short == RecordType::SHORT_ELEMENT { 4 } else { 8 };
    let by_id = if id.is_some() { 2 } else { 0 };
    match prefix.as_bytes() {
        [] => buffer.node(RecordType(short.0 + by_id)),
        [letter @ b'a'..=b'z'] => {
            let first = letters + if id.is_some() { 0 } else { 26 };
            buffer.node(RecordType(short.0 + first + (letter - b'a')));
        }
        _ => {
            buffer.node(RecordType(short.0 + 1 + by_id));
            buffer.name(prefix);
        }
    }
    match id {
        Some(id) => buffer.int31(id),
        None => buffer.name(local),
    }
}

fn declaration(buffer: &mut WriteBuffer, id: Option<u32>, prefix: &str, uri: &str) {
    let by_id = if id.is_some() { 2 } else { 0 };
    let with_prefix = u8::from(!prefix.is_empty());
    buffer.node(RecordType(RecordType::SHORT_XMLNS_ATTRIBUTE.0 + by_id + with_prefix));
    if !prefix.is_empty() {
        buffer.name(prefix);
    }
    match id {
        Some(id) => buffer.int31(id),
        None => buffer.name(uri),
    }
}

pub(super) fn short_enough(text: &str) -> Result<(), WriteError> {
    if text.len() > i32::MAX as usize { Err(WriteError::TooLong) } else { Ok(()) }
}

impl Writer<'_> {
    /// Writes a value that is a text already.
    pub fn text(&mut self, text: &str) -> Result<(), WriteError> {
        self.value(&Value::Chars(text))
    }
}

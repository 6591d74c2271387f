//! The state of reading a document, apart from its bytes.
//!
//! A start tag is scanned once for its declarations and its end, then walked again for its events, so that no list of attributes is kept. The items of
//! an array are read as elements, one after the other, each from the same start tag.

use super::array::Array;
use super::cursor::{Cursor, Parse, Stop};
use super::dictionaries::Dictionaries;
use super::error::DecodeError;
use super::limits::Limits;
use super::names::{Names, attribute_form, letter, short, skip_attribute};
use super::parts::Parts;
use super::record_type::RecordType;
use super::scope::{Lend, Scope};
use super::text_record;
use crate::wire::xml::{Event, Name, Str};

/// Reads events from input that the caller keeps.
#[derive(Debug)]
pub(super) struct Decoder<S> {
    pub(super) limits: Limits,
    pub(super) scope: Scope<S>,
    /// Where the next record begins.
    pub(super) at: usize,
    pub(super) state: State,
    root: Root,
    pub(super) depth: u32,
    pub(super) array: Option<Array>,
    pub(super) array_items: u32,
    /// Whether the input is all there is.
    pub(super) whole: bool,
    names: Option<Names>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A record of content comes next.
    Content,
    /// Attributes come next, up to `end`.
    Tag {
        end: usize,
        /// The declaration that comes next among them.
        declared: usize,
    },
    /// The item of an array comes next.
    Item,
    /// More of a long text comes next.
    Text(Parts),
    /// The innermost element has ended by its text.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Awaited,
    Open,
    Closed,
}

impl<S: AsRef<str> + Default> Decoder<S> {
    pub(super) fn new(limits: Limits, whole: bool) -> Self {
        Self {
            names: (limits.name_table < usize::MAX).then(Names::default),
            limits,
            scope: Scope::new(),
            at: 0,
            state: State::Content,
            root: Root::Awaited,
            depth: 0,
            array: None,
            array_items: 0,
            whole,
        }
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    /// Whether there are attributes or declarations to come.
    pub(super) fn is_in_tag(&self) -> bool {
        matches!(self.state, State::Tag { end, .. } if self.at < end)
    }

    /// What the end of the input means: the end of the document, or an error.
    pub(super) fn finish(&self, input: &[u8]) -> Result<(), DecodeError> {
        if self.at < input.len() || self.depth > 0 || self.state != State::Content {
            return Err(DecodeError::Eof);
        }
        match self.root {
            Root::Closed => Ok(()),
            Root::Awaited | Root::Open => Err(DecodeError::NoRoot),
        }
    }

    /// The next event. [`Stop::More`] also where the document may be over.
    ///
    /// It is written to where the caller keeps it, and all that common documents need is in one function: to move an event that has just been put
    /// together costs more than to read it.
    #[inline(always)]
    pub(super) fn next<'s, 'e>(
        &'s mut self,
        input: &'e [u8],
        dictionaries: Dictionaries<'e>,
        event: &mut Event<'e>,
    ) -> Parse<()>
    where
        S: From<&'e str> + Lend<'s, 'e>,
    {
        if let State::Tag { end, declared } = self.state {
            if self.at < end {
                return self.attribute(input, dictionaries, end, declared, event);
            }
            self.state = self.after_tag();
        }
        match self.state {
            State::Content | State::Tag { .. } => self.content(input, dictionaries, event),
            State::End => {
                self.end(event);
                Ok(())
            }
            State::Text(parts) => self.part(input, parts, event),
            State::Item => self.item(input, event),
        }
    }

    fn after_tag(&self) -> State {
        if self.array.is_some() { State::Item } else { State::Content }
    }

    #[inline(always)]
    fn content<'s, 'e>(
        &'s mut self,
        input: &'e [u8],
        dictionaries: Dictionaries<'e>,
        event: &mut Event<'e>,
    ) -> Parse<()>
    where
        S: From<&'e str> + Lend<'s, 'e>,
    {
        let mut at = if self.array.is_some() { self.next_item() } else { self.at };
        let mut kind = *input.get(at).ok_or(Stop::More)?;
        if kind == RecordType::ARRAY.0 {
            at = self.begin_array(Cursor::new(input, at + 1))?;
            kind = *input.get(at).ok_or(Stop::More)?;
        }
        match kind {
            0x40..=0x77 => self.start(kind, Cursor::new(input, at + 1), dictionaries, event),
            0x80..=0xbd => self.text(kind, Cursor::new(input, at + 1), dictionaries, event),
            0x01 if self.depth > 0 => {
                self.at = at + 1;
                self.end(event);
                Ok(())
            }
            0x02 => {
                let mut cursor = Cursor::new(input, at + 1);
                *event = Event::Comment(cursor.string()?);
                self.at = cursor.at;
                Ok(())
            }
            _ => Err(misplaced(kind).into()),
        }
    }

    #[inline(always)]
    fn end(&mut self, event: &mut Event<'_>) {
        self.state = State::Content;
        self.depth -= 1;
        self.scope.close(self.depth);
        if self.depth == 0 {
            self.root = Root::Closed;
        }
        *event = Event::End;
    }

    #[inline(always)]
    fn text<'i>(
        &mut self,
        kind: u8,
        mut cursor: Cursor<'i>,
        dictionaries: Dictionaries<'i>,
        event: &mut Event<'i>,
    ) -> Parse<()> {
        // The list marks have types that end an element, which .NET takes from nobody.
        if kind == 0xa5 || kind == 0xa7 {
            return Err(DecodeError::BadRecord(kind).into());
        }
        let ends = kind & 1 == 1;
        let value = match text_record::value(kind & !1, &mut cursor, dictionaries) {
            Err(Stop::More) if !self.whole && self.depth > 0 => {
                return self.begin_parts(cursor.input, event);
            }
            value => value?,
        };
        if self.depth == 0 {
            if ends {
                return Err(DecodeError::UnbalancedEnd.into());
            }
            if !value.is_blank() {
                return Err(DecodeError::RootText.into());
            }
        }
        self.at = cursor.at;
        if ends {
            self.state = State::End;
        }
        *event = Event::Text(value);
        Ok(())
    }

    /// A text that is not all there.
    #[cold]
    fn begin_parts<'i>(&mut self, input: &'i [u8], event: &mut Event<'i>) -> Parse<()> {
        let mut cursor = Cursor::new(input, self.at);
        let parts = Parts::begin(&mut cursor)?.ok_or(Stop::More)?;
        self.at = cursor.at;
        self.state = State::Text(parts);
        self.part(input, parts, event)
    }

    #[cold]
    fn part<'i>(&mut self, input: &'i [u8], mut parts: Parts, event: &mut Event<'i>) -> Parse<()> {
        let mut cursor = Cursor::new(input, self.at);
        let value = parts.next(&mut cursor)?;
        self.at = cursor.at;
        self.state = match parts {
            parts if !parts.is_over() => State::Text(parts),
            Parts { ends: true, .. } => State::End,
            _ => State::Content,
        };
        *event = Event::Text(value);
        Ok(())
    }

    /// A start tag, from behind its type.
    #[inline(always)]
    fn start<'s, 'e>(
        &'s mut self,
        kind: u8,
        mut cursor: Cursor<'e>,
        dictionaries: Dictionaries<'e>,
        event: &mut Event<'e>,
    ) -> Parse<()>
    where
        S: From<&'e str> + Lend<'s, 'e>,
    {
        if self.depth == 0 && self.root != Root::Awaited {
            return Err(DecodeError::MultipleRoots.into());
        }
        if self.depth >= self.limits.depth {
            return Err(DecodeError::MaxDepth { max: self.limits.depth }.into());
        }
        let (prefix, local) = self.name(kind - 0x40, &mut cursor, dictionaries)?;
        let attributes_at = cursor.at;
        // An earlier attempt may have ended inside the tag.
        self.scope.close(self.depth);
        let mut state = self.after_tag();
        if matches!(cursor.peek()?, 0x04..=0x3f) {
            let declared = self.scope.len();
            let end = self.scan(cursor, dictionaries)?;
            state = State::Tag { end, declared };
        }
        let resolved = self.scope.element(prefix)?;
        self.state = state;
        self.at = attributes_at;
        self.depth += 1;
        self.root = Root::Open;
        *event = Event::Start(Name { prefix, local, namespace: self.scope.namespace(resolved) });
        Ok(())
    }

    /// Prefix and local name: `form` is the record type, counted from the one without a prefix.
    #[inline(always)]
    pub(super) fn name<'i>(
        &mut self,
        form: u8,
        cursor: &mut Cursor<'i>,
        dictionaries: Dictionaries<'i>,
    ) -> Parse<(&'i str, Str<'i>)> {
        let max = self.limits.name;
        let (prefix, inline) = match form {
            0 => ("", true),
            1 => (short(cursor, max)?, true),
            2 => ("", false),
            3 => (short(cursor, max)?, false),
            4..=29 => (letter(form - 4), false),
            _ => (letter(form - 30), true),
        };
        if !inline {
            return Ok((prefix, dictionaries.string(cursor.int31()?)?));
        }
        let local = short(cursor, max)?;
        if let Some(names) = &mut self.names {
            names.count(prefix, self.limits.name_table)?;
            names.count(local, self.limits.name_table)?;
        }
        Ok((prefix, Str::plain(local)))
    }

    /// The next attribute or declaration of a start tag that ends at `end`.
    #[inline(always)]
    fn attribute<'s, 'e>(
        &'s mut self,
        input: &'e [u8],
        dictionaries: Dictionaries<'e>,
        end: usize,
        declared: usize,
        event: &mut Event<'e>,
    ) -> Parse<()>
    where
        S: Lend<'s, 'e>,
    {
        let mut cursor = Cursor::new(input, self.at);
        let kind = cursor.peek()?;
        if matches!(kind, 0x08..=0x0b) {
            skip_attribute(&mut cursor)?;
            self.at = cursor.at;
            self.state = State::Tag { end, declared: declared + 1 };
            let (prefix, uri) = self.scope.declaration(declared);
            *event = Event::Namespace { prefix, uri };
            return Ok(());
        }
        cursor.at += 1;
        let (prefix, local) = self.name(attribute_form(kind), &mut cursor, dictionaries)?;
        if prefix.is_empty() && local.text == "xmlns" {
            // As text it would be a declaration, which it is not.
            return Err(DecodeError::ReservedPrefix.into());
        }
        let resolved = self.scope.attribute(prefix)?;
        let kind = cursor.byte()?;
        if kind & 1 == 1 || kind < 0x80 {
            return Err(DecodeError::BadRecord(kind).into());
        }
        let value = text_record::value(kind, &mut cursor, dictionaries)?;
        self.at = cursor.at;
        let name = Name { prefix, local, namespace: self.scope.namespace(resolved) };
        *event = Event::Attribute { name, value };
        Ok(())
    }
}

/// Why a record may not stand in content.
#[cold]
fn misplaced(kind: u8) -> DecodeError {
    match kind {
        0x01 => DecodeError::UnbalancedEnd,
        0x04..=0x3f => DecodeError::MisplacedAttribute(kind),
        0x03 => DecodeError::BadArray,
        _ => DecodeError::BadRecord(kind),
    }
}

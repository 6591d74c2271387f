//! The state of reading a document, apart from its bytes.
//!
//! A start tag is scanned once for its declarations and its end, then walked again for its events, so that no list of attributes is kept. The items of
//! an array are read as elements, one after the other, each from the same start tag.

use super::array::Array;
use super::cursor::{Cursor, Parse, Stop};
use super::dictionaries::Dictionaries;
use super::error::DecodeError;
use super::limits::Limits;
use super::names::{Names, attribute_form, declaration, letter, short};
use super::parts::Parts;
use super::scope::{Resolved, Scope};
use super::text_record;
use crate::wire::xml::{Event, Name, Str};

/// Reads events from input that the caller keeps.
#[derive(Debug)]
pub(super) struct Decoder<S> {
    pub(super) limits: Limits,
    pub(super) scope: Scope<S>,
    /// What the prefix of the last name stands for; the caller puts the namespace into the event.
    pub(super) resolved: Resolved,
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
    Tag { end: usize },
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
            resolved: Resolved::None,
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

    /// The next event; names are without their namespace. [`Stop::More`] also where the document may be over.
    #[inline]
    pub(super) fn next<'i>(&mut self, input: &'i [u8], dictionaries: Dictionaries<'i>) -> Parse<Event<'i>>
    where
        S: From<&'i str>,
    {
        match self.state {
            State::Content => self.content(input, dictionaries),
            State::Tag { end } => self.attribute(input, dictionaries, end),
            State::Text(parts) => self.part(input, parts),
            State::End => Ok(self.end()),
            State::Item => self.item(input, dictionaries),
        }
    }

    #[inline]
    pub(super) fn content<'i>(&mut self, input: &'i [u8], dictionaries: Dictionaries<'i>) -> Parse<Event<'i>>
    where
        S: From<&'i str>,
    {
        if self.array.is_some() {
            return self.next_item(input, dictionaries);
        }
        let mut cursor = Cursor::new(input, self.at);
        let kind = cursor.byte()?;
        match kind {
            0x40..=0x77 => self.start(input, self.at, dictionaries),
            0x80..=0xbd => self.text(kind, cursor, dictionaries),
            0x01 if self.depth == 0 => Err(DecodeError::UnbalancedEnd.into()),
            0x01 => {
                self.at = cursor.at;
                Ok(self.end())
            }
            0x02 => {
                let comment = cursor.string()?;
                self.at = cursor.at;
                Ok(Event::Comment(comment))
            }
            0x03 => {
                self.begin_array(cursor)?;
                self.next_item(input, dictionaries)
            }
            0x04..=0x3f => Err(DecodeError::MisplacedAttribute(kind).into()),
            _ => Err(DecodeError::BadRecord(kind).into()),
        }
    }

    #[inline]
    fn end<'i>(&mut self) -> Event<'i> {
        self.state = State::Content;
        self.depth -= 1;
        self.scope.close(self.depth);
        if self.depth == 0 {
            self.root = Root::Closed;
        }
        Event::End
    }

    #[inline]
    fn text<'i>(
        &mut self,
        kind: u8,
        mut cursor: Cursor<'i>,
        dictionaries: Dictionaries<'i>,
    ) -> Parse<Event<'i>> {
        // The list marks have types that end an element, which .NET takes from nobody.
        if kind == 0xa5 || kind == 0xa7 {
            return Err(DecodeError::BadRecord(kind).into());
        }
        let ends = kind & 1 == 1;
        let value = match text_record::value(kind & !1, &mut cursor, dictionaries) {
            Err(Stop::More) if !self.whole && self.depth > 0 => return self.begin_parts(cursor.input),
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
        Ok(Event::Text(value))
    }

    /// A text that is not all there.
    fn begin_parts<'i>(&mut self, input: &'i [u8]) -> Parse<Event<'i>> {
        let mut cursor = Cursor::new(input, self.at);
        let parts = Parts::begin(&mut cursor)?.ok_or(Stop::More)?;
        self.at = cursor.at;
        self.state = State::Text(parts);
        self.part(input, parts)
    }

    fn part<'i>(&mut self, input: &'i [u8], mut parts: Parts) -> Parse<Event<'i>> {
        let mut cursor = Cursor::new(input, self.at);
        let value = parts.next(&mut cursor)?;
        self.at = cursor.at;
        self.state = match parts {
            parts if !parts.is_over() => State::Text(parts),
            Parts { ends: true, .. } => State::End,
            _ => State::Content,
        };
        Ok(Event::Text(value))
    }

    /// A start tag at `at`.
    #[inline]
    pub(super) fn start<'i>(
        &mut self,
        input: &'i [u8],
        at: usize,
        dictionaries: Dictionaries<'i>,
    ) -> Parse<Event<'i>>
    where
        S: From<&'i str>,
    {
        if self.depth == 0 && self.root != Root::Awaited {
            return Err(DecodeError::MultipleRoots.into());
        }
        if self.depth >= self.limits.depth {
            return Err(DecodeError::MaxDepth { max: self.limits.depth }.into());
        }
        let mut cursor = Cursor::new(input, at);
        let kind = cursor.byte()?;
        let (prefix, local) = self.name(kind - 0x40, &mut cursor, dictionaries)?;
        let attributes_at = cursor.at;
        let next = cursor.peek()?;
        // An earlier attempt may have ended inside the tag.
        self.scope.close(self.depth);
        let mut state = if self.array.is_some() { State::Item } else { State::Content };
        if matches!(next, 0x04..=0x3f) {
            self.scan(&mut cursor, dictionaries)?;
            state = State::Tag { end: cursor.at };
        }
        self.resolved = self.scope.element(prefix)?;
        self.state = state;
        self.at = attributes_at;
        self.depth += 1;
        self.root = Root::Open;
        Ok(Event::Start(Name { prefix, local, namespace: Str::plain("") }))
    }

    /// Prefix and local name: `form` is the record type, counted from the one without a prefix.
    #[inline]
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
    #[inline]
    fn attribute<'i>(
        &mut self,
        input: &'i [u8],
        dictionaries: Dictionaries<'i>,
        end: usize,
    ) -> Parse<Event<'i>>
    where
        S: From<&'i str>,
    {
        if self.at >= end {
            self.state = if self.array.is_some() { State::Item } else { State::Content };
            return self.next(input, dictionaries);
        }
        let mut cursor = Cursor::new(input, self.at);
        let kind = cursor.byte()?;
        if matches!(kind, 0x08..=0x0b) {
            let (prefix, uri) = declaration(kind, &mut cursor, dictionaries, self.limits.name)?;
            self.at = cursor.at;
            return Ok(Event::Namespace { prefix, uri });
        }
        let (prefix, local) = self.name(attribute_form(kind), &mut cursor, dictionaries)?;
        if prefix.is_empty() && local.text == "xmlns" {
            // As text it would be a declaration, which it is not.
            return Err(DecodeError::ReservedPrefix.into());
        }
        self.resolved = self.scope.attribute(prefix)?;
        let kind = cursor.byte()?;
        if kind & 1 == 1 || kind < 0x80 {
            return Err(DecodeError::BadRecord(kind).into());
        }
        let value = text_record::value(kind, &mut cursor, dictionaries)?;
        self.at = cursor.at;
        Ok(Event::Attribute { name: Name { prefix, local, namespace: Str::plain("") }, value })
    }
}

//! The state of reading a document, apart from its bytes.
//!
//! A start tag is scanned once for its declarations and its end, then walked again for its events, so that no list of attributes is kept. The items of
//! an array are read as elements, one after the other, each from the same start tag.

use std::collections::HashSet;

use super::cursor::{Cursor, Parse, Stop};
use super::dictionaries::Dictionaries;
use super::error::DecodeError;
use super::limits::Limits;
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
    state: State,
    root: Root,
    depth: u32,
    array: Option<Array>,
    array_items: u32,
    /// Whether the input is all there is.
    whole: bool,
    names: Option<Names>,
}

/// Attributes of a tag whose names are compared without allocation, each with each.
const FEW: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
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

/// An array whose items are being read.
#[derive(Debug, Clone, Copy)]
struct Array {
    tag_at: usize,
    tag_end: usize,
    kind: u8,
    left: u32,
    next: usize,
}

/// The distinct names of a document, where their size is limited.
#[derive(Debug, Default)]
struct Names {
    seen: HashSet<Box<str>>,
    size: usize,
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
    fn content<'i>(&mut self, input: &'i [u8], dictionaries: Dictionaries<'i>) -> Parse<Event<'i>>
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
    fn start<'i>(&mut self, input: &'i [u8], at: usize, dictionaries: Dictionaries<'i>) -> Parse<Event<'i>>
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
    fn name<'i>(
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
        if self.names.is_some() {
            self.count_names(prefix, local)?;
        }
        Ok((prefix, Str::plain(local)))
    }

    #[cold]
    fn count_names(&mut self, prefix: &str, local: &str) -> Result<(), DecodeError> {
        let max = self.limits.name_table;
        let Some(names) = &mut self.names else { return Ok(()) };
        for name in [prefix, local] {
            if !names.seen.contains(name) {
                names.size += name.len();
                if names.size > max {
                    return Err(DecodeError::NameTableFull { max });
                }
                names.seen.insert(name.into());
            }
        }
        Ok(())
    }

    /// Finds the end of a start tag, and takes its declarations.
    fn scan<'i>(&mut self, cursor: &mut Cursor<'i>, dictionaries: Dictionaries<'i>) -> Parse<()>
    where
        S: From<&'i str>,
    {
        let start = cursor.at;
        let (mut attributes, mut declarations) = (0, 0);
        loop {
            match cursor.peek()? {
                kind @ 0x08..=0x0b => {
                    cursor.at += 1;
                    let (prefix, uri) = declaration(kind, cursor, dictionaries, self.limits.name)?;
                    self.scope.declare(prefix, uri, self.depth + 1, self.limits.namespaces)?;
                    declarations += 1;
                }
                0x04..=0x3f => {
                    skip_attribute(cursor)?;
                    attributes += 1;
                }
                _ => break,
            }
            if attributes + declarations > self.limits.attributes {
                return Err(DecodeError::TooManyAttributes { max: self.limits.attributes }.into());
            }
            if cursor.at - start > self.limits.start_tag {
                return Err(DecodeError::StartTagTooLong { max: self.limits.start_tag }.into());
            }
        }
        if attributes > 1 {
            let tag = &cursor.input[..cursor.at];
            self.refuse_duplicates(Cursor::new(tag, start), attributes as usize, dictionaries)?;
        }
        Ok(())
    }

    /// Compares strings: one name may come from a dictionary and the other be inline, and two prefixes may be of one namespace.
    fn refuse_duplicates<'i>(
        &mut self,
        mut tag: Cursor<'i>,
        count: usize,
        dictionaries: Dictionaries<'i>,
    ) -> Parse<()> {
        let mut few = [("", Resolved::None); FEW];
        let mut many = Vec::new();
        let names = match few.get_mut(..count) {
            Some(names) => names,
            None => {
                many.resize(count, ("", Resolved::None));
                &mut many[..]
            }
        };
        let mut taken = 0;
        while let Ok(kind) = tag.byte() {
            if matches!(kind, 0x08..=0x0b) {
                tag.at -= 1;
                skip_attribute(&mut tag)?;
                continue;
            }
            let (prefix, local) = self.name(attribute_form(kind), &mut tag, dictionaries)?;
            let value = tag.byte()?;
            text_record::skip(value, &mut tag)?;
            let resolved = self.scope.attribute(prefix)?;
            if let Some(name) = names.get_mut(taken) {
                *name = (local.text, resolved);
            }
            taken += 1;
        }
        let scope = &self.scope;
        let twice = if count <= FEW {
            let same = |a: &(&str, Resolved), b: &(&str, Resolved)| {
                a.0 == b.0 && (a.1 == b.1 || scope.text(a.1) == scope.text(b.1))
            };
            (1..names.len()).any(|index| names[..index].iter().any(|name| same(name, &names[index])))
        } else {
            names.sort_unstable_by_key(|name| (name.0, scope.text(name.1)));
            names
                .windows(2)
                .any(|pair| (pair[0].0, scope.text(pair[0].1)) == (pair[1].0, scope.text(pair[1].1)))
        };
        if twice { Err(DecodeError::DuplicateAttribute.into()) } else { Ok(()) }
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

    /// Reads what stands between the mark of an array and its items, [MC-NBFX] 2.2.3.
    fn begin_array(&mut self, mut cursor: Cursor<'_>) -> Parse<()> {
        if self.depth == 0 {
            // It would stand for several roots.
            return Err(DecodeError::MultipleRoots.into());
        }
        let tag_at = cursor.at;
        let kind = cursor.byte()?;
        if !matches!(kind, 0x40..=0x77) {
            return Err(DecodeError::BadArray.into());
        }
        skip_name(kind - 0x40, &mut cursor)?;
        let mut attributes = 0;
        while matches!(cursor.peek()?, 0x04..=0x3f) {
            skip_attribute(&mut cursor)?;
            attributes += 1;
            if attributes > self.limits.attributes {
                return Err(DecodeError::TooManyAttributes { max: self.limits.attributes }.into());
            }
            if cursor.at - tag_at > self.limits.start_tag {
                return Err(DecodeError::StartTagTooLong { max: self.limits.start_tag }.into());
            }
        }
        let tag_end = cursor.at;
        if cursor.byte()? != 0x01 {
            return Err(DecodeError::BadArray.into());
        }
        let kind = cursor.byte()?;
        let size = text_record::item_size(kind).ok_or(DecodeError::BadArray)?;
        let count = cursor.int31()?;
        if count == 0 {
            return Err(DecodeError::BadArray.into());
        }
        let left = cursor.input.len() - cursor.at;
        if self.whole && u64::from(count) * size as u64 > left as u64 {
            return Err(Stop::More);
        }
        let max = self.limits.array_items;
        self.array_items = self
            .array_items
            .checked_add(count)
            .filter(|items| *items <= max)
            .ok_or(DecodeError::ArrayTooLong { max })?;
        self.at = cursor.at;
        self.array = Some(Array { tag_at, tag_end, kind, left: count, next: cursor.at });
        Ok(())
    }

    /// The element of the next item, or what follows the array.
    fn next_item<'i>(&mut self, input: &'i [u8], dictionaries: Dictionaries<'i>) -> Parse<Event<'i>>
    where
        S: From<&'i str>,
    {
        match self.array {
            Some(Array { tag_at, left: 1.., .. }) => self.start(input, tag_at, dictionaries),
            Some(Array { next, .. }) => {
                self.at = next;
                self.array = None;
                self.content(input, dictionaries)
            }
            None => self.content(input, dictionaries),
        }
    }

    fn item<'i>(&mut self, input: &'i [u8], dictionaries: Dictionaries<'i>) -> Parse<Event<'i>> {
        let Some(array) = &mut self.array else { return Err(DecodeError::BadArray.into()) };
        let mut cursor = Cursor::new(input, array.next);
        let value = text_record::value(array.kind & !1, &mut cursor, dictionaries)?;
        array.next = cursor.at;
        array.left -= 1;
        self.at = cursor.at;
        self.state = State::End;
        Ok(Event::Text(value))
    }

    /// Which input is still needed: that before the second number is not, apart from the first range.
    pub(super) fn needs(&self) -> (std::ops::Range<usize>, usize) {
        match self.array {
            Some(array) => (array.tag_at..array.tag_end + 1, array.next),
            None => (0..0, self.at),
        }
    }

    /// The input is now what [`Self::needs`] told, one directly after the other.
    pub(super) fn moved(&mut self) {
        let (tag, rest) = self.needs();
        if let Some(array) = &mut self.array {
            if let State::Tag { end } = &mut self.state {
                *end -= tag.start;
                self.at -= tag.start;
            } else {
                self.at = tag.len();
            }
            array.tag_at = 0;
            array.tag_end -= tag.start;
            array.next = tag.len();
        } else {
            if let State::Tag { end } = &mut self.state {
                *end -= rest;
            }
            self.at = 0;
        }
    }
}

#[inline]
fn letter(index: u8) -> &'static str {
    let index = usize::from(index);
    "abcdefghijklmnopqrstuvwxyz".get(index..=index).unwrap_or_default()
}

/// Attributes have the same forms of names as elements.
#[inline]
fn attribute_form(kind: u8) -> u8 {
    if kind < 0x08 { kind - 0x04 } else { kind - 0x08 }
}

/// A name or prefix, refused by its length before all of it is there.
#[inline]
fn short<'i>(cursor: &mut Cursor<'i>, max: usize) -> Parse<&'i str> {
    let start = cursor.at;
    let size = cursor.int31()? as usize;
    if size > max {
        return Err(DecodeError::NameTooLong { max }.into());
    }
    cursor.at = start;
    cursor.string()
}

fn declaration<'i>(
    kind: u8,
    cursor: &mut Cursor<'i>,
    dictionaries: Dictionaries<'i>,
    max: usize,
) -> Parse<(&'i str, Str<'i>)> {
    let prefix = if kind & 1 == 1 { short(cursor, max)? } else { "" };
    let uri =
        if kind < 0x0a { Str::plain(short(cursor, max)?) } else { dictionaries.string(cursor.int31()?)? };
    Ok((prefix, uri))
}

#[inline]
fn skip_name(form: u8, cursor: &mut Cursor<'_>) -> Parse<()> {
    if matches!(form, 1 | 3) {
        skip_string(cursor)?;
    }
    if matches!(form, 2..=29) { cursor.int31().map(|_| ()) } else { skip_string(cursor) }
}

#[inline]
fn skip_string(cursor: &mut Cursor<'_>) -> Parse<()> {
    let size = cursor.int31()?;
    cursor.take(size as usize).map(|_| ())
}

/// Passes an attribute or a declaration.
#[inline]
fn skip_attribute(cursor: &mut Cursor<'_>) -> Parse<()> {
    let kind = cursor.byte()?;
    match kind {
        0x08 => skip_string(cursor),
        0x09 => {
            skip_string(cursor)?;
            skip_string(cursor)
        }
        0x0a => cursor.int31().map(|_| ()),
        0x0b => {
            skip_string(cursor)?;
            cursor.int31().map(|_| ())
        }
        _ => {
            skip_name(attribute_form(kind), cursor)?;
            let value = cursor.byte()?;
            text_record::skip(value, cursor)
        }
    }
}

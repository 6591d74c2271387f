//! Events from text XML.

use std::ops::Range;

use super::chars;
use super::charset::{Charset, CharsetDecoder};
use super::error::XmlError;
use super::event::{Event, Name};
use super::limits::XmlLimits;
use super::scan::{Scanner, Token};
use super::scope::Scope;
use super::string::Str;
use super::tag::{self, Part, Place, Tag};
use super::value::Value;

/// Reads one document of text XML as it comes, in memory that does not grow with it.
///
/// Call [`Self::push`] with some bytes, then [`Self::next`] until it answers `Ok(None)`, and so on; after the last bytes call
/// [`Self::finish`] and then [`Self::next`] until it answers `Ok(None)` again: the document was whole. The events are the same
/// however the bytes are cut. Text comes in pieces of some kilobytes.
///
/// XML 1.0 with namespaces, without document type definitions and processing instructions; references are to the five entities
/// and to characters. White space outside the root is no event.
#[derive(Debug)]
pub struct TextReader {
    limits: XmlLimits,
    bytes: CharsetDecoder,
    scanner: Scanner,
    scope: Scope,
    tag: Tag,
    /// Values that do not stand in the source as they are meant.
    made: String,
    /// The names of the open elements as written, one after the other, and where each begins.
    open: String,
    open_at: Vec<usize>,
    state: State,
    /// Where the token of the last event began, in bytes of UTF-8 from the beginning.
    token_at: u64,
    declaration: bool,
    /// What is wrong with the bytes behind those that the scanner has.
    broken: Option<XmlError>,
    error: Option<XmlError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    /// A start tag was read; this part of it is the next event.
    Tag {
        part: usize,
        empty: bool,
    },
    Inside,
    After,
}

/// An event by its places, so that it can be made once nothing is borrowed mutably.
enum Step {
    Start,
    Part(usize),
    Text(Place),
    Comment(Place),
    End,
}

impl TextReader {
    /// A document that is in UTF-8 unless its first bytes say otherwise.
    pub fn new(limits: XmlLimits) -> Self {
        Self::told(Charset::Utf8, limits)
    }

    /// A document whose transport says what its charset is; a byte order mark is believed more.
    pub fn told(charset: Charset, limits: XmlLimits) -> Self {
        Self {
            bytes: CharsetDecoder::new(charset),
            scanner: Scanner::new(limits.markup),
            scope: Scope::new(),
            tag: Tag::default(),
            made: String::new(),
            // Room for what an envelope usually has, so that its first kilobyte does not make them grow five times.
            open: String::with_capacity(128),
            open_at: Vec::with_capacity(16),
            state: State::Before,
            token_at: 0,
            declaration: false,
            broken: None,
            error: None,
            limits,
        }
    }

    /// Takes the next bytes of the document. What is wrong with them is told by [`Self::next`], in its turn.
    pub fn push(&mut self, bytes: &[u8]) {
        self.take_in(|decoder, text| decoder.push(bytes, text));
    }

    /// The document is over.
    pub fn finish(&mut self) {
        self.take_in(|decoder, text| decoder.finish(text));
        if self.broken.is_none() {
            self.scanner.finish();
        }
    }

    fn take_in(&mut self, decode: impl FnOnce(&mut CharsetDecoder, &mut String) -> Result<(), XmlError>) {
        if self.broken.is_some() {
            return;
        }
        // A start tag that is not handed out whole keeps its place.
        let text = self.scanner.input(matches!(self.state, State::Tag { .. }));
        let old = text.len();
        // What stands before something wrong is read first, so that the answer does not depend on how the bytes were cut.
        self.broken = decode(&mut self.bytes, text).err();
        if let Some(char) = chars::forbidden(&text[old..]) {
            text.truncate(old + text[old..].find(char).unwrap_or(0));
            self.broken = Some(XmlError::BadCharacter(char));
        }
        let (position, max) = (self.scanner.end(), self.limits.document);
        if position > max {
            self.scanner.cut(position - max);
            self.broken = Some(XmlError::DocumentTooLong { max });
        }
    }

    /// The next event. `Ok(None)`: more bytes are needed; or, after [`Self::finish`], the document is over.
    ///
    /// # Errors
    /// [`XmlError`]; every later call gives the same one.
    #[allow(clippy::should_implement_trait, reason = "the event borrows from the reader")]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, XmlError> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let step = match (self.step(), &self.broken) {
            (Ok(None), Some(broken)) => Err(broken.clone()),
            (step, _) => step,
        };
        match step {
            Ok(step) => Ok(step.map(|step| self.event(&step))),
            Err(error) => {
                self.error = Some(error.clone());
                Err(error)
            }
        }
    }

    /// How the document is written as bytes, once its first ones have come.
    pub fn charset(&self) -> Charset {
        self.bytes.charset()
    }

    /// Bytes of the byte order mark.
    pub fn mark_len(&self) -> usize {
        self.bytes.mark_len()
    }

    /// Whether the document began with an XML declaration.
    pub fn has_declaration(&self) -> bool {
        self.declaration
    }

    /// Open elements. A start tag counts from its event on, to its end's.
    pub fn depth(&self) -> usize {
        self.open_at.len()
    }

    /// Where the markup or text of the last event stands, in bytes of UTF-8 from the beginning without a byte order mark. The
    /// events of a start tag all have the tag's place; the end of `<a/>` has it as well.
    pub fn span(&self) -> Range<u64> {
        self.token_at..self.scanner.position()
    }

    fn step(&mut self) -> Result<Option<Step>, XmlError> {
        match self.state {
            State::Tag { part, .. } if part < self.tag.parts.len() => {
                if let State::Tag { part, .. } = &mut self.state {
                    *part += 1;
                }
                return Ok(Some(Step::Part(part)));
            }
            State::Tag { empty, .. } => {
                self.state = State::Inside;
                if empty {
                    return Ok(Some(self.end()));
                }
            }
            State::Before | State::Inside | State::After => {}
        }
        self.made.clear();
        loop {
            let at = self.scanner.position();
            let Some(token) = self.scanner.next()? else {
                return if self.scanner.is_over() { self.over() } else { Ok(None) };
            };
            if let Some(step) = self.token(token)? {
                // Behind the declaration and white space around the root, which are no events.
                self.token_at = at;
                return Ok(Some(step));
            }
        }
    }

    fn over(&self) -> Result<Option<Step>, XmlError> {
        match self.state {
            State::After => Ok(None),
            State::Before => Err(XmlError::NoRoot),
            _ => Err(XmlError::UnexpectedEof),
        }
    }

    fn token(&mut self, token: Token) -> Result<Option<Step>, XmlError> {
        let source = self.scanner.text();
        Ok(match token {
            Token::Declaration(range) => {
                check_declaration(&source[range], self.bytes.charset())?;
                self.declaration = true;
                None
            }
            Token::Start { content, empty } => {
                if self.state == State::After {
                    return Err(XmlError::MultipleRoots);
                }
                if self.open_at.len() == self.limits.depth {
                    return Err(XmlError::TooDeep { max: self.limits.depth });
                }
                self.tag.read(source, content, &mut self.made, &mut self.scope, &self.limits)?;
                self.open_at.push(self.open.len());
                let name = &self.tag.name;
                self.open.push_str(&source[name.prefix.start.min(name.local.start)..name.local.end]);
                self.state = State::Tag { part: 0, empty };
                Some(Step::Start)
            }
            Token::End(range) => {
                let from = self.open_at.last().ok_or(XmlError::UnbalancedEnd)?;
                if source[range].trim_end_matches(tag::is_white) != &self.open[*from..] {
                    return Err(XmlError::UnbalancedEnd);
                }
                Some(self.end())
            }
            Token::Text(range) if self.state != State::Inside => {
                if !source[range].chars().all(tag::is_white) {
                    return Err(XmlError::RootText);
                }
                None
            }
            Token::Cdata(_) if self.state != State::Inside => return Err(XmlError::RootText),
            Token::Text(range) => {
                let text = tag::characters(&source[range.clone()])?;
                Some(Step::Text(Place::keep(text, range.start, &mut self.made)))
            }
            Token::Cdata(range) if range.is_empty() => None,
            Token::Cdata(range) => {
                let text = tag::line_ends(&source[range.clone()]);
                Some(Step::Text(Place::keep(text, range.start, &mut self.made)))
            }
            Token::Comment(range) => {
                let text = &source[range.clone()];
                if text.contains("--") || text.ends_with('-') {
                    return Err(XmlError::BadComment);
                }
                Some(Step::Comment(Place::keep(tag::line_ends(text), range.start, &mut self.made)))
            }
        })
    }

    fn end(&mut self) -> Step {
        let from = self.open_at.pop().unwrap_or(0);
        self.open.truncate(from);
        self.scope.close();
        self.state = if self.open_at.is_empty() { State::After } else { State::Inside };
        Step::End
    }

    fn event(&self, step: &Step) -> Event<'_> {
        let source = self.scanner.text();
        let text = |place: &Place| place.of(source, &self.made);
        // Every prefix was resolved when its tag was read.
        let element = |prefix: &str| self.scope.resolve(prefix).unwrap_or_default();
        match step {
            Step::Start => {
                let prefix = &source[self.tag.name.prefix.clone()];
                let local = Str::plain(&source[self.tag.name.local.clone()]);
                Event::Start(Name { prefix, local, namespace: Str::plain(element(prefix)) })
            }
            Step::Part(at) => match &self.tag.parts[*at] {
                Part::Namespace { prefix, uri } => {
                    Event::Namespace { prefix: &source[prefix.clone()], uri: Str::plain(text(uri)) }
                }
                Part::Attribute { name, value } => {
                    let namespace = tag::attribute_namespace(source, name, &self.scope).unwrap_or_default();
                    let (prefix, local) = (&source[name.prefix.clone()], &source[name.local.clone()]);
                    let name = Name { prefix, local: Str::plain(local), namespace: Str::plain(namespace) };
                    Event::Attribute { name, value: Value::Chars(text(value)) }
                }
            },
            Step::Text(place) => Event::Text(Value::Chars(text(place))),
            Step::Comment(place) => Event::Comment(text(place)),
            Step::End => Event::End,
        }
    }
}

/// XML 1.0 section 2.8; the encoding is the one of the bytes.
fn check_declaration(content: &str, charset: Charset) -> Result<(), XmlError> {
    let start = quick_xml::events::BytesStart::from_content(content, 0);
    let mut expected = ["version", "encoding", "standalone"].iter();
    let mut first = true;
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| XmlError::BadDeclaration)?;
        let (key, value) = (attribute.key.0, attribute.value.as_ref());
        let in_order = expected.any(|name| *name == key) && (key == "version") == first;
        first = false;
        let right = match key {
            "version" => value == "1.0",
            "encoding" => charset.may_be_named(value),
            _ => matches!(value, "yes" | "no"),
        };
        if !in_order || !right {
            return Err(XmlError::BadDeclaration);
        }
    }
    if first { Err(XmlError::BadDeclaration) } else { Ok(()) }
}

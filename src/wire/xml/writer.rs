//! Text XML from events.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::chars;
use super::charset::Charset;
use super::error::XmlError;
use super::event::{Event, Name};
use super::scope::Scope;
use super::value::Value;

/// Writes one document of text XML, event by event.
///
/// What it writes is well formed whatever it is told: a name that is none, a character that XML does not have, an end without a
/// start are refused, so that no name or comment smuggles markup in. Bytes that come in several pieces become one base64 text.
/// Prefixes and declarations are written as they come; what a prefix stands for is checked when its tag is complete.
#[derive(Debug)]
pub struct TextWriter {
    style: TextStyle,
    out: String,
    /// The names of the open elements, one after the other, and where each begins.
    open: String,
    open_at: Vec<usize>,
    scope: Scope,
    /// A start tag that still lacks its `>`, and the names in it that are not resolved yet.
    in_tag: bool,
    pending: String,
    /// Of each: where its prefix ends in `pending`, and where the namespace after that.
    pending_at: Vec<(usize, usize)>,
    /// Bytes of the text before that did not fill three.
    bytes: [u8; 3],
    bytes_len: usize,
    root_done: bool,
    begun: bool,
}

/// How a document is written where XML leaves a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextStyle {
    /// How its characters become bytes.
    pub charset: Charset,
    /// Whether it begins with a byte order mark.
    pub mark: bool,
    /// Whether it begins with an XML declaration.
    pub declaration: bool,
    /// Whether an element without content is `<a />` and not `<a></a>`.
    pub short: bool,
    /// Whether characters that XML does not have are written as references all the same: for people to read, not for readers.
    pub lenient: bool,
}

impl TextWriter {
    /// A document in the given style.
    pub fn new(style: TextStyle) -> Self {
        Self {
            style,
            out: String::new(),
            open: String::new(),
            open_at: Vec::new(),
            scope: Scope::new(),
            in_tag: false,
            pending: String::new(),
            pending_at: Vec::new(),
            bytes: [0; 3],
            bytes_len: 0,
            root_done: false,
            begun: false,
        }
    }

    /// Writes one event.
    ///
    /// # Errors
    /// [`XmlError`]: what the event says cannot stand in text XML here. Nothing more can be written then.
    pub fn event(&mut self, event: &Event<'_>) -> Result<(), XmlError> {
        match event {
            Event::Start(name) => {
                self.content()?;
                if self.root_done && self.open_at.is_empty() {
                    return Err(XmlError::MultipleRoots);
                }
                self.begin();
                self.out.push('<');
                self.open_at.push(self.open.len());
                let from = self.out.len();
                self.name(name)?;
                self.open.push_str(&self.out[from..]);
                self.scope.open();
                self.in_tag = true;
                self.root_done = true;
                self.expect(name);
                Ok(())
            }
            Event::Namespace { prefix, uri } => {
                self.attribute_may_come()?;
                self.scope.declare(prefix, uri.text)?;
                if prefix.is_empty() {
                    self.out.push_str(" xmlns");
                } else {
                    checked(prefix)?;
                    self.out.push_str(" xmlns:");
                    self.out.push_str(prefix);
                }
                self.attribute_value(&Value::Chars(uri.text))
            }
            Event::Attribute { name, value } => {
                self.attribute_may_come()?;
                // As text it would be a declaration.
                if name.prefix.is_empty() && name.local == "xmlns" {
                    return Err(XmlError::ReservedPrefix);
                }
                self.out.push(' ');
                self.name(name)?;
                if !name.prefix.is_empty() {
                    self.expect(name);
                }
                self.attribute_value(value)
            }
            Event::Text(value) => self.text(value),
            Event::Comment(text) => {
                self.content()?;
                self.begin();
                if text.contains("--") || text.ends_with('-') {
                    return Err(XmlError::BadComment);
                }
                if let Some(char) = chars::forbidden(text) {
                    return Err(XmlError::BadCharacter(char));
                }
                self.out.push_str("<!--");
                self.out.push_str(text);
                self.out.push_str("-->");
                Ok(())
            }
            Event::End => self.end(),
        }
    }

    /// Moves what is written so far to the end of `out`.
    pub fn take(&mut self, out: &mut Vec<u8>) {
        self.style.charset.encode(&self.out, out);
        self.out.clear();
    }

    /// Bytes of UTF-8 that are written and not taken.
    pub fn written(&self) -> usize {
        self.out.len()
    }

    /// Open elements.
    pub fn depth(&self) -> usize {
        self.open_at.len()
    }

    /// The document is over.
    ///
    /// # Errors
    /// [`XmlError::NoRoot`], [`XmlError::UnexpectedEof`].
    pub fn finish(&self) -> Result<(), XmlError> {
        match (self.root_done, self.open_at.is_empty()) {
            (false, _) => Err(XmlError::NoRoot),
            (true, false) => Err(XmlError::UnexpectedEof),
            (true, true) => Ok(()),
        }
    }

    fn begin(&mut self) {
        if self.begun {
            return;
        }
        self.begun = true;
        if self.style.mark {
            self.out.push('\u{feff}');
        }
        if self.style.declaration {
            let name = self.style.charset.name();
            let _ = write!(self.out, "<?xml version=\"1.0\" encoding=\"{name}\"?>");
        }
    }

    /// Remembers that a name's prefix has to stand for its namespace once the tag is complete.
    fn expect(&mut self, name: &Name<'_>) {
        self.pending.push_str(name.prefix);
        let prefix_end = self.pending.len();
        self.pending.push_str(name.namespace.text);
        self.pending_at.push((prefix_end, self.pending.len()));
    }

    fn attribute_may_come(&self) -> Result<(), XmlError> {
        if self.in_tag { Ok(()) } else { Err(XmlError::BadMarkup) }
    }

    /// Closes the start tag and what bytes are left of the text before, because something else follows.
    fn content(&mut self) -> Result<(), XmlError> {
        self.close_tag(">")?;
        self.flush_bytes();
        Ok(())
    }

    fn close_tag(&mut self, with: &str) -> Result<(), XmlError> {
        if !self.in_tag {
            return Ok(());
        }
        self.in_tag = false;
        let mut start = 0;
        for (prefix_end, end) in self.pending_at.drain(..) {
            let prefix = &self.pending[start..prefix_end];
            if self.scope.resolve(prefix)? != &self.pending[prefix_end..end] {
                return Err(XmlError::UndefinedPrefix);
            }
            start = end;
        }
        self.pending.clear();
        self.out.push_str(with);
        Ok(())
    }

    fn end(&mut self) -> Result<(), XmlError> {
        let from = self.open_at.pop().ok_or(XmlError::UnbalancedEnd)?;
        if self.in_tag && self.style.short {
            self.close_tag(" />")?;
        } else {
            self.content()?;
            self.out.push_str("</");
            self.out.push_str(&self.open[from..]);
            self.out.push('>');
        }
        self.open.truncate(from);
        self.scope.close();
        Ok(())
    }

    fn name(&mut self, name: &Name<'_>) -> Result<(), XmlError> {
        if !name.prefix.is_empty() {
            if name.prefix == "xmlns" {
                return Err(XmlError::ReservedPrefix);
            }
            checked(name.prefix)?;
            self.out.push_str(name.prefix);
            self.out.push(':');
        }
        checked(name.local.text)?;
        self.out.push_str(name.local.text);
        Ok(())
    }

    fn attribute_value(&mut self, value: &Value<'_>) -> Result<(), XmlError> {
        self.out.push_str("=\"");
        self.value(value, true)?;
        self.out.push('"');
        Ok(())
    }

    fn text(&mut self, value: &Value<'_>) -> Result<(), XmlError> {
        self.close_tag(">")?;
        if self.open_at.is_empty() {
            return if value.is_blank() { Ok(()) } else { Err(XmlError::RootText) };
        }
        if let Value::Bytes(bytes) = value {
            self.push_bytes(bytes);
            return Ok(());
        }
        if value.is_no_text() {
            // As in binary, it does not part the bytes before it from those behind it.
            return Ok(());
        }
        self.flush_bytes();
        self.value(value, false)
    }

    fn value(&mut self, value: &Value<'_>, attribute: bool) -> Result<(), XmlError> {
        let mut out = Escaped { out: &mut self.out, attribute, lenient: self.style.lenient, forbidden: None };
        let done = match value.as_str() {
            Some(text) => out.write_str(text),
            None => write!(out, "{value}"),
        };
        match (out.forbidden, done) {
            (Some(char), _) => Err(XmlError::BadCharacter(char)),
            (None, Ok(())) => Ok(()),
            (None, Err(fmt::Error)) => Err(XmlError::BadMarkup),
        }
    }

    // Binary XML page, 4.6: several Bytes records of one element are one base64 text.
    fn push_bytes(&mut self, mut bytes: &[u8]) {
        while self.bytes_len > 0 && self.bytes_len < 3 {
            let Some((first, rest)) = bytes.split_first() else { return };
            self.bytes[self.bytes_len] = *first;
            self.bytes_len += 1;
            bytes = rest;
        }
        if self.bytes_len == 3 {
            self.flush_bytes();
        }
        let (whole, rest) = bytes.split_at(bytes.len() - bytes.len() % 3);
        STANDARD.encode_string(whole, &mut self.out);
        self.bytes[..rest.len()].copy_from_slice(rest);
        self.bytes_len = rest.len();
    }

    fn flush_bytes(&mut self) {
        if self.bytes_len > 0 {
            STANDARD.encode_string(&self.bytes[..self.bytes_len], &mut self.out);
            self.bytes_len = 0;
        }
    }
}

fn checked(name: &str) -> Result<(), XmlError> {
    if chars::is_ncname(name) { Ok(()) } else { Err(XmlError::BadName) }
}

/// Escapes what passes: `&`, `<`, `>` and CR, in attributes also `"`, TAB and LF, which a reader would make spaces.
struct Escaped<'a> {
    out: &'a mut String,
    attribute: bool,
    lenient: bool,
    forbidden: Option<char>,
}

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if let Some(char) = chars::forbidden(text)
            && !self.lenient
        {
            self.forbidden = Some(char);
            return Err(fmt::Error);
        }
        let attribute = self.attribute;
        let special = |c: char| match c {
            '&' | '<' | '>' | '\r' => true,
            '"' | '\t' | '\n' => attribute,
            c => !chars::is_char(c),
        };
        let mut rest = text;
        while let Some(at) = rest.find(special) {
            self.out.push_str(&rest[..at]);
            let Some(char) = rest[at..].chars().next() else { break };
            match char {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                char => write!(self.out, "&#x{:X};", u32::from(char))?,
            }
            rest = &rest[at + char.len_utf8()..];
        }
        self.out.push_str(rest);
        Ok(())
    }
}

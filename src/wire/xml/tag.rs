//! A start tag taken apart: declarations and attributes, their values normalised.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;
use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;
use quick_xml::events::attributes::Attribute;

use super::chars;
use super::error::XmlError;
use super::limits::XmlLimits;
use super::scope::Scope;

/// A piece of text that stands in the source as it is meant, or had to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A place in the source.
    Source(Range<usize>),
    /// A place in the text that was made.
    Made(Range<usize>),
}

impl Place {
    /// The text, from the source or from what was made.
    pub(super) fn of<'a>(&self, source: &'a str, made: &'a str) -> &'a str {
        match self {
            Self::Source(range) => &source[range.clone()],
            Self::Made(range) => &made[range.clone()],
        }
    }

    /// The place of `text`, which is a part of `source` if it was borrowed, and is appended to `made` if not.
    pub(super) fn keep(text: Cow<'_, str>, at: usize, made: &mut String) -> Self {
        match text {
            Cow::Borrowed(text) => Self::Source(at..at + text.len()),
            Cow::Owned(text) => {
                let from = made.len();
                made.push_str(&text);
                Self::Made(from..made.len())
            }
        }
    }
}

/// A name as the source has it, with a prefix or without. An empty range: no prefix.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct RawName {
    pub(super) prefix: Range<usize>,
    pub(super) local: Range<usize>,
}

impl RawName {
    /// The name that stands at `at` in `source`.
    fn parse(source: &str, at: Range<usize>, max: usize) -> Result<Self, XmlError> {
        if at.len() > max {
            return Err(XmlError::NameTooLong { max });
        }
        let colon = source.as_bytes()[at.clone()].iter().position(|byte| *byte == b':');
        let name = match colon {
            Some(colon) => Self { prefix: at.start..at.start + colon, local: at.start + colon + 1..at.end },
            None => Self { prefix: at.start..at.start, local: at },
        };
        let bad_prefix = colon.is_some() && !chars::is_ncname(&source[name.prefix.clone()]);
        if bad_prefix || !chars::is_ncname(&source[name.local.clone()]) {
            return Err(XmlError::BadName);
        }
        Ok(name)
    }
}

/// What a start tag holds besides its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// `xmlns:prefix="uri"`, or `xmlns="uri"` with an empty prefix.
    Namespace { prefix: Range<usize>, uri: Place },
    /// Any other attribute.
    Attribute { name: RawName, value: Place },
}

/// A start tag; one value is used again and again.
#[derive(Debug, Default)]
pub(super) struct Tag {
    pub(super) name: RawName,
    pub(super) parts: Vec<Part>,
}

impl Tag {
    /// Reads the tag whose content (without `<`, `>` and `/`) stands at `content` in `source`, and opens its element in `scope`.
    pub(super) fn read(
        &mut self,
        source: &str,
        content: Range<usize>,
        made: &mut String,
        scope: &mut Scope,
        limits: &XmlLimits,
    ) -> Result<(), XmlError> {
        let text = &source[content.clone()];
        let name_len = text.bytes().position(is_white_byte).unwrap_or(text.len());
        self.name = RawName::parse(source, content.start..content.start + name_len, limits.name)?;
        self.parts.clear();
        scope.open();
        let start = BytesStart::from_content(text, name_len);
        // Where the attributes may go on: white space has to stand before each.
        let mut behind = name_len;
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| XmlError::BadMarkup)?;
            if self.parts.len() == limits.attributes {
                return Err(XmlError::TooManyAttributes { max: limits.attributes });
            }
            let value = normalised(&attribute)?;
            let Cow::Borrowed(raw) = attribute.value else { return Err(XmlError::BadMarkup) };
            let key_at = place(text, attribute.key.0);
            let value_at = content.start + place(text, raw);
            if key_at == behind || raw.contains('<') {
                return Err(XmlError::BadMarkup);
            }
            behind = value_at - content.start + raw.len() + 1;
            let key = content.start + key_at..content.start + key_at + attribute.key.0.len();
            let name = RawName::parse(source, key, limits.name)?;
            let value = Place::keep(value, value_at, made);
            self.parts.push(match (&source[name.prefix.clone()], &source[name.local.clone()]) {
                ("", "xmlns") => Part::Namespace { prefix: name.prefix, uri: value },
                ("xmlns", _) => Part::Namespace { prefix: name.local, uri: value },
                _ => Part::Attribute { name, value },
            });
        }
        if !text[behind..].chars().all(is_white) {
            return Err(XmlError::BadMarkup);
        }
        self.resolve(source, made, scope, limits)
    }

    /// Declares what the tag declares, then looks up every prefix in it: a declaration counts for its whole tag.
    fn resolve(
        &self,
        source: &str,
        made: &str,
        scope: &mut Scope,
        limits: &XmlLimits,
    ) -> Result<(), XmlError> {
        for part in &self.parts {
            if let Part::Namespace { prefix, uri } = part {
                if scope.len() == limits.namespaces {
                    return Err(XmlError::TooManyNamespaces { max: limits.namespaces });
                }
                scope.declare(&source[prefix.clone()], uri.of(source, made))?;
            }
        }
        if &source[self.name.prefix.clone()] == "xmlns" {
            return Err(XmlError::ReservedPrefix);
        }
        scope.resolve(&source[self.name.prefix.clone()])?;
        for (at, part) in self.parts.iter().enumerate() {
            let Part::Attribute { name, .. } = part else { continue };
            let namespace = attribute_namespace(source, name, scope)?;
            for other in &self.parts[..at] {
                let Part::Attribute { name: other, .. } = other else { continue };
                if source[other.local.clone()] == source[name.local.clone()]
                    && attribute_namespace(source, other, scope)? == namespace
                {
                    return Err(XmlError::DuplicateAttribute);
                }
            }
        }
        Ok(())
    }
}

/// An attribute without a prefix has no namespace, whatever the default is.
pub(super) fn attribute_namespace<'a>(
    source: &str,
    name: &RawName,
    scope: &'a Scope,
) -> Result<&'a str, XmlError> {
    if name.prefix.is_empty() { Ok("") } else { scope.resolve(&source[name.prefix.clone()]) }
}

/// Where `part` stands in `whole`, which it is a part of.
fn place(whole: &str, part: &str) -> usize {
    part.as_ptr() as usize - whole.as_ptr() as usize
}

/// XML 1.0 section 3.3.3: white space becomes spaces, references what they stand for.
fn normalised<'a>(attribute: &Attribute<'a>) -> Result<Cow<'a, str>, XmlError> {
    // Every character that is not meant as it stands is below a space, but for the reference.
    if !attribute.value.bytes().any(|byte| byte < b' ' || byte == b'&') {
        return Ok(attribute.value.clone());
    }
    let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|_| XmlError::UnknownEntity)?;
    allowed(Cow::Owned(value.into_owned()))
}

/// The text of a run between tags: line ends are one LF (XML 1.0 section 2.11), references are what they stand for.
pub(super) fn characters(raw: &str) -> Result<Cow<'_, str>, XmlError> {
    let text = line_ends(raw);
    if memchr(b'&', text.as_bytes()).is_none() {
        return Ok(text);
    }
    let value = quick_xml::escape::unescape_with(&text, quick_xml::escape::resolve_xml_entity);
    allowed(Cow::Owned(value.map_err(|_| XmlError::UnknownEntity)?.into_owned()))
}

/// Line ends are one LF, XML 1.0 section 2.11.
pub(super) fn line_ends(raw: &str) -> Cow<'_, str> {
    if memchr(b'\r', raw.as_bytes()).is_none() {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.replace("\r\n", "\n").replace('\r', "\n"))
}

fn allowed(text: Cow<'_, str>) -> Result<Cow<'_, str>, XmlError> {
    match chars::forbidden(&text) {
        Some(char) => Err(XmlError::BadCharacter(char)),
        None => Ok(text),
    }
}

/// White space of XML 1.0 section 2.3.
pub(super) fn is_white(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_white_byte(byte: u8) -> bool {
    is_white(char::from(byte))
}

//! The few texts in the body of one of the relay's messages, without a tree.

use super::base64_text::Base64Text;
use super::error::MessageError;
use super::limits::{MAX_MESSAGE, MAX_STRING};
use super::names::XSI;
use crate::wire::soap::QualifiedName;
use crate::wire::xml::{Event, Value};

/// Reads the content of one body: its root element's name and the texts of the elements in it that have no elements of
/// their own, by their path below the root; or the bytes that stand in the body itself.
///
/// Only elements of the root's namespace count. What is nil is left out.
#[derive(Default)]
pub(super) struct Fields {
    root: Option<QualifiedName>,
    /// How many elements are open, the root included.
    depth: usize,
    /// The names of the open elements below the root, with slashes between.
    path: String,
    /// Where each of them begins in `path`.
    starts: Vec<usize>,
    text: String,
    /// Whether the innermost element has had no element so far, is not nil, and is of the right namespace.
    counts: bool,
    found: Vec<(String, String)>,
    /// Bytes kept in `found`.
    kept: usize,
    content: Base64Text,
}

impl Fields {
    /// Takes the next event of the body, its own start and end left out.
    pub(super) fn event(&mut self, event: &Event<'_>) -> Result<(), MessageError> {
        match event {
            Event::Start(name) => {
                self.depth += 1;
                self.text.clear();
                if self.depth == 1 {
                    if self.root.is_some() {
                        return Err(MessageError::Twice("the body's element"));
                    }
                    self.root = Some(QualifiedName::new(name.namespace.text, name.local.text));
                    return Ok(());
                }
                self.starts.push(self.path.len());
                self.path.push('/');
                self.path.push_str(name.local.text);
                self.counts = self.root.as_ref().is_some_and(|root| root.namespace == name.namespace.text);
                if self.path.len() > MAX_STRING {
                    return Err(MessageError::TextTooLong { max: MAX_STRING });
                }
            }
            Event::Attribute { name, value } if self.depth > 1 && name.is(XSI, "nil") => {
                self.count_unless_nil(value);
            }
            Event::Text(value) if self.depth == 0 => self.content.push(value, MAX_MESSAGE)?,
            Event::Text(value) if self.depth > 1 && self.counts => {
                self.text.push_str(&value.text());
                if self.text.len() > MAX_STRING {
                    return Err(MessageError::TextTooLong { max: MAX_STRING });
                }
            }
            Event::End => {
                self.depth = self.depth.saturating_sub(1);
                self.end()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn count_unless_nil(&mut self, value: &Value<'_>) {
        self.counts &= !matches!(value.text().trim(), "true" | "1");
    }

    fn end(&mut self) -> Result<(), MessageError> {
        let Some(start) = self.starts.pop() else { return Ok(()) };
        if std::mem::take(&mut self.counts) {
            let (path, text) = (self.path[1..].to_owned(), std::mem::take(&mut self.text));
            self.kept += path.len() + text.len();
            if self.kept > MAX_MESSAGE {
                return Err(MessageError::TooLarge { max: MAX_MESSAGE });
            }
            self.found.push((path, text));
        }
        self.path.truncate(start);
        Ok(())
    }

    /// Whether the body's element has this name.
    pub(super) fn is(&self, namespace: &str, local: &str) -> bool {
        self.root.as_ref().is_some_and(|root| root.namespace == namespace && root.local == local)
    }

    /// The text at a path, without white space around it; `None`: there is none.
    pub(super) fn take(&mut self, path: &'static str) -> Result<Option<String>, MessageError> {
        let mut texts = self.found.iter_mut().filter(|(other, _)| *other == path);
        let text = texts.next().map(|(_, text)| text.trim().to_owned());
        if texts.next().is_some() {
            return Err(MessageError::Twice(path));
        }
        Ok(text)
    }

    /// The text at a path, which has to be there.
    pub(super) fn need(&mut self, path: &'static str) -> Result<String, MessageError> {
        self.take(path)?.filter(|text| !text.is_empty()).ok_or(MessageError::Missing(path))
    }

    /// The value at a path.
    pub(super) fn parse<T>(
        &mut self,
        path: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, MessageError> {
        let text = self.take(path)?.filter(|text| !text.is_empty());
        text.map(|text| parse(&text).ok_or(MessageError::BadValue(path))).transpose()
    }

    /// The bytes that stand in the body itself.
    pub(super) fn into_content(self) -> Result<Vec<u8>, MessageError> {
        match self.root {
            Some(_) => Err(MessageError::BadValue("the body")),
            None => self.content.finish(),
        }
    }
}

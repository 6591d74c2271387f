//! The declarations a writer has made and has to make.

use super::scope::XML;
use super::write_error::WriteError;
use crate::wire::xml::{Origin, Str};

#[derive(Debug, Default)]
pub(super) struct WriteScope {
    declarations: Vec<Declaration>,
    /// The prefixes that names of the open tag have from further out, one after the other, and where each ends: in this tag they
    /// cannot stand for anything else.
    used: String,
    used_ends: Vec<usize>,
}

#[derive(Debug)]
struct Declaration {
    prefix: Box<str>,
    uri: Box<str>,
    origin: Origin,
    depth: u32,
}

impl WriteScope {
    /// The namespace a prefix stands for; `None`: it is not declared.
    pub(super) fn namespace(&self, prefix: &str) -> Option<&str> {
        let found = self.declarations.iter().rev().find(|found| *found.prefix == *prefix);
        match (found, prefix) {
            (Some(found), _) => Some(&found.uri),
            (None, "") => Some(""),
            (None, "xml") => Some(XML),
            (None, _) => None,
        }
    }

    /// A prefix that stands for the namespace, innermost first.
    pub(super) fn prefix(&self, uri: &str) -> Option<&str> {
        if uri.is_empty() {
            return (self.namespace("") == Some("")).then_some("");
        }
        self.find(uri, |_| true)
    }

    /// The same for an attribute, which needs a prefix that is not empty.
    pub(super) fn attribute_prefix(&self, uri: &str) -> Option<&str> {
        self.find(uri, |prefix| !prefix.is_empty())
    }

    fn find(&self, uri: &str, wanted: impl Fn(&str) -> bool) -> Option<&str> {
        if uri == XML && wanted("xml") {
            return Some("xml");
        }
        let mut found = self.declarations.iter().rev().filter(|found| *found.uri == *uri);
        let visible = |prefix: &str| self.namespace(prefix) == Some(uri);
        found.find(|found| wanted(&found.prefix) && visible(&found.prefix)).map(|found| &*found.prefix)
    }

    /// A start tag begins.
    pub(super) fn open(&mut self) {
        self.used.clear();
        self.used_ends.clear();
    }

    /// The open tag needs what the prefix stands for here.
    pub(super) fn rely_on(&mut self, prefix: &str) {
        self.used.push_str(prefix);
        self.used_ends.push(self.used.len());
    }

    fn is_relied_on(&self, prefix: &str) -> bool {
        let starts = std::iter::once(0).chain(self.used_ends.iter().copied());
        starts.zip(&self.used_ends).any(|(start, end)| self.used[start..*end] == *prefix)
    }

    /// Sees to it that the prefix stands for the namespace in the tag at `depth`.
    pub(super) fn declare(&mut self, prefix: &str, uri: Str<'_>, depth: u32) -> Result<(), WriteError> {
        match prefix {
            "xmlns" => return Err(WriteError::ReservedPrefix),
            "xml" if uri.text == XML => return Ok(()),
            "xml" => return Err(WriteError::ReservedPrefix),
            _ if self.namespace(prefix) == Some(uri.text) => {
                self.rely_on(prefix);
                return Ok(());
            }
            "" => {}
            _ if uri.is_empty() => return Err(WriteError::EmptyNamespace),
            _ => {}
        }
        if self.own(depth).any(|found| *found.prefix == *prefix) || self.is_relied_on(prefix) {
            return Err(WriteError::PrefixRedeclared);
        }
        self.declarations.push(Declaration {
            prefix: prefix.into(),
            uri: uri.text.into(),
            origin: uri.origin,
            depth,
        });
        Ok(())
    }

    /// Declares a prefix that is free: a letter, or else one made of the depth and a number.
    pub(super) fn invent(&mut self, uri: Str<'_>, depth: u32) -> Result<&str, WriteError> {
        let letters = ('a'..='z').map(String::from);
        let numbered = (0..).map(|number| format!("d{depth}p{number}"));
        let free = letters.chain(numbered).find(|prefix| self.namespace(prefix).is_none());
        self.declare(&free.ok_or(WriteError::NoPrefix)?, uri, depth)?;
        self.declarations.last().map(|last| &*last.prefix).ok_or(WriteError::NoPrefix)
    }

    fn own(&self, depth: u32) -> impl Iterator<Item = &Declaration> {
        self.declarations.iter().rev().take_while(move |found| found.depth == depth)
    }

    /// The declarations of the tag at `depth`, in the order in which they became necessary.
    pub(super) fn of_tag(&self, depth: u32) -> impl Iterator<Item = (&str, Str<'_>)> {
        let first = self.declarations.len() - self.own(depth).count();
        self.declarations[first..]
            .iter()
            .map(|found| (&*found.prefix, Str { text: &found.uri, origin: found.origin }))
    }

    /// Forgets what elements deeper than `depth` declared.
    pub(super) fn close(&mut self, depth: u32) {
        while self.declarations.last().is_some_and(|last| last.depth > depth) {
            self.declarations.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::binxml::{Ids, WriteError, Writer};
    use crate::wire::xml::{Runtime, Str};

    fn outer() -> Writer<'static> {
        let mut writer = Writer::new(Ids::Static, Runtime::Net8);
        writer.start_element(Some("a"), Str::plain("outer"), Str::plain("urn:1")).unwrap();
        writer
    }

    #[test]
    fn a_prefix_that_a_name_of_the_tag_has_stands_for_nothing_else_in_it() {
        let mut writer = outer();
        writer.start_element(Some("a"), Str::plain("inner"), Str::plain("urn:1")).unwrap();
        assert_eq!(writer.declare("a", Str::plain("urn:2")), Err(WriteError::PrefixRedeclared));
        let mut writer = outer();
        writer.start_element(None, Str::plain("inner"), Str::plain("")).unwrap();
        assert_eq!(writer.declare("", Str::plain("urn:2")), Err(WriteError::PrefixRedeclared));
        let mut writer = outer();
        writer.start_element(None, Str::plain("inner"), Str::plain("")).unwrap();
        writer.start_attribute(None, Str::plain("one"), Str::plain("urn:1")).unwrap();
        writer.end_attribute().unwrap();
        let two = writer.start_attribute(Some("a"), Str::plain("two"), Str::plain("urn:2"));
        assert_eq!(two, Err(WriteError::PrefixRedeclared));
    }

    #[test]
    fn a_prefix_that_only_another_tag_relied_on_may_stand_for_something_else() {
        let mut writer = outer();
        writer.start_element(Some("a"), Str::plain("one"), Str::plain("urn:1")).unwrap();
        writer.end_element().unwrap();
        writer.start_element(None, Str::plain("two"), Str::plain("")).unwrap();
        assert_eq!(writer.declare("a", Str::plain("urn:2")), Ok(()));
    }
}

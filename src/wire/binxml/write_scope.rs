//! The declarations a writer has made and has to make.

use std::ops::Range;

use super::scope::XML;
use super::write_error::WriteError;
use crate::wire::xml::{Origin, Str};

#[derive(Debug)]
pub(super) struct WriteScope {
    /// Prefixes and URIs, one after the other: a document has few, and each would be two allocations.
    text: String,
    declarations: Vec<Declaration>,
    /// The prefixes that names of the open tag have from further out, one after the other, and where each ends: in this tag they
    /// cannot stand for anything else.
    used: String,
    used_ends: Vec<usize>,
}

#[derive(Debug)]
struct Declaration {
    prefix: Range<usize>,
    uri: Range<usize>,
    origin: Origin,
    depth: u32,
    /// A name of the tag has the prefix; the declaration itself may still come.
    awaited: bool,
}

impl WriteScope {
    /// Nothing is declared, and there is room for what an envelope usually declares.
    pub(super) fn new() -> Self {
        Self {
            text: String::with_capacity(256),
            declarations: Vec::with_capacity(8),
            used: String::with_capacity(16),
            used_ends: Vec::with_capacity(8),
        }
    }

    /// The namespace a prefix stands for; `None`: it is not declared.
    pub(super) fn namespace(&self, prefix: &str) -> Option<&str> {
        let found = self.declarations.iter().rev().find(|found| self.prefix_of(found) == prefix);
        match (found, prefix) {
            (Some(found), _) => Some(self.uri_of(found)),
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
        let mut found = self.declarations.iter().rev().filter(|found| self.uri_of(found) == uri);
        let visible = |prefix: &str| self.namespace(prefix) == Some(uri);
        let usable = |prefix: &str| wanted(prefix) && visible(prefix);
        found.find(|found| usable(self.prefix_of(found))).map(|found| self.prefix_of(found))
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
        self.add(prefix, uri, depth, false)
    }

    /// The same for a name that was read, whose declaration may be read after it: it is told by [`Self::declared`], or else follows those that are.
    pub(super) fn needed(&mut self, prefix: &str, uri: Str<'_>, depth: u32) -> Result<(), WriteError> {
        self.add(prefix, uri, depth, true)
    }

    fn add(&mut self, prefix: &str, uri: Str<'_>, depth: u32, awaited: bool) -> Result<(), WriteError> {
        if self.namespace(prefix) == Some(uri.text) {
            self.rely_on(prefix);
            return Ok(());
        }
        allowed(prefix, uri.text)?;
        if self.own(depth).any(|found| self.prefix_of(found) == prefix) || self.is_relied_on(prefix) {
            return Err(WriteError::PrefixRedeclared);
        }
        self.push(prefix, uri, depth, awaited);
        Ok(())
    }

    /// Takes a declaration that was read, in its place among the others, also one that says what an outer one says.
    pub(super) fn declared(&mut self, prefix: &str, uri: Str<'_>, depth: u32) -> Result<(), WriteError> {
        allowed(prefix, uri.text)?;
        let first = self.declarations.len() - self.own(depth).count();
        let own = self.declarations[first..].iter().position(|found| self.prefix_of(found) == prefix);
        let Some(index) = own.map(|index| first + index) else {
            if self.is_relied_on(prefix) && self.namespace(prefix) != Some(uri.text) {
                return Err(WriteError::PrefixRedeclared);
            }
            self.push(prefix, uri, depth, false);
            return Ok(());
        };
        if self.uri_of(&self.declarations[index]) != uri.text {
            return Err(WriteError::PrefixRedeclared);
        }
        if self.declarations[index].awaited {
            let found = self.declarations.remove(index);
            self.declarations.push(Declaration { origin: uri.origin, awaited: false, ..found });
        }
        Ok(())
    }

    fn push(&mut self, prefix: &str, uri: Str<'_>, depth: u32, awaited: bool) {
        let (prefix, uri_at) = (self.keep(prefix), self.keep(uri.text));
        self.declarations.push(Declaration { prefix, uri: uri_at, origin: uri.origin, depth, awaited });
    }

    fn keep(&mut self, text: &str) -> Range<usize> {
        let from = self.text.len();
        self.text.push_str(text);
        from..self.text.len()
    }

    fn prefix_of(&self, declaration: &Declaration) -> &str {
        &self.text[declaration.prefix.clone()]
    }

    fn uri_of(&self, declaration: &Declaration) -> &str {
        &self.text[declaration.uri.clone()]
    }

    /// Declares a prefix that is free: a letter, or else one made of the depth and a number.
    pub(super) fn invent(&mut self, uri: Str<'_>, depth: u32) -> Result<&str, WriteError> {
        let letters = ('a'..='z').map(String::from);
        let numbered = (0..).map(|number| format!("d{depth}p{number}"));
        let free = letters.chain(numbered).find(|prefix| self.namespace(prefix).is_none());
        self.declare(&free.ok_or(WriteError::NoPrefix)?, uri, depth)?;
        self.declarations.last().map(|last| self.prefix_of(last)).ok_or(WriteError::NoPrefix)
    }

    /// Bytes of the strings that are kept.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.text.len()
    }

    fn own(&self, depth: u32) -> impl Iterator<Item = &Declaration> {
        self.declarations.iter().rev().take_while(move |found| found.depth == depth)
    }

    /// The declarations of the tag at `depth`, in the order in which they became necessary.
    pub(super) fn of_tag(&self, depth: u32) -> impl Iterator<Item = (&str, Str<'_>)> {
        let first = self.declarations.len() - self.own(depth).count();
        let own = &self.declarations[first..];
        let told = own.iter().filter(|found| !found.awaited);
        told.chain(own.iter().filter(|found| found.awaited))
            .map(|found| (self.prefix_of(found), Str { text: self.uri_of(found), origin: found.origin }))
    }

    /// Forgets what elements deeper than `depth` declared.
    pub(super) fn close(&mut self, depth: u32) {
        while let Some(last) = self.declarations.pop_if(|last| last.depth > depth) {
            // Those of a tag may stand in another order than their texts; they go together.
            self.text.truncate(last.prefix.start);
        }
    }
}

/// Whether the prefix may stand for the namespace at all.
fn allowed(prefix: &str, uri: &str) -> Result<(), WriteError> {
    match prefix {
        "xmlns" => Err(WriteError::ReservedPrefix),
        "xml" if uri != XML => Err(WriteError::ReservedPrefix),
        "" | "xml" => Ok(()),
        _ if uri.is_empty() => Err(WriteError::EmptyNamespace),
        _ => Ok(()),
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

//! The declarations a writer has made and has to make.

use super::scope::XML;
use super::write_error::WriteError;
use crate::wire::xml::{Origin, Str};

#[derive(Debug, Default)]
pub(super) struct WriteScope {
    declarations: Vec<Declaration>,
}

#[derive(Debug)]
struct Declaration {
    prefix: Box<str>,
    uri: Box<str>,
    origin: Origin,
    depth: u32,
    /// A name of the tag has the prefix; the declaration itself may still come.
    awaited: bool,
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

    /// Sees to it that the prefix stands for the namespace in the tag at `depth`.
    pub(super) fn declare(&mut self, prefix: &str, uri: Str<'_>, depth: u32) -> Result<(), WriteError> {
        self.add(prefix, uri, depth, false)
    }

    /// The same for a name that was read, whose declaration may be read after it: it is told by [`Self::declared`], or else follows those that are.
    pub(super) fn needed(&mut self, prefix: &str, uri: Str<'_>, depth: u32) -> Result<(), WriteError> {
        self.add(prefix, uri, depth, true)
    }

    fn add(&mut self, prefix: &str, uri: Str<'_>, depth: u32, awaited: bool) -> Result<(), WriteError> {
        if prefix != "xmlns" && self.namespace(prefix) == Some(uri.text) {
            return Ok(());
        }
        allowed(prefix, uri.text)?;
        if self.own(depth).any(|found| *found.prefix == *prefix) {
            return Err(WriteError::PrefixRedeclared);
        }
        self.push(prefix, uri, depth, awaited);
        Ok(())
    }

    /// Takes a declaration that was read, in its place among the others, also one that says what an outer one says.
    pub(super) fn declared(&mut self, prefix: &str, uri: Str<'_>, depth: u32) -> Result<(), WriteError> {
        allowed(prefix, uri.text)?;
        let first = self.declarations.len() - self.own(depth).count();
        let own = self.declarations[first..].iter().position(|found| *found.prefix == *prefix);
        match own.map(|index| first + index) {
            Some(index) if *self.declarations[index].uri != *uri.text => {
                return Err(WriteError::PrefixRedeclared);
            }
            Some(index) if !self.declarations[index].awaited => return Ok(()),
            Some(index) => drop(self.declarations.remove(index)),
            None => {}
        }
        self.push(prefix, uri, depth, false);
        Ok(())
    }

    fn push(&mut self, prefix: &str, uri: Str<'_>, depth: u32, awaited: bool) {
        let (origin, uri) = (uri.origin, uri.text.into());
        self.declarations.push(Declaration { prefix: prefix.into(), uri, origin, depth, awaited });
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
        let own = &self.declarations[first..];
        let told = own.iter().filter(|found| !found.awaited);
        told.chain(own.iter().filter(|found| found.awaited))
            .map(|found| (&*found.prefix, Str { text: &found.uri, origin: found.origin }))
    }

    /// Forgets what elements deeper than `depth` declared.
    pub(super) fn close(&mut self, depth: u32) {
        while self.declarations.last().is_some_and(|last| last.depth > depth) {
            self.declarations.pop();
        }
    }
}

/// Whether the prefix may stand for the namespace at all.
fn allowed(prefix: &str, uri: &str) -> Result<(), WriteError> {
    match prefix {
        "xmlns" => Err(WriteError::ReservedPrefix),
        "xml" if uri == XML => Ok(()),
        "xml" => Err(WriteError::ReservedPrefix),
        "" => Ok(()),
        _ if uri.is_empty() => Err(WriteError::EmptyNamespace),
        _ => Ok(()),
    }
}

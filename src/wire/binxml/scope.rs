//! Which namespace each prefix stands for.

use super::error::DecodeError;
use crate::wire::xml::{Origin, Str};

/// The namespace of the prefix `xml`, which nobody need declare.
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Declarations that fit without allocation.
const INLINE: usize = 12;

/// The declarations of the open elements, innermost last. `S` holds the strings: slices of the input, or copies.
#[derive(Debug)]
pub(super) struct Scope<S> {
    first: [Declaration<S>; INLINE],
    more: Vec<Declaration<S>>,
    len: usize,
}

#[derive(Debug)]
struct Declaration<S> {
    prefix: S,
    key: u32,
    depth: u32,
    uri: S,
    origin: Origin,
}

/// What a prefix stands for: a place in the scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resolved {
    /// No namespace.
    None,
    /// The namespace of `xml`.
    Xml,
    /// That of a declaration.
    At(usize),
}

impl<S: AsRef<str> + Default> Scope<S> {
    pub(super) fn new() -> Self {
        let first = std::array::from_fn(|_| Declaration {
            prefix: S::default(),
            key: 0,
            depth: 0,
            uri: S::default(),
            origin: Origin::Plain,
        });
        Self { first, more: Vec::new(), len: 0 }
    }

    #[inline]
    fn at(&self, index: usize) -> &Declaration<S> {
        if index < INLINE { &self.first[index] } else { &self.more[index - INLINE] }
    }

    /// The namespace of a declaration, and where it came from.
    #[inline]
    pub(super) fn uri(&self, index: usize) -> (&S, Origin) {
        let declaration = self.at(index);
        (&declaration.uri, declaration.origin)
    }

    /// Declares `prefix` for the element at `depth`.
    pub(super) fn declare<'i>(
        &mut self,
        prefix: &'i str,
        uri: Str<'i>,
        depth: u32,
        max: u32,
    ) -> Result<(), DecodeError>
    where
        S: From<&'i str>,
    {
        match prefix {
            "xmlns" => return Err(DecodeError::ReservedPrefix),
            "xml" if uri.text != XML => return Err(DecodeError::ReservedPrefix),
            "" => {}
            _ if uri.is_empty() => return Err(DecodeError::EmptyNamespace),
            _ => {}
        }
        let key = key(prefix);
        let own = (0..self.len).rev().map(|index| self.at(index)).take_while(|found| found.depth == depth);
        for found in own {
            if found.key == key && found.prefix.as_ref() == prefix {
                return Err(DecodeError::DuplicateAttribute);
            }
        }
        if self.len as u64 >= u64::from(max) {
            return Err(DecodeError::TooManyNamespaces { max });
        }
        let declaration =
            Declaration { prefix: prefix.into(), key, depth, uri: uri.text.into(), origin: uri.origin };
        match self.first.get_mut(self.len) {
            Some(place) => *place = declaration,
            None => self.more.push(declaration),
        }
        self.len += 1;
        Ok(())
    }

    /// Forgets what elements deeper than `depth` declared.
    #[inline]
    pub(super) fn close(&mut self, depth: u32) {
        while self.len > 0 && self.at(self.len - 1).depth > depth {
            self.len -= 1;
            if self.len >= INLINE {
                self.more.pop();
            }
        }
    }

    /// What the prefix of an element stands for.
    #[inline]
    pub(super) fn element(&self, prefix: &str) -> Result<Resolved, DecodeError> {
        let key = key(prefix);
        for index in (0..self.len).rev() {
            let found = self.at(index);
            if found.key == key && (key < LONG || found.prefix.as_ref() == prefix) {
                return Ok(if found.uri.as_ref().is_empty() { Resolved::None } else { Resolved::At(index) });
            }
        }
        match prefix {
            "" => Ok(Resolved::None),
            "xml" => Ok(Resolved::Xml),
            "xmlns" => Err(DecodeError::ReservedPrefix),
            _ => Err(DecodeError::UndefinedPrefix),
        }
    }

    /// What the prefix of an attribute stands for: without one, never a namespace.
    #[inline]
    pub(super) fn attribute(&self, prefix: &str) -> Result<Resolved, DecodeError> {
        if prefix.is_empty() { Ok(Resolved::None) } else { self.element(prefix) }
    }

    /// The namespace as a string.
    pub(super) fn text(&self, resolved: Resolved) -> &str {
        match resolved {
            Resolved::None => "",
            Resolved::Xml => XML,
            Resolved::At(index) => self.at(index).uri.as_ref(),
        }
    }
}

/// Keys from here on are shared by prefixes of one length.
const LONG: u32 = 256;

/// Tells prefixes of at most one byte apart, and most others.
#[inline]
fn key(prefix: &str) -> u32 {
    match prefix.as_bytes() {
        [] => 0,
        [byte] if *byte > 0 => u32::from(*byte),
        bytes => LONG + bytes.len() as u32,
    }
}

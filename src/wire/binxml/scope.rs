//! Which namespace each prefix stands for.

use super::error::DecodeError;
use crate::wire::xml::{Origin, Str};

/// The namespace of the prefix `xml`, which nobody need declare.
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Declarations that fit without allocation.
const INLINE: usize = 8;

/// A string that can be lent for `'e` when it is looked at for `'s`: slices outlive the scope, copies do not.
pub(super) trait Lend<'s, 'e> {
    fn lend(&'s self) -> &'e str;
}

impl<'s, 'e, 'a: 'e> Lend<'s, 'e> for &'a str {
    #[inline(always)]
    fn lend(&'s self) -> &'e str {
        self
    }
}

impl<'e> Lend<'e, 'e> for Box<str> {
    #[inline(always)]
    fn lend(&'e self) -> &'e str {
        self
    }
}

/// The declarations of the open elements, innermost last. `S` holds the strings: slices of the input, or copies.
#[derive(Debug)]
pub(super) struct Scope<S> {
    first: [Declaration<S>; INLINE],
    more: Vec<Declaration<S>>,
    len: usize,
    /// The depth of the last declaration; 0: there is none.
    innermost: u32,
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
        Self { first, more: Vec::new(), len: 0, innermost: 0 }
    }

    #[inline(always)]
    fn at(&self, index: usize) -> &Declaration<S> {
        if index < INLINE { &self.first[index] } else { &self.more[index - INLINE] }
    }

    /// How many declarations are in scope.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The namespace that a name has.
    #[inline(always)]
    pub(super) fn namespace<'s, 'e>(&'s self, resolved: Resolved) -> Str<'e>
    where
        S: Lend<'s, 'e>,
    {
        match resolved {
            Resolved::None => Str::plain(""),
            Resolved::Xml => Str::plain(XML),
            Resolved::At(index) => self.declaration(index).1,
        }
    }

    /// A declaration.
    #[inline(always)]
    pub(super) fn declaration<'s, 'e>(&'s self, index: usize) -> (&'e str, Str<'e>)
    where
        S: Lend<'s, 'e>,
    {
        let found = self.at(index);
        (found.prefix.lend(), Str { text: found.uri.lend(), origin: found.origin })
    }

    /// Declares `prefix` for the element at `depth`.
    #[inline(always)]
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
        let key = key(prefix);
        if key >= LONG {
            refuse_reserved(prefix, uri.text)?;
        }
        if uri.is_empty() && key != 0 {
            return Err(DecodeError::EmptyNamespace);
        }
        for index in (0..self.len).rev() {
            let found = self.at(index);
            if found.depth != depth {
                break;
            }
            if found.key == key && (key < LONG || found.prefix.as_ref() == prefix) {
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
        self.innermost = depth;
        Ok(())
    }

    /// Forgets what elements deeper than `depth` declared.
    #[inline(always)]
    pub(super) fn close(&mut self, depth: u32) {
        if self.innermost > depth {
            self.forget(depth);
        }
    }

    #[inline(never)]
    fn forget(&mut self, depth: u32) {
        self.innermost = 0;
        while self.len > 0 {
            let innermost = self.at(self.len - 1).depth;
            if innermost <= depth {
                self.innermost = innermost;
                break;
            }
            self.len -= 1;
            if self.len >= INLINE {
                self.more.pop();
            }
        }
    }

    /// What the prefix of an element stands for.
    #[inline(always)]
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
    #[inline(always)]
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

fn refuse_reserved(prefix: &str, uri: &str) -> Result<(), DecodeError> {
    match prefix {
        "xmlns" => Err(DecodeError::ReservedPrefix),
        "xml" if uri != XML => Err(DecodeError::ReservedPrefix),
        _ => Ok(()),
    }
}

/// Keys from here on are shared by prefixes of one length.
const LONG: u32 = 256;

/// Tells prefixes of at most one byte apart, and most others.
#[inline(always)]
fn key(prefix: &str) -> u32 {
    match prefix.as_bytes() {
        [] => 0,
        [byte] if *byte > 0 => u32::from(*byte),
        bytes => LONG + bytes.len() as u32,
    }
}

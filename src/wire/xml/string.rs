//! A string that may have come from a dictionary.

use std::fmt;

/// A name, a namespace or a text, with what is known of its origin. Two are equal when their texts are.
#[derive(Clone, Copy)]
pub struct Str<'a> {
    /// The string itself.
    pub text: &'a str,
    /// Where it came from, which decides how binary XML writes it.
    pub origin: Origin,
}

/// Where a string came from. Binary XML gives ids to strings of a dictionary alone, never to a plain string that happens to be equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: written inline.
    Plain,
    /// The static dictionary, at this index (half the id, [MC-NBFS]): written by id.
    Static(u16),
    /// Another dictionary: written by an id of the session, where there is one and its table has room.
    Dictionary,
}

impl<'a> Str<'a> {
    /// A string of no dictionary.
    #[inline]
    pub const fn plain(text: &'a str) -> Self {
        Self { text, origin: Origin::Plain }
    }

    /// A string of a dictionary that is not the static one.
    #[inline]
    pub const fn dictionary(text: &'a str) -> Self {
        Self { text, origin: Origin::Dictionary }
    }

    /// Whether there is nothing in it.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Self {
        Self::plain(text)
    }
}

impl PartialEq for Str<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Str<'_> {}

impl PartialEq<str> for Str<'_> {
    fn eq(&self, other: &str) -> bool {
        self.text == other
    }
}

impl PartialEq<&str> for Str<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.text == *other
    }
}

impl fmt::Display for Str<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.text)
    }
}

impl fmt::Debug for Str<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Origin::Plain => write!(out, "{:?}", self.text),
            Origin::Static(index) => write!(out, "{:?}[{:#x}]", self.text, index * 2),
            Origin::Dictionary => write!(out, "{:?}[session]", self.text),
        }
    }
}

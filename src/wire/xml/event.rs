//! What a reader of XML says and what a writer of XML is told.

use super::string::Str;
use super::value::Value;

/// One step of a document.
///
/// A document is `Start`, then the tag's [`Event::Namespace`] and [`Event::Attribute`] events in the order of the source, then its content, then
/// `End`; comments and white space may stand around the root. Readers check what they say: names are resolved, tags are balanced, a prefix is
/// declared, no attribute comes twice. They do not check that a name is an XML name or that characters are allowed in XML (.NET does not either);
/// a writer of text does.
///
/// Text of one element may come in several events: they are joined without anything between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'a> {
    /// A start tag. Its namespace is known already, also when the declaration comes among the next events.
    Start(Name<'a>),
    /// A declaration of the start tag before it; the prefix is empty for the default namespace, the URI is empty where that is undeclared.
    Namespace {
        /// Empty, or the prefix.
        prefix: &'a str,
        /// Empty, or the namespace.
        uri: Str<'a>,
    },
    /// An attribute of the start tag before it.
    Attribute {
        /// Without a prefix there is no namespace.
        name: Name<'a>,
        /// All of its value.
        value: Value<'a>,
    },
    /// Some text of the innermost open element, or white space around the root.
    Text(Value<'a>),
    /// A comment.
    Comment(&'a str),
    /// The innermost open element ends. An empty element has an end as well.
    End,
}

/// The name of an element or attribute, as written and resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    /// Empty, or the prefix as the source has it.
    pub prefix: &'a str,
    /// The local name.
    pub local: Str<'a>,
    /// The namespace that the prefix stands for here; empty: none.
    pub namespace: Str<'a>,
}

impl<'a> Name<'a> {
    /// A name without prefix and namespace.
    pub fn local(local: impl Into<Str<'a>>) -> Self {
        Self { prefix: "", local: local.into(), namespace: Str::plain("") }
    }

    /// Whether this is the element or attribute `local` of `namespace`.
    #[inline]
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.local.text == local && self.namespace.text == namespace
    }
}

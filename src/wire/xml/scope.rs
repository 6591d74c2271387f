//! Which prefix means which namespace, element by element.

use std::ops::Range;

use super::error::XmlError;

/// The namespace of the prefix `xml`.
pub const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of the prefix `xmlns`, which nothing may be declared as.
pub const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

/// The namespace declarations in scope and the open elements that made them.
#[derive(Debug, Default)]
pub struct Scope {
    /// Prefixes and URIs, one after the other.
    text: String,
    declarations: Vec<Declaration>,
    /// Of each open element: how many declarations, and how much text, there were before it.
    elements: Vec<(usize, usize)>,
}

#[derive(Debug)]
struct Declaration {
    prefix: Range<usize>,
    uri: Range<usize>,
}

impl Scope {
    /// No element is open; only `xml` is declared.
    pub fn new() -> Self {
        // What an envelope usually has.
        Self {
            text: String::with_capacity(256),
            declarations: Vec::with_capacity(8),
            elements: Vec::with_capacity(16),
        }
    }

    /// Open elements.
    pub fn depth(&self) -> usize {
        self.elements.len()
    }

    /// Declarations in scope, hidden ones included.
    pub fn len(&self) -> usize {
        self.declarations.len()
    }

    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.declarations.is_empty()
    }

    /// An element begins; its declarations follow.
    pub fn open(&mut self) {
        self.elements.push((self.declarations.len(), self.text.len()));
    }

    /// The last element that began ends, and its declarations with it. Without effect when none is open.
    pub fn close(&mut self) {
        if let Some((declarations, text)) = self.elements.pop() {
            self.declarations.truncate(declarations);
            self.text.truncate(text);
        }
    }

    /// A declaration in the start tag of the last element that began; an empty prefix is the default namespace, an empty
    /// URI takes it back.
    ///
    /// # Errors
    /// [`XmlError::EmptyNamespace`], [`XmlError::ReservedPrefix`], [`XmlError::DuplicateAttribute`]. [Namespaces in XML]
    /// sections 3 and 5.
    pub fn declare(&mut self, prefix: &str, uri: &str) -> Result<(), XmlError> {
        if !prefix.is_empty() && uri.is_empty() {
            return Err(XmlError::EmptyNamespace);
        }
        if prefix == "xmlns" || uri == XMLNS_NAMESPACE || (prefix == "xml") != (uri == XML_NAMESPACE) {
            return Err(XmlError::ReservedPrefix);
        }
        let own = self.elements.last().map_or(0, |(declarations, _)| *declarations);
        if self.declarations[own..].iter().any(|other| self.text[other.prefix.clone()] == *prefix) {
            return Err(XmlError::DuplicateAttribute);
        }
        let prefix = self.keep(prefix);
        let uri = self.keep(uri);
        self.declarations.push(Declaration { prefix, uri });
        Ok(())
    }

    fn keep(&mut self, text: &str) -> Range<usize> {
        let from = self.text.len();
        self.text.push_str(text);
        from..self.text.len()
    }

    /// The namespace of an element's prefix; empty: none. An attribute without a prefix has no namespace whatever this says.
    ///
    /// # Errors
    /// [`XmlError::UndefinedPrefix`].
    pub fn resolve(&self, prefix: &str) -> Result<&str, XmlError> {
        let found = self.declarations.iter().rev().find(|other| self.text[other.prefix.clone()] == *prefix);
        match found {
            Some(found) => Ok(&self.text[found.uri.clone()]),
            None if prefix.is_empty() => Ok(""),
            None if prefix == "xml" => Ok(XML_NAMESPACE),
            None => Err(XmlError::UndefinedPrefix),
        }
    }

    /// All prefixes and their namespaces that can be seen here, innermost first, without `xml`.
    pub fn visible(&self) -> impl Iterator<Item = (&str, &str)> {
        self.declarations.iter().enumerate().rev().filter_map(|(at, own)| {
            let prefix = &self.text[own.prefix.clone()];
            let hidden =
                self.declarations[at + 1..].iter().any(|other| self.text[other.prefix.clone()] == *prefix);
            (!hidden).then(|| (prefix, &self.text[own.uri.clone()]))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_declaration_counts_and_ends_with_its_element() {
        let mut scope = Scope::new();
        scope.open();
        scope.declare("a", "urn:1").unwrap();
        scope.declare("", "urn:d").unwrap();
        scope.open();
        scope.declare("a", "urn:2").unwrap();
        scope.declare("", "").unwrap();
        assert_eq!((scope.resolve("a"), scope.resolve("")), (Ok("urn:2"), Ok("")));
        assert_eq!(scope.visible().collect::<Vec<_>>(), [("", ""), ("a", "urn:2")]);
        scope.close();
        assert_eq!((scope.resolve("a"), scope.resolve("")), (Ok("urn:1"), Ok("urn:d")));
        scope.close();
        assert_eq!((scope.resolve("a"), scope.resolve("")), (Err(XmlError::UndefinedPrefix), Ok("")));
        assert!(scope.is_empty());
    }

    #[test]
    fn reserved_prefixes_stay_what_they_are() {
        let mut scope = Scope::new();
        scope.open();
        assert_eq!(scope.resolve("xml"), Ok(XML_NAMESPACE));
        assert_eq!(scope.declare("xml", XML_NAMESPACE), Ok(()));
        assert_eq!(scope.declare("xml", "urn:x"), Err(XmlError::ReservedPrefix));
        assert_eq!(scope.declare("x", XML_NAMESPACE), Err(XmlError::ReservedPrefix));
        assert_eq!(scope.declare("xmlns", "urn:x"), Err(XmlError::ReservedPrefix));
        assert_eq!(scope.declare("x", XMLNS_NAMESPACE), Err(XmlError::ReservedPrefix));
        assert_eq!(scope.declare("x", ""), Err(XmlError::EmptyNamespace));
    }

    #[test]
    fn one_tag_declares_a_prefix_once() {
        let mut scope = Scope::new();
        scope.open();
        scope.declare("a", "urn:1").unwrap();
        assert_eq!(scope.declare("a", "urn:1"), Err(XmlError::DuplicateAttribute));
    }
}

//! A small XML tree: enough for one SOAP body, bounded in size and depth.

use std::fmt::Write as _;

use quick_xml::{
    NsReader, XmlVersion,
    escape::escape,
    events::{BytesStart, Event},
    name::ResolveResult,
};

/// Elements inside elements; WCF's own `MaxDepth`.
const MAX_DEPTH: usize = 32;

/// The namespace of `xsi:type` and `xsi:nil`.
pub(super) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Why a text is not XML that we read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum XmlError {
    #[error("not well-formed XML: {0}")]
    Syntax(String),
    #[error("a document type definition is not allowed")]
    DocumentType,
    #[error("unknown entity {0:?}")]
    UnknownEntity(String),
    #[error("elements nest deeper than {MAX_DEPTH}")]
    TooDeep,
    #[error("the document has no root element")]
    Empty,
}

/// One element with its attributes, its child elements and the text directly inside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) attributes: Vec<Attribute>,
    pub(super) children: Vec<Self>,
    pub(super) text: String,
}

/// An attribute that is not a namespace declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) value: String,
}

impl Element {
    pub(super) fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned(), ..Self::default() }
    }

    pub(super) fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    pub(super) fn with(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// Adds a child of the same namespace that holds nothing but text.
    pub(super) fn with_value(self, name: &str, text: impl Into<String>) -> Self {
        let child = Self::new(&self.namespace, name).with_text(text);
        self.with(child)
    }

    /// Adds `i:type`, a type of this element's own namespace.
    pub(super) fn with_type(mut self, name: &str) -> Self {
        self.attributes.push(Attribute { namespace: XSI.into(), name: "type".into(), value: name.into() });
        self
    }

    pub(super) fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    /// The first child of that name.
    pub(super) fn child(&self, namespace: &str, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(namespace, name))
    }

    /// The first child of that name in this element's own namespace, unless it is nil.
    pub(super) fn own(&self, name: &str) -> Option<&Self> {
        self.child(&self.namespace, name).filter(|child| !child.is_nil())
    }

    pub(super) fn attribute(&self, namespace: &str, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|a| a.namespace == namespace && a.name == name);
        found.map(|attribute| attribute.value.as_str())
    }

    fn is_nil(&self) -> bool {
        self.attribute(XSI, "nil").is_some_and(|value| matches!(value.trim(), "true" | "1"))
    }

    /// Reads a whole document. Comments and processing instructions are skipped, a byte order mark is allowed.
    pub(super) fn parse(text: &str) -> Result<Self, XmlError> {
        let mut reader = NsReader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
        reader.config_mut().expand_empty_elements = true;
        let mut open: Vec<Self> = Vec::new();
        let mut root = None;
        loop {
            match reader.read_event().map_err(syntax)? {
                Event::Start(start) => {
                    if open.len() == MAX_DEPTH {
                        return Err(XmlError::TooDeep);
                    }
                    open.push(element(&reader, &start)?);
                }
                Event::End(_) => {
                    let Some(closed) = open.pop() else {
                        return Err(XmlError::Syntax("an end too many".into()));
                    };
                    match open.last_mut() {
                        Some(parent) => parent.children.push(closed),
                        None if root.is_none() => root = Some(closed),
                        None => return Err(XmlError::Syntax("a second root element".into())),
                    }
                }
                Event::Text(text) => {
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&text.xml_content(XmlVersion::Implicit1_0));
                    }
                }
                Event::CData(text) => {
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&text.xml_content(XmlVersion::Implicit1_0));
                    }
                }
                Event::GeneralRef(reference) => {
                    let c = match reference.resolve_char_ref().map_err(syntax)? {
                        Some(c) => c,
                        None => predefined(&reference)
                            .ok_or_else(|| XmlError::UnknownEntity(reference.to_string()))?,
                    };
                    if let Some(element) = open.last_mut() {
                        element.text.push(c);
                    }
                }
                Event::DocType(_) => return Err(XmlError::DocumentType),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof if open.is_empty() => return root.ok_or(XmlError::Empty),
                Event::Eof => return Err(XmlError::Syntax("the document ends inside an element".into())),
            }
        }
    }

    /// Writes the element. `around` is the default namespace of what stands around it.
    pub(super) fn write(&self, around: &str, out: &mut String) {
        let _ = write!(out, "<{}", self.name);
        if self.namespace != around {
            let _ = write!(out, " xmlns=\"{}\"", escape(&self.namespace));
        }
        for attribute in &self.attributes {
            let (name, value) = (&attribute.name, escape(&attribute.value));
            let _ = match attribute.namespace.as_str() {
                "" => write!(out, " {name}=\"{value}\""),
                XSI => write!(out, " xmlns:i=\"{XSI}\" i:{name}=\"{value}\""),
                other => write!(out, " xmlns:x=\"{}\" x:{name}=\"{value}\"", escape(other)),
            };
        }
        out.push('>');
        out.push_str(&escape(&self.text));
        for child in &self.children {
            child.write(&self.namespace, out);
        }
        let _ = write!(out, "</{}>", self.name);
    }
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Element, XmlError> {
    let resolver = reader.resolver();
    let (namespace, name) = resolver.resolve_element(start.name());
    let mut element = Element::new(&namespace_text(&namespace)?, name.as_ref());
    for attribute in start.attributes() {
        let attribute = attribute.map_err(syntax)?;
        let qualified = attribute.key.as_ref();
        if qualified == "xmlns" || qualified.starts_with("xmlns:") {
            continue;
        }
        let (namespace, name) = resolver.resolve_attribute(attribute.key);
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(syntax)?;
        element.attributes.push(Attribute {
            namespace: namespace_text(&namespace)?,
            name: name.as_ref().to_owned(),
            value: value.into_owned(),
        });
    }
    Ok(element)
}

fn namespace_text(resolved: &ResolveResult<'_>) -> Result<String, XmlError> {
    match resolved {
        ResolveResult::Bound(namespace) => Ok(namespace.as_ref().to_owned()),
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Unknown(prefix) => Err(XmlError::Syntax(format!("undeclared prefix {prefix:?}"))),
    }
}

fn predefined(entity: &str) -> Option<char> {
    Some(match entity {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return None,
    })
}

fn syntax(error: impl std::fmt::Display) -> XmlError {
    XmlError::Syntax(error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prefixes_and_default_namespaces_mean_the_same() {
        let one = Element::parse(r#"<a xmlns="urn:x" b="1"><c>t &amp; &#x41;<![CDATA[<]]></c></a>"#).unwrap();
        let two = Element::parse(
            r#"<?xml version="1.0"?><p:a xmlns:p="urn:x" b="1"><p:c>t &amp; A&lt;</p:c></p:a>"#,
        )
        .unwrap();
        assert_eq!(one, two);
        assert_eq!(one.own("c").unwrap().text, "t & A<");
    }

    #[test]
    fn a_nil_child_is_as_good_as_none() {
        let xml = format!(r#"<a xmlns:i="{XSI}"><b i:nil="true"/><c/></a>"#);
        let element = Element::parse(&xml).unwrap();
        assert!(element.own("b").is_none());
        assert!(element.own("c").is_some());
    }

    #[test]
    fn document_types_and_unknown_entities_are_refused() {
        assert_eq!(Element::parse("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), Err(XmlError::DocumentType));
        assert_eq!(Element::parse("<a>&b;</a>"), Err(XmlError::UnknownEntity("b".into())));
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(Element::parse(&("<a>".repeat(32) + &"</a>".repeat(32))).is_ok());
        assert_eq!(Element::parse(&("<a>".repeat(33) + &"</a>".repeat(33))), Err(XmlError::TooDeep));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = Element::parse(&text);
        }

        #[test]
        fn what_is_written_is_read_again(text in "[ -~äß€]{0,40}", value in "[ -~]{0,20}") {
            let element = Element::new("urn:a", "outer")
                .with_type("T")
                .with_value("inner", text)
                .with(Element::new("urn:b", "other").with_text(value));
            let mut xml = String::new();
            element.write("", &mut xml);
            prop_assert_eq!(Element::parse(&xml).unwrap(), element);
        }
    }
}

//! XML as text, read into the same elements as binary XML: SOAP that travels wrapped, and bodies of HTTP.

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

use super::binary_xml::{Element, Node};

/// Reads one document; white space between elements counts.
pub(super) fn read(text: &[u8]) -> Element {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let text = std::str::from_utf8(text).expect("UTF-8");
    let mut reader = NsReader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    loop {
        let event = reader.read_event().unwrap_or_else(|error| panic!("{error}: {text}"));
        let closed = match event {
            Event::Start(start) => {
                open.push(element(&reader, &start));
                None
            }
            Event::Empty(start) => Some(element(&reader, &start)),
            Event::End(_) => open.pop(),
            Event::Text(characters) => {
                push_text(&mut open, &characters);
                None
            }
            Event::GeneralRef(name) => {
                let escaped = format!("&{};", &*name);
                push_text(&mut open, &quick_xml::escape::unescape(&escaped).expect("a character"));
                None
            }
            Event::Eof => panic!("the document does not end: {text}"),
            _ => None,
        };
        if let Some(closed) = closed {
            match open.last_mut() {
                Some(parent) => parent.children.push(Node::Element(closed)),
                None => return closed,
            }
        }
    }
}

fn push_text(open: &mut [Element], text: &str) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(Node::Text(text.to_owned()));
    }
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Element {
    let (namespace, name) = reader.resolver().resolve_element(start.name());
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.expect("an attribute");
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (namespace, name) = reader.resolver().resolve_attribute(attribute.key);
        let value = quick_xml::escape::unescape(&attribute.value).expect("a value").into_owned();
        attributes.push((name.as_ref().to_owned(), bound(&namespace), value));
    }
    Element {
        name: name.as_ref().to_owned(),
        namespace: bound(&namespace),
        attributes,
        declared: Vec::new(),
        children: Vec::new(),
    }
}

fn bound(namespace: &ResolveResult<'_>) -> String {
    match namespace {
        ResolveResult::Bound(namespace) => namespace.as_ref().to_owned(),
        ResolveResult::Unbound => String::new(),
        ResolveResult::Unknown(prefix) => panic!("the prefix {prefix:?} is not declared"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_attributes_and_references() {
        let root = read(b"<a:x xmlns:a=\"urn:a\" y='1 &lt; 2'><b>h\xc3\xa9 &lt;&#x21;</b></a:x>");

        assert_eq!((&*root.name, &*root.namespace), ("x", "urn:a"));
        assert_eq!(root.attributes, [("y".to_owned(), String::new(), "1 < 2".to_owned())]);
        assert_eq!(root.child("b").map(Element::text).as_deref(), Some("hé <!"));
    }
}

//! SOAP envelopes, as far as the two libraries' sides look at them. Relay page 2.4, 4.4 to 4.6, 8.4.

use super::binary_xml::{Element, Node};

const FAULT_NAMESPACE: &str = "http://schemas.microsoft.com/netservices/2009/05/servicebus/relay";

/// The text of a header, by its local name.
pub(super) fn header(envelope: &Element, name: &str) -> Option<String> {
    assert_eq!(envelope.name, "Envelope");
    Some(envelope.child("Header")?.child(name)?.text())
}

/// The body element.
pub(super) fn body(envelope: &Element) -> &Element {
    assert_eq!(envelope.namespace, "http://www.w3.org/2003/05/soap-envelope");
    envelope.child("Body").unwrap_or_else(|| panic!("no body: {envelope:?}"))
}

/// The local name of a fault's code and its words. Nothing: the library would take it for no fault.
pub(super) fn fault(envelope: &Element) -> Option<(String, String)> {
    let fault = body(envelope).child("Fault")?;
    let value = fault.child("Code")?.child("Value")?;
    let text = value.text();
    let (prefix, code) = text.split_once(':')?;
    let namespace = value.declared.iter().find(|(declared, _)| declared == prefix);
    assert_eq!(
        namespace.map(|(_, namespace)| &**namespace),
        Some(FAULT_NAMESPACE),
        "declared on Value itself"
    );
    let reason = fault.child("Reason")?.child("Text")?;
    let language = reason.attributes.iter().any(|(name, ..)| name == "lang");
    assert!(language, "the library refuses a reason without xml:lang");
    Some((code.to_owned(), reason.text()))
}

/// Says where two messages differ, but for the texts of elements that `free` names: what is of one run, and what the gateway may choose.
pub(super) fn difference(recorded: &Element, live: &Element, free: &[&str]) -> Option<String> {
    if (&recorded.name, &recorded.namespace) != (&live.name, &live.namespace) {
        return Some(format!(
            "{}:{} became {}:{}",
            recorded.namespace, recorded.name, live.namespace, live.name
        ));
    }
    if free.contains(&recorded.name.as_str()) {
        return None;
    }
    if recorded.attributes != live.attributes {
        return Some(format!("{}: {:?} became {:?}", recorded.name, recorded.attributes, live.attributes));
    }
    let (was, is) = (merged(&recorded.children), merged(&live.children));
    if was.len() != is.len() {
        return Some(format!("{}: {} parts became {}: {live:?}", recorded.name, was.len(), is.len()));
    }
    was.iter().zip(&is).find_map(|pair| match pair {
        (Node::Element(was), Node::Element(is)) => difference(was, is, free),
        (was, is) if was == is => None,
        (was, is) => Some(format!("{}: {was:?} became {is:?}", recorded.name)),
    })
}

/// Texts that stand side by side are one text, and so are bytes: how many records there are means nothing.
fn merged(nodes: &[Node]) -> Vec<Node> {
    let mut merged: Vec<Node> = Vec::new();
    for node in nodes {
        match (merged.last_mut(), node) {
            (Some(Node::Text(before)), Node::Text(text)) => before.push_str(text),
            (Some(Node::Bytes(before)), Node::Bytes(bytes)) => before.extend_from_slice(bytes),
            _ => merged.push(node.clone()),
        }
    }
    merged.retain(|node| !matches!(node, Node::Text(text) if text.is_empty()));
    merged
}

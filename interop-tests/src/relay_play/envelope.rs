//! SOAP envelopes, as far as the two libraries' sides look at them. Relay page 2.4, 4.4 to 4.6, 8.4.

use super::binary_xml::Element;

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

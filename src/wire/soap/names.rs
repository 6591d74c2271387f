//! The names of envelopes, with their places in the static dictionary ([MC-NBFS]), so that binary writers write ids.

use crate::wire::xml::{Name, Origin, Str};

/// The string with this id in the static dictionary.
pub(super) const fn fixed(text: &'static str, id: u16) -> Str<'static> {
    Str { text, origin: Origin::Static(id / 2) }
}

pub(super) const MUST_UNDERSTAND: Str<'_> = fixed("mustUnderstand", 0x000);
pub(super) const ENVELOPE: Str<'_> = fixed("Envelope", 0x002);
pub(super) const SOAP_12: Str<'_> = fixed("http://www.w3.org/2003/05/soap-envelope", 0x004);
pub(super) const ADDRESSING_10: Str<'_> = fixed("http://www.w3.org/2005/08/addressing", 0x006);
pub(super) const HEADER: Str<'_> = fixed("Header", 0x008);
pub(super) const ACTION: Str<'_> = fixed("Action", 0x00a);
pub(super) const TO: Str<'_> = fixed("To", 0x00c);
pub(super) const BODY: Str<'_> = fixed("Body", 0x00e);
pub(super) const RELATES_TO: Str<'_> = fixed("RelatesTo", 0x012);
pub(super) const ANONYMOUS_10: Str<'_> = fixed("http://www.w3.org/2005/08/addressing/anonymous", 0x014);
pub(super) const MESSAGE_ID: Str<'_> = fixed("MessageID", 0x01a);
pub(super) const ADDRESS: Str<'_> = fixed("Address", 0x02a);
pub(super) const REPLY_TO: Str<'_> = fixed("ReplyTo", 0x02c);
pub(super) const FAULT: Str<'_> = fixed("Fault", 0x086);
pub(super) const CODE: Str<'_> = fixed("Code", 0x08e);
pub(super) const REASON: Str<'_> = fixed("Reason", 0x090);
pub(super) const TEXT: Str<'_> = fixed("Text", 0x092);
pub(super) const ROLE: Str<'_> = fixed("Role", 0x096);
pub(super) const DETAIL_12: Str<'_> = fixed("Detail", 0x098);
pub(super) const VALUE: Str<'_> = fixed("Value", 0x09a);
pub(super) const SUBCODE: Str<'_> = fixed("Subcode", 0x09c);
pub(super) const ADDRESSING_2004: Str<'_> = fixed("http://schemas.xmlsoap.org/ws/2004/08/addressing", 0x0d2);
pub(super) const ANONYMOUS_2004: Str<'_> =
    fixed("http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous", 0x0d4);
pub(super) const ADDRESSING_NONE: Str<'_> =
    fixed("http://schemas.microsoft.com/ws/2005/05/addressing/none", 0x36e);
pub(super) const SOAP_11: Str<'_> = fixed("http://schemas.xmlsoap.org/soap/envelope/", 0x3c2);
pub(super) const FAULT_CODE: Str<'_> = fixed("faultcode", 0x3c6);
pub(super) const FAULT_STRING: Str<'_> = fixed("faultstring", 0x3c8);
pub(super) const FAULT_ACTOR: Str<'_> = fixed("faultactor", 0x3ca);
pub(super) const DETAIL_11: Str<'_> = fixed("detail", 0x3cc);

/// All of the above, to be compared with the dictionary.
#[cfg(test)]
pub(super) const ALL: [Str<'_>; 29] = [
    MUST_UNDERSTAND,
    ENVELOPE,
    SOAP_12,
    ADDRESSING_10,
    HEADER,
    ACTION,
    TO,
    BODY,
    RELATES_TO,
    ANONYMOUS_10,
    MESSAGE_ID,
    ADDRESS,
    REPLY_TO,
    FAULT,
    CODE,
    REASON,
    TEXT,
    ROLE,
    DETAIL_12,
    VALUE,
    SUBCODE,
    ADDRESSING_2004,
    ANONYMOUS_2004,
    ADDRESSING_NONE,
    SOAP_11,
    FAULT_CODE,
    FAULT_STRING,
    FAULT_ACTOR,
    DETAIL_11,
];

/// A name of the envelope's namespace, with .NET's prefix for it.
pub(super) const fn s<'a>(namespace: Str<'a>, local: Str<'a>) -> Name<'a> {
    Name { prefix: "s", local, namespace }
}

/// A name of the addressing namespace, with .NET's prefix for it.
pub(super) const fn a<'a>(namespace: Str<'a>, local: Str<'a>) -> Name<'a> {
    Name { prefix: "a", local, namespace }
}

/// A name without namespace.
pub(super) const fn plain(local: Str<'_>) -> Name<'_> {
    Name { prefix: "", local, namespace: Str::plain("") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::binxml::find_static;

    // [MC-NBFS] 2.2.
    #[test]
    fn every_name_has_its_place_in_the_static_dictionary() {
        for name in ALL {
            let found = find_static(name.text).unwrap();
            assert_eq!((found.text, found.origin), (name.text, name.origin));
        }
    }
}

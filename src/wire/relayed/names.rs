//! The names of the relay's messages, and the addresses that mean an action.

use crate::wire::xml::{Origin, Str};

/// The namespace of what connects: requests, replies, the header with a token. `CON` of the page.
pub const CONNECT_NAMESPACE: &str = "http://schemas.microsoft.com/netservices/2009/05/servicebus/connect";
/// The namespace of what a listener is invited with. `RC` of the page.
pub const INVITATION_NAMESPACE: &str =
    "http://schemas.microsoft.com/netservices/2009/05/servicebus/relayedconnect";
/// The namespace of fault codes. `FLT` of the page.
pub const FAULT_NAMESPACE: &str = "http://schemas.microsoft.com/netservices/2009/05/servicebus/relay";
/// The namespace of the header `TrackingId`. `TRK` of the page.
pub const TRACKING_NAMESPACE: &str = "http://schemas.microsoft.com/servicebus/2010/08/protocol/";

pub(super) const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
pub(super) const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
pub(super) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
pub(super) const SERIALIZATION: &str = "http://schemas.microsoft.com/2003/10/Serialization/";
pub(super) const SWT_PROFILE: &str = "http://schemas.xmlsoap.org/ws/2009/11/swt-token-profile-1.0";
pub(super) const BASE64: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";
/// What .NET calls the anonymous address inside; listeners write it out.
pub(super) const ANONYMOUS: &str = "http://schemas.microsoft.com/2005/12/ServiceModel/Addressing/Anonymous";

/// Actions of protocol C: bare words.
pub(super) const RELAYED_CONNECT: &str = "RelayedConnect";
pub(super) const RELAYED_ACCEPT: &str = "RelayedAccept";
pub(super) const RELAYED_CONNECT_REPLY: &str = "RelayedConnectReply";
pub(super) const RELAYED_ACCEPT_REPLY: &str = "RelayedAcceptReply";
/// The action of a reply that sends its receiver elsewhere, in both protocols.
pub(super) const REDIRECT: &str = "Redirect";

/// Actions of protocol B, whose address is [`CONNECT_NAMESPACE`] and a word.
pub(super) const ACTION_CONNECT: &str =
    "http://schemas.microsoft.com/netservices/2009/05/servicebus/connect/Connect";
pub(super) const ACTION_LISTEN: &str =
    "http://schemas.microsoft.com/netservices/2009/05/servicebus/connect/Listen";
pub(super) const ACTION_PING: &str =
    "http://schemas.microsoft.com/netservices/2009/05/servicebus/connect/OnewayPing";
/// The action by which gateways of old listeners name the envelope around a message.
pub(super) const ACTION_SEND: &str =
    "http://schemas.microsoft.com/netservices/2009/05/servicebus/connect/Send";
pub(super) const CONNECT_REPLY: &str = "ConnectReply";
pub(super) const LISTEN_REPLY: &str = "ListenReply";
pub(super) const SEND_REPLY: &str = "SendReply";

/// The action of the envelope around what a listener gets, and of the invitation in it.
pub(super) const ONEWAY_SEND: &str = "OnewaySend";
pub(super) const ACTION_INVITATION: &str =
    "http://schemas.microsoft.com/netservices/2009/05/servicebus/relayedconnect/RelayedConnect";
pub(super) const ACTION_FAULT: &str =
    "http://schemas.microsoft.com/netservices/2009/05/servicebus/relay/FaultAction";

/// A string of the static dictionary ([MC-NBFS]), by its id.
const fn fixed(text: &'static str, id: u16) -> Str<'static> {
    Str { text, origin: Origin::Static(id / 2) }
}

pub(super) const MUST_UNDERSTAND: Str<'_> = fixed("mustUnderstand", 0x000);
pub(super) const ENVELOPE: Str<'_> = fixed("Envelope", 0x002);
pub(super) const SOAP: Str<'_> = fixed("http://www.w3.org/2003/05/soap-envelope", 0x004);
pub(super) const ADDRESSING: Str<'_> = fixed("http://www.w3.org/2005/08/addressing", 0x006);
pub(super) const HEADER: Str<'_> = fixed("Header", 0x008);
pub(super) const ACTION: Str<'_> = fixed("Action", 0x00a);
pub(super) const TO: Str<'_> = fixed("To", 0x00c);
pub(super) const BODY: Str<'_> = fixed("Body", 0x00e);
pub(super) const RELATES_TO: Str<'_> = fixed("RelatesTo", 0x012);
pub(super) const REPLY_TO_ANONYMOUS: Str<'_> = fixed("http://www.w3.org/2005/08/addressing/anonymous", 0x014);
pub(super) const MESSAGE_ID: Str<'_> = fixed("MessageID", 0x01a);
pub(super) const ADDRESS: Str<'_> = fixed("Address", 0x02a);
pub(super) const REPLY_TO: Str<'_> = fixed("ReplyTo", 0x02c);
pub(super) const FAULT: Str<'_> = fixed("Fault", 0x086);
pub(super) const CODE: Str<'_> = fixed("Code", 0x08e);
pub(super) const REASON: Str<'_> = fixed("Reason", 0x090);
pub(super) const TEXT: Str<'_> = fixed("Text", 0x092);
pub(super) const VALUE: Str<'_> = fixed("Value", 0x09a);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::binxml::find_static;

    // [MC-NBFS] 2.2.
    #[test]
    fn every_fixed_name_has_its_place_in_the_static_dictionary() {
        for name in [
            MUST_UNDERSTAND,
            ENVELOPE,
            SOAP,
            ADDRESSING,
            HEADER,
            ACTION,
            TO,
            BODY,
            RELATES_TO,
            REPLY_TO_ANONYMOUS,
            MESSAGE_ID,
            ADDRESS,
            REPLY_TO,
            FAULT,
            CODE,
            REASON,
            TEXT,
            VALUE,
        ] {
            let found = find_static(name.text).unwrap();
            assert_eq!((found.text, found.origin), (name.text, name.origin));
        }
    }

    #[test]
    fn actions_are_a_namespace_and_a_word() {
        assert_eq!(ACTION_CONNECT, format!("{CONNECT_NAMESPACE}/Connect"));
        assert_eq!(ACTION_LISTEN, format!("{CONNECT_NAMESPACE}/Listen"));
        assert_eq!(ACTION_SEND, format!("{CONNECT_NAMESPACE}/Send"));
        assert_eq!(ACTION_PING, format!("{CONNECT_NAMESPACE}/OnewayPing"));
        assert_eq!(ACTION_INVITATION, format!("{INVITATION_NAMESPACE}/RelayedConnect"));
        assert_eq!(ACTION_FAULT, format!("{FAULT_NAMESPACE}/FaultAction"));
    }
}

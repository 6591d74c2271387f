//! SOAP 1.2 as text, with WS-Addressing 1.0: the envelopes of a net.tcp session with known encoding 3.
//!
//! Headers and their order are those of .NET (framing page 7.3): a request has Action, MessageID, ReplyTo, To; a reply
//! or fault has Action, RelatesTo, To.

use std::fmt::Write as _;

use quick_xml::escape::escape;

use super::xml::{Element, XmlError};

pub(super) const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
pub(super) const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";
/// The action of faults about addressing itself.
const ADDRESSING_FAULT: &str = "http://www.w3.org/2005/08/addressing/fault";
/// The action of other faults that no contract declares.
const SOAP_FAULT: &str = "http://www.w3.org/2005/08/addressing/soap/fault";
/// Where the codes of WCF's dispatcher live; its faults have the action `…/fault`.
const DISPATCHER: &str = "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher";

/// A message: what its headers say, and the one element in its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) action: String,
    /// Requests have one; replies are found by it.
    pub(super) message_id: Option<String>,
    /// Replies and faults: the `message_id` of their request.
    pub(super) relates_to: Option<String>,
    pub(super) to: Option<String>,
    /// A header that must be understood and is none of these, as `{namespace}name`.
    pub(super) not_understood: Option<String>,
    pub(super) body: Body,
}

/// The body of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Element(Element),
    Fault(Fault),
}

/// A SOAP 1.2 fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: FaultCode,
    pub(super) reason: String,
    pub(super) detail: Option<Element>,
}

/// Whose fault it is, and the subcode where one says more. Codes that we do not know are read by their first part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultCode {
    Sender,
    Receiver,
    MustUnderstand,
    ActionNotSupported,
    DestinationUnreachable,
    DeserializationFailed,
}

/// Why bytes are no envelope that we read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum EnvelopeError {
    #[error("not UTF-8")]
    NotUtf8,
    #[error(transparent)]
    Xml(#[from] XmlError),
    #[error("not a SOAP 1.2 envelope but {found:?}")]
    NotAnEnvelope { found: String },
    #[error("the envelope has no {0}")]
    Missing(&'static str),
}

impl Envelope {
    /// A request that waits for an answer.
    pub(super) fn request(action: String, message_id: String, to: String, body: Element) -> Self {
        let (message_id, to) = (Some(message_id), Some(to));
        Self { action, message_id, relates_to: None, to, not_understood: None, body: Body::Element(body) }
    }

    /// The answer to the message with the id `relates_to`.
    pub(super) fn reply(action: String, relates_to: Option<String>, body: Body) -> Self {
        Self { action, message_id: None, relates_to, to: Some(ANONYMOUS.into()), not_understood: None, body }
    }

    /// Reads one envelope. Mono and .NET may begin with a byte order mark and an XML declaration.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let text = std::str::from_utf8(bytes).map_err(|_| EnvelopeError::NotUtf8)?;
        let root = Element::parse(text)?;
        if !root.is(SOAP, "Envelope") {
            return Err(EnvelopeError::NotAnEnvelope {
                found: format!("{{{}}}{}", root.namespace, root.name),
            });
        }
        let none = Element::default();
        let header = root.child(SOAP, "Header").unwrap_or(&none);
        let addressing = |name| header.child(ADDRESSING, name).map(|e| e.text.trim().to_owned());
        let known = ["Action", "MessageID", "RelatesTo", "ReplyTo", "To", "From", "FaultTo"];
        let not_understood = header.children.iter().find(|e| {
            let required =
                e.attribute(SOAP, "mustUnderstand").is_some_and(|v| matches!(v.trim(), "1" | "true"));
            required && !(e.namespace == ADDRESSING && known.contains(&e.name.as_str()))
        });
        let body = root.child(SOAP, "Body").ok_or(EnvelopeError::Missing("body"))?;
        let body = body.children.first().ok_or(EnvelopeError::Missing("element in its body"))?;
        Ok(Self {
            action: addressing("Action").ok_or(EnvelopeError::Missing("action"))?,
            message_id: addressing("MessageID"),
            relates_to: addressing("RelatesTo"),
            to: addressing("To"),
            not_understood: not_understood.map(|e| format!("{{{}}}{}", e.namespace, e.name)),
            body: if body.is(SOAP, "Fault") {
                Body::Fault(Fault::from_xml(body)?)
            } else {
                Body::Element(body.clone())
            },
        })
    }

    /// Writes the envelope as .NET's text encoder does: no declaration, prefixes `s` and `a`.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = String::with_capacity(1024);
        let _ = write!(out, "<s:Envelope xmlns:s=\"{SOAP}\" xmlns:a=\"{ADDRESSING}\"><s:Header>");
        let _ = write!(out, "<a:Action s:mustUnderstand=\"1\">{}</a:Action>", escape(&self.action));
        if let Some(id) = &self.message_id {
            let _ = write!(out, "<a:MessageID>{}</a:MessageID>", escape(id));
            let _ = write!(out, "<a:ReplyTo><a:Address>{ANONYMOUS}</a:Address></a:ReplyTo>");
        }
        if let Some(id) = &self.relates_to {
            let _ = write!(out, "<a:RelatesTo>{}</a:RelatesTo>", escape(id));
        }
        if let Some(to) = &self.to {
            let _ = write!(out, "<a:To s:mustUnderstand=\"1\">{}</a:To>", escape(to));
        }
        out.push_str("</s:Header><s:Body>");
        match &self.body {
            Body::Element(element) => element.write("", &mut out),
            Body::Fault(fault) => fault.write(&mut out),
        }
        out.push_str("</s:Body></s:Envelope>");
        out.into_bytes()
    }
}

impl Fault {
    /// The action of a message that carries this fault, where no contract names another.
    pub(super) fn action(&self) -> String {
        match self.code {
            FaultCode::ActionNotSupported | FaultCode::DestinationUnreachable => ADDRESSING_FAULT.to_owned(),
            FaultCode::DeserializationFailed => format!("{DISPATCHER}/fault"),
            FaultCode::Sender | FaultCode::Receiver | FaultCode::MustUnderstand => SOAP_FAULT.to_owned(),
        }
    }

    fn write(&self, out: &mut String) {
        let (code, subcode) = match self.code {
            FaultCode::Sender => ("Sender", None),
            FaultCode::Receiver => ("Receiver", None),
            FaultCode::MustUnderstand => ("MustUnderstand", None),
            FaultCode::ActionNotSupported => ("Sender", Some((ADDRESSING, "ActionNotSupported"))),
            FaultCode::DestinationUnreachable => ("Sender", Some((ADDRESSING, "DestinationUnreachable"))),
            FaultCode::DeserializationFailed => ("Sender", Some((DISPATCHER, "DeserializationFailed"))),
        };
        let _ = write!(out, "<s:Fault><s:Code><s:Value>s:{code}</s:Value>");
        if let Some((namespace, name)) = subcode {
            let _ = write!(out, "<s:Subcode><s:Value xmlns:c=\"{namespace}\">c:{name}</s:Value></s:Subcode>");
        }
        let reason = escape(&self.reason);
        let _ = write!(out, "</s:Code><s:Reason><s:Text xml:lang=\"en\">{reason}</s:Text></s:Reason>");
        if let Some(detail) = &self.detail {
            out.push_str("<s:Detail>");
            detail.write("", out);
            out.push_str("</s:Detail>");
        }
        out.push_str("</s:Fault>");
    }

    fn from_xml(fault: &Element) -> Result<Self, EnvelopeError> {
        let code = fault.own("Code").ok_or(EnvelopeError::Missing("fault code"))?;
        let local = |code: &Element| {
            let value = code.own("Value").map(|value| value.text.trim().to_owned()).unwrap_or_default();
            value.rsplit(':').next().unwrap_or_default().to_owned()
        };
        let subcode = code.own("Subcode").map(local).unwrap_or_default();
        let code = match (local(code).as_str(), subcode.as_str()) {
            (_, "ActionNotSupported") => FaultCode::ActionNotSupported,
            (_, "DestinationUnreachable") => FaultCode::DestinationUnreachable,
            (_, "DeserializationFailed") => FaultCode::DeserializationFailed,
            ("MustUnderstand", _) => FaultCode::MustUnderstand,
            ("Sender", _) => FaultCode::Sender,
            _ => FaultCode::Receiver,
        };
        let reason =
            fault.own("Reason").and_then(|r| r.own("Text")).map(|t| t.text.clone()).unwrap_or_default();
        let detail = fault.own("Detail").and_then(|detail| detail.children.first().cloned());
        Ok(Self { code, reason, detail })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Source: a recording of Mono 6.8's client, NetTcpBinding with text encoding (fixtures, mono-tcp-text12-echo).
    const MONO_REQUEST: &str = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:a=\"http://www.w3.org/2005/08/addressing\" xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Header><a:Action s:mustUnderstand=\"1\">urn:relay-probe/IEcho/Echo</a:Action><a:MessageID>urn:uuid:71a51474-4e79-46f7-b564-5383e6431de7</a:MessageID><a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo><a:To s:mustUnderstand=\"1\">net.tcp://localhost:21072/probe</a:To></s:Header><s:Body><Echo xmlns=\"urn:relay-probe\"><text>a</text></Echo></s:Body></s:Envelope>";

    #[test]
    fn a_recorded_request_is_read() {
        let envelope = Envelope::decode(MONO_REQUEST.as_bytes()).unwrap();
        assert_eq!(envelope.action, "urn:relay-probe/IEcho/Echo");
        assert_eq!(envelope.message_id.as_deref(), Some("urn:uuid:71a51474-4e79-46f7-b564-5383e6431de7"));
        assert_eq!(envelope.to.as_deref(), Some("net.tcp://localhost:21072/probe"));
        assert_eq!(envelope.not_understood, None);
        let Body::Element(body) = envelope.body else { panic!("a fault") };
        assert_eq!(body.child("urn:relay-probe", "text").unwrap().text, "a");
    }

    #[test]
    fn faults_of_each_code_survive_the_way() {
        use FaultCode::*;
        for code in [
            Sender,
            Receiver,
            MustUnderstand,
            ActionNotSupported,
            DestinationUnreachable,
            DeserializationFailed,
        ] {
            let fault =
                Fault { code, reason: "no <such> thing".into(), detail: Some(Element::new("urn:d", "D")) };
            let envelope = Envelope::reply(fault.action(), Some("urn:uuid:1".into()), Body::Fault(fault));
            assert_eq!(Envelope::decode(&envelope.encode()).unwrap(), envelope);
        }
    }

    #[test]
    fn a_header_that_must_be_understood_is_named() {
        let text = String::from_utf8(
            Envelope::request("a".into(), "1".into(), "t".into(), Element::new("", "b")).encode(),
        );
        let text = text
            .unwrap()
            .replace("</s:Header>", "<x:Lock xmlns:x=\"urn:x\" s:mustUnderstand=\"1\"/></s:Header>");
        let envelope = Envelope::decode(text.as_bytes()).unwrap();
        assert_eq!(envelope.not_understood.as_deref(), Some("{urn:x}Lock"));
    }

    #[test]
    fn soap_of_another_version_is_refused() {
        let soap11 = br#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><a/></s:Body></s:Envelope>"#;
        assert!(matches!(Envelope::decode(soap11), Err(EnvelopeError::NotAnEnvelope { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Envelope::decode(&bytes);
        }

        #[test]
        fn a_cut_envelope_is_refused(at in 0usize..MONO_REQUEST.len()) {
            prop_assert!(Envelope::decode(&MONO_REQUEST.as_bytes()[..at]).is_err());
        }
    }
}

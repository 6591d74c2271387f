//! SOAP faults of both versions, and how they are written.

use super::addressing::Addressing;
use super::headers::QualifiedName;
use super::names::{self, plain, s};
use super::sink::Sink;
use super::version::SoapVersion;
use crate::wire::xml::{Event, Name, Str, TextReader, Value, XML_NAMESPACE, XmlError, XmlLimits};

/// Where the codes of WCF's dispatcher live; a fault with one of them has it, with `/fault` behind, as its action.
pub const DISPATCHER: &str =
    "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher";
const DISPATCHER_ACTION: &str =
    "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher/fault";

/// A SOAP fault, in terms of SOAP 1.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Whose fault it is.
    pub code: FaultCode,
    /// What it is, from the general to the particular. SOAP 1.1 has room for the first alone.
    pub subcodes: Vec<QualifiedName>,
    /// What people are told.
    pub reason: String,
    /// The language of the reason; may be empty.
    pub lang: String,
    /// Who found it (`Role`, `faultactor`).
    pub role: Option<String>,
    /// The detail element as text XML that stands alone: with every declaration that was in scope.
    pub detail: Option<String>,
}

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultCode {
    /// The sender's (`Client` in SOAP 1.1).
    Sender,
    /// The receiver's (`Server` in SOAP 1.1).
    Receiver,
    /// A header that had to be understood was not.
    MustUnderstand,
    /// The envelope is of another version.
    VersionMismatch,
    /// An encoding style that is not known; SOAP 1.1 has no such code and calls it `Client`.
    DataEncodingUnknown,
}

/// A qualified name below a [`FaultCode`].
pub type Subcode = QualifiedName;

impl FaultCode {
    /// Its local name in the envelope's namespace.
    pub const fn name(self, version: SoapVersion) -> &'static str {
        match (self, version) {
            (Self::Sender, SoapVersion::Soap12) => "Sender",
            (Self::Sender | Self::DataEncodingUnknown, SoapVersion::Soap11) => "Client",
            (Self::Receiver, SoapVersion::Soap12) => "Receiver",
            (Self::Receiver, SoapVersion::Soap11) => "Server",
            (Self::MustUnderstand, _) => "MustUnderstand",
            (Self::VersionMismatch, _) => "VersionMismatch",
            (Self::DataEncodingUnknown, SoapVersion::Soap12) => "DataEncodingUnknown",
        }
    }

    /// The code of that name.
    pub fn of(name: &str, version: SoapVersion) -> Option<Self> {
        let all = [
            Self::Sender,
            Self::Receiver,
            Self::MustUnderstand,
            Self::VersionMismatch,
            Self::DataEncodingUnknown,
        ];
        all.into_iter().find(|code| code.name(version) == name)
    }
}

impl Fault {
    /// A fault with an English reason.
    pub fn new(code: FaultCode, reason: &str) -> Self {
        Self {
            code,
            subcodes: Vec::new(),
            reason: reason.to_owned(),
            lang: "en".to_owned(),
            role: None,
            detail: None,
        }
    }

    /// The fault with a more particular code.
    #[must_use]
    pub fn with_subcode(mut self, namespace: &str, local: &str) -> Self {
        self.subcodes.push(QualifiedName::new(namespace, local));
        self
    }

    /// The fault with a detail: an element as text XML.
    #[must_use]
    pub fn with_detail(mut self, detail: &str) -> Self {
        self.detail = Some(detail.to_owned());
        self
    }

    /// What the dispatcher says of a To that no endpoint has (framing page 7.4).
    pub fn destination_unreachable(addressing: Addressing, reason: &str) -> Self {
        Self::new(FaultCode::Sender, reason).with_subcode(addressing.namespace(), "DestinationUnreachable")
    }

    /// The action of a message with this fault, where no contract names another. Bridging page 2.5.
    pub fn action(&self, addressing: Addressing) -> Option<&'static str> {
        match self.subcodes.first() {
            Some(first) if first.namespace == addressing.namespace() => addressing.addressing_fault(),
            Some(first) if first.namespace == DISPATCHER => {
                (addressing != Addressing::None).then_some(DISPATCHER_ACTION)
            }
            _ => addressing.soap_fault(),
        }
    }

    /// Writes the fault as the content of a body.
    ///
    /// # Errors
    /// What the sink says, or that the detail is no element.
    pub fn write<S: Sink>(&self, version: SoapVersion, sink: &mut S) -> Result<(), S::Error>
    where
        S::Error: From<XmlError>,
    {
        match version {
            SoapVersion::Soap12 => self.write_12(sink),
            SoapVersion::Soap11 => self.write_11(sink),
        }
    }

    fn write_12<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error>
    where
        S::Error: From<XmlError>,
    {
        let s = |local| s(names::SOAP_12, local);
        sink.event(&Event::Start(s(names::FAULT)))?;
        sink.event(&Event::Start(s(names::CODE)))?;
        sink.event(&Event::Start(s(names::VALUE)))?;
        let code = format!("s:{}", self.code.name(SoapVersion::Soap12));
        sink.event(&Event::Text(Value::Chars(&code)))?;
        sink.event(&Event::End)?;
        for subcode in &self.subcodes {
            sink.event(&Event::Start(s(names::SUBCODE)))?;
            qualified(s(names::VALUE), subcode, sink)?;
        }
        for _ in &self.subcodes {
            sink.event(&Event::End)?;
        }
        sink.event(&Event::End)?;
        sink.event(&Event::Start(s(names::REASON)))?;
        self.reason(s(names::TEXT), sink)?;
        sink.event(&Event::End)?;
        if let Some(role) = &self.role {
            text(s(names::ROLE), role, sink)?;
        }
        self.write_detail(s(names::DETAIL_12), sink)?;
        sink.event(&Event::End)
    }

    fn write_11<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error>
    where
        S::Error: From<XmlError>,
    {
        sink.event(&Event::Start(s(names::SOAP_11, names::FAULT)))?;
        // WCF writes the first subcode alone and loses whose fault it is; a reader tells that from the subcode.
        match self.subcodes.first() {
            Some(subcode) => qualified(plain(names::FAULT_CODE), subcode, sink)?,
            None => {
                let code = format!("s:{}", self.code.name(SoapVersion::Soap11));
                text(plain(names::FAULT_CODE), &code, sink)?;
            }
        }
        self.reason(plain(names::FAULT_STRING), sink)?;
        if let Some(role) = &self.role {
            text(plain(names::FAULT_ACTOR), role, sink)?;
        }
        self.write_detail(plain(names::DETAIL_11), sink)?;
        sink.event(&Event::End)
    }

    fn reason<S: Sink>(&self, name: Name<'_>, sink: &mut S) -> Result<(), S::Error> {
        sink.event(&Event::Start(name))?;
        let lang = Name { prefix: "xml", local: Str::plain("lang"), namespace: Str::plain(XML_NAMESPACE) };
        sink.event(&Event::Attribute { name: lang, value: Value::Chars(&self.lang) })?;
        sink.event(&Event::Text(Value::Chars(&self.reason)))?;
        sink.event(&Event::End)
    }

    /// The detail element under the name that this version gives it, with all its declarations, attributes and content.
    fn write_detail<S: Sink>(&self, name: Name<'_>, sink: &mut S) -> Result<(), S::Error>
    where
        S::Error: From<XmlError>,
    {
        let Some(detail) = &self.detail else { return Ok(()) };
        let mut reader = TextReader::new(XmlLimits::default());
        reader.push(detail.as_bytes());
        reader.finish();
        let mut depth = 0;
        let mut in_root_tag = false;
        while let Some(event) = reader.next()? {
            match event {
                Event::Start(_) if depth == 0 => {
                    (depth, in_root_tag) = (1, true);
                    sink.event(&Event::Start(name))?;
                    continue;
                }
                // What the new name of the element means here is declared around it.
                Event::Namespace { prefix, .. } if in_root_tag && prefix == name.prefix => continue,
                Event::Namespace { .. } | Event::Attribute { .. } => {}
                Event::Start(_) => (depth, in_root_tag) = (depth + 1, false),
                Event::End => (depth, in_root_tag) = (depth - 1, false),
                Event::Text(_) | Event::Comment(_) => in_root_tag = false,
            }
            sink.event(&event)?;
        }
        Ok(())
    }
}

fn text<S: Sink>(name: Name<'_>, text: &str, sink: &mut S) -> Result<(), S::Error> {
    sink.event(&Event::Start(name))?;
    sink.event(&Event::Text(Value::Chars(text)))?;
    sink.event(&Event::End)
}

/// An element whose text is a qualified name, with the declaration of its prefix.
fn qualified<S: Sink>(name: Name<'_>, value: &QualifiedName, sink: &mut S) -> Result<(), S::Error> {
    sink.event(&Event::Start(name))?;
    if value.namespace.is_empty() {
        sink.event(&Event::Text(Value::Chars(&value.local)))?;
    } else {
        sink.event(&Event::Namespace { prefix: "c", uri: Str::plain(&value.namespace) })?;
        let text = format!("c:{}", value.local);
        sink.event(&Event::Text(Value::Chars(&text)))?;
    }
    sink.event(&Event::End)
}

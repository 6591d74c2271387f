//! Envelopes as .NET writes them: prefixes `s` and `a`, headers in its order.

use uuid::Uuid;

use super::addressing::Addressing;
use super::fault::Fault;
use super::names::{self, a, s};
use super::sink::Sink;
use super::version::SoapVersion;
use crate::wire::xml::{Event, Name, Str, Value, XmlError};

/// An envelope to be written: its headers. The body comes from whoever has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The version of SOAP.
    pub version: SoapVersion,
    /// The version of its headers. With [`Addressing::None`] there are none, and what they would say stands in the transport.
    pub addressing: Addressing,
    /// What is to be done.
    pub action: String,
    /// The id of a message that wants a reply, which makes the envelope say where that goes: back.
    pub message_id: Option<String>,
    /// The id of the message that this one answers.
    pub relates_to: Option<String>,
    /// The receiver.
    pub to: Option<String>,
    /// Whether headers of somebody else will follow. Without them and without addressing there is no header element, as .NET
    /// has none.
    pub further_headers: bool,
}

impl Envelope {
    /// A message that wants a reply.
    pub fn request(
        version: SoapVersion,
        addressing: Addressing,
        action: &str,
        message_id: &str,
        to: &str,
    ) -> Self {
        Self {
            message_id: Some(message_id.to_owned()),
            to: Some(to.to_owned()),
            ..Self::bare(version, addressing, action)
        }
    }

    /// A message that wants none.
    pub fn one_way(version: SoapVersion, addressing: Addressing, action: &str, to: &str) -> Self {
        Self { to: Some(to.to_owned()), ..Self::bare(version, addressing, action) }
    }

    /// A reply. It has no To: with August 2004, and on net.tcp, .NET's says `anonymous`.
    pub fn reply(
        version: SoapVersion,
        addressing: Addressing,
        action: &str,
        relates_to: Option<&str>,
    ) -> Self {
        let relates_to = relates_to.map(str::to_owned);
        Self { relates_to, ..Self::bare(version, addressing, action) }
    }

    fn bare(version: SoapVersion, addressing: Addressing, action: &str) -> Self {
        let action = action.to_owned();
        Self {
            version,
            addressing,
            action,
            message_id: None,
            relates_to: None,
            to: None,
            further_headers: false,
        }
    }

    /// The envelope with [`Addressing::anonymous`] as its To.
    #[must_use]
    pub fn to_anonymous(mut self) -> Self {
        self.to = self.addressing.anonymous().map(str::to_owned);
        self
    }

    /// Writes everything up to the end of its own headers; further ones may follow, then [`Self::body`].
    ///
    /// # Errors
    /// What the sink says.
    pub fn start<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error> {
        let soap = soap(self.version);
        sink.event(&Event::Start(s(soap, names::ENVELOPE)))?;
        sink.event(&Event::Namespace { prefix: "s", uri: soap })?;
        if self.addressing == Addressing::None {
            return if self.further_headers {
                sink.event(&Event::Start(s(soap, names::HEADER)))
            } else {
                Ok(())
            };
        }
        let addressing = addressing(self.addressing);
        sink.event(&Event::Namespace { prefix: "a", uri: addressing })?;
        sink.event(&Event::Start(s(soap, names::HEADER)))?;
        self.header(a(addressing, names::ACTION), true, self.address(&self.action), sink)?;
        if let Some(id) = &self.message_id {
            self.header(a(addressing, names::MESSAGE_ID), false, unique_id(id), sink)?;
            if let Some(anonymous) = self.addressing.anonymous() {
                sink.event(&Event::Start(a(addressing, names::REPLY_TO)))?;
                self.header(a(addressing, names::ADDRESS), false, self.address(anonymous), sink)?;
                sink.event(&Event::End)?;
            }
        }
        if let Some(id) = &self.relates_to {
            self.header(a(addressing, names::RELATES_TO), false, unique_id(id), sink)?;
        }
        if let Some(to) = &self.to {
            self.header(a(addressing, names::TO), true, self.address(to), sink)?;
        }
        Ok(())
    }

    /// Ends the headers and begins the body.
    ///
    /// # Errors
    /// What the sink says.
    pub fn body<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error> {
        if self.addressing != Addressing::None || self.further_headers {
            sink.event(&Event::End)?;
        }
        sink.event(&Event::Start(s(soap(self.version), names::BODY)))
    }

    /// Ends the body and the envelope.
    ///
    /// # Errors
    /// What the sink says.
    pub fn end<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error> {
        sink.event(&Event::End)?;
        sink.event(&Event::End)
    }

    /// Writes the whole envelope around a fault.
    ///
    /// # Errors
    /// What the sink says, or that the fault's detail is no element.
    pub fn with_fault<S: Sink>(&self, fault: &Fault, sink: &mut S) -> Result<(), S::Error>
    where
        S::Error: From<XmlError>,
    {
        self.start(sink)?;
        self.body(sink)?;
        fault.write(self.version, sink)?;
        self.end(sink)
    }

    fn header<S: Sink>(
        &self,
        name: Name<'_>,
        must_understand: bool,
        value: Value<'_>,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        sink.event(&Event::Start(name))?;
        if must_understand {
            let name = s(soap(self.version), names::MUST_UNDERSTAND);
            sink.event(&Event::Attribute { name, value: Value::One })?;
        }
        sink.event(&Event::Text(value))?;
        sink.event(&Event::End)
    }

    /// A string that .NET's binary encoder puts into a dictionary.
    fn address<'a>(&self, text: &'a str) -> Value<'a> {
        Value::Dictionary(match (text, self.addressing.anonymous()) {
            (text, Some(anonymous)) if text == anonymous => match self.addressing {
                Addressing::August2004 => names::ANONYMOUS_2004,
                Addressing::Ws10 | Addressing::None => names::ANONYMOUS_10,
            },
            (text, _) => Str::dictionary(text),
        })
    }
}

fn soap(version: SoapVersion) -> Str<'static> {
    match version {
        SoapVersion::Soap11 => names::SOAP_11,
        SoapVersion::Soap12 => names::SOAP_12,
    }
}

fn addressing(addressing: Addressing) -> Str<'static> {
    match addressing {
        Addressing::None => names::ADDRESSING_NONE,
        Addressing::August2004 => names::ADDRESSING_2004,
        Addressing::Ws10 => names::ADDRESSING_10,
    }
}

/// An id: 16 bytes in binary XML where its text is exactly that of a GUID that is not nil.
fn unique_id(id: &str) -> Value<'_> {
    let uuid = id.strip_prefix("urn:uuid:").and_then(|uuid| Uuid::try_parse(uuid).ok());
    match uuid {
        Some(uuid) if !uuid.is_nil() && id[9..] == *uuid.hyphenated().to_string() => Value::UniqueId(uuid),
        _ => Value::Chars(id),
    }
}

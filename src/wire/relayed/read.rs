//! One message in one pass over its events.

use super::error::MessageError;
use super::fields::Fields;
use super::limits::{MAX_MESSAGE, control_limits};
use super::names::{CONNECT_NAMESPACE, TRACKING_NAMESPACE};
use super::token::{AccessToken, AccessTokenReader};
use crate::wire::binxml::{Dictionaries, Reader};
use crate::wire::soap::{Addressing, Field, HeaderReader, Headers, SoapError, SoapLimits, SoapVersion};
use crate::wire::xml::{Event, Value};

/// A message as it was read: what its headers say, and the texts in its body.
pub(super) struct ReadMessage {
    pub(super) headers: Headers,
    pub(super) tracking_id: Option<String>,
    pub(super) relay_via: Option<String>,
    pub(super) token: Option<AccessToken>,
    pub(super) fields: Fields,
}

impl ReadMessage {
    /// Reads a whole document of the relay's own.
    pub(super) fn read(document: &[u8], dictionaries: Dictionaries<'_>) -> Result<Self, MessageError> {
        if document.len() > MAX_MESSAGE {
            return Err(MessageError::TooLarge { max: MAX_MESSAGE });
        }
        let mut reader = Reader::new(document, dictionaries, control_limits());
        let mut message = MessageReader::new();
        while let Some(event) = reader.next_event()? {
            message.event(event)?;
        }
        message.finish()
    }

    /// The action; replies may have none.
    pub(super) fn action(&self) -> &str {
        text(self.headers.action.as_ref())
    }

    /// The id that a reply relates to.
    pub(super) fn message_id(&self) -> Option<String> {
        self.headers.message_id.as_ref().map(|field| field.text.clone())
    }
}

/// The text of a header; empty when it is missing.
pub(super) fn text(field: Option<&Field>) -> &str {
    field.map_or("", |field| &field.text)
}

/// Reads a message from its events. Headers of addressing have to be of version 1.0, and the envelope of SOAP 1.2.
pub(super) struct MessageReader {
    headers: HeaderReader,
    token: AccessTokenReader,
    tracking_id: OwnHeader,
    relay_via: OwnHeader,
    depth: usize,
    /// Whether the body has ended.
    over: bool,
    fields: Fields,
}

impl MessageReader {
    pub(super) fn new() -> Self {
        Self {
            headers: HeaderReader::new(SoapLimits { kept: MAX_MESSAGE, ..SoapLimits::default() }),
            token: AccessTokenReader::default(),
            tracking_id: OwnHeader::new(TRACKING_NAMESPACE, "TrackingId"),
            relay_via: OwnHeader::new(CONNECT_NAMESPACE, "RelayVia"),
            depth: 0,
            over: false,
            fields: Fields::default(),
        }
    }

    /// Takes the next event and says whether it belongs to a header with a token.
    pub(super) fn event(&mut self, event: &Event<'_>) -> Result<bool, MessageError> {
        if let Event::Text(value) | Event::Attribute { value, .. } = event {
            check_size(value)?;
        }
        if self.headers.headers().is_some() {
            self.body(event)?;
            return Ok(false);
        }
        self.headers.event(event)?;
        match event {
            Event::Start(_) => self.depth += 1,
            Event::End => self.depth -= 1,
            _ => {}
        }
        self.tracking_id.event(event, self.depth)?;
        self.relay_via.event(event, self.depth)?;
        let in_token = self.token.event(event)?;
        if let Some(headers) = self.headers.headers()
            && (headers.version != SoapVersion::Soap12 || !is_addressing(headers))
        {
            return Err(MessageError::WrongVersion);
        }
        Ok(in_token)
    }

    /// Everything behind the start of the body.
    fn body(&mut self, event: &Event<'_>) -> Result<(), MessageError> {
        if self.over {
            // The envelope's end, and nothing that has a meaning.
            return if matches!(event, Event::Start(_)) {
                Err(SoapError::BadStructure.into())
            } else {
                Ok(())
            };
        }
        match event {
            Event::Start(_) => self.depth += 1,
            Event::End if self.depth == 2 => {
                self.over = true;
                return Ok(());
            }
            Event::End => self.depth -= 1,
            _ => {}
        }
        self.fields.event(event)
    }

    /// The headers, once the body has begun.
    pub(super) fn headers(&self) -> Option<&Headers> {
        self.headers.headers()
    }

    /// The id by which a refusal can be told, when it was read in time.
    pub(super) fn message_id(&self) -> Option<String> {
        self.headers().and_then(|headers| headers.message_id.as_ref()).map(|field| field.text.clone())
    }

    /// The message, once its document is over.
    pub(super) fn finish(self) -> Result<ReadMessage, MessageError> {
        let headers = self.headers.into_headers().ok_or(SoapError::NoBody)?;
        Ok(ReadMessage {
            headers,
            tracking_id: self.tracking_id.text,
            relay_via: self.relay_via.text,
            token: self.token.into_token(),
            fields: self.fields,
        })
    }
}

/// A message without headers of addressing counts as one of version 1.0: replies may have none.
fn is_addressing(headers: &Headers) -> bool {
    match headers.addressing {
        Addressing::Ws10 => true,
        Addressing::None => headers.action.is_none() && headers.to.is_none(),
        Addressing::August2004 => false,
    }
}

/// Refuses a value that would be longer as text than a whole message may be: the items of a list are ids of two bytes,
/// each of which may stand for a long string.
pub(super) fn check_size(value: &Value<'_>) -> Result<(), MessageError> {
    let Value::List(list) = value else { return Ok(()) };
    let mut left = MAX_MESSAGE;
    for item in list.iter() {
        let size = match item {
            Value::Bytes(bytes) => bytes.len() * 2,
            Value::Utf16(text) => text.as_bytes().len() * 2,
            other => other.as_str().map_or(64, str::len),
        };
        left = left.checked_sub(size + 1).ok_or(MessageError::TooLarge { max: MAX_MESSAGE })?;
    }
    Ok(())
}

/// A header of the relay's own that holds a text.
struct OwnHeader {
    namespace: &'static str,
    name: &'static str,
    reading: bool,
    text: Option<String>,
}

impl OwnHeader {
    /// Bytes of its text that are kept; the addresses and ids in them are short.
    const MAX: usize = 4096;

    const fn new(namespace: &'static str, name: &'static str) -> Self {
        Self { namespace, name, reading: false, text: None }
    }

    /// Takes an event and how many elements are open after it.
    fn event(&mut self, event: &Event<'_>, depth: usize) -> Result<(), MessageError> {
        match event {
            Event::Start(name) if depth == 3 && name.is(self.namespace, self.name) => {
                self.reading = true;
                if self.text.replace(String::new()).is_some() {
                    return Err(MessageError::Twice(self.name));
                }
            }
            Event::Text(value) if self.reading && depth == 3 => {
                if let Some(text) = &mut self.text {
                    text.push_str(&value.text());
                    if text.len() > Self::MAX {
                        return Err(MessageError::TextTooLong { max: Self::MAX });
                    }
                }
            }
            Event::End if depth == 2 => self.reading = false,
            _ => {}
        }
        Ok(())
    }
}

//! One HTTP request on its way to a listener.

use std::fmt;

use http::header::HOST;
use http::request::Parts;
use secrecy::SecretString;

use super::body_format::BodyFormat;
use super::content_type::{Announced, ContentType};
use super::header_elements::{HeaderElement, header_elements};
use super::json_request::JsonRequest;
use super::limits::BindingLimits;
use super::outgoing::Outgoing;
use super::refusal::HttpRefusal;
use super::sender_form::SenderForm;
use super::terms::Terms;
use super::xml_request::XmlRequest;
use crate::wire::hybrid::latin1_decode;
use crate::wire::relayed::MessageError;

/// Translates one request: the head at once, the entity as it comes, in memory that does not grow with it.
///
/// What it writes is a session of message framing: preamble, envelope, End (7.3). Nothing is written before the form of the entity is known, and
/// of a short entity nothing before its end, so that one that is malformed never reaches a listener. After an error nothing more may be written
/// to the rendezvous: without its End the request is not delivered, and the connection serves no other.
///
/// ```
/// use viaduct::bridge::http_binding::{BindingLimits, HttpScheme, Request, Terms, XmlBody};
/// use viaduct::entity::RelayPath;
///
/// let head = http::Request::post("/orders/new?urgent")
///     .header("Host", "contoso.example.net")
///     .header("Content-Type", "application/octet-stream")
///     .body(())
///     .unwrap();
/// let terms = Terms {
///     via: "sb://contoso.example.net/orders".to_owned(),
///     host: "contoso.example.net".to_owned(),
///     path: RelayPath::parse("/orders/new").unwrap(),
///     scheme: HttpScheme::Https,
///     xml: XmlBody::Element,
///     limits: BindingLimits::default(),
/// };
/// let mut request = Request::new(&head.into_parts().0, terms).unwrap();
/// let mut to_listener = Vec::new();
/// request.push(b"first", &mut to_listener).unwrap();
/// request.push(b"second", &mut to_listener).unwrap();
/// request.finish(&mut to_listener).unwrap();
/// assert!(to_listener.starts_with(b"\x00\x01\x00\x01\x01\x02\x1fsb://contoso.example.net/orders\x03\x07\x0c\x05"));
/// assert!(to_listener.ends_with(b"\x00\x07"));
/// ```
pub struct Request {
    outgoing: Outgoing,
    content: Content,
    form: SenderForm,
    limits: BindingLimits,
    /// Bytes of the entity so far.
    size: u64,
    /// What is held back; `None`: nothing is any more.
    held: Option<Vec<u8>>,
    error: Option<HttpRefusal>,
}

/// What the entity is turned by.
enum Content {
    Xml(Box<XmlRequest>),
    Json(Box<JsonRequest>),
    Octets,
}

impl Request {
    /// Begins to translate a request.
    ///
    /// # Errors
    /// Its target or one of its headers cannot be told to a service, or its charset is unknown.
    pub fn new(head: &Parts, terms: Terms) -> Result<Self, HttpRefusal> {
        let address = address(head, &terms)?;
        let mut headers = header_elements(&head.headers)?;
        // HTTP/2 says it in the target.
        if let Some(authority) = head.uri.authority().filter(|_| !head.headers.contains_key(HOST)) {
            let text = authority.as_str().rsplit('@').next().unwrap_or_default().to_owned();
            headers.insert(0, HeaderElement { name: "Host".to_owned(), text });
        }
        let content_type = ContentType::of(&head.headers);
        let limits = terms.limits;
        let content = match content_type.kind {
            Announced::Soap | Announced::Xml => {
                let xml = XmlRequest::new(&content_type, soap_action(head), terms.xml, limits.clone())?;
                Content::Xml(Box::new(xml))
            }
            Announced::Json => Content::Json(Box::new(JsonRequest::new(&content_type, &limits)?)),
            Announced::Other => Content::Octets,
        };
        Ok(Self {
            outgoing: Outgoing::new(terms.via, head.method.as_str(), &address, headers),
            content,
            form: SenderForm::of(&head.headers),
            limits,
            size: 0,
            held: Some(Vec::new()),
            error: None,
        })
    }

    /// Takes the next bytes of the entity and appends to `out` what the listener gets of them.
    ///
    /// # Errors
    /// The entity is malformed or too large. Every later call fails the same way.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        self.guarded(out, |request, out| request.entity(bytes, out))
    }

    /// The entity is over; appends the rest, up to the End.
    ///
    /// # Errors
    /// The entity was not whole.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        self.guarded(out, |request, out| {
            request.end(out)?;
            // Nothing is held back from here on.
            if let Some(held) = request.held.take() {
                let mut rest = std::mem::replace(out, held);
                out.append(&mut rest);
            }
            Ok(())
        })
    }

    /// Whether it is known what a SOAP message says of itself ([`Self::soap_token`]), or that this is none. With the end of the entity it always is.
    pub fn is_begun(&self) -> bool {
        self.outgoing.format().is_some()
    }

    /// The form of the entity, once [`Self::is_begun`].
    pub fn format(&self) -> Option<BodyFormat> {
        self.outgoing.format()
    }

    /// The token that stood in a SOAP header, which the service does not see (8.2). It counts where the head has none
    /// ([`super::relay_token`]).
    ///
    /// # Errors
    /// What stood there is no token, or there are two. The message is relayed all the same where none is needed.
    pub fn soap_token(&self) -> Result<Option<&SecretString>, MessageError> {
        match &self.content {
            Content::Xml(xml) => match xml.token() {
                Some(Ok(token)) => Ok(token.as_ref().map(|token| &token.text)),
                Some(Err(error)) => Err(error.clone()),
                None => Ok(None),
            },
            Content::Json(_) | Content::Octets => Ok(None),
        }
    }

    /// Whether a token may stand in the entity, so that it is worth reading for its sake.
    pub fn may_hold_token(&self) -> bool {
        matches!(self.content, Content::Xml(_))
    }

    /// In which form the sender is told that something is wrong.
    pub fn form(&self) -> SenderForm {
        match &self.content {
            Content::Xml(xml) => xml.version().map_or(self.form, SenderForm::Soap),
            Content::Json(_) | Content::Octets => self.form,
        }
    }

    /// Bytes of the entity so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    fn guarded(
        &mut self,
        out: &mut Vec<u8>,
        step: impl FnOnce(&mut Self, &mut Vec<u8>) -> Result<(), HttpRefusal>,
    ) -> Result<(), HttpRefusal> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let mut written = Vec::new();
        if let Err(error) = step(self, &mut written) {
            self.error = Some(error.clone());
            self.held = None;
            return Err(error);
        }
        match &mut self.held {
            Some(held) if held.len() + written.len() <= self.limits.held => held.append(&mut written),
            _ => {
                if let Some(held) = self.held.take() {
                    out.extend_from_slice(&held);
                }
                out.append(&mut written);
            }
        }
        Ok(())
    }

    fn entity(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.size += bytes.len() as u64;
        let max = self.limits.request;
        if max != 0 && self.size > max {
            return Err(HttpRefusal::RequestTooLarge { max });
        }
        match &mut self.content {
            Content::Xml(xml) => xml.push(bytes, &mut self.outgoing, out),
            Content::Json(json) => json.push(bytes, &mut self.outgoing, out),
            Content::Octets => {
                if self.outgoing.format().is_none() {
                    self.outgoing.begin(BodyFormat::Raw, out)?;
                }
                self.outgoing.bytes(bytes, out)
            }
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        if self.size == 0 {
            // No entity, whatever the headers say (7.4).
            self.outgoing.begin(BodyFormat::Default, out)?;
        } else {
            match &mut self.content {
                Content::Xml(xml) => xml.finish(&mut self.outgoing, out)?,
                Content::Json(json) => json.finish(&mut self.outgoing, out)?,
                Content::Octets => {}
            }
        }
        self.outgoing.finish(out)
    }
}

impl fmt::Debug for Request {
    // Neither headers nor what is kept: there may be tokens in both.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("format", &self.format())
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// `HttpAddress`: absolute, the query and every escape as they were sent (7.4).
fn address(head: &Parts, terms: &Terms) -> Result<String, HttpRefusal> {
    if !head.uri.path().starts_with('/') {
        return Err(HttpRefusal::BadTarget);
    }
    let mut address = format!("{}://{}{}", terms.scheme.name(), terms.host, terms.path.raw());
    if let Some(query) = head.uri.query() {
        address.push('?');
        address.push_str(query);
    }
    Ok(address)
}

/// The value of `SOAPAction` without its quotes; an empty one says nothing.
fn soap_action(head: &Parts) -> Option<String> {
    let value = latin1_decode(head.headers.get("soapaction")?.as_bytes());
    let value = value.trim();
    let action = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    Some(action.trim().to_owned()).filter(|action| !action.is_empty())
}

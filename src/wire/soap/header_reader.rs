//! Headers from events, without a tree.

use super::addressing::Addressing;
use super::error::SoapError;
use super::headers::{Field, Headers, QualifiedName};
use super::version::SoapVersion;
use crate::wire::xml::{Event, Name, Value, XML_NAMESPACE};

const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

/// What the headers of an envelope may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoapLimits {
    /// Bytes of header text, names and ids that are kept. Default 64 KiB.
    pub kept: usize,
    /// Headers, and references in signatures. Default 256.
    pub headers: usize,
}

impl Default for SoapLimits {
    fn default() -> Self {
        Self { kept: 64 * 1024, headers: 256 }
    }
}

/// Reads the headers of one envelope from its events, up to the start of the body; [`Self::event`] says when.
#[derive(Debug)]
pub struct HeaderReader {
    limits: SoapLimits,
    kept: usize,
    depth: usize,
    place: Place,
    seen_header: bool,
    version: Option<SoapVersion>,
    addressing: Option<Addressing>,
    /// The header that is being read.
    block: Block,
    /// Headers so far with the ids that signatures can refer to.
    done: Vec<Block>,
    count: usize,
    references: Vec<String>,
    must_understand: Vec<QualifiedName>,
    has_security: bool,
    all_signed: bool,
    headers: Option<Headers>,
}

/// Where in an envelope the last event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Outside of the headers.
    Outside,
    /// In the header To, its start and its end included.
    To,
    /// In any other header.
    Header,
    /// In the body: the headers are known.
    Body,
}

/// One header while it is read.
#[derive(Debug, Default)]
struct Block {
    field: Option<Kind>,
    name: Option<QualifiedName>,
    text: String,
    ids: Vec<String>,
    must_understand: bool,
    /// It is for somebody on the way.
    for_others: bool,
    not_the_reply: bool,
    in_address: bool,
    in_signed_info: Option<usize>,
    /// The element begun last is a reference of a signature.
    in_reference: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Action,
    To,
    MessageId,
    RelatesTo,
    ReplyTo,
    FaultTo,
    From,
}

const KINDS: [(Kind, &str); 7] = [
    (Kind::Action, "Action"),
    (Kind::To, "To"),
    (Kind::MessageId, "MessageID"),
    (Kind::RelatesTo, "RelatesTo"),
    (Kind::ReplyTo, "ReplyTo"),
    (Kind::FaultTo, "FaultTo"),
    (Kind::From, "From"),
];

impl HeaderReader {
    /// An envelope begins.
    pub fn new(limits: SoapLimits) -> Self {
        Self {
            limits,
            kept: 0,
            depth: 0,
            place: Place::Outside,
            seen_header: false,
            version: None,
            addressing: None,
            block: Block::default(),
            done: Vec::new(),
            count: 0,
            references: Vec::new(),
            must_understand: Vec::new(),
            has_security: false,
            all_signed: false,
            headers: None,
        }
    }

    /// Takes the next event and says where it stands. At the start of the body [`Self::headers`] are known and the rest of
    /// the document need not come here.
    ///
    /// # Errors
    /// [`SoapError`]; also [`SoapError::NoBody`] when the envelope ends before its body.
    pub fn event(&mut self, event: &Event<'_>) -> Result<Place, SoapError> {
        if self.headers.is_some() {
            return Ok(Place::Body);
        }
        match event {
            Event::Start(name) => {
                self.depth += 1;
                self.start(name)?;
            }
            Event::Attribute { name, value } => self.attribute(name, value)?,
            Event::Text(value) => self.text(value)?,
            Event::End => {
                let place = self.place;
                self.end()?;
                self.depth -= 1;
                return Ok(place);
            }
            Event::Namespace { .. } | Event::Comment(_) => {}
        }
        Ok(self.place)
    }

    /// What the headers say, once the body has begun.
    pub fn headers(&self) -> Option<&Headers> {
        self.headers.as_ref()
    }

    /// What the headers say, once the body has begun.
    pub fn into_headers(self) -> Option<Headers> {
        self.headers
    }

    /// Whether a To that counts has been read to its end.
    pub fn has_to(&self) -> bool {
        self.done.iter().any(|block| block.field == Some(Kind::To))
    }

    fn start(&mut self, name: &Name<'_>) -> Result<(), SoapError> {
        let Some(version) = self.version else {
            let version = SoapVersion::of(name.namespace.text).filter(|_| name.local == "Envelope");
            self.version = Some(version.ok_or(SoapError::NotAnEnvelope)?);
            return Ok(());
        };
        match self.depth {
            2 if name.is(version.namespace(), "Header") && !self.seen_header => {
                self.seen_header = true;
                Ok(())
            }
            2 if name.is(version.namespace(), "Body") => {
                self.complete(version)?;
                self.place = Place::Body;
                Ok(())
            }
            2 => Err(SoapError::BadStructure),
            3 => self.begin_block(name),
            _ => self.inside(name),
        }
    }

    fn begin_block(&mut self, name: &Name<'_>) -> Result<(), SoapError> {
        self.count += 1;
        if self.count > self.limits.headers {
            return Err(SoapError::TooManyHeaders { max: self.limits.headers });
        }
        self.block = Block::default();
        self.place = Place::Header;
        let known = KINDS.iter().find(|(_, local)| name.local == *local);
        let addressing = Addressing::of(name.namespace.text);
        if let (Some((kind, _)), Some(addressing)) = (known, addressing)
            && *self.addressing.get_or_insert(addressing) == addressing
        {
            self.block.field = Some(*kind);
            if *kind == Kind::To {
                self.place = Place::To;
            }
        } else {
            self.keep(name.namespace.text.len() + name.local.text.len())?;
            self.block.name = Some(QualifiedName::new(name.namespace.text, name.local.text));
        }
        self.has_security |= name.is(WSSE, "Security");
        Ok(())
    }

    /// An element inside a header: the address of an endpoint, or a part of a signature.
    fn inside(&mut self, name: &Name<'_>) -> Result<(), SoapError> {
        let block = &mut self.block;
        block.in_reference = false;
        if self.depth == 4
            && let Some(addressing) = self.addressing
        {
            block.in_address = name.is(addressing.namespace(), "Address");
        }
        if block.in_signed_info.is_none() && name.is(DS, "SignedInfo") {
            block.in_signed_info = Some(self.depth);
        } else if block.in_signed_info == Some(self.depth - 1) && name.is(DS, "Reference") {
            if self.references.len() == self.limits.headers {
                return Err(SoapError::TooManyHeaders { max: self.limits.headers });
            }
            // Until its URI comes: a reference without one is to whatever the parties agreed on.
            self.references.push(String::new());
            block.in_reference = true;
        }
        Ok(())
    }

    fn attribute(&mut self, name: &Name<'_>, value: &Value<'_>) -> Result<(), SoapError> {
        let Some(version) = self.version else { return Ok(()) };
        if self.block.in_reference && name.prefix.is_empty() && name.local == "URI" {
            let uri = value.text();
            self.keep(uri.len())?;
            if let Some(last) = self.references.last_mut() {
                last.push_str(&uri);
            }
        }
        if self.depth != 3 {
            return Ok(());
        }
        let text = value.text();
        let text = text.trim();
        if name.is(version.namespace(), "mustUnderstand") {
            self.block.must_understand = matches!(text, "1" | "true");
        } else if name.is(version.namespace(), version.role_attribute()) {
            self.block.for_others = !version.is_last_receiver(text);
        } else if name.local == "RelationshipType" && name.namespace.is_empty() {
            let addressing = self.addressing.unwrap_or(Addressing::None);
            self.block.not_the_reply = !addressing.is_reply(text);
        } else if name.is(WSU, "Id") || name.is(XML_NAMESPACE, "id") || is_plain_id(name) {
            self.keep(text.len())?;
            self.block.ids.push(text.to_owned());
        }
        Ok(())
    }

    fn text(&mut self, value: &Value<'_>) -> Result<(), SoapError> {
        let wanted = match self.block.field {
            Some(Kind::ReplyTo | Kind::FaultTo) => self.depth == 4 && self.block.in_address,
            Some(Kind::From) | None => false,
            Some(_) => self.depth == 3,
        };
        if self.place == Place::Outside {
            let between = self.depth <= 2;
            return if between && !value.is_blank() { Err(SoapError::BadStructure) } else { Ok(()) };
        }
        if wanted {
            let text = value.text();
            self.keep(text.len())?;
            self.block.text.push_str(&text);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), SoapError> {
        if self.block.in_signed_info == Some(self.depth) {
            self.block.in_signed_info = None;
        }
        match self.depth {
            1 => Err(SoapError::NoBody),
            3 => {
                self.place = Place::Outside;
                self.end_block()
            }
            4 => {
                self.block.in_address = false;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn end_block(&mut self) -> Result<(), SoapError> {
        let mut block = std::mem::take(&mut self.block);
        if block.for_others {
            return Ok(());
        }
        if let Some(name) = block.name.take() {
            if block.must_understand {
                self.must_understand.push(name);
            }
            return Ok(());
        }
        let Some(kind) = block.field else { return Ok(()) };
        // A message may relate to several others; the one it answers counts.
        if kind == Kind::RelatesTo && block.not_the_reply {
            return Ok(());
        }
        if self.done.iter().any(|other| other.field == Some(kind)) {
            if kind == Kind::RelatesTo {
                return Ok(());
            }
            let name = KINDS.iter().find(|(other, _)| *other == kind).map_or("", |(_, name)| name);
            return Err(SoapError::DuplicateHeader(name));
        }
        self.done.push(block);
        Ok(())
    }

    fn keep(&mut self, bytes: usize) -> Result<(), SoapError> {
        self.kept += bytes;
        if self.kept > self.limits.kept {
            return Err(SoapError::HeadersTooLarge { max: self.limits.kept });
        }
        Ok(())
    }

    fn complete(&mut self, version: SoapVersion) -> Result<(), SoapError> {
        // A reference to the whole document, or one that is no plain `#id`, may mean any header; an attachment (`cid:`) is none.
        let vague = |uri: &String| uri.is_empty() || uri == "#" || uri.starts_with("#xpointer(");
        self.all_signed = self.references.iter().any(vague);
        let signed = |block: &Block| {
            self.all_signed
                || self
                    .references
                    .iter()
                    .any(|uri| block.ids.iter().any(|id| uri.strip_prefix('#') == Some(id)))
        };
        let field = |kind| {
            let block = self.done.iter().find(|block| block.field == Some(kind))?;
            let text = block.text.trim().to_owned();
            Some(Field { text, must_understand: block.must_understand, signed: signed(block) })
        };
        self.headers = Some(Headers {
            version,
            addressing: self.addressing.unwrap_or(Addressing::None),
            action: field(Kind::Action),
            to: field(Kind::To),
            message_id: field(Kind::MessageId),
            relates_to: field(Kind::RelatesTo),
            reply_to: field(Kind::ReplyTo),
            fault_to: field(Kind::FaultTo),
            must_understand: self.must_understand.clone(),
            has_security: self.has_security,
            all_signed: self.all_signed,
        });
        Ok(())
    }
}

/// `Id` and `ID` without a namespace, as SAML and XML Signature have them.
fn is_plain_id(name: &Name<'_>) -> bool {
    name.prefix.is_empty() && (name.local == "Id" || name.local == "ID")
}

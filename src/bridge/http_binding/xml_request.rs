//! An entity of XML: wrapped as octets when it is SOAP, as it is when it is not. Its root decides (7.4).

use super::body_format::BodyFormat;
use super::charset::{Syntax, ToUtf8};
use super::content_type::{Announced, ContentType, with_utf8};
use super::limits::BindingLimits;
use super::outgoing::Outgoing;
use super::refusal::HttpRefusal;
use super::soap_head::{SoapHead, SoapToken, Step};
use super::terms::XmlBody;
use crate::wire::soap::SoapVersion;
use crate::wire::xml::{Event, TextReader, XmlError, XmlLimits};

/// Text that is read before it is looked at again, so that little is kept beyond what is needed.
const PIECE: usize = 16 * 1024;

/// Turns one entity into the body of an envelope, as it comes. It is checked to its end: the listener never answers to text that is no XML.
pub(super) struct XmlRequest {
    announced: Announced,
    soap_action: Option<String>,
    content_action: Option<String>,
    as_octets: XmlBody,
    limits: BindingLimits,
    utf8: ToUtf8,
    reader: TextReader,
    stage: Stage,
    /// The text so far, until it is clear what becomes of it.
    kept: Vec<u8>,
    /// The same before it was made UTF-8, for entities that pass as octets.
    original: Vec<u8>,
}

enum Stage {
    /// The root has not come.
    Root,
    /// The headers of an envelope are being read.
    Head(Box<SoapHead>),
    /// The rest of an envelope passes.
    Wrapped { version: SoapVersion, token: SoapToken },
    /// An element passes, event by event; so many of its elements are open.
    Element(usize),
    /// Octets pass unseen.
    Octets,
}

/// What is to be done after the text at hand was read.
enum Turn {
    /// Nothing.
    On,
    /// The rest is octets.
    Octets,
    /// The body of the envelope begins at this place of the text.
    Body(u64),
}

impl XmlRequest {
    pub(super) fn new(
        content: &ContentType,
        soap_action: Option<String>,
        as_octets: XmlBody,
        limits: BindingLimits,
    ) -> Result<Self, HttpRefusal> {
        Ok(Self {
            announced: content.kind,
            soap_action,
            content_action: content.action.clone(),
            as_octets,
            utf8: ToUtf8::new(content.charset.as_deref(), Syntax::Xml)?,
            reader: TextReader::new(XmlLimits { markup: limits.soap_head, ..XmlLimits::default() }),
            limits,
            stage: Stage::Root,
            kept: Vec::new(),
            original: Vec::new(),
        })
    }

    /// The version of the envelope, once its root was seen.
    pub(super) fn version(&self) -> Option<SoapVersion> {
        match &self.stage {
            Stage::Head(head) => Some(head.version()),
            Stage::Wrapped { version, .. } => Some(*version),
            _ => None,
        }
    }

    /// What stood in the envelope's headers of tokens, once its body has begun.
    pub(super) fn token(&self) -> Option<&SoapToken> {
        match &self.stage {
            Stage::Wrapped { token, .. } => Some(token),
            _ => None,
        }
    }

    /// The next bytes of the entity.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        to: &mut Outgoing,
        out: &mut Vec<u8>,
    ) -> Result<(), HttpRefusal> {
        bytes.chunks(PIECE).try_for_each(|piece| self.piece(piece, false, to, out))
    }

    /// The entity is over, and was not empty.
    pub(super) fn finish(&mut self, to: &mut Outgoing, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        self.piece(&[], true, to, out)
    }

    fn piece(
        &mut self,
        bytes: &[u8],
        last: bool,
        to: &mut Outgoing,
        out: &mut Vec<u8>,
    ) -> Result<(), HttpRefusal> {
        if matches!(self.stage, Stage::Octets) {
            return to.bytes(bytes, out);
        }
        if matches!(self.stage, Stage::Root) && self.as_octets == XmlBody::Octets {
            self.original.extend_from_slice(bytes);
        }
        let read = self.read(bytes, last, to, out);
        match (read, &self.stage) {
            // What is no XML passes as octets, too, where XML does.
            (Err(_), Stage::Root) if self.as_octets == XmlBody::Octets => self.octets(to, out),
            (read, _) => read,
        }
    }

    fn read(
        &mut self,
        bytes: &[u8],
        last: bool,
        to: &mut Outgoing,
        out: &mut Vec<u8>,
    ) -> Result<(), HttpRefusal> {
        let mut text = Vec::new();
        let decoded = self.utf8.push(bytes, last, &mut text);
        self.reader.push(&text);
        if last && decoded.is_ok() {
            self.reader.finish();
        }
        self.text(&text, last && decoded.is_ok(), to, out)?;
        decoded
    }

    fn text(
        &mut self,
        text: &[u8],
        last: bool,
        to: &mut Outgoing,
        out: &mut Vec<u8>,
    ) -> Result<(), HttpRefusal> {
        if matches!(self.stage, Stage::Root | Stage::Head(_)) {
            self.kept.extend_from_slice(text);
        }
        let passing = matches!(self.stage, Stage::Wrapped { .. });
        match self.events(to, out)? {
            Turn::On => {}
            Turn::Octets => return self.octets(to, out),
            Turn::Body(at) => return self.wrap(at, to, out),
        }
        if passing {
            // Checked, so it may pass.
            return to.bytes(text, out);
        }
        match self.stage {
            Stage::Root | Stage::Head(_) if last => Err(HttpRefusal::NotAnEnvelope),
            Stage::Root | Stage::Head(_) if self.kept.len() > self.limits.soap_head => {
                Err(HttpRefusal::HeadersTooLarge { max: self.limits.soap_head })
            }
            Stage::Element(_) => {
                to.flush(out);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Reads the events at hand; at the start of an envelope's body the rest of them is checked all the same.
    fn events(&mut self, to: &mut Outgoing, out: &mut Vec<u8>) -> Result<Turn, HttpRefusal> {
        let mut turn = Turn::On;
        while let Some(event) = self.reader.next().map_err(refused)? {
            if matches!(turn, Turn::Body(_)) {
                continue;
            }
            match &mut self.stage {
                Stage::Root => {
                    let Event::Start(name) = event else { continue };
                    let version = SoapVersion::of(name.namespace.text).filter(|_| name.local == "Envelope");
                    match version {
                        Some(version) => {
                            self.stage = Stage::Head(Box::new(SoapHead::new(version, &name)));
                            self.original = Vec::new();
                        }
                        None if self.announced == Announced::Soap => return Err(HttpRefusal::NotAnEnvelope),
                        None if self.as_octets == XmlBody::Octets => return Ok(Turn::Octets),
                        None => {
                            self.stage = Stage::Element(1);
                            self.kept = Vec::new();
                            if self.utf8.is_recoded() {
                                to.set_header("Content-Type", with_utf8);
                            }
                            to.begin(BodyFormat::Xml, out)?;
                            to.event(&event)?;
                        }
                    }
                }
                Stage::Head(head) => {
                    let step = head.event(&event)?;
                    let span = self.reader.span();
                    if step == Step::Body {
                        turn = Turn::Body(span.start);
                    }
                    head.note(step, &span);
                }
                Stage::Element(open) => {
                    match event {
                        Event::Start(_) => *open += 1,
                        Event::End => *open -= 1,
                        // Behind the root: no part of the element.
                        Event::Comment(_) if *open == 0 => continue,
                        _ => {}
                    }
                    to.event(&event)?;
                }
                Stage::Wrapped { .. } | Stage::Octets => {}
            }
        }
        Ok(turn)
    }

    /// The body of an envelope has begun: what was kept passes, changed.
    fn wrap(&mut self, body: u64, to: &mut Outgoing, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        let Stage::Head(head) = std::mem::replace(&mut self.stage, Stage::Octets) else { return Ok(()) };
        let version = head.version();
        let action = match version {
            SoapVersion::Soap11 => self.soap_action.as_deref(),
            SoapVersion::Soap12 => self.content_action.as_deref(),
        };
        let mut text = Vec::with_capacity(self.kept.len() + 256);
        head.rewrite(&self.kept, self.reader.mark_len(), body, action, &mut text)?;
        self.stage = Stage::Wrapped { version, token: head.into_token() };
        self.kept = Vec::new();
        if self.utf8.is_recoded() {
            to.set_header("Content-Type", with_utf8);
        }
        let format = match version {
            SoapVersion::Soap11 => BodyFormat::WrappedSoap11,
            SoapVersion::Soap12 => BodyFormat::WrappedSoap12,
        };
        to.begin(format, out)?;
        to.bytes(&text, out)
    }

    fn octets(&mut self, to: &mut Outgoing, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        self.stage = Stage::Octets;
        self.kept = Vec::new();
        to.begin(BodyFormat::Raw, out)?;
        to.bytes(&std::mem::take(&mut self.original), out)
    }
}

/// What is wrong with the entity. Bytes that are no text of its charset are found by whoever decodes them first.
fn refused(error: XmlError) -> HttpRefusal {
    match error {
        XmlError::BadText(_) => HttpRefusal::BadText,
        error => HttpRefusal::NotWellFormed(error),
    }
}

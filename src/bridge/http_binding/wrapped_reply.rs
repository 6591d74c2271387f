//! A reply whose entity is text of the service's encoder, wrapped as octets (7.5).

use super::base64_stream::Base64Stream;
use super::body_format::BodyFormat;
use super::refusal::HttpRefusal;
use super::reply_head::Known;
use crate::wire::soap::SoapVersion;
use crate::wire::xml::{Event, TextReader, Value, XmlLimits};

/// Text that is looked at at a time.
const PIECE: usize = 4096;

/// Lets the octets pass, once enough of them was seen to know whether they are a fault: that has no status of its own.
pub(super) struct WrappedReply {
    format: BodyFormat,
    octets: Base64Stream,
    sniffer: Option<Sniffer>,
    known: Option<Known>,
    /// Octets that wait until it is known what they are.
    held: Vec<u8>,
    most: usize,
}

struct Sniffer {
    reader: TextReader,
    version: Option<SoapVersion>,
    depth: usize,
    in_body: bool,
}

impl WrappedReply {
    /// A reply of which at most `most` bytes are kept to know what it is.
    pub(super) fn new(format: BodyFormat, most: usize) -> Self {
        let reader = TextReader::new(XmlLimits { markup: most, ..XmlLimits::default() });
        Self {
            format,
            octets: Base64Stream::default(),
            sniffer: Some(Sniffer { reader, version: None, depth: 0, in_body: false }),
            known: None,
            held: Vec::new(),
            most,
        }
    }

    pub(super) fn known(&self) -> Option<Known> {
        self.known
    }

    pub(super) fn text(&mut self, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        let Some(sniffer) = &mut self.sniffer else { return self.octets.push(value, out) };
        let old = self.held.len();
        self.octets.push(value, &mut self.held)?;
        for piece in self.held[old..].chunks(PIECE) {
            if let Some(known) = sniffer.look(piece, self.format) {
                self.known = Some(known);
                break;
            }
        }
        if self.known.is_none() && self.held.len() > self.most {
            self.known = Some(sniffer.guess(self.format));
        }
        self.pass(out);
        Ok(())
    }

    /// The body is over.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        self.octets.finish()?;
        if let Some(sniffer) = self.sniffer.as_ref().filter(|_| !self.held.is_empty()) {
            self.known = Some(sniffer.guess(self.format));
        }
        self.pass(out);
        Ok(())
    }

    fn pass(&mut self, out: &mut Vec<u8>) {
        if self.known.is_some() {
            out.append(&mut self.held);
            self.held = Vec::new();
            self.sniffer = None;
        }
    }
}

impl Sniffer {
    /// Looks at more of the text and says what it is, as soon as that is certain.
    fn look(&mut self, bytes: &[u8], format: BodyFormat) -> Option<Known> {
        self.reader.push(bytes);
        loop {
            let event = match self.reader.next() {
                Ok(Some(event)) => event,
                Ok(None) => return None,
                // It is no XML that is read here (it may have a document type). It passes all the same.
                Err(_) => return Some(self.guess(format)),
            };
            match event {
                Event::Start(name) => {
                    self.depth += 1;
                    let Some(version) = self.version else {
                        self.version =
                            SoapVersion::of(name.namespace.text).filter(|_| name.local == "Envelope");
                        if self.version.is_none() {
                            return Some(Known { content_type: XML, fault: false });
                        }
                        continue;
                    };
                    let soap = version.namespace();
                    match self.depth {
                        2 => self.in_body = name.is(soap, "Body"),
                        3 if self.in_body => {
                            return Some(Known { content_type: of(version), fault: name.is(soap, "Fault") });
                        }
                        _ => {}
                    }
                }
                Event::End => self.depth -= 1,
                _ => {}
            }
        }
    }

    /// What it is as far as is known.
    fn guess(&self, format: BodyFormat) -> Known {
        let named = match format {
            BodyFormat::WrappedSoap11 => SoapVersion::Soap11,
            _ => SoapVersion::Soap12,
        };
        Known { content_type: of(self.version.unwrap_or(named)), fault: false }
    }
}

const XML: &str = "application/xml; charset=utf-8";

fn of(version: SoapVersion) -> &'static str {
    match version {
        SoapVersion::Soap11 => "text/xml; charset=utf-8",
        SoapVersion::Soap12 => "application/soap+xml; charset=utf-8",
    }
}

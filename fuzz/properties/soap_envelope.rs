//! The headers and the fault of an envelope, in text and in binary.

use viaduct::wire::binxml::{Dictionaries, Limits, Reader};
use viaduct::wire::soap::{
    Addressing, Envelope, Fault, FaultReader, HeaderReader, Headers, Place, SoapError, SoapLimits,
    SoapVersion,
};
use viaduct::wire::xml::{Charset, Event, TextReader, TextStyle, TextWriter, XmlLimits};

use super::binxml_reader::session;
use super::cut::{cut, ways};
use super::document::Summary;
use super::options::{bit, choose, options};
use super::xml_text::charset;

/// The headers, the fault and the text of both a few times over; the detail of a fault stands alone, with every declaration around it.
pub const MEMORY: usize = 16 << 20;

/// Options: text or binary, limits, two sizes of pieces.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([form, limits, first, second], document) = options(input);
    let limits = self::limits(limits);
    if bit(form, 7) {
        let mut envelope = Read::new(limits);
        binary(document, bit(form, 0), |event| envelope.event(event));
        envelope.check();
        return;
    }
    let charset = charset(form);
    let whole = text(charset, limits, [document].into_iter());
    for sizes in ways(document.len(), [first, second]) {
        let cut = text(charset, limits, cut(document, sizes));
        assert_eq!((&whole.places, &whole.headers, &whole.fault), (&cut.places, &cut.headers, &cut.fault));
    }
    whole.check();
}

#[derive(Clone, Copy)]
struct Kept {
    headers: SoapLimits,
    fault: usize,
}

fn limits(option: u8) -> Kept {
    let headers = choose(option, [SoapLimits::default(), SoapLimits { kept: 200, headers: 3 }]);
    Kept { headers, fault: choose(option >> 1, [64 << 10, 100]) }
}

/// What became of one envelope.
struct Read {
    limits: Kept,
    header_reader: HeaderReader,
    fault_reader: FaultReader,
    /// Where each event stands, neighbours apart that are the same.
    places: Vec<Result<Place, SoapError>>,
    headers: Option<Headers>,
    fault: Option<Result<Fault, SoapError>>,
}

impl Read {
    fn new(limits: Kept) -> Self {
        Self {
            limits,
            header_reader: HeaderReader::new(limits.headers),
            fault_reader: FaultReader::new(limits.fault),
            places: Vec::new(),
            headers: None,
            fault: None,
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        if !matches!(self.places.last(), Some(Err(_))) {
            let place = self.header_reader.event(event);
            if let Ok(Place::Body) = place {
                self.headers = self.header_reader.headers().cloned();
                assert!(self.headers.is_some());
            } else {
                assert!(self.header_reader.headers().is_none());
            }
            // Texts may come in pieces, so how often a place comes says nothing.
            if self.places.last() != Some(&place) {
                self.places.push(place);
            }
        }
        if self.fault.is_none() {
            self.fault = match self.fault_reader.event(event) {
                Ok(fault) => fault.cloned().map(Ok),
                Err(error) => Some(Err(error)),
            };
        }
    }

    fn check(&self) {
        if let Some(headers) = &self.headers {
            let fields = [
                &headers.action,
                &headers.to,
                &headers.message_id,
                &headers.relates_to,
                &headers.reply_to,
                &headers.fault_to,
            ];
            let kept: usize = fields.into_iter().flatten().map(|field| field.text.len()).sum();
            let names = headers.must_understand.iter().map(|name| name.local.len() + name.namespace.len());
            assert!(kept + names.sum::<usize>() <= self.limits.headers.kept);
            assert!(headers.must_understand.len() <= self.limits.headers.headers);
            assert!(!headers.all_signed || fields.into_iter().flatten().all(|field| field.signed));
        }
        if let Some(Ok(fault)) = &self.fault {
            for version in [SoapVersion::Soap12, SoapVersion::Soap11] {
                written(fault, version, self.limits.fault);
            }
        }
    }
}

fn binary(document: &[u8], in_session: bool, mut event: impl FnMut(&Event<'_>)) {
    let session = session();
    let dictionaries = if in_session { Dictionaries::session(&session) } else { Dictionaries::STATIC };
    let mut reader = Reader::new(document, dictionaries, Limits { array_items: 2000, ..Limits::default() });
    while let Ok(Some(found)) = reader.next_event() {
        event(found);
    }
}

fn text<'a>(charset: Charset, limits: Kept, pieces: impl Iterator<Item = &'a [u8]>) -> Read {
    let mut envelope = Read::new(limits);
    let mut reader = TextReader::told(charset, XmlLimits::default());
    for piece in pieces {
        reader.push(piece);
        while let Ok(Some(event)) = reader.next() {
            envelope.event(&event);
        }
    }
    reader.finish();
    while let Ok(Some(event)) = reader.next() {
        envelope.event(&event);
    }
    envelope
}

/// A fault that was read and is written into an envelope is read from it again.
fn written(fault: &Fault, version: SoapVersion, max: usize) {
    let mut writer = TextWriter::new(TextStyle::default());
    let envelope = Envelope::reply(version, Addressing::Ws10, "urn:action", Some("urn:uuid:1"));
    let done = envelope.with_fault(fault, &mut writer);
    // Binary XML has characters that text does not have; what a detail holds was text already.
    if done.is_err() {
        return;
    }
    writer.finish().expect("the envelope is whole");
    let mut document = Vec::new();
    writer.take(&mut document);
    let limits = Kept { headers: SoapLimits::default(), fault: 2 * document.len() + max };
    let read = text(Charset::Utf8, limits, [&document[..]].into_iter());
    assert!(read.headers.is_some());
    let Some(Ok(read)) = read.fault else {
        panic!("{:?} {}", read.fault, String::from_utf8_lossy(&document))
    };
    assert_eq!((&read.reason, &read.lang, &read.role), (&fault.reason, &fault.lang, &fault.role));
    if version == SoapVersion::Soap12 && fault.subcodes.iter().all(|code| !code.local.contains(':')) {
        assert_eq!((read.code, &read.subcodes), (fault.code, &fault.subcodes));
    }
    assert_eq!(read.detail.as_deref().map(inside), fault.detail.as_deref().map(inside));
}

/// What a detail says, apart from its own name.
fn inside(detail: &str) -> String {
    let mut reader = TextReader::new(XmlLimits {
        markup: usize::MAX,
        namespaces: usize::MAX,
        attributes: usize::MAX,
        ..XmlLimits::default()
    });
    reader.push(detail.as_bytes());
    reader.finish();
    let (mut summary, mut first) = (Summary::of_content(), true);
    while let Some(event) = reader.next().expect("a detail is a document") {
        if !std::mem::take(&mut first) {
            summary.event(&event);
        }
    }
    summary.into_events()
}

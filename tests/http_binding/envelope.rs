//! What a listener is sent, read by a reader of our own that knows nothing of the translator.

use std::collections::BTreeMap;

use viaduct::wire::binxml::{Dictionaries, Limits, Reader};
use viaduct::wire::framing::{FramingLimits, InitiatorDecoder, KnownEncoding, Mode, Piece, Policy, Record};
use viaduct::wire::xml::{Event, TextReader, XmlLimits};

pub(crate) const SOAP_12: &str = "http://www.w3.org/2003/05/soap-envelope";
pub(crate) const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
pub(crate) const WEB: &str = "http://schemas.microsoft.com/netservices/2009/05/servicebus/web";
pub(crate) const BODY: &str = "http://schemas.microsoft.com/netservices/2009/05/servicebus/body";

/// One session towards a listener.
#[derive(Debug, PartialEq)]
pub(crate) struct Sent {
    pub(crate) via: String,
    /// Namespace, local name and text of each header, in order.
    pub(crate) headers: Vec<(String, String, String)>,
    /// The body's content as events; bytes joined.
    pub(crate) body: Vec<String>,
    /// The octets of the body, whether wrapped or in `Binary`.
    pub(crate) octets: Vec<u8>,
}

impl Sent {
    /// Reads one whole session; anything that section 7.3 does not want panics.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let policy = Policy::relay(FramingLimits { envelope: 0, ..FramingLimits::default() });
        let mut decoder = InitiatorDecoder::new(policy);
        let (mut at, mut envelope, mut records, mut via) = (0, Vec::new(), Vec::new(), String::new());
        while at < bytes.len() {
            let (piece, used) = decoder.next(&bytes[at..]).unwrap().unwrap();
            at += used;
            match piece {
                Piece::Payload { bytes, .. } => envelope.extend_from_slice(bytes),
                Piece::Record(Record::Via(text)) => via = text.expose().to_owned(),
                Piece::Record(Record::Mode(mode)) => assert_eq!(mode, Mode::Singleton),
                Piece::Record(Record::KnownEncoding(known)) => assert_eq!(known, KnownEncoding::BINARY),
                Piece::Record(record) => records.push(record.record_type().name()),
                Piece::Chunk(_) => {}
                Piece::Terminator => records.push("terminator"),
                Piece::Opaque(_) => panic!(),
            }
        }
        assert_eq!(records, ["version", "preamble-end", "unsized-envelope", "terminator", "end"]);
        let mut sent = Self::envelope(&envelope);
        sent.via = via;
        sent
    }

    /// Reads one envelope.
    pub(crate) fn envelope(envelope: &[u8]) -> Self {
        let mut reader = Reader::new(envelope, Dictionaries::STATIC, Limits::default());
        let mut sent = Self { via: String::new(), headers: Vec::new(), body: Vec::new(), octets: Vec::new() };
        let mut path: Vec<String> = Vec::new();
        while let Some(event) = reader.next_event().unwrap() {
            match *event {
                Event::Start(name) => {
                    match path.len() {
                        0 => assert!(name.is(SOAP_12, "Envelope")),
                        2 if path[1] == "Header" => {
                            let name = (name.namespace.text.to_owned(), name.local.text.to_owned());
                            sent.headers.push((name.0, name.1, String::new()));
                        }
                        2.. if path[1] == "Body" => {
                            sent.body.push(format!("<{{{}}}{}>", name.namespace, name.local));
                        }
                        _ => {}
                    }
                    path.push(name.local.text.to_owned());
                }
                Event::Attribute { name, value } if path.len() > 2 && path[1] == "Body" => {
                    sent.body.push(format!("@{{{}}}{}={value}", name.namespace, name.local));
                }
                Event::Text(value) if path.len() > 2 && path[1] == "Header" => {
                    sent.headers.last_mut().unwrap().2.push_str(&value.text());
                }
                Event::Text(viaduct::wire::xml::Value::Bytes(bytes)) => sent.octets.extend_from_slice(bytes),
                Event::Text(value) if path.len() > 2 => sent.body.push(value.to_string()),
                Event::End => {
                    path.pop();
                    if path.len() >= 2 && path[1] == "Body" {
                        sent.body.push("</>".to_owned());
                    }
                }
                _ => {}
            }
        }
        sent
    }

    /// The text of the one header of this name.
    pub(crate) fn header(&self, namespace: &str, local: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(uri, name, _)| uri == namespace && name == local);
        let first = found.next();
        assert!(found.next().is_none(), "{local} stands twice");
        first.map(|(_, _, text)| text.as_str())
    }

    /// The HTTP headers that the service is shown.
    pub(crate) fn http_headers(&self) -> BTreeMap<&str, &str> {
        let web = self.headers.iter().filter(|(uri, name, _)| uri == WEB && name != "HttpAddress");
        web.map(|(_, name, text)| (name.as_str(), text.as_str())).collect()
    }
}

/// A document of text as steps whose order and prefixes do not count where XML has them not count.
pub(crate) fn infoset(text: &[u8]) -> Vec<String> {
    let mut reader = TextReader::new(XmlLimits::default());
    reader.push(text);
    reader.finish();
    let (mut steps, mut attributes, mut run) = (Vec::new(), Vec::new(), String::new());
    while let Some(event) = reader.next().unwrap() {
        if let Event::Attribute { name, value } = event {
            attributes.push(format!("@{{{}}}{}={value}", name.namespace, name.local));
            continue;
        }
        if let Event::Text(value) = event {
            steps.append(&mut attributes);
            run.push_str(&value.text());
            continue;
        }
        if matches!(event, Event::Namespace { .. }) {
            continue;
        }
        attributes.sort();
        steps.append(&mut attributes);
        if !run.is_empty() {
            steps.push(std::mem::take(&mut run));
        }
        match event {
            Event::Start(name) => steps.push(format!("<{{{}}}{}>", name.namespace, name.local)),
            Event::End => steps.push("</>".to_owned()),
            _ => {}
        }
    }
    steps
}

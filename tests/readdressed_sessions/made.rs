//! Messages made by the library's writers.

use viaduct::wire::binxml::{Ids, OutgoingTable, Writer};
use viaduct::wire::framing::{Mode, Record, encode};
use viaduct::wire::soap::{Addressing, Envelope, Sink, SoapVersion};
use viaduct::wire::xml::{Event, Name, Runtime, Str, TextStyle, TextWriter, Value};

/// How the messages made here are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Session,
    Binary,
    Text,
}

pub(crate) const CODINGS: [(Coding, Mode, u8); 6] = [
    (Coding::Session, Mode::Duplex, 8),
    (Coding::Session, Mode::Singleton, 8),
    (Coding::Binary, Mode::Singleton, 7),
    (Coding::Binary, Mode::Duplex, 7),
    (Coding::Text, Mode::Duplex, 3),
    (Coding::Text, Mode::Singleton, 3),
];

/// One message, the first of its session: a request if it has an id. `before` is text in a header before To.
pub(crate) fn message(coding: Coding, to: &str, id: Option<&str>, before: &str) -> Vec<u8> {
    fn write<S: Sink>(sink: &mut S, envelope: &Envelope, before: &str)
    where
        S::Error: std::fmt::Debug,
    {
        let mut to = envelope.clone();
        to.to = None;
        to.start(sink).unwrap();
        let name = |local| Name {
            prefix: "a",
            namespace: Str::plain(Addressing::Ws10.namespace()),
            ..Name::local(local)
        };
        if !before.is_empty() {
            sink.event(&Event::Start(Name::local("before"))).unwrap();
            sink.event(&Event::Text(Value::Chars(before))).unwrap();
            sink.event(&Event::End).unwrap();
        }
        sink.event(&Event::Start(name("To"))).unwrap();
        sink.event(&Event::Text(Value::Dictionary(Str::dictionary(envelope.to.as_deref().unwrap()))))
            .unwrap();
        sink.event(&Event::End).unwrap();
        envelope.body(sink).unwrap();
        envelope.end(sink).unwrap();
    }
    let envelope = match id {
        Some(id) => Envelope::request(SoapVersion::Soap12, Addressing::Ws10, "urn:a", id, to),
        None => Envelope::one_way(SoapVersion::Soap12, Addressing::Ws10, "urn:a", to),
    };
    match coding {
        Coding::Text => {
            let mut writer = TextWriter::new(TextStyle::default());
            write(&mut writer, &envelope, before);
            let mut out = Vec::new();
            writer.take(&mut out);
            out
        }
        Coding::Binary => {
            let mut writer = Writer::new(Ids::Static, Runtime::Net8);
            write(&mut writer, &envelope, before);
            writer.finish().unwrap()
        }
        Coding::Session => {
            let mut table = OutgoingTable::new(2048);
            let mut writer = Writer::new(Ids::Session(&mut table), Runtime::Net8);
            write(&mut writer, &envelope, before);
            writer.finish().unwrap()
        }
    }
}

pub(crate) fn sized(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode::record(&Record::SizedEnvelope { size: message.len() as u32 }, &mut out);
    [&out[..], message].concat()
}

/// A message as the records of its mode, the End left out.
pub(crate) fn records(mode: Mode, message: &[u8]) -> Vec<u8> {
    if mode == Mode::Duplex {
        return sized(message);
    }
    let mut out = vec![0x05];
    for chunk in message.chunks(1 << 20) {
        encode::chunk_size(chunk.len() as u32, &mut out);
        out.extend_from_slice(chunk);
    }
    out.push(0);
    out
}

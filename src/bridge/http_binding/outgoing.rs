//! Bytes towards the listener: the preamble, and one envelope in chunks (7.3).

use super::body_format::BodyFormat;
use super::header_elements::HeaderElement;
use super::names::{BODY, HTTP_ADDRESS, WEB};
use super::refusal::HttpRefusal;
use crate::wire::binxml::{Ids, Writer};
use crate::wire::framing::{KnownEncoding, Mode, Record, RecordType, Version, encode};
use crate::wire::soap::{Addressing, Envelope, SoapVersion};
use crate::wire::xml::{Event, Name, ReencodeError, Runtime, Str, Value};

/// The largest chunk that is announced. Any size would do (7.3); this keeps its head short.
const CHUNK: usize = 64 * 1024;

/// The outer envelope of one request, on its way.
pub(super) struct Outgoing {
    via: String,
    envelope: Envelope,
    headers: Vec<HeaderElement>,
    writer: Writer<'static>,
    /// What the writer has finished, before it is a chunk.
    written: Vec<u8>,
    format: Option<BodyFormat>,
}

impl Outgoing {
    /// A request by `method` for `address`, with the sender's `headers`.
    pub(super) fn new(via: String, method: &str, address: &str, headers: Vec<HeaderElement>) -> Self {
        // MessageID and ReplyTo are not read (7.4). To is not either; it is sent for safety.
        let mut envelope = Envelope::one_way(SoapVersion::Soap12, Addressing::Ws10, method, address);
        envelope.further_headers = true;
        let writer = Writer::new(Ids::Static, Runtime::Net8);
        Self { via, envelope, headers, writer, written: Vec::new(), format: None }
    }

    /// The form of the body, once it has begun.
    pub(super) fn format(&self) -> Option<BodyFormat> {
        self.format
    }

    /// Replaces the text of a header, before anything is written.
    pub(super) fn set_header(&mut self, name: &str, change: impl Fn(&str) -> String) {
        for header in self.headers.iter_mut().filter(|header| header.name == name) {
            header.text = change(&header.text);
        }
    }

    /// Writes everything up to the content of the body.
    pub(super) fn begin(&mut self, format: BodyFormat, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        self.format = Some(format);
        self.preamble(out);
        self.envelope_head(format).map_err(unwritable)
    }

    fn preamble(&self, out: &mut Vec<u8>) {
        encode::record(&Record::Version(Version { major: 1, minor: 0 }), out);
        encode::record(&Record::Mode(Mode::Singleton), out);
        encode::via(&self.via, out);
        encode::record(&Record::KnownEncoding(KnownEncoding::BINARY), out);
        encode::record(&Record::PreambleEnd, out);
        out.push(RecordType::UnsizedEnvelope as u8);
    }

    fn envelope_head(&mut self, format: BodyFormat) -> Result<(), ReencodeError> {
        let Self { envelope, headers, writer, .. } = self;
        envelope.start(writer)?;
        for header in headers.iter() {
            element(writer, &header.name, WEB, &header.text)?;
        }
        let address = envelope.to.as_deref().unwrap_or_default();
        element(writer, HTTP_ADDRESS, WEB, address)?;
        // Without it the listener takes the message for one of its own (7.4).
        element(writer, "BodyFormat", BODY, format.name())?;
        envelope.body(writer)?;
        if format == BodyFormat::Raw {
            writer.event(&Event::Start(Name::local("Binary")))?;
        }
        Ok(())
    }

    /// Octets of the entity.
    pub(super) fn bytes(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        self.writer.bytes(bytes).map_err(|error| unwritable(error.into()))?;
        self.flush(out);
        Ok(())
    }

    /// A step of the element that is the entity. Call [`Self::flush`] now and then.
    pub(super) fn event(&mut self, event: &Event<'_>) -> Result<(), HttpRefusal> {
        self.writer.event(event).map_err(|error| unwritable(error.into()))
    }

    /// Sends what is complete.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        self.writer.take(&mut self.written);
        chunks(&mut self.written, out);
    }

    /// Ends the envelope and the session. The End must follow at once, or the request is not delivered (7.3).
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        if self.format == Some(BodyFormat::Raw) {
            self.event(&Event::End)?;
        }
        let writer = std::mem::replace(&mut self.writer, Writer::new(Ids::Static, Runtime::Net8));
        let mut rest = finished(&self.envelope, writer).map_err(unwritable)?;
        self.written.append(&mut rest);
        chunks(&mut self.written, out);
        encode::chunk_size(0, out);
        encode::record(&Record::End, out);
        Ok(())
    }
}

fn finished(envelope: &Envelope, mut writer: Writer<'static>) -> Result<Vec<u8>, ReencodeError> {
    envelope.end(&mut writer)?;
    Ok(writer.finish()?)
}

fn chunks(written: &mut Vec<u8>, out: &mut Vec<u8>) {
    for chunk in written.chunks(CHUNK) {
        // At most 64 KiB.
        encode::chunk_size(chunk.len() as u32, out);
        out.extend_from_slice(chunk);
    }
    written.clear();
}

fn element(
    writer: &mut Writer<'static>,
    name: &str,
    namespace: &str,
    text: &str,
) -> Result<(), ReencodeError> {
    writer.event(&Event::Start(Name {
        prefix: "",
        local: Str::plain(name),
        namespace: Str::plain(namespace),
    }))?;
    writer.event(&Event::Text(Value::Chars(text)))?;
    Ok(writer.event(&Event::End)?)
}

/// What cannot be written came from the sender: a document that its reader took has no other way to be wrong here.
fn unwritable(error: ReencodeError) -> HttpRefusal {
    HttpRefusal::Unwritable(error)
}

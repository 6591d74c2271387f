//! Envelopes of the relay on their way out: SOAP 1.2, WS-Addressing 1.0, binary.

use super::names::{
    ACTION, ADDRESS, ADDRESSING, BODY, ENVELOPE, HEADER, MESSAGE_ID, MUST_UNDERSTAND, RELATES_TO, REPLY_TO,
    REPLY_TO_ANONYMOUS, SOAP, TO, TRACKING_NAMESPACE, XSI,
};
use crate::wire::binxml::{Ids, WriteError, Writer};
use crate::wire::xml::{Runtime, Str, Value};

/// Writes one envelope, header by header.
///
/// With [`Ids::Static`] it is a message of protocol C or of a listener's link; with [`Ids::Session`] one of protocol B,
/// whose table stays empty where the session's has no room ([`crate::wire::binxml::OutgoingTable::new`] of 0).
pub(super) struct MessageWriter<'t> {
    writer: Writer<'t>,
}

impl<'t> MessageWriter<'t> {
    /// Begins an envelope with its action; the other headers follow.
    pub(super) fn new(ids: Ids<'t>, action: &str) -> Result<Self, WriteError> {
        let mut writer = Writer::new(ids, Runtime::Framework);
        writer.start_element(Some("s"), ENVELOPE, SOAP)?;
        writer.declare("a", ADDRESSING)?;
        writer.start_element(Some("s"), HEADER, SOAP)?;
        let mut message = Self { writer };
        message.addressing(ACTION, true, &Value::Dictionary(Str::dictionary(action)))?;
        Ok(message)
    }

    /// The writer, for a header or the content of the body.
    pub(super) fn writer(&mut self) -> &mut Writer<'t> {
        &mut self.writer
    }

    fn addressing(
        &mut self,
        name: Str<'_>,
        must_understand: bool,
        value: &Value<'_>,
    ) -> Result<(), WriteError> {
        self.writer.start_element(Some("a"), name, ADDRESSING)?;
        if must_understand {
            self.writer.start_attribute(Some("s"), MUST_UNDERSTAND, SOAP)?;
            self.writer.value(&Value::One)?;
            self.writer.end_attribute()?;
        }
        self.writer.value(value)?;
        self.writer.end_element()
    }

    /// `a:To`, which is always to be understood.
    pub(super) fn to(&mut self, to: &str) -> Result<(), WriteError> {
        self.addressing(TO, true, &Value::Dictionary(Str::dictionary(to)))
    }

    /// `a:MessageID`.
    pub(super) fn message_id(&mut self, id: &str) -> Result<(), WriteError> {
        self.id(MESSAGE_ID, id)
    }

    /// `a:RelatesTo`.
    pub(super) fn relates_to(&mut self, id: &str) -> Result<(), WriteError> {
        self.id(RELATES_TO, id)
    }

    fn id(&mut self, name: Str<'_>, id: &str) -> Result<(), WriteError> {
        self.writer.start_element(Some("a"), name, ADDRESSING)?;
        self.writer.unique_id(id)?;
        self.writer.end_element()
    }

    /// `a:ReplyTo`: back on this connection.
    pub(super) fn reply_to_anonymous(&mut self) -> Result<(), WriteError> {
        self.writer.start_element(Some("a"), REPLY_TO, ADDRESSING)?;
        self.addressing(ADDRESS, false, &Value::Dictionary(REPLY_TO_ANONYMOUS))?;
        self.writer.end_element()
    }

    /// The header `TrackingId`.
    pub(super) fn tracking_id(&mut self, id: &str) -> Result<(), WriteError> {
        self.own_header("TrackingId", TRACKING_NAMESPACE, id)
    }

    /// A header of the relay's own that holds a text.
    pub(super) fn own_header(&mut self, name: &str, namespace: &str, text: &str) -> Result<(), WriteError> {
        self.writer.start_element(Some(""), Str::plain(name), Str::plain(namespace))?;
        self.writer.text(text)?;
        self.writer.end_element()
    }

    /// Ends the headers and begins the body.
    pub(super) fn body(&mut self) -> Result<(), WriteError> {
        self.writer.end_element()?;
        self.writer.start_element(Some("s"), BODY, SOAP)
    }

    /// Begins the one element of a body; its namespace is the default one, and `i` the schema's instances.
    pub(super) fn root(&mut self, name: &str, namespace: &str) -> Result<(), WriteError> {
        self.writer.start_element(Some(""), Str::dictionary(name), Str::dictionary(namespace))?;
        self.writer.declare("i", Str::dictionary(XSI))
    }

    /// An element with a text, in the namespace of the element around it.
    pub(super) fn field(&mut self, name: &str, namespace: &str, text: &str) -> Result<(), WriteError> {
        self.writer.start_element(Some(""), Str::dictionary(name), Str::dictionary(namespace))?;
        self.writer.text(text)?;
        self.writer.end_element()
    }

    /// Ends the innermost element.
    pub(super) fn end(&mut self) -> Result<(), WriteError> {
        self.writer.end_element()
    }

    /// Ends the body and the envelope.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, WriteError> {
        self.writer.end_element()?;
        self.writer.end_element()?;
        self.writer.finish()
    }
}

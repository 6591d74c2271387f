//! The envelope around everything that a listener gets, wcf-relay page 2.4.

use super::error::MessageError;
use super::message::MessageWriter;
use super::names::{ACTION_SEND, CONNECT_NAMESPACE, ONEWAY_SEND};
use super::read::{ReadMessage, text};
use crate::wire::binxml::{Dictionaries, Ids, RecordType, WriteError};

/// An `OnewaySend`: an address that leads to the listener, and a whole message as bytes.
///
/// [`Self::head`], the message and [`Self::TAIL`], one after the other, are the envelope, so that no message is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnewaySend<'a> {
    /// The address as the listener registered it, host and all, and perhaps something below it: its library drops a
    /// message for another address (page 4.5 and 7.2).
    pub relay_via: &'a str,
    /// Any text; the real service writes a GUID and `_G1`.
    pub message_id: &'a str,
    /// As `relay_via`.
    pub to: &'a str,
}

impl OnewaySend<'_> {
    /// What follows the message.
    pub const TAIL: [u8; 1] = [RecordType::END_ELEMENT.0];

    /// What goes in front of a message of `length` bytes.
    ///
    /// # Errors
    /// [`WriteError::TooLong`].
    pub fn head(&self, length: usize) -> Result<Vec<u8>, WriteError> {
        let length = i32::try_from(length).map_err(|_| WriteError::TooLong)?;
        let mut message = MessageWriter::new(Ids::Static, ONEWAY_SEND)?;
        message.own_header("RelayVia", CONNECT_NAMESPACE, self.relay_via)?;
        message.message_id(self.message_id)?;
        message.to(self.to)?;
        message.body()?;
        let mut head = message.finish()?;
        // The ends of the body and of the envelope, which come behind the message.
        head.truncate(head.len() - 2);
        let length = length.to_le_bytes();
        let (kind, width) = match length {
            [_, 0, 0, 0] => (RecordType::BYTES8_TEXT, 1),
            [_, _, 0, 0] => (RecordType::BYTES16_TEXT, 2),
            _ => (RecordType::BYTES32_TEXT, 4),
        };
        // One record that ends the body, as the real service writes it, whatever its length modulo three.
        head.push(kind.with_end().0);
        head.extend_from_slice(&length[..width]);
        Ok(head)
    }

    /// The whole envelope.
    ///
    /// # Errors
    /// [`WriteError::TooLong`].
    pub fn encode(&self, message: &[u8]) -> Result<Vec<u8>, WriteError> {
        let mut envelope = self.head(message.len())?;
        envelope.extend_from_slice(message);
        envelope.extend_from_slice(&Self::TAIL);
        Ok(envelope)
    }
}

/// What a listener reads of such an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The address that leads to the listener; old gateways leave it out.
    pub relay_via: Option<String>,
    /// Its id.
    pub message_id: Option<String>,
    /// Its To.
    pub to: String,
    /// The message.
    pub message: Vec<u8>,
}

impl Delivered {
    /// Reads an envelope: `OnewaySend`, or `Send` as gateways of old listeners name it (page 2.7).
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn decode(envelope: &[u8], dictionaries: Dictionaries<'_>) -> Result<Self, MessageError> {
        let read = ReadMessage::read(envelope, dictionaries)?;
        if read.action() != ONEWAY_SEND && read.action() != ACTION_SEND {
            return Err(MessageError::UnknownAction);
        }
        let (message_id, to) = (read.message_id(), text(read.headers.to.as_ref()).to_owned());
        let message = read.fields.into_content()?;
        if message.is_empty() {
            return Err(MessageError::Missing("the message"));
        }
        Ok(Self { relay_via: read.relay_via, message_id, to, message })
    }
}

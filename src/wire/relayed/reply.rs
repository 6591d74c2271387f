//! Replies, and how a sender or listener reads them. Wcf-relay page 2.7, 3.2, 3.3, 4.4 and 4.6.

use super::error::MessageError;
use super::fault::RelayFault;
use super::limits::{MAX_MESSAGE, MAX_STRING, control_limits};
use super::message::MessageWriter;
use super::names::{
    CONNECT_NAMESPACE, CONNECT_REPLY, LISTEN_REPLY, REDIRECT, RELAYED_ACCEPT_REPLY, RELAYED_CONNECT_REPLY,
    SEND_REPLY, SERIALIZATION, XSI,
};
use super::read::MessageReader;
use crate::wire::binxml::{Dictionaries, Ids, Reader, WriteError};
use crate::wire::soap::FaultReader;
use crate::wire::xml::Str;

/// The reply of 153 bytes to a sender: from now on its bytes go to the listener. It begins to send at once, so this comes
/// when the listener was answered.
///
/// # Errors
/// None that can happen: it has a fixed size.
pub fn relayed_connect_reply() -> Result<Vec<u8>, WriteError> {
    any_type(RELAYED_CONNECT_REPLY)
}

/// The reply of 152 bytes to a listener: from now on its bytes go to the sender.
///
/// # Errors
/// None that can happen: it has a fixed size.
pub fn relayed_accept_reply() -> Result<Vec<u8>, WriteError> {
    any_type(RELAYED_ACCEPT_REPLY)
}

/// A body of .NET's that is some object and says nothing of it.
fn any_type(action: &str) -> Result<Vec<u8>, WriteError> {
    let mut message = MessageWriter::new(Ids::Static, action)?;
    message.body()?;
    let writer = message.writer();
    writer.start_element(Some("z"), Str::plain("anyType"), Str::plain(SERIALIZATION))?;
    writer.declare("i", Str::plain(XSI))?;
    writer.end_element()?;
    message.finish()
}

/// The reply to the `Connect` of a one-way sender.
///
/// # Errors
/// [`WriteError::TooLong`].
pub fn connect_reply(relates_to: Option<&str>, ids: Ids<'_>) -> Result<Vec<u8>, WriteError> {
    let mut message = related(CONNECT_REPLY, relates_to, ids)?;
    message.root("ConnectReply", CONNECT_NAMESPACE)?;
    message.end()?;
    message.finish()
}

/// The reply to each one-way message: a listener has it.
///
/// # Errors
/// [`WriteError::TooLong`].
pub fn send_reply(relates_to: Option<&str>, ids: Ids<'_>) -> Result<Vec<u8>, WriteError> {
    related(SEND_REPLY, relates_to, ids)?.finish()
}

/// The reply to a `Listen` of an old client.
///
/// # Errors
/// [`WriteError::TooLong`].
pub fn listen_reply(relates_to: Option<&str>, id: uuid::Uuid, ids: Ids<'_>) -> Result<Vec<u8>, WriteError> {
    let mut message = related(LISTEN_REPLY, relates_to, ids)?;
    message.root("ListenReply", CONNECT_NAMESPACE)?;
    message.field("Id", CONNECT_NAMESPACE, &id.to_string())?;
    message.end()?;
    message.finish()
}

/// A reply that sends its receiver elsewhere, which it follows three times. Only over TCP.
///
/// # Errors
/// [`WriteError::TooLong`].
pub fn redirect(uri: &str, relates_to: Option<&str>, ids: Ids<'_>) -> Result<Vec<u8>, WriteError> {
    let mut message = related(REDIRECT, relates_to, ids)?;
    message.root("Redirect", CONNECT_NAMESPACE)?;
    message.field("Uri", CONNECT_NAMESPACE, uri)?;
    message.end()?;
    message.finish()
}

fn related<'t>(
    action: &str,
    relates_to: Option<&str>,
    ids: Ids<'t>,
) -> Result<MessageWriter<'t>, WriteError> {
    let mut message = MessageWriter::new(ids, action)?;
    if let Some(id) = relates_to {
        message.relates_to(id)?;
    }
    message.body()?;
    Ok(message)
}

/// What a reply means to the library that gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Whatever is no fault and sends nobody elsewhere, also without an action or any header.
    Accepted {
        /// The action, or nothing.
        action: String,
        /// The message that is answered.
        relates_to: Option<String>,
    },
    /// Go elsewhere.
    Redirect {
        /// Where.
        uri: String,
        /// The message that is answered.
        relates_to: Option<String>,
    },
    /// Refused.
    Fault {
        /// Why; `None`: a fault of somebody else's.
        fault: Option<RelayFault>,
        /// In words.
        reason: String,
        /// The message that is answered.
        relates_to: Option<String>,
    },
}

/// Reads a reply as the library does.
///
/// # Errors
/// [`MessageError`].
pub fn read_answer(document: &[u8], dictionaries: Dictionaries<'_>) -> Result<Answer, MessageError> {
    if document.len() > MAX_MESSAGE {
        return Err(MessageError::TooLarge { max: MAX_MESSAGE });
    }
    let mut reader = Reader::new(document, dictionaries, control_limits());
    let mut message = MessageReader::new();
    let mut fault = Some(FaultReader::new(MAX_STRING));
    while let Some(event) = reader.next_event()? {
        message.event(event)?;
        // A body that is no fault, or none that can be read, is an answer like any other.
        if fault.as_mut().is_some_and(|fault| fault.event(event).is_err()) {
            fault = None;
        }
    }
    let mut read = message.finish()?;
    let relates_to = read.headers.relates_to.as_ref().map(|field| field.text.clone());
    if let Some(fault) = fault.and_then(FaultReader::into_fault) {
        let reason = fault.reason.clone();
        return Ok(Answer::Fault { fault: RelayFault::of(&fault), reason, relates_to });
    }
    if read.action() == REDIRECT {
        return Ok(Answer::Redirect { uri: read.fields.need("Uri")?, relates_to });
    }
    Ok(Answer::Accepted { action: read.action().to_owned(), relates_to })
}

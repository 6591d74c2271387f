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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::binxml::{OutgoingTable, SessionTable};

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    // Page 4.6: 152 bytes, confirmed by capture; the other reply differs by its action alone.
    #[test]
    fn replies_of_protocol_c_have_the_bytes_of_the_page() {
        let head = hex("56 02 0b 01 73 04 0b 01 61 06 56 08 44 0a 1e 00 82 99");
        let tail = hex("01 56 0e 77 07 61 6e 79 54 79 70 65 09 01 7a 33 68 74 74 70 3a 2f 2f 73 63 68 65
             6d 61 73 2e 6d 69 63 72 6f 73 6f 66 74 2e 63 6f 6d 2f 32 30 30 33 2f 31 30 2f 53 65 72 69 61 6c
             69 7a 61 74 69 6f 6e 2f 09 01 69 29 68 74 74 70 3a 2f 2f 77 77 77 2e 77 33 2e 6f 72 67 2f 32 30
             30 31 2f 58 4d 4c 53 63 68 65 6d 61 2d 69 6e 73 74 61 6e 63 65 01 01 01");
        let page = |action: &str| [&head[..], &[action.len() as u8], action.as_bytes(), &tail[..]].concat();
        let accept = relayed_accept_reply().unwrap();
        assert_eq!((accept.len(), &accept), (152, &page("RelayedAcceptReply")));
        let connect = relayed_connect_reply().unwrap();
        assert_eq!((connect.len(), &connect), (153, &page("RelayedConnectReply")));
    }

    #[test]
    fn replies_of_protocol_b_are_read_with_a_table_and_without() {
        let id = "urn:uuid:528c9d42-eaab-4b79-a7ba-2cc7deb01eed";
        for room in [0, 2048] {
            let (mut sent, mut table) = (OutgoingTable::new(room), SessionTable::new());
            let messages = [
                connect_reply(Some(id), Ids::Session(&mut sent)).unwrap(),
                send_reply(Some("x:not a guid"), Ids::Session(&mut sent)).unwrap(),
                listen_reply(Some(id), uuid::Uuid::from_u128(7), Ids::Session(&mut sent)).unwrap(),
                redirect("net.tcp://other:9351/a", Some(id), Ids::Session(&mut sent)).unwrap(),
            ];
            let mut answers = Vec::new();
            for message in &messages {
                assert_eq!(room == 0, message[0] == 0);
                let at = table.read(message).unwrap();
                answers.push(read_answer(&message[at..], Dictionaries::session(&table)).unwrap());
            }
            let accepted = |action: &str, id: &str| Answer::Accepted {
                action: action.to_owned(),
                relates_to: Some(id.to_owned()),
            };
            assert_eq!(
                answers,
                [
                    accepted("ConnectReply", id),
                    accepted("SendReply", "x:not a guid"),
                    accepted("ListenReply", id),
                    Answer::Redirect { uri: "net.tcp://other:9351/a".into(), relates_to: Some(id.into()) },
                ]
            );
        }
    }

    // Page 4.4: what the library was seen to accept, in binary.
    #[test]
    fn an_envelope_without_header_and_action_is_an_answer() {
        let minimal = hex("56 02 0b 01 73 04 56 0e 01 01");
        let answer = Answer::Accepted { action: String::new(), relates_to: None };
        assert_eq!(read_answer(&minimal, Dictionaries::STATIC), Ok(answer));
    }
}

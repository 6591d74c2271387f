//! What a peer says first on a connection of protocol C: a sender that wants one, or a listener that takes one. Wcf-relay
//! page 4.4 and 4.6.

use uuid::Uuid;

use super::error::MessageError;
use super::message::MessageWriter;
use super::names::{ANONYMOUS, CONNECT_NAMESPACE, RELAYED_ACCEPT, RELAYED_CONNECT};
use super::read::ReadMessage;
use super::token::AccessToken;
use crate::wire::binxml::{Dictionaries, Ids, WriteError};

/// The first and only message of a peer; raw bytes follow once it is answered.
#[derive(Debug, Clone)]
pub enum RelayedRequest {
    /// A sender.
    Connect(RelayedConnect),
    /// A listener.
    Accept(RelayedAccept),
}

/// A sender asks for a connection to a service.
#[derive(Debug, Clone)]
pub struct RelayedConnect {
    /// The service, `sb://HOST/PATH`.
    pub uri: String,
    /// What the sender calls the operation.
    pub tracking_id: Option<String>,
    /// The token for the right Send; a sender without a token provider has none.
    pub token: Option<AccessToken>,
}

/// A listener takes the connection that it was invited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayedAccept {
    /// The id of the invitation: the listener's one proof. It is used once.
    pub id: Uuid,
}

impl RelayedRequest {
    /// Reads the message behind the first length.
    ///
    /// # Errors
    /// [`MessageError`]; its fault is what the peer is told.
    pub fn decode(message: &[u8]) -> Result<Self, MessageError> {
        let mut read = ReadMessage::read(message, Dictionaries::STATIC)?;
        match read.action() {
            RELAYED_CONNECT if read.fields.is(CONNECT_NAMESPACE, "Connect") => {
                let uri = read.fields.need("Uri")?;
                Ok(Self::Connect(RelayedConnect { uri, tracking_id: read.tracking_id, token: read.token }))
            }
            RELAYED_ACCEPT if read.fields.is(CONNECT_NAMESPACE, "RelayedAccept") => {
                let id = read.fields.parse("Id", |text| Uuid::try_parse(text).ok())?;
                let id = id.filter(|id| !id.is_nil()).ok_or(MessageError::Missing("Id"))?;
                Ok(Self::Accept(RelayedAccept { id }))
            }
            RELAYED_CONNECT | RELAYED_ACCEPT => Err(MessageError::BadValue("the body")),
            _ => Err(MessageError::UnknownAction),
        }
    }
}

impl RelayedConnect {
    /// The message, without its length.
    ///
    /// # Errors
    /// [`WriteError::TooLong`].
    pub fn encode(&self) -> Result<Vec<u8>, WriteError> {
        let mut message = MessageWriter::new(Ids::Static, RELAYED_CONNECT)?;
        if let Some(id) = &self.tracking_id {
            message.tracking_id(id)?;
        }
        if let Some(token) = &self.token {
            token.write(&mut message)?;
        }
        message.body()?;
        message.root("Connect", CONNECT_NAMESPACE)?;
        message.field("Uri", CONNECT_NAMESPACE, &self.uri)?;
        message.end()?;
        message.finish()
    }
}

impl RelayedAccept {
    /// The message, without its length.
    ///
    /// # Errors
    /// None that can happen: it has a fixed size.
    pub fn encode(&self) -> Result<Vec<u8>, WriteError> {
        let mut message = MessageWriter::new(Ids::Static, RELAYED_ACCEPT)?;
        message.to(ANONYMOUS)?;
        message.body()?;
        message.root("RelayedAccept", CONNECT_NAMESPACE)?;
        message.field("Id", CONNECT_NAMESPACE, &self.id.to_string())?;
        message.end()?;
        message.finish()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    // Page 4.4, the example of 193 bytes.
    #[test]
    fn connect_has_the_bytes_of_the_page() {
        let page = hex(
            "56 02 0b 01 73 04 0b 01 61 06 56 08 44 0a 1e 00 82 99 0e 52 65 6c 61 79 65 64 43 6f 6e 6e 65 63
             74 01 56 0e 40 07 43 6f 6e 6e 65 63 74 08 43 68 74 74 70 3a 2f 2f 73 63 68 65 6d 61 73 2e 6d 69
             63 72 6f 73 6f 66 74 2e 63 6f 6d 2f 6e 65 74 73 65 72 76 69 63 65 73 2f 32 30 30 39 2f 30 35 2f
             73 65 72 76 69 63 65 62 75 73 2f 63 6f 6e 6e 65 63 74 09 01 69 29 68 74 74 70 3a 2f 2f 77 77 77
             2e 77 33 2e 6f 72 67 2f 32 30 30 31 2f 58 4d 4c 53 63 68 65 6d 61 2d 69 6e 73 74 61 6e 63 65 40
             03 55 72 69 99 18 73 62 3a 2f 2f 6e 73 2e 65 78 61 6d 70 6c 65 2e 6e 65 74 2f 65 63 68 6f 01 01
             01",
        );
        assert_eq!(page.len(), 193);
        let connect =
            RelayedConnect { uri: "sb://ns.example.net/echo".into(), tracking_id: None, token: None };
        assert_eq!(connect.encode().unwrap(), page);
    }

    #[test]
    fn connect_keeps_its_id_and_its_token() {
        let connect = RelayedConnect {
            uri: "sb://ns.example.net/echo/a b".into(),
            tracking_id: Some("7".into()),
            token: Some(AccessToken::new("SharedAccessSignature sr=h&sig=s")),
        };
        let RelayedRequest::Connect(read) = RelayedRequest::decode(&connect.encode().unwrap()).unwrap()
        else {
            panic!("no connect");
        };
        assert_eq!((read.uri, read.tracking_id), (connect.uri, connect.tracking_id));
        assert_eq!(read.token.unwrap().text.expose_secret(), "SharedAccessSignature sr=h&sig=s");
    }

    // Page 4.6: 286 bytes, confirmed by capture.
    #[test]
    fn accept_has_the_length_of_the_page_and_is_read() {
        let accept = RelayedAccept { id: Uuid::from_u128(0x39aa_dc47_3295_4a41_a886_51ad_9e0c_ca37) };
        let message = accept.encode().unwrap();
        assert_eq!(message.len(), 286);
        let RelayedRequest::Accept(read) = RelayedRequest::decode(&message).unwrap() else {
            panic!("no accept")
        };
        assert_eq!(read, accept);
    }
}

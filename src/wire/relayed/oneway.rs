//! What a sender of one-way messages, or a listener of an old library, says on its connection: protocol B, wcf-relay
//! page 3.2 and 2.7.

use std::fmt;

use super::error::MessageError;
use super::limits::{MAX_MESSAGE, message_limits};
use super::listen::ListenRequest;
use super::message::MessageWriter;
use super::names::{ACTION_CONNECT, ACTION_LISTEN, ACTION_PING, CONNECT_NAMESPACE};
use super::read::{MessageReader, ReadMessage, text};
use super::reencode::Reencoder;
use super::token::AccessToken;
use crate::wire::binxml::{Dictionaries, Ids, Reader, SessionTable, WriteError};
use crate::wire::xml::{Event, TextReader, XmlLimits};

/// One message of the session.
#[derive(Debug, Clone)]
pub enum OnewayRequest {
    /// A sender asks whether it may send.
    Connect(ConnectRequest),
    /// A listener registers.
    Listen(Box<ListenRequest>),
    /// A sign of life, perhaps with a new token. It is not answered.
    Ping(OnewayPing),
    /// A message for the service. It is answered when a listener has it.
    Send(OnewayMessage),
}

/// The first message of a sender.
#[derive(Debug, Clone)]
pub struct ConnectRequest {
    /// The service, `sb://HOST/PATH`.
    pub uri: String,
    /// What the reply relates to.
    pub message_id: Option<String>,
    /// What the sender calls the operation.
    pub tracking_id: Option<String>,
    /// The token for the right Send; it holds for all messages of the connection.
    pub token: Option<AccessToken>,
    /// Its To: the service, or missing.
    pub to: Option<String>,
}

/// A sign of life: after 30 s of silence, and once after `Connect`. The one of a client that only probes port 9350 comes
/// first, for the To `net.tcp://HOST:9350/`, and has no id.
#[derive(Debug, Clone)]
pub struct OnewayPing {
    /// Its id, to which nothing has to relate.
    pub message_id: Option<String>,
    /// Its To.
    pub to: Option<String>,
    /// A token that takes the place of the connection's.
    pub token: Option<AccessToken>,
}

/// A message for a service, ready for a listener's link.
#[derive(Clone)]
pub struct OnewayMessage {
    /// What it is for; any text.
    pub action: String,
    /// What the reply relates to. .NET's library always writes one.
    pub message_id: Option<String>,
    /// Whom the sender addressed.
    pub to: Option<String>,
    /// A token that stood in the message itself, as senders over HTTP write it.
    pub token: Option<AccessToken>,
    /// The message in binary XML without a session, its token left out, at most [`MAX_MESSAGE`] bytes.
    pub message: Vec<u8>,
}

impl fmt::Debug for OnewayMessage {
    /// Without the message: it is somebody's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnewayMessage")
            .field("action", &self.action)
            .field("message_id", &self.message_id)
            .field("to", &self.to)
            .field("bytes", &self.message.len())
            .finish_non_exhaustive()
    }
}

/// A message that is refused, and what the fault has to relate to so that its sender takes it for the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Refused {
    /// Why.
    #[source]
    pub error: MessageError,
    /// Its id; `None`: its headers could not be read.
    pub message_id: Option<String>,
}

/// Reads the messages that one side of a session sends, in order.
#[derive(Debug, Default)]
pub struct OnewayReader {
    table: SessionTable,
}

impl OnewayReader {
    /// A session begins; its strings may have as many bytes as .NET takes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a sized envelope: the string table in front and the document behind it. One that exceeds [`MAX_MESSAGE`] is
    /// refused with its id, so that the session goes on; how much of it is read at all is the framing's to decide.
    ///
    /// # Errors
    /// [`Refused`]. The session goes on unless [`MessageError::ends_session`].
    pub fn read(&mut self, envelope: &[u8]) -> Result<OnewayRequest, Refused> {
        let at = self.table.read(envelope);
        let at = at.map_err(|error| Refused { error: MessageError::SessionLost(error), message_id: None })?;
        let mut reader = Reader::new(&envelope[at..], Dictionaries::session(&self.table), message_limits());
        let mut message = Reading::new(envelope.len());
        let result = loop {
            match reader.next_event() {
                Ok(Some(event)) => {
                    if let Err(error) = message.event(event) {
                        break Err(error);
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error.into()),
            }
        };
        message.finish(result)
    }
}

/// Reads a one-way message that came over HTTP as text: SOAP 1.2 with WS-Addressing 1.0, page 3.5.
///
/// # Errors
/// [`Refused`].
pub fn read_text_message(envelope: &[u8], limits: XmlLimits) -> Result<OnewayMessage, Refused> {
    let mut reader = TextReader::new(limits);
    let mut message = Reading::new(envelope.len());
    reader.push(envelope);
    reader.finish();
    let result = loop {
        match reader.next() {
            Ok(Some(event)) => {
                if let Err(error) = message.event(&event) {
                    break Err(error);
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error.into()),
        }
    };
    let message_id = message.reader.message_id();
    match message.finish(result)? {
        OnewayRequest::Send(message) => Ok(message),
        // Over HTTP there is no connection that these could be about.
        _ => Err(Refused { error: MessageError::UnknownAction, message_id }),
    }
}

/// A message on its way from events to a request.
struct Reading {
    reader: MessageReader,
    reencoder: Reencoder,
    /// Whether this is one of the relay's own messages, which nobody gets.
    own: Option<bool>,
    too_large: bool,
}

impl Reading {
    fn new(length: usize) -> Self {
        Self {
            reader: MessageReader::new(),
            reencoder: Reencoder::new(),
            own: None,
            too_large: length > MAX_MESSAGE,
        }
    }

    fn event(&mut self, event: &Event<'_>) -> Result<(), MessageError> {
        let in_token = match self.own {
            Some(false) => false,
            None | Some(true) => self.reader.event(event)?,
        };
        if self.own.is_none()
            && let Some(headers) = self.reader.headers()
        {
            if self.too_large {
                return Err(MessageError::TooLarge { max: MAX_MESSAGE });
            }
            self.own = Some(is_own(text(headers.action.as_ref())));
        }
        if in_token || self.own == Some(true) { Ok(()) } else { self.reencoder.event(event) }
    }

    fn finish(self, result: Result<(), MessageError>) -> Result<OnewayRequest, Refused> {
        let message_id = self.reader.message_id();
        let request = result.and_then(|()| {
            let read = self.reader.finish()?;
            match read.action() {
                ACTION_CONNECT => connect(read).map(OnewayRequest::Connect),
                ACTION_LISTEN => ListenRequest::of(read).map(Box::new).map(OnewayRequest::Listen),
                ACTION_PING => Ok(OnewayRequest::Ping(ping(read))),
                "" => Err(MessageError::UnknownAction),
                _ => Ok(OnewayRequest::Send(OnewayMessage {
                    action: read.action().to_owned(),
                    message_id: read.message_id(),
                    to: read.headers.to.map(|field| field.text),
                    token: read.token,
                    message: self.reencoder.finish()?,
                })),
            }
        });
        request.map_err(|error| Refused { error, message_id })
    }
}

fn is_own(action: &str) -> bool {
    matches!(action, ACTION_CONNECT | ACTION_LISTEN | ACTION_PING)
}

fn connect(mut read: ReadMessage) -> Result<ConnectRequest, MessageError> {
    if !read.fields.is(CONNECT_NAMESPACE, "Connect") {
        return Err(MessageError::BadValue("the body"));
    }
    Ok(ConnectRequest {
        uri: read.fields.need("Uri")?,
        message_id: read.message_id(),
        tracking_id: read.tracking_id,
        token: read.token,
        to: read.headers.to.map(|field| field.text),
    })
}

fn ping(read: ReadMessage) -> OnewayPing {
    OnewayPing {
        message_id: read.message_id(),
        to: read.headers.to.map(|field| field.text),
        token: read.token,
    }
}

impl ConnectRequest {
    /// The message, its string table included.
    ///
    /// # Errors
    /// [`WriteError::TooLong`].
    pub fn encode(&self, ids: Ids<'_>) -> Result<Vec<u8>, WriteError> {
        let mut message = MessageWriter::new(ids, ACTION_CONNECT)?;
        if let Some(id) = &self.tracking_id {
            message.tracking_id(id)?;
        }
        request_headers(&mut message, self.message_id.as_deref(), self.token.as_ref())?;
        if let Some(to) = &self.to {
            message.to(to)?;
        }
        message.body()?;
        message.root("Connect", CONNECT_NAMESPACE)?;
        message.field("Uri", CONNECT_NAMESPACE, &self.uri)?;
        message.end()?;
        message.finish()
    }
}

impl OnewayPing {
    /// The message, its string table included.
    ///
    /// # Errors
    /// [`WriteError::TooLong`].
    pub fn encode(&self, ids: Ids<'_>) -> Result<Vec<u8>, WriteError> {
        let mut message = MessageWriter::new(ids, ACTION_PING)?;
        if let Some(to) = &self.to {
            message.to(to)?;
        }
        request_headers(&mut message, self.message_id.as_deref(), self.token.as_ref())?;
        message.body()?;
        message.root("OnewayPing", CONNECT_NAMESPACE)?;
        message.end()?;
        message.finish()
    }
}

/// The headers of a message that wants a reply on this connection, as the library orders them.
pub(super) fn request_headers(
    message: &mut MessageWriter<'_>,
    id: Option<&str>,
    token: Option<&AccessToken>,
) -> Result<(), WriteError> {
    if let Some(id) = id {
        message.message_id(id)?;
        message.reply_to_anonymous()?;
    }
    match token {
        Some(token) => token.write(message),
        None => Ok(()),
    }
}

//! How a listener of an old library (1.x to 2.2) registers, wcf-relay page 2.7.

use super::error::MessageError;
use super::listener_type::ListenerType;
use super::message::MessageWriter;
use super::names::{ACTION_LISTEN, CONNECT_NAMESPACE};
use super::oneway::request_headers;
use super::read::{ReadMessage, text};
use super::token::AccessToken;
use crate::wire::binxml::{Ids, WriteError};

/// The message `Listen`. Every element of it may be missing, and what that means is the gateway's business; libraries of
/// 2.4 and later say the same with properties of an AMQP link.
#[derive(Debug, Clone, Default)]
pub struct ListenRequest {
    /// The address, `sb://HOST/PATH/`.
    pub uri: String,
    /// What the reply relates to.
    pub message_id: Option<String>,
    /// What the listener calls the operation; 1.x says nothing.
    pub tracking_id: Option<String>,
    /// The token for the right Listen.
    pub token: Option<AccessToken>,
    /// Its To.
    pub to: Option<String>,
    /// The address once more, in the name settings.
    pub name_uri: Option<String>,
    /// How the registry names the service.
    pub display_name: Option<String>,
    /// Whom it belongs to.
    pub owner: Option<String>,
    /// What the service wants.
    pub settings: ServiceSettings,
}

/// What a service wants of its relay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceSettings {
    /// Whether the registry lists it.
    pub discovery: Option<Discovery>,
    /// The same in another way, which nobody was seen to use.
    pub is_discoverable: Option<bool>,
    /// Whether senders need a token.
    pub client_authentication: Option<ClientAuthentication>,
    /// Who sends to it, and how.
    pub listener_type: Option<ListenerType>,
    /// Its address on the web.
    pub web_uri: Option<String>,
    /// Whether senders need TLS.
    pub transport_protection: Option<TransportProtection>,
    /// Whether HTTP requests pass as they are.
    pub preserve_raw_http: Option<bool>,
    /// Whether the relay is made by the first listener and ends with the last.
    pub is_dynamic: Option<bool>,
    /// The library.
    pub client_agent: Option<String>,
}

/// `DiscoveryType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discovery {
    /// Listed.
    Public,
    /// Not listed.
    Private,
}

/// `RelayClientAuthenticationType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// Senders show a token.
    RelayAccessToken,
    /// They need none.
    None,
}

/// `RelayTransportProtectionMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportProtection {
    /// Senders may come in clear.
    None,
    /// No public binding says this.
    ListenerOnly,
    /// Senders come with TLS.
    EndToEnd,
}

impl TransportProtection {
    const fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::ListenerOnly => "ListenerOnly",
            Self::EndToEnd => "EndToEnd",
        }
    }
}

const DISCOVERY: &str = "NameSettings/ServiceSettings/Discovery";
const IS_DISCOVERABLE: &str = "NameSettings/ServiceSettings/IsDiscoverable";
const AUTHENTICATION: &str = "NameSettings/ServiceSettings/ClientAuthenticationType";
const LISTENER_TYPE: &str = "NameSettings/ServiceSettings/ListenerType";
const WEB_URI: &str = "NameSettings/ServiceSettings/Uri";
const PROTECTION: &str = "NameSettings/ServiceSettings/TransportProtection";
const RAW_HTTP: &str = "NameSettings/ServiceSettings/PreserveRawHttp";
const IS_DYNAMIC: &str = "NameSettings/ServiceSettings/IsDynamic";
const CLIENT_AGENT: &str = "NameSettings/ServiceSettings/ClientAgent";

impl ListenRequest {
    pub(super) fn of(mut read: ReadMessage) -> Result<Self, MessageError> {
        let fields = &mut read.fields;
        if !fields.is(CONNECT_NAMESPACE, "Listen") {
            return Err(MessageError::BadValue("the body"));
        }
        let settings = ServiceSettings {
            discovery: fields.parse(DISCOVERY, |text| match text {
                "Public" => Some(Discovery::Public),
                "Private" => Some(Discovery::Private),
                _ => None,
            })?,
            is_discoverable: fields.parse(IS_DISCOVERABLE, boolean)?,
            client_authentication: fields.parse(AUTHENTICATION, |text| match text {
                "RelayAccessToken" => Some(ClientAuthentication::RelayAccessToken),
                "None" => Some(ClientAuthentication::None),
                _ => None,
            })?,
            listener_type: fields.parse(LISTENER_TYPE, ListenerType::parse)?,
            web_uri: fields.take(WEB_URI)?,
            transport_protection: fields.parse(PROTECTION, |text| {
                let all = [
                    TransportProtection::None,
                    TransportProtection::ListenerOnly,
                    TransportProtection::EndToEnd,
                ];
                all.into_iter().find(|mode| mode.name() == text)
            })?,
            preserve_raw_http: fields.parse(RAW_HTTP, boolean)?,
            is_dynamic: fields.parse(IS_DYNAMIC, boolean)?,
            client_agent: fields.take(CLIENT_AGENT)?,
        };
        let to = text(read.headers.to.as_ref());
        Ok(Self {
            uri: fields.need("Uri")?,
            name_uri: fields.take("NameSettings/Uri")?,
            display_name: fields.take("NameSettings/DisplayName")?,
            owner: fields.take("NameSettings/Owner")?,
            settings,
            to: (!to.is_empty()).then(|| to.to_owned()),
            message_id: read.message_id(),
            tracking_id: read.tracking_id,
            token: read.token,
        })
    }

    /// The message, its string table included.
    ///
    /// # Errors
    /// [`WriteError::TooLong`].
    pub fn encode(&self, ids: Ids<'_>) -> Result<Vec<u8>, WriteError> {
        let mut message = MessageWriter::new(ids, ACTION_LISTEN)?;
        request_headers(&mut message, self.message_id.as_deref(), self.token.as_ref())?;
        if let Some(id) = &self.tracking_id {
            message.tracking_id(id)?;
        }
        if let Some(to) = &self.to {
            message.to(to)?;
        }
        message.body()?;
        message.root("Listen", CONNECT_NAMESPACE)?;
        let names = ["NameSettings", "ServiceSettings"];
        open(&mut message, names[0])?;
        optional(&mut message, "Uri", self.name_uri.as_deref())?;
        optional(&mut message, "DisplayName", self.display_name.as_deref())?;
        optional(&mut message, "Owner", self.owner.as_deref())?;
        open(&mut message, names[1])?;
        self.settings.write(&mut message)?;
        for _ in names {
            message.end()?;
        }
        message.field("Uri", CONNECT_NAMESPACE, &self.uri)?;
        message.end()?;
        message.finish()
    }
}

impl ServiceSettings {
    fn write(&self, message: &mut MessageWriter<'_>) -> Result<(), WriteError> {
        let discovery = self.discovery.map(|discovery| match discovery {
            Discovery::Public => "Public",
            Discovery::Private => "Private",
        });
        let authentication = self.client_authentication.map(|authentication| match authentication {
            ClientAuthentication::RelayAccessToken => "RelayAccessToken",
            ClientAuthentication::None => "None",
        });
        let flag = |flag: Option<bool>| flag.map(|flag| if flag { "true" } else { "false" });
        optional(message, "Discovery", discovery)?;
        optional(message, "IsDiscoverable", flag(self.is_discoverable))?;
        optional(message, "ClientAuthenticationType", authentication)?;
        optional(message, "ListenerType", self.listener_type.map(ListenerType::name))?;
        optional(message, "Uri", self.web_uri.as_deref())?;
        optional(message, "TransportProtection", self.transport_protection.map(TransportProtection::name))?;
        optional(message, "PreserveRawHttp", flag(self.preserve_raw_http))?;
        optional(message, "IsDynamic", flag(self.is_dynamic))?;
        optional(message, "ClientAgent", self.client_agent.as_deref())
    }
}

fn open(message: &mut MessageWriter<'_>, name: &str) -> Result<(), WriteError> {
    let name = crate::wire::xml::Str::dictionary(name);
    let namespace = crate::wire::xml::Str::dictionary(CONNECT_NAMESPACE);
    message.writer().start_element(Some(""), name, namespace)
}

fn optional(message: &mut MessageWriter<'_>, name: &str, text: Option<&str>) -> Result<(), WriteError> {
    match text {
        Some(text) => message.field(name, CONNECT_NAMESPACE, text),
        None => Ok(()),
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::binxml::OutgoingTable;
    use crate::wire::relayed::{OnewayReader, OnewayRequest};

    #[test]
    fn every_element_is_written_and_read() {
        let text = |text: &str| Some(text.to_owned());
        let settings = ServiceSettings {
            discovery: Some(Discovery::Public),
            is_discoverable: Some(true),
            client_authentication: Some(ClientAuthentication::None),
            listener_type: Some(ListenerType::Multicast),
            web_uri: text("http://ns.example.net/echo/"),
            transport_protection: Some(TransportProtection::EndToEnd),
            preserve_raw_http: Some(false),
            is_dynamic: Some(true),
            client_agent: text("ServiceBus/2.2"),
        };
        let listen = ListenRequest {
            uri: "sb://ns.example.net/echo/".into(),
            message_id: text("urn:uuid:528c9d42-eaab-4b79-a7ba-2cc7deb01eed"),
            tracking_id: text("7"),
            token: None,
            to: text("sb://ns.example.net/echo/"),
            name_uri: text("sb://ns.example.net/e/"),
            display_name: text("Echo"),
            owner: text("me"),
            settings,
        };
        for table in [0, 2048] {
            let mut table = OutgoingTable::new(table);
            let bytes = listen.encode(Ids::Session(&mut table)).unwrap();
            let OnewayRequest::Listen(read) = OnewayReader::new().read(&bytes).unwrap() else {
                panic!("no listen")
            };
            assert_eq!(format!("{read:?}"), format!("{listen:?}"));
        }
    }
}

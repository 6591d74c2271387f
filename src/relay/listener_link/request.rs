//! What a listener asks for, out of its `open` and the first of its two attaches. Relay page 2.2.

use secrecy::SecretString;

use crate::wire::amqp::Value;
use crate::wire::amqp::types::definitions::{Fields, Role};
use crate::wire::amqp::types::messaging::TargetArchetype;
use crate::wire::amqp::types::performatives::Attach;
use crate::wire::relayed::ListenerType;

/// The token, in an attach and in the flows that renew it.
pub(super) const TOKEN: &str = "com.microsoft:swt";
const TRANSPORT_SECURITY: &str = "com.microsoft:transport-security-required";
const CLIENT_AUTHENTICATION: &str = "com.microsoft:client-authentication-required";
const PUBLIC_REGISTRY: &str = "com.microsoft:requires-public-registry";
const CLIENT_AGENT: &str = "com.microsoft:client-agent";
const DISPLAY_NAME: &str = "com.microsoft:display-name";
const DYNAMIC_RELAY: &str = "com.microsoft:dynamic-relay";
const LISTENER_TYPE: &str = "com.microsoft:listener-type";
const TRACKING_ID: &str = "com.microsoft:tracking-id";

/// A listener's wish.
#[derive(Debug)]
pub struct ListenRequest {
    /// Where it wants to listen, as it wrote it: `sb://HOST/PATH/`. Messages to it must name this address again.
    pub address: String,
    /// Its token, for the right Listen; raw, of whatever kind.
    pub token: Option<SecretString>,
    /// What it takes.
    pub listener_type: ListenerType,
    /// Whether the relay is made for it when there is none, and goes with the last listener.
    pub dynamic_relay: bool,
    /// Whether senders must come by TLS. Not sent = yes.
    pub transport_security_required: bool,
    /// Whether senders need a token. Not sent = yes.
    pub client_authentication_required: bool,
    /// Whether it asks for an entry in the public feed.
    pub requires_public_registry: bool,
    /// Its title there.
    pub display_name: Option<String>,
    /// The library and its version: `ServiceBus/3.0.51093.14;`
    pub client_agent: Option<String>,
    /// Its own name for all of this, to be shown in traces. 3.x and later.
    pub tracking_id: Option<String>,
    /// The name of the pair of links, without `:in` and `:out`.
    pub link_name: String,
    /// Of the `open`: the host with `-relay` behind its first label. [`service_host`] takes it off again.
    pub hostname: Option<String>,
    /// Of the `open`: the library's name for the connection.
    pub container_id: String,
}

/// An attach that is none of a listener's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadRequest {
    /// Neither source nor target has an address where the listener's belongs.
    #[error("attach names no address")]
    NoAddress,
    /// A property that is always sent is not there.
    #[error("attach has no property {0}")]
    Missing(&'static str),
    /// A property of another type than it has.
    #[error("property {0} has a value of the wrong type")]
    WrongType(&'static str),
    /// No type of listener that we know.
    #[error("listener-type {0:?} is unknown")]
    UnknownListenerType(String),
}

impl ListenRequest {
    pub(super) fn read(
        attach: &Attach,
        container_id: String,
        hostname: Option<String>,
    ) -> Result<Self, BadRequest> {
        let properties = Properties(attach.properties.as_ref());
        let listener_type = properties.text(LISTENER_TYPE)?.ok_or(BadRequest::Missing(LISTENER_TYPE))?;
        Ok(Self {
            address: address(attach).ok_or(BadRequest::NoAddress)?.to_owned(),
            token: properties.text(TOKEN)?.map(SecretString::from),
            listener_type: ListenerType::parse(listener_type)
                .ok_or_else(|| BadRequest::UnknownListenerType(listener_type.chars().take(40).collect()))?,
            dynamic_relay: properties.flag(DYNAMIC_RELAY)?.ok_or(BadRequest::Missing(DYNAMIC_RELAY))?,
            transport_security_required: properties.flag(TRANSPORT_SECURITY)?.unwrap_or(true),
            client_authentication_required: properties.flag(CLIENT_AUTHENTICATION)?.unwrap_or(true),
            requires_public_registry: properties.flag(PUBLIC_REGISTRY)?.unwrap_or(false),
            display_name: properties.text(DISPLAY_NAME)?.map(str::to_owned),
            client_agent: properties.text(CLIENT_AGENT)?.map(str::to_owned),
            tracking_id: properties.text(TRACKING_ID)?.map(str::to_owned),
            link_name: stem(&attach.name).to_owned(),
            hostname,
            container_id,
        })
    }
}

/// The address of the listener: the source of the link on which it receives, the target of the one on which it sends.
pub(super) fn address(attach: &Attach) -> Option<&str> {
    match attach.role {
        Role::Receiver => attach.source.as_ref()?.address.as_deref(),
        Role::Sender => match &**attach.target.as_ref()? {
            TargetArchetype::Target(target) => target.address.as_deref(),
        },
    }
}

/// The name that both links of a pair have in common.
pub(super) fn stem(name: &str) -> &str {
    name.strip_suffix(":in").or_else(|| name.strip_suffix(":out")).unwrap_or(name)
}

/// The token of a flow that renews it; an error when there is one of another type.
pub(super) fn renewed_token(properties: &Fields) -> Result<Option<SecretString>, BadRequest> {
    Ok(Properties(Some(properties)).text(TOKEN)?.map(SecretString::from))
}

/// The host of the service behind the `hostname` of an open: without the `-relay` at the end of its first label. Relay page 2.2.
pub fn service_host(hostname: &str) -> String {
    let (label, domain) = hostname.split_at(hostname.find('.').unwrap_or(hostname.len()));
    let label = match label.len().checked_sub("-relay".len()).and_then(|at| label.split_at_checked(at)) {
        Some((label, suffix)) if suffix.eq_ignore_ascii_case("-relay") && !label.is_empty() => label,
        _ => label,
    };
    format!("{label}{domain}")
}

struct Properties<'a>(Option<&'a Fields>);

impl<'a> Properties<'a> {
    fn value(&self, key: &str) -> Option<&'a Value> {
        self.0?.get(key).filter(|value| **value != Value::Null)
    }

    fn text(&self, key: &'static str) -> Result<Option<&'a str>, BadRequest> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Symbol(symbol)) => Ok(Some(symbol.as_str())),
            Some(_) => Err(BadRequest::WrongType(key)),
        }
    }

    fn flag(&self, key: &'static str) -> Result<Option<bool>, BadRequest> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(BadRequest::WrongType(key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_suffix_off_the_first_label_alone() {
        for (hostname, host) in [
            ("ns-relay.servicebus.windows.net", "ns.servicebus.windows.net"),
            ("NS-Relay.example.net", "NS.example.net"),
            ("ns.example-relay.net", "ns.example-relay.net"),
            ("my-relay-relay.example.net", "my-relay.example.net"),
            ("localhost-relay", "localhost"),
            ("-relay.example.net", "-relay.example.net"),
            ("é-relay.example.net", "é.example.net"),
            ("éé.example.net", "éé.example.net"),
            ("", ""),
        ] {
            assert_eq!(service_host(hostname), host);
        }
    }

    #[test]
    fn both_names_of_a_pair_have_one_stem() {
        assert_eq!(stem("RelayLink_1:in"), stem("RelayLink_1:out"));
        assert_eq!(stem("RelayLink_1"), "RelayLink_1");
        assert_eq!(stem(":in:out"), ":in");
    }
}

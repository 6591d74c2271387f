//! The JSON messages of the control channel (2.2): `accept`, `request`, `response`, `renewToken`.
//!
//! One object with exactly one known key. Never a key more: the Java SDK closes the channel on it.

use std::{fmt, net::SocketAddr};

use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

/// A message on the control channel or at the start of a rendezvous.
#[derive(Debug, Serialize, Deserialize)]
pub enum ControlMessage {
    /// Gateway to listener: a WebSocket sender waits.
    #[serde(rename = "accept")]
    Accept(Accept),
    /// Gateway to listener: an HTTP request, or where to fetch one.
    #[serde(rename = "request")]
    Request(Request),
    /// Listener to gateway: the answer to a request.
    #[serde(rename = "response")]
    Response(Response),
    /// Listener to gateway: a new token for this control channel.
    #[serde(rename = "renewToken")]
    RenewToken(RenewToken),
}

/// `{"accept":{"address":"wss://…","id":"…","connectHeaders":{…},"remoteEndpoint":{…}}}` (3.1).
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Accept {
    /// The URL to dial, as it is.
    pub address: String,
    /// The sender's tracking id.
    pub id: String,
    /// The sender's request headers; must be there, even empty (rule 1).
    #[serde(default)]
    pub connect_headers: HeaderMap,
    /// The sender's address; must be there, even empty (rule 1).
    #[serde(default)]
    pub remote_endpoint: RemoteEndpoint,
}

/// `{"request":{"address":"wss://…","id":"…","requestTarget":"/a?b","method":"GET",…,"body":false}}` (5.2); with nothing but
/// `address` it says where to fetch the real one (5.4 A).
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// A rendezvous URL, good until the response has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Comes back as `requestId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The decoded path, `?` and the filtered query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_target: Option<String>,
    /// As the sender wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The sender's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_endpoint: Option<RemoteEndpoint>,
    /// The sender's headers (5.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_headers: Option<HeaderMap>,
    /// Whether one binary message with the body follows; absent means "connect to `address`".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<bool>,
}

/// `{"response":{"requestId":"…","statusCode":201,"statusDescription":"Created","responseHeaders":{…},"body":true}}` (5.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The `id` of the request.
    pub request_id: String,
    /// 200 to 999 pass; a numeric string is taken as well.
    #[serde(deserialize_with = "number_or_text")]
    pub status_code: u16,
    /// The reason phrase; missing means the standard one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_description: Option<String>,
    /// Names and values; a value is a string, a number or an array of them.
    #[serde(default, with = "response_headers", skip_serializing_if = "Vec::is_empty")]
    pub response_headers: Vec<(String, Vec<String>)>,
    /// Whether exactly one binary message follows.
    #[serde(default)]
    pub body: bool,
}

/// `{"renewToken":{"token":"SharedAccessSignature …"}}` (2.3).
#[derive(Debug, Deserialize)]
pub struct RenewToken {
    /// The new token.
    pub token: SecretString,
}

/// A sender's address, `{"address":"203.0.113.9","port":51324}`, or `{}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteEndpoint {
    /// A literal IP address without brackets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Its port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

/// Names and values in the order they came; every value is one string (rule 3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderMap(pub Vec<(String, String)>);

/// Text that is no message of the control channel. Logged by the receiver, never a reason to close (2.2).
#[derive(Debug, thiserror::Error)]
#[error("no message of the control channel: {0}")]
pub struct ControlError(#[from] serde_json::Error);

impl ControlMessage {
    /// Reads one text message.
    pub fn parse(text: &str) -> Result<Self, ControlError> {
        Ok(serde_json::from_str(text)?)
    }

    /// The text of the message.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings, numbers and maps with string keys always serialise")
    }
}

impl From<SocketAddr> for RemoteEndpoint {
    fn from(address: SocketAddr) -> Self {
        Self { address: Some(address.ip().to_canonical().to_string()), port: Some(address.port()) }
    }
}

impl Serialize for RenewToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use secrecy::ExposeSecret;
        use serde::ser::SerializeStruct;
        let mut message = serializer.serialize_struct("RenewToken", 1)?;
        message.serialize_field("token", self.token.expose_secret())?;
        message.end()
    }
}

impl Serialize for HeaderMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for HeaderMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        response_headers::deserialize(deserializer).map(|headers| {
            Self(headers.into_iter().map(|(name, values)| (name, values.join(", "))).collect())
        })
    }
}

/// Numbers as JavaScript and string concatenation write them: `200` or `"200"`.
fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u16),
        Text(String),
    }
    match Written::deserialize(deserializer)? {
        Written::Number(number) => Ok(number),
        Written::Text(text) => text.trim().parse().map_err(serde::de::Error::custom),
    }
}

mod response_headers {
    use super::*;

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Value {
        Text(String),
        Number(serde_json::Number),
        Bool(bool),
        List(Vec<Self>),
        Null(()),
    }

    impl Value {
        fn push_into(self, values: &mut Vec<String>) {
            match self {
                Self::Text(text) => values.push(text),
                Self::Number(number) => values.push(number.to_string()),
                Self::Bool(truth) => values.push(truth.to_string()),
                Self::List(list) => list.into_iter().for_each(|value| value.push_into(values)),
                Self::Null(()) => {}
            }
        }
    }

    pub(super) fn serialize<S: Serializer>(
        headers: &[(String, Vec<String>)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Written<'a> {
            One(&'a str),
            Many(&'a [String]),
        }
        serializer.collect_map(headers.iter().map(|(name, values)| {
            (name, if let [one] = values.as_slice() { Written::One(one) } else { Written::Many(values) })
        }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(String, Vec<String>)>, D::Error> {
        struct Headers;
        impl<'de> Visitor<'de> for Headers {
            type Value = Vec<(String, Vec<String>)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of header names and values")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut headers = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    let mut values = Vec::new();
                    value.push_into(&mut values);
                    headers.push((name, values));
                }
                Ok(headers)
            }
        }
        deserializer.deserialize_any(Headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accept_always_has_headers_and_an_endpoint() {
        let accept = Accept {
            address: "wss://h/$hc/a?x".into(),
            id: "i".into(),
            connect_headers: HeaderMap::default(),
            remote_endpoint: RemoteEndpoint::default(),
        };
        assert_eq!(
            ControlMessage::Accept(accept).to_json(),
            r#"{"accept":{"address":"wss://h/$hc/a?x","id":"i","connectHeaders":{},"remoteEndpoint":{}}}"#
        );
    }

    #[test]
    fn an_address_only_request_holds_nothing_else() {
        let request = Request { address: Some("wss://h/$hc/a?x".into()), ..Request::default() };
        assert_eq!(
            ControlMessage::Request(request).to_json(),
            r#"{"request":{"address":"wss://h/$hc/a?x"}}"#
        );
    }

    #[test]
    fn a_response_takes_what_the_sdks_write() {
        let text = r#"{"response":{"body":true,"requestId":"7","statusCode":"201","extra":[1],
            "responseHeaders":{"A":"x","N":5,"Set-Cookie":["a=1","b=2"]}}}"#;
        let ControlMessage::Response(response) = ControlMessage::parse(text).unwrap() else { panic!() };
        assert_eq!((response.status_code, response.body), (201, true));
        assert_eq!(response.status_description, None);
        assert_eq!(
            response.response_headers,
            [
                ("A".to_owned(), vec!["x".to_owned()]),
                ("N".to_owned(), vec!["5".to_owned()]),
                ("Set-Cookie".to_owned(), vec!["a=1".to_owned(), "b=2".to_owned()])
            ]
        );
    }

    #[test]
    fn a_renewed_token_is_not_shown() {
        let message =
            ControlMessage::parse(r#"{"renewToken":{"token":"SharedAccessSignature sig=s3cret"}}"#).unwrap();
        assert!(!format!("{message:?}").contains("s3cret"));
        assert!(message.to_json().contains("s3cret"));
    }

    #[test]
    fn other_text_is_an_error_and_no_panic() {
        for text in
            ["", "{}", "[]", "null", r#"{"injectFault":{}}"#, r#"{"response":{}}"#, "{\"accept\":1}", "\u{0}"]
        {
            assert!(ControlMessage::parse(text).is_err(), "{text}");
        }
    }
}

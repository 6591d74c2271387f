//! Entities as a configuration file declares them.

use std::time::Duration;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::{DynamicRelays, RequestTarget, Right, WcfType, XmlBody, secret, units};

/// `[[namespaces]]`: a namespace with its policies and relays. Seeds the store when it is absent from it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclaredNamespace {
    /// Its name: 1 to 50 letters, digits and hyphens.
    pub name: String,
    /// The hosts it answers at, besides `{name}.{domain}`. A host belongs to one namespace.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Whether WCF listeners may make relays that nobody declared: `"off"`, `"on"` (senders always need a token) or `"anonymous"`
    /// (unless the listener asks for none). Such a relay goes with its last listener.
    #[serde(default)]
    pub dynamic_relays: DynamicRelays,
    /// Read-only to the API, and applied again at each reload.
    #[serde(default)]
    pub locked: bool,
    /// Whether `POST /WRAPv0.9/` at its hosts makes simple web tokens for clients with a SharedSecret: those that know the key of one of its
    /// `issuers`.
    #[serde(default)]
    pub token_service: bool,
    /// Policies that are good for every relay of the namespace.
    #[serde(default)]
    pub policies: Vec<DeclaredPolicy>,
    /// Whose simple web tokens (SWT) its WCF relays take, besides shared access signatures.
    #[serde(default)]
    pub issuers: Vec<DeclaredIssuer>,
    /// Its relays.
    #[serde(default)]
    pub relays: Vec<DeclaredRelay>,
}

/// `[[namespaces.relays]]`: one relay.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclaredRelay {
    /// Its path: 1 to 260 letters, digits, `.`, `_`, `-` and `/`.
    pub path: String,
    /// `"hybrid"` or `"wcf"`.
    pub kind: DeclaredKind,
    /// What kind of WCF relay it is: `"NetTcp"`, `"NetOneway"`, `"NetEvent"`, `"Http"`. Only with `kind = "wcf"`, where it is needed.
    pub wcf_type: Option<WcfType>,
    /// Whether a sender needs a token with the right Send.
    #[serde(default = "yes")]
    pub requires_client_authorization: bool,
    /// Whether clear net.tcp is refused, wherever it comes from.
    #[serde(default)]
    pub requires_transport_security: bool,
    /// Networks or addresses from which senders may come in clear through `net_tcp`, besides loopback.
    #[serde(default)]
    pub allow_clear_from: Vec<String>,
    /// `"decoded"` (as Azure Relay does) or `"raw"`: the form in which listeners get the path of a request.
    #[serde(default)]
    pub request_target: RequestTarget,
    /// What XML that is no SOAP becomes for listeners of HTTP bindings: `"element"` (for operations with parameters) or `"octets"` (for those
    /// with a Stream).
    #[serde(default)]
    pub xml_body: XmlBody,
    /// How long a listener has for a response; `"0s"` is no deadline. Default: `timeouts.response`.
    #[serde(default, with = "units::optional_duration")]
    #[schemars(with = "Option<String>")]
    pub response_deadline: Option<Duration>,
    /// Whether it takes listeners and senders.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Read-only to the API, and applied again at each reload.
    #[serde(default)]
    pub locked: bool,
    /// A note of its owner, at most 1024 characters.
    pub user_metadata: Option<String>,
    /// Policies that are good for this relay alone.
    #[serde(default)]
    pub policies: Vec<DeclaredPolicy>,
}

fn yes() -> bool {
    true
}

/// The two kinds of relay, as a configuration names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeclaredKind {
    /// A hybrid connection.
    Hybrid,
    /// A WCF relay.
    Wcf,
}

/// `[[namespaces.policies]]` or `[[namespaces.relays.policies]]`: a name, rights and keys.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclaredPolicy {
    /// Its name, 1 to 256 characters.
    pub name: String,
    /// `"Listen"`, `"Send"`, `"Manage"`; Manage needs the other two.
    pub rights: Vec<Right>,
    /// The key, or `"${ENV_NAME}"`.
    #[serde(default, with = "secret::optional")]
    #[schemars(with = "Option<String>")]
    pub primary_key: Option<SecretString>,
    /// A file that holds the key, in place of `primary_key`.
    pub primary_key_file: Option<String>,
    /// A second key that is as good as the first, or `"${ENV_NAME}"`.
    #[serde(default, with = "secret::optional")]
    #[schemars(with = "Option<String>")]
    pub secondary_key: Option<SecretString>,
    /// A file that holds the second key, in place of `secondary_key`.
    pub secondary_key_file: Option<String>,
}

/// `[[namespaces.issuers]]`: whose simple web tokens the WCF relays of a namespace take. Without one they take shared access signatures alone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclaredIssuer {
    /// What its tokens count as in logs and lists, as the name of a policy does.
    pub name: String,
    /// The `Issuer` of its tokens, character by character: `"owner"`, `"https://contoso-sb.accesscontrol.windows.net/"`. Left out: `name`.
    pub issuer: Option<String>,
    /// The most that its tokens may allow: `"Listen"`, `"Send"`, `"Manage"`; Manage needs the other two.
    pub rights: Vec<Right>,
    /// The key it signs with, at least 32 bytes in base64, or `"${ENV_NAME}"`.
    #[serde(default, with = "secret::optional")]
    #[schemars(with = "Option<String>")]
    pub key: Option<SecretString>,
    /// A file that holds the key, in place of `key`.
    pub key_file: Option<String>,
}

//! Entities as a configuration file declares them.

use std::time::Duration;

use ipnet::IpNet;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::policy::check_key;
use super::{
    EntityPath, HostName, KeyName, Limits, NameError, Namespace, NamespaceName, Policy, Relay, RelayKind,
    RequestTarget, Right, Rights, WcfType, check_policies, secret, units,
};

/// `[[namespaces]]`: a namespace with its policies and relays. Seeds the store when it is absent from it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclaredNamespace {
    /// Its name: 1 to 50 letters, digits and hyphens.
    pub name: String,
    /// The hosts it answers at, besides `{name}.{domain}`. A host belongs to one namespace.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Read-only to the API, and applied again at each reload.
    #[serde(default)]
    pub locked: bool,
    /// Policies that are good for every relay of the namespace.
    #[serde(default)]
    pub policies: Vec<DeclaredPolicy>,
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

/// Where a declared secret is to be had. Who reads the configuration resolves it: pure code opens no file.
#[derive(Clone, Copy, Debug)]
pub enum SecretSource<'a> {
    /// The text as it stands in the configuration: the secret itself, or `${ENV_NAME}`.
    Text(&'a SecretString),
    /// The name of a file that holds it.
    File(&'a str),
}

/// One thing wrong with a configuration, with the path of the key that is to blame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {error}")]
pub struct Problem {
    /// `namespaces[0].relays[2].path`
    pub path: String,
    /// What is wrong with it; never holds a secret.
    pub error: String,
}

impl DeclaredNamespace {
    /// Turns the declaration into a namespace, or says everything that is wrong with it.
    ///
    /// `at` is the path of this table (`namespaces[0]`); `secrets` yields the secret behind a source.
    pub fn resolve(
        &self,
        at: &str,
        limits: &Limits,
        secrets: &mut dyn FnMut(SecretSource<'_>) -> Result<SecretString, String>,
    ) -> Result<Namespace, Vec<Problem>> {
        let mut resolver = Resolver { limits, secrets, problems: Vec::new() };
        let namespace = resolver.namespace(at, self);
        match namespace {
            Some(namespace) if resolver.problems.is_empty() => Ok(namespace),
            _ => Err(resolver.problems),
        }
    }
}

/// Goes on after a problem, so that all of them are found.
struct Resolver<'a> {
    limits: &'a Limits,
    secrets: &'a mut dyn FnMut(SecretSource<'_>) -> Result<SecretString, String>,
    problems: Vec<Problem>,
}

impl Resolver<'_> {
    fn namespace(&mut self, at: &str, declared: &DeclaredNamespace) -> Option<Namespace> {
        let name = self.keep(format!("{at}.name"), NamespaceName::parse(&declared.name));
        let hosts = declared.hosts.iter().enumerate();
        let hosts = hosts.filter_map(|(index, text)| {
            let host = HostName::parse_authority(text).and_then(|(host, port)| match port {
                // A host with a port looks as if the port counted.
                Some(_) => Err(NameError::BadCharacter { found: ':' }),
                None => Ok(host),
            });
            self.keep(format!("{at}.hosts[{index}]"), host)
        });
        let hosts = hosts.collect();
        let policies = self.policies(at, &declared.policies);
        let relays = declared.relays.iter().enumerate();
        let relays: Vec<_> = relays
            .filter_map(|(index, relay)| Some((index, self.relay(&format!("{at}.relays[{index}]"), relay)?)))
            .collect();
        let most = self.limits.relays_per_namespace;
        if most != 0 && declared.relays.len() > most as usize {
            let error = format!("{} relays, at most {most} are allowed", declared.relays.len());
            self.problem(format!("{at}.relays"), error);
        }
        // Without a name there is no namespace to put them in, but a relay declared twice is still worth a word.
        let mut namespace = Namespace::new(name.clone().unwrap_or(NamespaceName::parse("unnamed").ok()?));
        namespace.hosts = hosts;
        namespace.policies = policies;
        namespace.locked = declared.locked;
        for (index, relay) in relays {
            if let Some(earlier) = namespace.insert(relay) {
                let error = format!("relay {} is declared twice", earlier.path);
                self.problem(format!("{at}.relays[{index}].path"), error);
            }
        }
        name.map(|_| namespace)
    }

    fn relay(&mut self, at: &str, declared: &DeclaredRelay) -> Option<Relay> {
        let path = self.keep(format!("{at}.path"), EntityPath::parse(&declared.path));
        let kind = match (declared.kind, declared.wcf_type) {
            (DeclaredKind::Hybrid, None) => Ok(RelayKind::Hybrid),
            (DeclaredKind::Hybrid, Some(_)) => Err("only a relay of kind \"wcf\" has a wcf_type"),
            (DeclaredKind::Wcf, Some(wcf_type)) => Ok(RelayKind::Wcf(wcf_type)),
            (DeclaredKind::Wcf, None) => {
                Err("missing: a relay of kind \"wcf\" is \"NetTcp\", \"NetOneway\", \"NetEvent\" or \"Http\"")
            }
        };
        let kind = self.keep(format!("{at}.wcf_type"), kind);
        let allow_clear_from = declared.allow_clear_from.iter().enumerate();
        let allow_clear_from = allow_clear_from
            .filter_map(|(index, text)| self.keep(format!("{at}.allow_clear_from[{index}]"), network(text)))
            .collect();
        let metadata = declared.user_metadata.as_ref().map_or(0, |text| text.chars().count());
        if metadata > Relay::LONGEST_METADATA {
            let error = format!("{metadata} characters, at most {} are allowed", Relay::LONGEST_METADATA);
            self.problem(format!("{at}.user_metadata"), error);
        }
        let policies = self.policies(at, &declared.policies);
        Some(Relay {
            path: path?,
            kind: kind?,
            requires_client_authorization: declared.requires_client_authorization,
            requires_transport_security: declared.requires_transport_security,
            allow_clear_from,
            policies,
            request_target: declared.request_target,
            response_deadline: declared.response_deadline,
            enabled: declared.enabled,
            locked: declared.locked,
            user_metadata: declared.user_metadata.clone(),
        })
    }

    fn policies(&mut self, at: &str, declared: &[DeclaredPolicy]) -> Vec<Policy> {
        let policies = declared.iter().enumerate();
        let policies: Vec<_> = policies
            .filter_map(|(index, policy)| self.policy(&format!("{at}.policies[{index}]"), policy))
            .collect();
        self.keep(format!("{at}.policies"), check_policies(&policies, self.limits.policies_per_level));
        policies
    }

    fn policy(&mut self, at: &str, declared: &DeclaredPolicy) -> Option<Policy> {
        let name = self.keep(format!("{at}.name"), KeyName::parse(&declared.name));
        let rights = self.keep(format!("{at}.rights"), Rights::new(declared.rights.iter().copied()));
        let primary = format!("{at}.primary_key");
        let primary_key =
            self.key(&primary, declared.primary_key.as_ref(), declared.primary_key_file.as_deref());
        if declared.primary_key.is_none() && declared.primary_key_file.is_none() {
            self.problem(primary, "missing: a policy needs primary_key or primary_key_file".to_owned());
        }
        let secondary = format!("{at}.secondary_key");
        let secondary_key =
            self.key(&secondary, declared.secondary_key.as_ref(), declared.secondary_key_file.as_deref());
        Some(Policy { name: name?, rights: rights?, primary_key: primary_key?, secondary_key })
    }

    fn key(&mut self, at: &str, text: Option<&SecretString>, file: Option<&str>) -> Option<SecretString> {
        let (at, source) = match (text, file) {
            (None, None) => return None,
            (Some(text), None) => (at.to_owned(), SecretSource::Text(text)),
            (None, Some(file)) => (format!("{at}_file"), SecretSource::File(file)),
            (Some(_), Some(_)) => {
                self.problem(format!("{at}_file"), "stands in place of the key, not beside it".to_owned());
                return None;
            }
        };
        let key = (self.secrets)(source);
        let key = self.keep(at.clone(), key)?;
        self.keep(at, check_key(&key))?;
        Some(key)
    }

    /// The value, or nothing and a problem.
    fn keep<T, E: ToString>(&mut self, path: String, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.problem(path, error.to_string())).ok()
    }

    fn problem(&mut self, path: String, error: String) {
        self.problems.push(Problem { path, error });
    }
}

/// `10.0.0.0/8`, or one address.
fn network(text: &str) -> Result<IpNet, &'static str> {
    let address = || text.parse().map(|address: std::net::IpAddr| IpNet::from(address));
    text.parse().or_else(|_| address()).map_err(|_| "not a network (10.0.0.0/8) or an address")
}

//! From declarations to entities: everything that is wrong at once.

use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;
use secrecy::SecretString;

use super::policy::check_key;
use super::{
    DeclaredKind, DeclaredNamespace, DeclaredPolicy, DeclaredRelay, EntityPath, HostName, KeyName, Limits,
    NameError, Namespace, NamespaceName, Policy, Relay, RelayKind, Rights, check_policies,
};

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
pub(super) struct Resolver<'a> {
    pub(super) limits: &'a Limits,
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
        let issuers = self.issuers(at, declared);
        let relays = declared.relays.iter().enumerate();
        let relays: Vec<_> = relays
            .filter_map(|(index, relay)| Some((index, self.relay(&format!("{at}.relays[{index}]"), relay)?)))
            .collect();
        let mut paths = HashSet::new();
        for (index, relay) in &relays {
            if !paths.insert(&relay.path) {
                let error = format!("relay {} is declared twice", relay.path);
                self.problem(format!("{at}.relays[{index}].path"), error);
            }
        }
        let most = self.limits.relays_per_namespace;
        if most != 0 && declared.relays.len() > most as usize {
            let error = format!("{} relays, at most {most} are allowed", declared.relays.len());
            self.problem(format!("{at}.relays"), error);
        }
        let mut namespace = Namespace::new(name?);
        namespace.hosts = hosts;
        namespace.policies = policies;
        namespace.dynamic_relays = declared.dynamic_relays;
        namespace.issuers = issuers;
        namespace.token_service = declared.token_service;
        namespace.locked = declared.locked;
        for (_, relay) in relays {
            namespace.insert(relay);
        }
        Some(namespace)
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
            xml_body: declared.xml_body,
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

    pub(super) fn key(
        &mut self,
        at: &str,
        text: Option<&SecretString>,
        file: Option<&str>,
    ) -> Option<SecretString> {
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
    pub(super) fn keep<T, E: ToString>(&mut self, path: String, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.problem(path, error.to_string())).ok()
    }

    pub(super) fn problem(&mut self, path: String, error: String) {
        self.problems.push(Problem { path, error });
    }
}

/// `10.0.0.0/8`, or one address.
fn network(text: &str) -> Result<IpNet, &'static str> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| address()).map_err(|_| "not a network (10.0.0.0/8) or an address")
}

#[cfg(test)]
mod tests;

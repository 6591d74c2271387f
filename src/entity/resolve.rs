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
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::entity::{RequestTarget, WcfType};

    /// What a configuration file is, as far as entities go.
    #[derive(Debug, serde::Deserialize)]
    struct File {
        namespaces: Vec<DeclaredNamespace>,
    }

    fn declared(toml: &str) -> DeclaredNamespace {
        toml::from_str::<File>(toml).unwrap().namespaces.remove(0)
    }

    /// Secrets as a configuration would resolve them, without files or environment.
    fn secret(source: SecretSource<'_>) -> Result<SecretString, String> {
        match source {
            SecretSource::Text(text) if text.expose_secret() == "${KEY}" => {
                Ok("from-environment".to_owned().into())
            }
            SecretSource::Text(text) if text.expose_secret().starts_with("${") => Err("not set".to_owned()),
            SecretSource::Text(text) => Ok(text.clone()),
            SecretSource::File("key.txt") => Ok("from-file".to_owned().into()),
            SecretSource::File(_) => Err("no such file".to_owned()),
        }
    }

    fn resolve(toml: &str) -> Result<Namespace, Vec<String>> {
        let namespace = declared(toml).resolve("namespaces[0]", &Limits::default(), &mut secret);
        namespace.map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    // Design, section 2.
    #[test]
    fn reads_the_example_of_the_design() {
        let namespace = resolve(
            r#"
            [[namespaces]]
            name = "contoso"
            hosts = ["contoso.servicebus.windows.net", "localhost"]

            [[namespaces.policies]]
            name = "RootManageSharedAccessKey"
            rights = ["Manage", "Send", "Listen"]
            primary_key = "p1"
            secondary_key = "${KEY}"

            [[namespaces.relays]]
            path = "credit-check"
            kind = "wcf"
            wcf_type = "NetTcp"
            requires_client_authorization = true
            requires_transport_security = false
            allow_clear_from = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]
            locked = true
            [[namespaces.relays.policies]]
            name = "send"
            rights = ["Send"]
            primary_key_file = "key.txt"

            [[namespaces.relays]]
            path = "plant7/press"
            kind = "hybrid"
            request_target = "raw"
            response_deadline = "5m"
            "#,
        )
        .unwrap();
        assert_eq!(namespace.hosts.len(), 2);
        let root = &namespace.policies[0];
        assert_eq!(root.rights, Rights::ALL);
        assert_eq!(
            root.keys().map(ExposeSecret::expose_secret).collect::<Vec<_>>(),
            ["p1", "from-environment"]
        );
        let relay = namespace.relay(&EntityPath::parse("credit-check").unwrap()).unwrap();
        assert_eq!(relay.kind, RelayKind::Wcf(WcfType::NetTcp));
        assert!(relay.locked && relay.enabled && relay.allow_clear_from.len() == 3);
        assert!(relay.allows_clear_from("192.0.2.7".parse().unwrap()));
        assert_eq!(relay.policies[0].primary_key.expose_secret(), "from-file");
        let press = namespace.relay(&EntityPath::parse("plant7/press").unwrap()).unwrap();
        assert_eq!((press.kind, press.request_target), (RelayKind::Hybrid, RequestTarget::Raw));
        assert_eq!(press.response_deadline, Some(std::time::Duration::from_secs(300)));
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let namespace = resolve(
            r#"
            [[namespaces]]
            name = "contoso"
            [[namespaces.relays]]
            path = "a"
            kind = "hybrid"
            "#,
        )
        .unwrap();
        let expected = Relay::new(EntityPath::parse("a").unwrap(), RelayKind::Hybrid);
        assert_eq!(**namespace.relays().next().unwrap(), expected);
    }

    #[test]
    fn every_mistake_is_told_with_its_path() {
        let problems = resolve(
            r#"
            [[namespaces]]
            name = "con.toso"
            hosts = ["ok.example.net", "a b", "h:443"]
            [[namespaces.policies]]
            name = ""
            rights = ["Manage"]
            [[namespaces.policies]]
            name = "both"
            rights = []
            primary_key = "x"
            primary_key_file = "key.txt"
            secondary_key = "${NOT_SET}"
            [[namespaces.policies]]
            name = "send"
            rights = ["Send"]
            primary_key = "topsecret;x"
            secondary_key_file = "none.txt"
            [[namespaces.relays]]
            path = "/a"
            kind = "wcf"
            allow_clear_from = ["10.0.0.0/8", "10.0.0.0/33"]
            [[namespaces.relays]]
            path = "b"
            kind = "hybrid"
            wcf_type = "Http"
            [[namespaces.relays]]
            path = "c"
            kind = "hybrid"
            [[namespaces.relays.policies]]
            name = "twice"
            rights = ["Send"]
            primary_key = "k"
            [[namespaces.relays.policies]]
            name = "Twice"
            rights = ["Send"]
            primary_key = "k"
            [[namespaces.relays]]
            path = "C"
            kind = "hybrid"
            "#,
        )
        .unwrap_err();
        let expected = [
            "namespaces[0].name: character '.' is not allowed",
            "namespaces[0].hosts[1]: character ' ' is not allowed",
            "namespaces[0].hosts[2]: character ':' is not allowed",
            "namespaces[0].policies[0].name: empty",
            "namespaces[0].policies[0].rights: Manage needs Listen and Send as well",
            "namespaces[0].policies[0].primary_key: missing: a policy needs primary_key or primary_key_file",
            "namespaces[0].policies[1].rights: no right is named: one or more of Listen, Send, Manage",
            "namespaces[0].policies[1].primary_key_file: stands in place of the key, not beside it",
            "namespaces[0].policies[1].secondary_key: not set",
            "namespaces[0].policies[2].primary_key: the key holds a semicolon, a control character, or a blank at one end",
            "namespaces[0].policies[2].secondary_key_file: no such file",
            "namespaces[0].relays[0].path: empty segment: no slash at the start or the end, no two in a row",
            "namespaces[0].relays[0].wcf_type: missing: a relay of kind \"wcf\" is \"NetTcp\", \"NetOneway\", \"NetEvent\" or \"Http\"",
            "namespaces[0].relays[0].allow_clear_from[1]: not a network (10.0.0.0/8) or an address",
            "namespaces[0].relays[1].wcf_type: only a relay of kind \"wcf\" has a wcf_type",
            "namespaces[0].relays[2].policies: policy Twice is there twice",
            "namespaces[0].relays[3].path: relay C is declared twice",
        ];
        assert_eq!(problems, expected);
    }

    #[test]
    fn counts_are_limited() {
        let relays = (0..3).map(|n| format!("[[namespaces.relays]]\npath = \"r{n}\"\nkind = \"hybrid\"\n"));
        let toml = format!("[[namespaces]]\nname = \"n\"\n{}", relays.collect::<String>());
        let limits = |relays_per_namespace| Limits { relays_per_namespace, ..Limits::default() };
        let count =
            |limits: &Limits| declared(&toml).resolve("n", limits, &mut secret).map(|n| n.relay_count());
        assert_eq!(count(&limits(3)), Ok(3));
        assert_eq!(count(&limits(0)), Ok(3));
        let problem =
            Problem { path: "n.relays".to_owned(), error: "3 relays, at most 2 are allowed".to_owned() };
        assert_eq!(count(&limits(2)), Err(vec![problem]));
    }

    #[test]
    fn unknown_keys_and_unknown_words_are_errors() {
        for extra in [
            "colour = 1",
            "[[namespaces.relays]]\npath = \"a\"\nkind = \"hybrid\"\nwcftype = \"NetTcp\"",
            "[[namespaces.relays]]\npath = \"a\"\nkind = \"tcp\"",
            "[[namespaces.relays]]\npath = \"a\"\nkind = \"wcf\"\nwcf_type = \"None\"",
            "[[namespaces.policies]]\nname = \"a\"\nrights = [\"Read\"]",
            "[[namespaces.policies]]\nname = \"a\"\nrights = [\"Send\"]\nkey = \"k\"",
        ] {
            let toml = format!("[[namespaces]]\nname = \"n\"\n{extra}");
            assert!(toml::from_str::<File>(&toml).is_err(), "{extra}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let toml = "[[namespaces]]\nname = \"n\"\n[[namespaces.policies]]\nname = \"p\"\nrights = [\"Send\"]\nprimary_key = \"topsecret\"";
        assert!(!format!("{:?}", declared(toml)).contains("topsecret"));
    }
}

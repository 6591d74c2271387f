//! A namespace: hosts, policies and relays that belong together.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    DynamicRelays, EntityPath, HostName, KeyName, NamespaceName, Policy, Relay, RelayPath, SwtIssuer,
};

/// A namespace with everything in it. The store's form (serde) holds all keys in clear; `Debug` prints none.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Namespace {
    /// Its name, unique among all namespaces.
    pub name: NamespaceName,
    /// The hosts it answers at, besides `{name}.{domain}`.
    pub hosts: Vec<HostName>,
    /// Policies good for every relay in it; at most `Limits::policies_per_level`.
    pub policies: Vec<Policy>,
    /// Whether listeners may make relays in it.
    pub dynamic_relays: DynamicRelays,
    /// Whose simple web tokens it takes, besides shared access signatures, on WCF relays.
    pub issuers: Vec<SwtIssuer>,
    /// Whether its token service makes such tokens for whoever knows an issuer's key.
    pub token_service: bool,
    /// Whether the configuration owns it: read-only to the API, and applied again at each reload.
    pub locked: bool,
    /// By folded path.
    relays: HashMap<Box<str>, Arc<Relay>>,
    /// Segments of the deepest relay there ever was: look-up tries no longer prefix.
    deepest: usize,
    /// `{name}.{domain}`, set by the directory it stands in; no part of what is stored or compared.
    pub(super) domain_host: Option<HostName>,
}

impl Namespace {
    /// A namespace without hosts, policies and relays.
    pub fn new(name: NamespaceName) -> Self {
        Self {
            name,
            hosts: Vec::new(),
            policies: Vec::new(),
            dynamic_relays: DynamicRelays::default(),
            issuers: Vec::new(),
            token_service: false,
            locked: false,
            relays: HashMap::new(),
            deepest: 0,
            domain_host: None,
        }
    }

    /// The relay that a request addresses: the one with the longest path that is a whole-segment prefix. Hybrid page 1.
    pub fn find(&self, path: &RelayPath) -> Option<&Arc<Relay>> {
        let mut folded = String::with_capacity(EntityPath::LONGEST.min(path.decoded().len()));
        let mut ends = Vec::new();
        for segment in path.segments().take(self.deepest) {
            if folded.len() + segment.len() > EntityPath::LONGEST {
                break;
            }
            if !ends.is_empty() {
                folded.push('/');
            }
            folded.push_str(segment);
            ends.push(folded.len());
        }
        folded.make_ascii_lowercase();
        ends.into_iter().rev().find_map(|end| self.relays.get(&folded[..end]))
    }

    /// The relay declared at exactly this path.
    pub fn relay(&self, path: &EntityPath) -> Option<&Arc<Relay>> {
        self.relays.get(path.folded().as_str())
    }

    /// All relays, ordered by path.
    pub fn relays(&self) -> impl ExactSizeIterator<Item = &Arc<Relay>> {
        let mut relays: Vec<_> = self.relays.values().collect();
        relays.sort_unstable_by(|one, two| one.path.cmp(&two.path));
        relays.into_iter()
    }

    /// How many relays there are.
    pub fn relay_count(&self) -> usize {
        self.relays.len()
    }

    /// Adds a relay; gives back the one that was at this path.
    pub fn insert(&mut self, relay: impl Into<Arc<Relay>>) -> Option<Arc<Relay>> {
        let relay = relay.into();
        self.deepest = self.deepest.max(relay.path.segments().count());
        self.relays.insert(relay.path.folded().into(), relay)
    }

    /// Takes a relay away.
    pub fn remove(&mut self, path: &EntityPath) -> Option<Arc<Relay>> {
        self.relays.remove(path.folded().as_str())
    }

    /// The policy of this name at the namespace itself.
    pub fn policy(&self, name: &KeyName) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.name == *name)
    }

    /// Every host it answers at: the declared ones, and `{name}.{domain}` within a directory that has a domain.
    pub fn all_hosts(&self) -> impl Iterator<Item = &HostName> {
        self.hosts.iter().chain(&self.domain_host)
    }

    /// Whether it answers at this host.
    pub fn answers_at(&self, host: &HostName) -> bool {
        self.all_hosts().any(|own| own == host)
    }
}

impl PartialEq for Namespace {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.hosts == other.hosts
            && self.policies == other.policies
            && self.dynamic_relays == other.dynamic_relays
            && self.issuers == other.issuers
            && self.token_service == other.token_service
            && self.locked == other.locked
            && self.relays == other.relays
    }
}

impl Eq for Namespace {}

/// How a namespace stands in the store.
#[derive(Serialize, Deserialize)]
struct Stored {
    name: NamespaceName,
    #[serde(default)]
    hosts: Vec<HostName>,
    #[serde(default)]
    policies: Vec<Policy>,
    #[serde(default)]
    dynamic_relays: DynamicRelays,
    #[serde(default)]
    issuers: Vec<SwtIssuer>,
    #[serde(default)]
    token_service: bool,
    #[serde(default)]
    locked: bool,
    #[serde(default)]
    relays: Vec<Arc<Relay>>,
}

impl From<Namespace> for Stored {
    fn from(namespace: Namespace) -> Self {
        let relays = namespace.relays().map(Arc::clone).collect();
        let Namespace { name, hosts, policies, dynamic_relays, issuers, token_service, locked, .. } =
            namespace;
        Self { name, hosts, policies, dynamic_relays, issuers, token_service, locked, relays }
    }
}

impl TryFrom<Stored> for Namespace {
    type Error = RelayTwice;
    fn try_from(stored: Stored) -> Result<Self, RelayTwice> {
        let Stored { name, hosts, policies, dynamic_relays, issuers, token_service, locked, relays } = stored;
        let mut namespace =
            Self { hosts, policies, dynamic_relays, issuers, token_service, locked, ..Self::new(name) };
        for relay in relays {
            if let Some(earlier) = namespace.insert(relay) {
                return Err(RelayTwice { path: earlier.path.clone() });
            }
        }
        Ok(namespace)
    }
}

/// Stored relays whose paths differ in case alone.
#[derive(Debug, thiserror::Error)]
#[error("relay {path} is there twice")]
struct RelayTwice {
    path: EntityPath,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{RelayKind, Rights};

    fn namespace(paths: &[&str]) -> Namespace {
        let mut namespace = Namespace::new(NamespaceName::parse("contoso").unwrap());
        for path in paths {
            let relay = Relay::new(EntityPath::parse(path).unwrap(), RelayKind::Hybrid);
            assert!(namespace.insert(relay).is_none());
        }
        namespace
    }

    fn found(namespace: &Namespace, raw: &str) -> Option<String> {
        namespace.find(&RelayPath::parse(raw).unwrap()).map(|relay| relay.path.to_string())
    }

    #[test]
    fn longest_whole_segment_prefix_wins() {
        let namespace = namespace(&["Plant7", "plant7/press", "plant7/press/cell/deep"]);
        for (raw, path) in [
            ("/plant7", Some("Plant7")),
            ("/PLANT7/", Some("Plant7")),
            ("/plant7/presse", Some("Plant7")),
            ("/plant7/press", Some("plant7/press")),
            ("/plant7/pr%65ss/cell", Some("plant7/press")),
            ("/plant7/press/cell/deep/er", Some("plant7/press/cell/deep")),
            ("/plant77", None),
            ("/", None),
            ("//plant7", None),
            ("/plant7//press", Some("Plant7")),
        ] {
            assert_eq!(found(&namespace, raw).as_deref(), path, "{raw}");
        }
    }

    #[test]
    fn long_and_deep_paths_are_found_too() {
        let longest = "a".repeat(260);
        let deepest = vec!["b"; 130].join("/");
        let namespace = namespace(&[&longest, &deepest]);
        assert_eq!(found(&namespace, &format!("/{longest}/x")).as_deref(), Some(longest.as_str()));
        assert_eq!(found(&namespace, &format!("/{deepest}/b/b/b/b")).as_deref(), Some(deepest.as_str()));
        assert_eq!(found(&namespace, &"c/".repeat(4000)), None);
        assert_eq!(found(&namespace, &format!("/{longest}a")), None);
    }

    #[test]
    fn removed_relay_is_gone_and_case_does_not_count() {
        let mut namespace = namespace(&["plant7", "plant7/press"]);
        let path = EntityPath::parse("PLANT7/Press").unwrap();
        assert_eq!(namespace.relay(&path).unwrap().path.to_string(), "plant7/press");
        assert!(namespace.remove(&path).is_some());
        assert_eq!(found(&namespace, "/plant7/press").as_deref(), Some("plant7"));
        assert_eq!(namespace.relay_count(), 1);
    }

    #[test]
    fn store_form_round_trips_in_order() {
        let mut namespace = namespace(&["b", "A"]);
        namespace.hosts.push(HostName::parse("localhost").unwrap());
        namespace.policies.push(Policy {
            name: KeyName::parse("Root").unwrap(),
            rights: Rights::ALL,
            primary_key: "k1".to_owned().into(),
            secondary_key: None,
        });
        let json = serde_json::to_value(&namespace).unwrap();
        assert_eq!(json["relays"][0]["path"], "A");
        assert_eq!(json["policies"][0]["primary_key"], "k1");
        assert!(json.get("domain_host").is_none());
        assert_eq!(serde_json::from_value::<Namespace>(json).unwrap(), namespace);
        assert!(!format!("{namespace:?}").contains("k1"));
    }

    #[test]
    fn store_form_with_a_relay_twice_is_refused() {
        let json = r#"{"name":"n","relays":[{"path":"a","kind":"hybrid"},{"path":"A","kind":"hybrid"}]}"#;
        let error = serde_json::from_str::<Namespace>(json).unwrap_err();
        assert!(error.to_string().starts_with("relay a is there twice"), "{error}");
    }
}

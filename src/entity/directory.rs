//! All entities at one moment.

use std::collections::HashMap;
use std::sync::Arc;

use super::{HostName, Namespace, NamespaceName, Relay, RelayKey};

/// An immutable picture of all namespaces, looked up by host. Made anew whenever an entity changes.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    by_name: HashMap<NamespaceName, Arc<Namespace>>,
    by_host: HashMap<HostName, Arc<Namespace>>,
}

impl Directory {
    /// Puts namespaces side by side. With a domain, namespace `N` also answers at `N.{domain}`. Design, section 2.
    pub fn new<N: Into<Arc<Namespace>>>(
        namespaces: impl IntoIterator<Item = N>,
        domain: Option<&HostName>,
    ) -> Result<Self, DirectoryError> {
        let mut directory = Self::default();
        for namespace in namespaces {
            let mut namespace = namespace.into();
            let domain_host = domain.map(|domain| domain_host(&namespace.name, domain)).transpose()?;
            if namespace.domain_host != domain_host {
                Arc::make_mut(&mut namespace).domain_host = domain_host;
            }
            for host in namespace.all_hosts() {
                let earlier = directory.by_host.insert(host.clone(), Arc::clone(&namespace));
                if let Some(earlier) = earlier.filter(|earlier| earlier.name != namespace.name) {
                    let (first, second) = (earlier.name.clone(), namespace.name.clone());
                    return Err(DirectoryError::HostTaken { host: host.clone(), first, second });
                }
            }
            if let Some(earlier) = directory.by_name.insert(namespace.name.clone(), namespace) {
                return Err(DirectoryError::NamespaceTwice { name: earlier.name.clone() });
            }
        }
        Ok(directory)
    }

    /// The namespace that answers at this host. Another host is refused, never defaulted.
    pub fn namespace_of(&self, host: &HostName) -> Option<&Arc<Namespace>> {
        self.by_host.get(host)
    }

    /// The namespace of this name.
    pub fn namespace(&self, name: &NamespaceName) -> Option<&Arc<Namespace>> {
        self.by_name.get(name)
    }

    /// The relay of this key.
    pub fn relay(&self, key: &RelayKey) -> Option<&Arc<Relay>> {
        self.namespace(&key.namespace)?.relay(&key.path)
    }

    /// All namespaces, ordered by name.
    pub fn namespaces(&self) -> impl ExactSizeIterator<Item = &Arc<Namespace>> {
        let mut namespaces: Vec<_> = self.by_name.values().collect();
        namespaces.sort_unstable_by(|one, two| one.name.cmp(&two.name));
        namespaces.into_iter()
    }
}

fn domain_host(name: &NamespaceName, domain: &HostName) -> Result<HostName, DirectoryError> {
    HostName::parse(&format!("{name}.{domain}"))
        .map_err(|_| DirectoryError::DomainUnusable { domain: domain.clone(), name: name.clone() })
}

/// Why namespaces cannot stand side by side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// Two namespaces would answer at one host.
    #[error("host {host} belongs to namespace {first} and to namespace {second}, a host has one namespace")]
    HostTaken {
        /// The host in dispute.
        host: HostName,
        /// The namespace that was listed first.
        first: NamespaceName,
        /// The one that was listed later.
        second: NamespaceName,
    },
    /// Two namespaces of one name.
    #[error("namespace {name} is there twice")]
    NamespaceTwice {
        /// The name both have.
        name: NamespaceName,
    },
    /// The domain is an address, or too long to have a name in front of it.
    #[error("domain {domain} cannot have {name} in front of it")]
    DomainUnusable {
        /// The domain as configured.
        domain: HostName,
        /// The namespace that would answer below it.
        name: NamespaceName,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{EntityPath, RelayKind};

    fn host(text: &str) -> HostName {
        HostName::parse(text).unwrap()
    }

    fn namespace(name: &str, hosts: &[&str]) -> Namespace {
        let mut namespace = Namespace::new(NamespaceName::parse(name).unwrap());
        namespace.hosts = hosts.iter().map(|text| host(text)).collect();
        namespace
    }

    #[test]
    fn answers_at_declared_hosts_and_below_the_domain() {
        let domain = host("relay.example.net");
        let list = [namespace("contoso", &["Localhost"]), namespace("fabrikam", &[])];
        let directory = Directory::new(list, Some(&domain)).unwrap();
        let name = |text: &str| directory.namespace_of(&host(text)).map(|found| found.name.to_string());
        assert_eq!(name("LOCALHOST:443").as_deref(), Some("contoso"));
        assert_eq!(name("Contoso.relay.example.net").as_deref(), Some("contoso"));
        assert_eq!(name("fabrikam.relay.example.net").as_deref(), Some("fabrikam"));
        assert_eq!(name("relay.example.net"), None);
        assert_eq!(name("contoso.example.net"), None);
        let contoso = directory.namespace(&NamespaceName::parse("contoso").unwrap()).unwrap();
        assert!(contoso.answers_at(&host("contoso.relay.example.net")));
        assert_eq!(
            directory.namespaces().map(|found| found.name.as_str()).collect::<Vec<_>>(),
            ["contoso", "fabrikam"]
        );
    }

    #[test]
    fn without_a_domain_only_declared_hosts_count() {
        let directory = Directory::new([namespace("contoso", &["a", "b"])], None).unwrap();
        assert!(directory.namespace_of(&host("b")).is_some());
        assert!(directory.namespace_of(&host("contoso")).is_none());
    }

    #[test]
    fn a_host_of_two_namespaces_is_an_error_that_names_both() {
        let error = Directory::new([namespace("one", &["h"]), namespace("two", &["H."])], None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "host h belongs to namespace one and to namespace two, a host has one namespace"
        );
        // Also when one of them has it by the domain.
        let list = [namespace("one", &["two.example.net"]), namespace("two", &[])];
        let error = Directory::new(list, Some(&host("example.net"))).unwrap_err();
        assert!(matches!(error, DirectoryError::HostTaken { .. }), "{error}");
    }

    #[test]
    fn a_host_named_twice_by_one_namespace_is_no_conflict() {
        let list = [namespace("one", &["h", "h", "one.example.net"])];
        assert!(Directory::new(list, Some(&host("example.net"))).is_ok());
    }

    #[test]
    fn refuses_two_namespaces_of_one_name_and_a_domain_that_is_none() {
        let error = Directory::new([namespace("one", &[]), namespace("one", &[])], None).unwrap_err();
        assert_eq!(error, DirectoryError::NamespaceTwice { name: NamespaceName::parse("one").unwrap() });
        let error = Directory::new([namespace("one", &[])], Some(&host("[::1]"))).unwrap_err();
        assert!(matches!(error, DirectoryError::DomainUnusable { .. }), "{error}");
    }

    #[test]
    fn finds_a_relay_by_its_key() {
        let mut contoso = namespace("contoso", &[]);
        contoso.insert(Relay::new(EntityPath::parse("Plant7").unwrap(), RelayKind::Hybrid));
        let directory = Directory::new([Arc::new(contoso)], None).unwrap();
        let key = RelayKey {
            namespace: NamespaceName::parse("CONTOSO").unwrap(),
            path: EntityPath::parse("plant7").unwrap(),
        };
        assert!(directory.relay(&key).is_some());
        assert_eq!(key.to_string(), "contoso/plant7");
    }
}

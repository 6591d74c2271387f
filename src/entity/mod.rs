//! The things: namespaces, relays, policies, and the limits they live under. Pure.
//!
//! Names are parsed once, at the edge ([`HostName`], [`NamespaceName`], [`EntityPath`], [`KeyName`]); a path that
//! a *request* names goes through [`RelayPath::parse`], the one gate before look-up, audience check and
//! forwarding. [`Directory`] is the immutable picture of all entities that a gateway answers from;
//! [`DeclaredNamespace`] is what a configuration file says about one of them.

mod connection_string;
mod declared;
mod directory;
mod dynamic_relays;
mod entity_path;
mod host;
mod issuer;
mod key_name;
pub mod limits;
mod name;
mod namespace;
mod namespace_name;
mod policy;
mod relay;
mod relay_key;
mod relay_path;
mod resolve;
mod resolve_issuers;
mod rights;
mod secret;
mod service_address;
mod time;
mod units;

pub use connection_string::{ConnectionString, ConnectionStringError, Credential};
pub use declared::{DeclaredIssuer, DeclaredKind, DeclaredNamespace, DeclaredPolicy, DeclaredRelay};
pub use directory::{Directory, DirectoryError};
pub use dynamic_relays::DynamicRelays;
pub use entity_path::EntityPath;
pub use host::HostName;
pub use issuer::SwtIssuer;
pub use key_name::KeyName;
pub use limits::{Limits, Timeouts};
pub use name::NameError;
pub use namespace::Namespace;
pub use namespace_name::NamespaceName;
pub use policy::{Policy, PolicyError, check_policies, key_text};
pub use relay::{Relay, RelayKind, RequestTarget, WcfType, XmlBody};
pub use relay_key::RelayKey;
pub use relay_path::{PathError, RelayPath};
pub use resolve::{Problem, SecretSource};
pub use rights::{Right, Rights, RightsError};
pub use service_address::{AddressError, ServiceAddress};
pub use time::UnixTime;

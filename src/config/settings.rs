//! What a gateway works with, once its configuration was checked.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use secrecy::SecretString;

use super::doors::{DoorName, Doors};
use crate::entity::limits::{Limits, Timeouts};
use crate::entity::{HostName, Namespace};

/// The checked configuration of a gateway. Files it names were read, so a reload is loading it again.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[gateway]`.
    pub gateway: GatewaySettings,
    /// `[doors]`.
    pub doors: Doors,
    /// `[tls]`; holds a certificate when a door needs one.
    pub tls: TlsSettings,
    /// `[limits]`.
    pub limits: Limits,
    /// `[timeouts]`.
    pub timeouts: Timeouts,
    /// `[store]`.
    pub store: Store,
    /// `[[namespaces]]`: they seed the store when they are absent from it.
    pub namespaces: Vec<Namespace>,
}

/// The ports of the doors that WCF listeners dial for a rendezvous, each for one carrier (relay page 4.1). `None`: there is no such door, or nothing is said of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DoorPorts {
    /// Protocol C on TCP.
    pub rendezvous: Option<u16>,
    /// WebSockets, and web streams inside TLS.
    pub https: Option<u16>,
    /// Web streams in clear.
    pub http: Option<u16>,
}

impl DoorPorts {
    /// These, and where they say nothing, `others`.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            rendezvous: self.rendezvous.or(others.rendezvous),
            https: self.https.or(others.https),
            http: self.http.or(others.http),
        }
    }
}

/// `[gateway]`, checked.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// The name of this gateway among others.
    pub name: String,
    /// Namespace N also answers at N.domain.
    pub domain: Option<HostName>,
    /// `host` or `host:port` that listeners are told to dial; `None` = the authority they themselves used.
    pub public_address: Option<String>,
    /// The IPv4 address at which WCF listeners are told to dial; `None` = the one they themselves used.
    pub public_ipv4: Option<Ipv4Addr>,
    /// The ports at which they are told to dial, where they differ from the doors'.
    pub public_ports: DoorPorts,
    /// The status an HTTP sender gets when no listener is connected: 404 or 502.
    pub no_listener_status: u16,
    /// Where the embedded store keeps its file.
    pub data_dir: PathBuf,
    /// Without one, the admin door answers nothing but health.
    pub admin_token: Option<SecretString>,
}

/// `[tls]`, checked.
#[derive(Clone, Debug, Default)]
pub struct TlsSettings {
    /// The first is the default, for names that no other has.
    pub certificates: Vec<Certificate>,
}

impl TlsSettings {
    /// The certificates that may be shown at a door.
    pub fn at(&self, door: DoorName) -> impl Iterator<Item = &Certificate> {
        self.certificates.iter().filter(move |one| one.doors.is_empty() || one.doors.contains(&door))
    }
}

/// One certificate chain with its key.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// PEM, the server's own certificate first.
    pub chain: Vec<u8>,
    /// PEM.
    pub key: SecretString,
    /// The names it is chosen for, `*.` standing for one label; empty = where no other fits.
    pub names: Vec<String>,
    /// The doors it is chosen at; empty = all.
    pub doors: Vec<DoorName>,
}

/// Where entities are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// In a file of this gateway, in `gateway.data_dir`.
    Embedded {
        /// That folder; [`super::Config::load`] does not make it.
        folder: PathBuf,
    },
    /// In memory: gone with the process. For tests and the demo.
    Memory,
}

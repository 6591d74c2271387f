//! `viaduct.toml` as written. The doc comments here are the text of `docs/configuration.md`.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::doors::{Addresses, DoorName};
use super::secret::SecretText;
use crate::entity::DeclaredNamespace;
use crate::entity::limits::{Limits, Timeouts};

/// A gateway's file: `viaduct.toml`, or what `viaduct serve --config` names.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct GatewayFile {
    pub(super) gateway: Gateway,
    pub(super) doors: DoorTable,
    pub(super) tls: Tls,
    pub(super) limits: Limits,
    pub(super) timeouts: Timeouts,
    pub(super) store: Store,
    pub(super) namespaces: Vec<DeclaredNamespace>,
}

/// Who this gateway is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Gateway {
    /// The name of this gateway among others. Left out: the machine's host name.
    pub(super) name: Option<String>,
    /// Namespace N also answers at N.domain. Left out: only at its `hosts`.
    pub(super) domain: Option<String>,
    /// What listeners are told to dial, `host` or `host:port`. Left out: the authority they themselves used.
    pub(super) public_address: Option<String>,
    /// The status an HTTP sender gets when no listener is connected: 404, or 502 as Azure Relay's guide has it. Left out: 404.
    pub(super) no_listener_status: Option<u16>,
    /// Folder of what the gateway keeps. Left out: `data`.
    pub(super) data_dir: Option<PathBuf>,
    /// The token that opens the admin door; or `admin_token_file`. Left out: the file `admin.token` in `data_dir`; when that is not there either, the door answers nothing but health.
    pub(super) admin_token: Option<SecretText>,
    /// A file that holds the admin token.
    pub(super) admin_token_file: Option<PathBuf>,
    /// The IPv4 address at which listeners of WCF Relay are told to dial: their protocol knows no other. Left out: the address at which they reached `amqps` or `https` themselves. Libraries before 5.0 that use WebSockets take `127.0.0.1` for their relay root host; for a test on one machine give another, such as `127.0.0.2`.
    #[schemars(with = "Option<String>")]
    pub(super) public_ipv4: Option<Ipv4Addr>,
    /// The ports at which they are told to dial, where they differ from the doors'.
    pub(super) public_ports: PublicPorts,
}

/// Ports as they are seen from outside.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PublicPorts {
    /// That of the `rendezvous` door.
    pub(super) rendezvous: Option<u16>,
    /// That of the `https` door, for listeners that use WebSockets or web streams.
    pub(super) https: Option<u16>,
    /// That of the `http` door, for listeners that use web streams in clear.
    pub(super) http: Option<u16>,
}

/// Which protocols are open, and where: `"address:port"` or a list of them. A door that is left out stays closed. Port 0 lets the operating system choose.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DoorTable {
    /// Hybrid Connections over TLS. Needs a certificate.
    pub(super) https: Option<Addresses>,
    /// Hybrid Connections in clear.
    pub(super) http: Option<Addresses>,
    /// Listeners of WCF Relay (`Microsoft.ServiceBus.dll` 2.4 and later), which know no other port than 5671. Needs a certificate.
    pub(super) amqps: Option<Addresses>,
    /// One-way and event senders of WCF Relay without a token, and listeners older than 2.4 without TLS; they know no other port than 9350. Every sender
    /// that looks for a way to its relay probes it.
    pub(super) oneway: Option<Addresses>,
    /// One-way and event senders of WCF Relay, and listeners older than 2.4, which know no other port than 9351. Needs a certificate, with exactly one DNS
    /// name for libraries before 5.0; it is chosen by the host of the address (they send no SNI).
    pub(super) oneway_tls: Option<Addresses>,
    /// Relayed connections of WCF Relay, from both sides; senders know no other port than 9352. Needs a certificate.
    pub(super) rendezvous: Option<Addresses>,
    /// `NetTcpRelayBinding` in hybrid mode asks here, on port 9353, and at `rendezvous` from which address it comes. Closed: its connections stay relayed.
    pub(super) probe: Option<Addresses>,
    /// Plain `NetTcpBinding` clients.
    pub(super) net_tcp: Option<Addresses>,
    /// The same inside TLS from the first byte, for `viaduct forward`. Needs a certificate.
    pub(super) net_tcps: Option<Addresses>,
    /// Management, `/healthz` and `/readyz`. Needs the admin token. An address beyond loopback is served inside TLS and needs a certificate.
    pub(super) admin: Option<Addresses>,
    /// `/metrics`, `/healthz` and `/readyz`, in clear.
    pub(super) metrics: Option<Addresses>,
}

/// The certificates of the doors that speak TLS. Read again at SIGHUP.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tls {
    /// PEM file with the certificate chain that is used where no other fits; the server's own certificate first.
    pub(super) certificate: Option<PathBuf>,
    /// Its private key as PEM text; or `key_file`.
    pub(super) key: Option<SecretText>,
    /// PEM file with its private key.
    pub(super) key_file: Option<PathBuf>,
    /// More certificates, chosen by the name a client asks for (SNI).
    pub(super) certificates: Vec<NamedCertificate>,
}

/// One more certificate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedCertificate {
    /// PEM file with the certificate chain.
    pub(super) certificate: PathBuf,
    /// Its private key as PEM text; or `key_file`.
    #[serde(default)]
    pub(super) key: Option<SecretText>,
    /// PEM file with its private key.
    #[serde(default)]
    pub(super) key_file: Option<PathBuf>,
    /// The names it is chosen for, `*.example.net` included. Left out: the names in the certificate.
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// The doors it is chosen at. Left out: all that speak TLS.
    #[serde(default)]
    pub(super) doors: Vec<DoorName>,
}

/// Where entities are kept. Left out: embedded.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Store {
    /// `"embedded"`: one file under `data_dir`. `"memory"`: gone with the process, for tests.
    pub(super) kind: StoreKind,
    #[schemars(skip)]
    pub(super) endpoints: Option<IgnoredAny>,
    #[schemars(skip)]
    pub(super) prefix: Option<IgnoredAny>,
    #[schemars(skip)]
    pub(super) ca: Option<IgnoredAny>,
    #[schemars(skip)]
    pub(super) certificate: Option<IgnoredAny>,
    #[schemars(skip)]
    pub(super) key: Option<IgnoredAny>,
    #[schemars(skip)]
    pub(super) key_file: Option<IgnoredAny>,
    #[schemars(skip)]
    pub(super) username: Option<IgnoredAny>,
    #[schemars(skip)]
    pub(super) password: Option<IgnoredAny>,
    #[schemars(skip)]
    pub(super) password_file: Option<IgnoredAny>,
}

/// The back ends by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoreKind {
    #[default]
    Embedded,
    Memory,
    /// Recognised, not served yet.
    #[schemars(skip)]
    Etcd,
}

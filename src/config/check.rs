//! From the written `viaduct.toml` to the configuration a gateway works with.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret, SecretString};

use super::connect::parsed;
use super::doors::{Addresses, DoorName, Doors};
use super::problem::{ConfigError, Problems};
use super::read::read;
use super::secret::{Environment, SecretText};
use super::settings::{Certificate, Config, DoorPorts, GatewaySettings, Store, TlsSettings};
use super::written::{self, DoorTable, GatewayFile, PublicPorts, StoreKind};
use crate::entity::limits::{Limits, Timeouts};
use crate::entity::{DeclaredNamespace, Directory, HostName, Namespace, SecretSource};

impl Config {
    /// Reads the file at `path` and the files it names. Relative paths in it start at its folder.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, &error))?;
        Self::parse(&text, &path.display().to_string(), &Environment::beside(path))
    }

    /// Reads `text`, which came from what `file` says.
    pub fn parse(text: &str, file: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let mut problems = Problems::default();
        let written: Option<GatewayFile> = read(text, &mut problems);
        let config = written.map(|written| check(written, environment, &mut problems));
        problems.finish(file)?;
        Ok(config.expect("without a problem there is a value"))
    }
}

fn check(written: GatewayFile, environment: &Environment, problems: &mut Problems) -> Config {
    let doors = doors(written.doors, problems);
    let tls = tls(&written.tls, environment, problems);
    certificates_where_needed(&doors, &tls, problems);
    limits(&written.limits, problems);
    timeouts(&written.timeouts, problems);
    let gateway = gateway(written.gateway, environment, problems);
    let store = store(written.store, &gateway.data_dir, problems);
    let namespaces = namespaces(&written.namespaces, &written.limits, environment, problems);
    if let Err(error) = Directory::new(namespaces.clone(), gateway.domain.as_ref()) {
        problems.add("namespaces", error.to_string());
    }
    let (limits, timeouts) = (written.limits, written.timeouts);
    Config { gateway, doors, tls, limits, timeouts, store, namespaces }
}

fn gateway(written: written::Gateway, environment: &Environment, problems: &mut Problems) -> GatewaySettings {
    let name = written.name.unwrap_or_else(|| gethostname::gethostname().to_string_lossy().into_owned());
    if name.is_empty() || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        problems.add("gateway.name", "a name has at least one character and no blanks");
    }
    let domain =
        written.domain.and_then(|text| parsed("gateway", "domain", HostName::parse(&text), problems));
    if let Some(address) = &written.public_address {
        parsed("gateway", "public_address", HostName::parse_authority(address), problems);
    }
    let data_dir = written.data_dir.unwrap_or_else(|| "data".into());
    let file = written.admin_token_file.or_else(|| {
        let default = data_dir.join("admin.token");
        (written.admin_token.is_none() && environment.path(&default).is_file()).then_some(default)
    });
    let data_dir = environment.path(&data_dir);
    let text = written.admin_token.as_ref();
    let admin_token = environment.secret("gateway", "admin_token", text, file.as_deref(), problems);
    if admin_token.as_ref().is_some_and(|token| token.expose_secret().len() < SHORTEST_ADMIN_TOKEN) {
        let text = format!("shorter than {SHORTEST_ADMIN_TOKEN} characters, so it could be guessed");
        problems.add("gateway.admin_token", text);
    }
    let no_listener_status = written.no_listener_status.unwrap_or(404);
    if !matches!(no_listener_status, 404 | 502) {
        problems.add("gateway.no_listener_status", "is neither 404 nor 502");
    }
    let PublicPorts { rendezvous, https, http } = written.public_ports;
    for (door, port) in [("rendezvous", rendezvous), ("https", https), ("http", http)] {
        if port == Some(0) {
            problems.add(&format!("gateway.public_ports.{door}"), "0 is no port that could be dialled");
        }
    }
    GatewaySettings {
        name,
        domain,
        public_address: written.public_address,
        public_ipv4: written.public_ipv4,
        public_ports: DoorPorts { rendezvous, https, http },
        no_listener_status,
        data_dir,
        admin_token,
    }
}

/// 96 random bits in base64.
const SHORTEST_ADMIN_TOKEN: usize = 16;

fn doors(written: DoorTable, problems: &mut Problems) -> Doors {
    let addresses = |written: Option<Addresses>| written.unwrap_or_default().0;
    let doors = Doors {
        https: addresses(written.https),
        http: addresses(written.http),
        amqps: addresses(written.amqps),
        oneway: addresses(written.oneway),
        oneway_tls: addresses(written.oneway_tls),
        rendezvous: addresses(written.rendezvous),
        probe: addresses(written.probe),
        net_tcp: addresses(written.net_tcp),
        net_tcps: addresses(written.net_tcps),
        admin: addresses(written.admin),
        metrics: addresses(written.metrics),
    };
    if !doors.amqps.is_empty() && doors.rendezvous.is_empty() && !problems.under("doors.rendezvous") {
        problems.add("doors.rendezvous", "is closed; the listeners at amqps are told to dial it");
    }
    if doors.open().next().is_none() && !problems.under("doors") {
        problems.add("doors", "no door is open; give at least https or http an address");
    }
    let mut taken: Vec<(DoorName, SocketAddr)> = Vec::new();
    for (door, address) in doors.open() {
        let same = taken.iter().find(|(_, other)| *other == address && address.port() != 0);
        if let Some((other, _)) = same {
            problems.add(&format!("doors.{door}"), format!("{address} is an address of {other} already"));
        }
        taken.push((door, address));
    }
    doors
}

fn tls(written: &written::Tls, environment: &Environment, problems: &mut Problems) -> TlsSettings {
    let mut certificates = Vec::new();
    let key = (written.key.as_ref(), written.key_file.as_deref());
    match &written.certificate {
        Some(chain) => certificates.extend(certificate("tls", chain, key, environment, problems)),
        None if key != (None, None) && !problems.under("tls.certificate") => {
            problems.add("tls.certificate", "is missing; a key without a certificate is of no use");
        }
        None => {}
    }
    for (n, named) in written.certificates.iter().enumerate() {
        let at = format!("tls.certificates[{n}]");
        for (m, name) in named.names.iter().enumerate() {
            let host = name.strip_prefix("*.").unwrap_or(name);
            parsed(&at, &format!("names[{m}]"), HostName::parse(host), problems);
        }
        for (m, door) in named.doors.iter().enumerate() {
            if matches!(door, DoorName::Http | DoorName::NetTcp | DoorName::Metrics) {
                problems.add(&format!("{at}.doors[{m}]"), format!("{door} speaks no TLS"));
            }
        }
        let key = (named.key.as_ref(), named.key_file.as_deref());
        if let Some(mut certificate) = certificate(&at, &named.certificate, key, environment, problems) {
            certificate.names.clone_from(&named.names);
            if named.names.is_empty() && !problems.under(&format!("{at}.names")) {
                certificate.names = names_in(&certificate.chain);
                if certificate.names.is_empty() {
                    problems.add(&format!("{at}.names"), "is missing, and the certificate holds no DNS name");
                }
            }
            certificate.doors.clone_from(&named.doors);
            certificates.push(certificate);
        }
    }
    TlsSettings { certificates }
}

fn certificate(
    at: &str,
    chain: &Path,
    (key, key_file): (Option<&SecretText>, Option<&Path>),
    environment: &Environment,
    problems: &mut Problems,
) -> Option<Certificate> {
    let pem = parsed(at, "certificate", environment.read_text(chain), problems);
    if key.is_none() && key_file.is_none() && !problems.under(&format!("{at}.key")) {
        problems.add(&format!("{at}.key"), "is missing; give key_file, key or \"${ENV_NAME}\"");
    }
    let secret = environment.secret(at, "key", key, key_file, problems);
    let pem = pem.filter(|pem| {
        let mut found = CertificateDer::pem_slice_iter(pem.as_bytes());
        let good = matches!(found.next(), Some(Ok(_)));
        if !good {
            let text = format!("{} holds no certificate in PEM form", chain.display());
            problems.add(&format!("{at}.certificate"), text);
        }
        good
    });
    let secret = secret.filter(|secret| {
        let good = PrivateKeyDer::from_pem_slice(secret.expose_secret().as_bytes()).is_ok();
        if !good {
            let key = if key_file.is_some() { "key_file" } else { "key" };
            problems.add(&format!("{at}.{key}"), "holds no private key in PEM form");
        }
        good
    });
    Some(Certificate { chain: pem?.into_bytes(), key: secret?, names: Vec::new(), doors: Vec::new() })
}

/// The DNS names of the first certificate.
fn names_in(chain: &[u8]) -> Vec<String> {
    let Some(Ok(first)) = CertificateDer::pem_slice_iter(chain).next() else { return Vec::new() };
    let Ok(certificate) = webpki::EndEntityCert::try_from(&first) else { return Vec::new() };
    certificate.valid_dns_names().map(str::to_owned).collect()
}

/// Every open door that speaks TLS has a certificate to show.
fn certificates_where_needed(doors: &Doors, tls: &TlsSettings, problems: &mut Problems) {
    if problems.under("tls") {
        return;
    }
    let mut told = None;
    for (door, address) in doors.open() {
        let served = tls.at(door).next().is_some();
        if !Doors::shows_certificate(door, address) || served || told == Some(door) {
            continue;
        }
        told = Some(door);
        let text = match door {
            DoorName::Admin => format!(
                "{address} is beyond loopback, where this door is served inside TLS alone; give [tls] a certificate"
            ),
            _ => "speaks TLS; give [tls] a certificate".to_owned(),
        };
        problems.add(&format!("doors.{door}"), text);
    }
}

fn limits(limits: &Limits, problems: &mut Problems) {
    for (key, value) in [
        ("policies_per_level", limits.policies_per_level as usize),
        ("control_message", limits.control_message),
        ("control_body", limits.control_body),
        ("frame", limits.frame),
        ("request_head", limits.request_head),
        ("request_headers", limits.request_headers as usize),
        ("request_path", limits.request_path),
        ("token", limits.token),
        ("connections_per_door", limits.connections_per_door as usize),
        ("via", limits.via),
        ("listener_message", limits.listener_message),
        ("binding_soap_head", limits.binding_soap_head),
        ("binding_json_depth", limits.binding_json_depth as usize),
        ("binding_reply_head", limits.binding_reply_head),
        ("binding_json_scalar", limits.binding_json_scalar),
    ] {
        if value == 0 {
            problems.add(&format!("limits.{key}"), "must be more than 0; nothing could pass");
        }
    }
}

fn timeouts(timeouts: &Timeouts, problems: &mut Problems) {
    for (key, value) in [
        ("handshake", timeouts.handshake),
        ("accept", timeouts.accept),
        ("pass_over", timeouts.pass_over),
        ("response_idle", timeouts.response_idle),
        ("request_idle", timeouts.request_idle),
        ("half_close", timeouts.half_close),
        ("silence", timeouts.silence),
        ("keep_alive", timeouts.keep_alive),
        ("net_tcp_idle", timeouts.net_tcp_idle),
        ("amqp_silence", timeouts.amqp_silence),
        ("amqp_keep_alive", timeouts.amqp_keep_alive),
        ("amqp_closing", timeouts.amqp_closing),
        ("issued_token", timeouts.issued_token),
    ] {
        if value.is_zero() {
            problems.add(&format!("timeouts.{key}"), "must be more than 0s; nothing could happen in time");
        }
    }
    if !timeouts.ping.is_zero() && timeouts.silence <= timeouts.ping && timeouts.silence > Duration::ZERO {
        let text = "must be longer than timeouts.ping, or every quiet connection is dropped";
        problems.add("timeouts.silence", text);
    }
    if timeouts.amqp_silence <= timeouts.amqp_idle && timeouts.amqp_silence > Duration::ZERO {
        let text = "must be longer than timeouts.amqp_idle, or every quiet listener is dropped";
        problems.add("timeouts.amqp_silence", text);
    }
}

fn store(written: written::Store, data_dir: &Path, problems: &mut Problems) -> Store {
    if written.kind == StoreKind::Etcd {
        not_yet("store.kind", "the store kind etcd", problems);
    } else {
        for (key, value) in [
            ("endpoints", &written.endpoints),
            ("prefix", &written.prefix),
            ("ca", &written.ca),
            ("certificate", &written.certificate),
            ("key", &written.key),
            ("key_file", &written.key_file),
            ("username", &written.username),
            ("password", &written.password),
            ("password_file", &written.password_file),
        ] {
            if value.is_some() {
                problems.add(&format!("store.{key}"), "belongs to kind = \"etcd\" alone");
            }
        }
    }
    match written.kind {
        StoreKind::Memory => Store::Memory,
        StoreKind::Embedded | StoreKind::Etcd => Store::Embedded { folder: data_dir.to_owned() },
    }
}

fn namespaces(
    declared: &[DeclaredNamespace],
    limits: &Limits,
    environment: &Environment,
    problems: &mut Problems,
) -> Vec<Namespace> {
    let mut secrets = |source: SecretSource<'_>| -> Result<SecretString, String> {
        match source {
            SecretSource::Text(text) => environment.text(text.expose_secret()),
            SecretSource::File(file) => environment.file(Path::new(file)),
        }
    };
    let mut namespaces = Vec::new();
    for (n, declared) in declared.iter().enumerate() {
        match declared.resolve(&format!("namespaces[{n}]"), limits, &mut secrets) {
            Ok(namespace) => namespaces.push(namespace),
            Err(found) => {
                for problem in found {
                    // A key of a wrong type was taken out, so that it seems missing here.
                    if !problems.under(&problem.path) {
                        problems.add(&problem.path, problem.error);
                    }
                }
            }
        }
    }
    namespaces
}

/// A name that is kept for what comes later.
fn not_yet(path: &str, what: &str, problems: &mut Problems) {
    problems.add(path, format!("this build does not serve {what} yet; leave it out"));
}

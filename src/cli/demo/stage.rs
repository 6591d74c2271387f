//! What the story stands on: a folder, a certificate authority, keys, the gateway's configuration, tokens. All of it is
//! made for one run and thrown away.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use secrecy::SecretString;

use super::{super::ca::PrivateCa, modern::TOKEN_HEADER};
use crate::{
    auth::{audience, mint},
    config::{Certificate, Config, DoorPorts, Doors, GatewaySettings, Store, TlsSettings},
    entity::{
        ConnectionString, Credential, EntityPath, HostName, KeyName, Limits, Namespace, NamespaceName,
        Policy, Relay, RelayKind, Rights, Timeouts, UnixTime, WcfType, key_text,
    },
    io::{private_file, private_temporary_folder},
};

/// The name under which the WCF service waits.
pub(super) const SERVICE_RELAY: &str = "credit-check";
/// The name under which the JSON face waits.
pub(super) const FACE_RELAY: &str = "credit-check-api";
/// The name in the certificate, in `Host` and in the Via.
pub(super) const HOST: &str = "localhost";

/// Two policies a relay: who may wait there and who may call.
const LISTENER: &str = "building";
const SENDER: &str = "callers";

/// How long a token is good.
const TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// Everything that must outlive the story. Dropping it removes the folder.
#[derive(Debug)]
pub(super) struct Stage {
    folder: tempfile::TempDir,
    ca_pem: String,
    server: Certificate,
    service: Keys,
    face: Keys,
}

/// The keys of one relay.
#[derive(Debug)]
struct Keys {
    path: &'static str,
    listener: SecretString,
    sender: SecretString,
}

/// Why the stage could not be built.
#[derive(Debug, thiserror::Error)]
pub(super) enum StageError {
    #[error("a folder for this run cannot be made: {0}")]
    Folder(#[from] io::Error),
    #[error("a certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

impl Stage {
    /// Makes folder, certificates and keys. The folder can be entered by its owner only.
    pub(super) fn build() -> Result<Self, StageError> {
        let folder = private_temporary_folder("viaduct-demo-")?;
        let ca = PrivateCa::new("Viaduct demo, of one run")?;
        let issued = ca.issue(&[HOST.to_owned(), Ipv4Addr::LOCALHOST.to_string()])?;
        let server = Certificate {
            chain: issued.certificate.into_bytes(),
            key: issued.key.into(),
            names: Vec::new(),
            doors: Vec::new(),
        };
        let stage = Self {
            folder,
            ca_pem: ca.certificate().to_owned(),
            server,
            service: Keys::new(SERVICE_RELAY)?,
            face: Keys::new(FACE_RELAY)?,
        };
        fs::write(stage.ca_file(), &stage.ca_pem)?;
        Ok(stage)
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The certificate that callers trust.
    pub(super) fn ca_file(&self) -> PathBuf {
        self.folder().join("ca.pem")
    }

    /// The certificate that callers trust, PEM.
    pub(super) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// A gateway on free ports of loopback, with two relays.
    pub(super) fn gateway_config(&self) -> Config {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let data_dir = self.folder().join("data");
        let mut namespace = Namespace::new(NamespaceName::parse("lender").expect("a name in the source"));
        namespace.hosts = vec![HostName::parse(HOST).expect("a name in the source")];
        namespace.insert(self.service.relay(RelayKind::Wcf(WcfType::NetTcp)));
        namespace.insert(self.face.relay(RelayKind::Hybrid));
        Config {
            gateway: GatewaySettings {
                name: "demo".into(),
                domain: None,
                public_address: None,
                public_ipv4: None,
                public_ports: DoorPorts::default(),
                no_listener_status: 404,
                data_dir: data_dir.clone(),
                admin_token: None,
            },
            doors: Doors { https: vec![any_port], net_tcp: vec![any_port], ..Doors::default() },
            tls: TlsSettings { certificates: vec![self.server.clone()] },
            limits: Limits::default(),
            timeouts: Timeouts { drain: Duration::from_secs(2), ..Timeouts::default() },
            store: Store::Embedded { folder: data_dir },
            namespaces: vec![namespace],
        }
    }

    /// What `viaduct listen` would be given for a relay.
    pub(super) fn listener(&self, relay: &str, port: u16) -> ConnectionString {
        let keys = self.keys(relay);
        ConnectionString {
            host: HostName::parse(HOST).expect("a name in the source"),
            port: Some(port),
            entity_path: EntityPath::parse(relay).ok(),
            credential: Credential::Key { name: key_name(LISTENER), key: keys.listener.clone() },
            operation_timeout: None,
        }
    }

    /// A token that may call this relay and nothing else.
    pub(super) fn sender_token(&self, relay: &str) -> String {
        token(relay, &self.keys(relay).sender)
    }

    /// A token as good as the other, but for its key.
    pub(super) fn forged_token(&self, relay: &str) -> Result<String, StageError> {
        Ok(token(relay, &fresh_key()?))
    }

    /// Writes a header line with a token, for `curl -H @FILE`. Its owner alone can read it.
    pub(super) fn write_token_file(&self, relay: &str) -> io::Result<PathBuf> {
        let path = self.folder().join("token.txt");
        let line = format!("{TOKEN_HEADER}: {}\n", self.sender_token(relay));
        io::Write::write_all(&mut private_file(&path)?, line.as_bytes())?;
        Ok(path)
    }

    fn keys(&self, relay: &str) -> &Keys {
        if relay == SERVICE_RELAY { &self.service } else { &self.face }
    }
}

impl Keys {
    fn new(path: &'static str) -> Result<Self, StageError> {
        Ok(Self { path, listener: fresh_key()?, sender: fresh_key()? })
    }

    fn relay(&self, kind: RelayKind) -> Relay {
        let policy = |name, rights, key: &SecretString| Policy {
            name: key_name(name),
            rights,
            primary_key: key.clone(),
            secondary_key: None,
        };
        let policies = vec![
            policy(LISTENER, Rights::LISTEN, &self.listener),
            policy(SENDER, Rights::SEND, &self.sender),
        ];
        let path = EntityPath::parse(self.path).expect("a path in the source");
        Relay { policies, ..Relay::new(path, kind) }
    }
}

fn key_name(name: &str) -> KeyName {
    KeyName::parse(name).expect("a name in the source")
}

fn fresh_key() -> Result<SecretString, StageError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(StageError::Random)?;
    Ok(key_text(&bytes))
}

fn token(relay: &str, key: &SecretString) -> String {
    let host = HostName::parse(HOST).expect("a name in the source");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let expires = UnixTime(i64::try_from((now + TOKEN_LIFE).as_secs()).unwrap_or(i64::MAX));
    mint(&audience(&host, relay), &key_name(SENDER), key, expires)
}

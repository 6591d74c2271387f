//! The text of a first `viaduct.toml`.

use std::fmt;

use jiff::civil::Date;
use secrecy::{ExposeSecret, SecretString};

/// What the first namespace is called and where it is.
pub(super) struct Names {
    pub(super) namespace: String,
    /// Names and addresses, the one that is told to people first; never empty.
    pub(super) hosts: Vec<String>,
    /// Of the https door.
    pub(super) port: u16,
}

/// A policy with its key.
pub(super) struct Key {
    pub(super) name: &'static str,
    rights: &'static [&'static str],
    key: SecretString,
}

impl Key {
    pub(super) fn new(name: &'static str, rights: &'static [&'static str], key: SecretString) -> Self {
        Self { name, rights, key }
    }
}

impl Names {
    /// Where people are told to go: `host`, with the port where it is not 443.
    pub(super) fn authority(&self) -> String {
        match self.port {
            443 => self.hosts[0].clone(),
            port => format!("{}:{port}", self.hosts[0]),
        }
    }

    /// As the SDKs take it.
    pub(super) fn connection_string(&self, key: &Key) -> SecretString {
        format!(
            "Endpoint=sb://{}/;SharedAccessKeyName={};SharedAccessKey={}",
            self.authority(),
            key.name,
            key.key.expose_secret()
        )
        .into()
    }
}

/// The file as a whole; its `Display` holds the keys.
pub(super) struct Content<'a> {
    pub(super) names: &'a Names,
    pub(super) keys: &'a [Key],
    pub(super) until: Date,
}

impl fmt::Display for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { names, keys, until } = self;
        let hosts = names.hosts.iter().map(|host| format!("{host:?}")).collect::<Vec<_>>().join(", ");
        write!(
            f,
            r#"# A Viaduct gateway. Every key with its default: docs/configuration.md. SIGHUP makes the gateway read this again.
# This file holds keys: it is readable by its owner alone. Keys may also stand in files ({{KEY}}_file = "...") or in the
# environment ("${{NAME}}").

[gateway]
data_dir = "data"                       # what the store keeps; relative to this file
admin_token_file = "admin.token"
# domain = "relay.example.net"          # namespace N also answers at N.relay.example.net
# public_address = "relay.example.net"  # what listeners are told to dial; default: what they themselves used

[doors]                                 # "address:port" or a list of them; a door that is left out stays closed
https = {door:<32}# Hybrid Connections over TLS
# http = "0.0.0.0:80"                   # the same in clear
net_tcp = "0.0.0.0:808"                 # plain NetTcpBinding clients; in clear from loopback, see allow_clear_from below
net_tcps = "0.0.0.0:809"                # the same inside TLS, for `viaduct forward`
# amqps = "0.0.0.0:5671"                # WCF Relay (Microsoft.ServiceBus.dll): its listeners; the numbers are fixed in the library
# rendezvous = "0.0.0.0:9352"           # WCF Relay: connections; behind NAT give gateway.public_ipv4 as well
# oneway = "0.0.0.0:9350"               # WCF Relay: one-way messages, events, probes
# oneway_tls = "0.0.0.0:9351"           # the same inside TLS
# probe = "0.0.0.0:9353"                # WCF Relay: TcpRelayConnectionMode.Hybrid
admin = "127.0.0.1:9090"                # management, /healthz, /readyz
metrics = "127.0.0.1:9091"              # /metrics, /healthz, /readyz

[tls]                                   # good until {until}
certificate = "server.pem"
key_file = "server.key"

[[tls.certificates]]                    # 9351: clients of WCF Relay take none there that has more than one name
names = [{first:?}]
doors = ["oneway_tls"]
certificate = "oneway.pem"
key_file = "oneway.key"

# [limits]                              # see docs/configuration.md
# [timeouts]

# What stands below seeds the store when it is absent from it; from then on the store is the truth.
[[namespaces]]
name = "{namespace}"
hosts = [{hosts}]
"#,
            door = format!("\"0.0.0.0:{}\"", names.port),
            first = names.hosts[0],
            namespace = names.namespace,
        )?;
        for key in *keys {
            let rights = key.rights.iter().map(|right| format!("{right:?}")).collect::<Vec<_>>().join(", ");
            write!(
                f,
                "\n[[namespaces.policies]]\nname = \"{}\"\nrights = [{rights}]\nprimary_key = \"{}\"\n",
                key.name,
                key.key.expose_secret()
            )?;
        }
        f.write_str(
            r#"
[[namespaces.relays]]
path = "hello"
kind = "hybrid"

# [[namespaces.relays]]
# path = "credit-check"
# kind = "wcf"
# wcf_type = "NetTcp"                   # NetTcp, NetOneway, NetEvent, Http
# allow_clear_from = ["10.0.0.0/8"]     # who may come in clear through net_tcp, besides loopback
"#,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment};
    use crate::entity::ConnectionString;

    fn names() -> Names {
        Names {
            namespace: "contoso".into(),
            hosts: vec!["relay.example.net".into(), "localhost".into()],
            port: 8443,
        }
    }

    #[test]
    fn the_text_is_a_configuration_but_for_its_files() {
        let keys = [Key::new("root", &["Manage", "Send", "Listen"], "abc=".into())];
        let names = names();
        let text = Content { names: &names, keys: &keys, until: jiff::civil::date(2030, 1, 2) }.to_string();
        let error = Config::parse(&text, "v", &Environment::new("/nowhere", |_| None)).unwrap_err();
        let paths: Vec<_> = error.problems.iter().map(|problem| problem.path.as_str()).collect();
        let missing = [
            "gateway.admin_token_file",
            "tls.certificate",
            "tls.key_file",
            "tls.certificates[0].certificate",
            "tls.certificates[0].key_file",
        ];
        assert_eq!(paths, missing, "{error}");
    }

    #[test]
    fn the_connection_string_is_one() {
        let key = Key::new("send", &["Send"], "abc=".into());
        let text = names().connection_string(&key);
        let parsed = ConnectionString::parse(text.expose_secret()).unwrap();
        assert_eq!(parsed.authority(), "relay.example.net:8443");
    }
}

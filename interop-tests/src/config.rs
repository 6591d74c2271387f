//! The `viaduct.toml` a test runs with.

use std::fmt::Write as _;

use crate::Certificates;

/// Host name of the namespace the tests use; every client resolves it to this machine.
pub const NAMESPACE: &str = "localhost";

/// Primary key of every policy in the configuration.
pub const KEY: &str = "cHJpbWFyeS1rZXktb2YtdGhlLWludGVyb3AtdGVzdHM=";

/// Secondary key of every policy in the configuration.
pub const OTHER_KEY: &str = "c2Vjb25kYXJ5LWtleS1vZi10aGUtaW50ZXJvcC10ZXM=";

/// A configuration with the relays that the tests share, open to changes before the gateway starts.
///
/// Relays: `hyco` (needs tokens; own policies `relay-listen` and `relay-send`), `plant7/press` (needs tokens, two
/// segments), `open` (anonymous senders), `raw` (anonymous, request targets as sent), `wcf` (NetTcp, anonymous from
/// loopback), `wcf-private` (NetTcp, needs a token). Policies of the namespace: `RootManageSharedAccessKey`, `listen`,
/// `send`.
#[derive(Clone, Debug)]
pub struct Config {
    doors: Vec<(String, String)>,
    limits: Vec<(String, String)>,
    timeouts: Vec<(String, String)>,
    relays: Vec<String>,
    hosts: Vec<String>,
    namespace: Vec<String>,
    gateway: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Config {
    /// The shared relays behind the doors `https`, `http`, `net_tcp`, `net_tcps` and `metrics`, on free ports.
    pub fn new() -> Self {
        let doors = ["https", "http", "net_tcp", "net_tcps", "metrics"];
        Self {
            doors: doors.map(|door| (door.to_owned(), "127.0.0.1:0".to_owned())).to_vec(),
            limits: Vec::new(),
            timeouts: Vec::new(),
            hosts: vec![NAMESPACE.to_owned()],
            namespace: Vec::new(),
            gateway: Vec::new(),
            relays: vec![
                format!(
                    "path = \"hyco\"\nkind = \"hybrid\"\n{}{}",
                    policy("relays.policies", "relay-listen", "\"Listen\""),
                    policy("relays.policies", "relay-send", "\"Send\"")
                ),
                "path = \"plant7/press\"\nkind = \"hybrid\"\n".to_owned(),
                "path = \"open\"\nkind = \"hybrid\"\nrequires_client_authorization = false\n".to_owned(),
                "path = \"raw\"\nkind = \"hybrid\"\nrequires_client_authorization = false\nrequest_target = \"raw\"\n"
                    .to_owned(),
                format!(
                    "path = \"wcf\"\nkind = \"wcf\"\nwcf_type = \"NetTcp\"\nrequires_client_authorization = false\n{}",
                    policy("relays.policies", "relay-listen", "\"Listen\"")
                ),
                format!(
                    "path = \"wcf-private\"\nkind = \"wcf\"\nwcf_type = \"NetTcp\"\n{}",
                    policy("relays.policies", "relay-send", "\"Send\"")
                ),
            ],
        }
    }

    /// Opens `door` at `address` instead.
    pub fn door(mut self, door: &str, address: &str) -> Self {
        self.doors.retain(|(name, _)| name != door);
        self.doors.push((door.to_owned(), address.to_owned()));
        self
    }

    /// Opens no doors but these, on free ports.
    pub fn only(mut self, doors: &[&str]) -> Self {
        self.doors = doors.iter().map(|door| ((*door).to_owned(), "127.0.0.1:0".to_owned())).collect();
        self
    }

    /// Sets a limit; `value` as it stands in the file (`"2"`, `"\"64KiB\""`).
    pub fn limit(mut self, name: &str, value: &str) -> Self {
        self.limits.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets a time-out, written `1s` or `250ms`.
    pub fn timeout(mut self, name: &str, value: &str) -> Self {
        self.timeouts.push((name.to_owned(), format!("\"{value}\"")));
        self
    }

    /// Adds a relay: the lines of its table.
    pub fn relay(mut self, lines: &str) -> Self {
        self.relays.push(lines.to_owned());
        self
    }

    /// Has the namespace answer at `host`, too.
    pub fn host(mut self, host: &str) -> Self {
        self.hosts.push(host.to_owned());
        self
    }

    /// Adds a line to the table `[gateway]`.
    pub fn gateway(mut self, line: &str) -> Self {
        self.gateway.push(line.to_owned());
        self
    }

    /// Adds a line to the namespace's table.
    pub fn namespace(mut self, line: &str) -> Self {
        self.namespace.push(line.to_owned());
        self
    }

    /// The namespace's hosts.
    pub(crate) fn hosts(&self) -> Vec<&str> {
        self.hosts.iter().map(String::as_str).collect()
    }

    /// The names of the doors this configuration opens.
    pub(crate) fn door_names(&self) -> Vec<&str> {
        self.doors.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The file's text; `data` is a directory of the gateway's own.
    pub(crate) fn text(&self, certificates: &Certificates, data: &str) -> String {
        let mut text = format!("[gateway]\nname = \"g0\"\ndata_dir = \"{data}\"\n");
        for line in &self.gateway {
            writeln!(text, "{line}").expect("a string takes any text");
        }
        text.push_str("\n[doors]\n");
        for (name, address) in &self.doors {
            writeln!(text, "{name} = \"{address}\"").expect("a string takes any text");
        }
        let (certificate, key) = (certificates.certificate.display(), certificates.key.display());
        write!(text, "\n[tls]\ncertificate = \"{certificate}\"\nkey_file = \"{key}\"\n").expect("as above");
        for (table, lines) in [("limits", &self.limits), ("timeouts", &self.timeouts)] {
            if !lines.is_empty() {
                write!(text, "\n[{table}]\n").expect("as above");
            }
            for (name, value) in lines {
                writeln!(text, "{name} = {value}").expect("as above");
            }
        }
        let hosts = &self.hosts;
        write!(text, "\n[[namespaces]]\nname = \"interop\"\nhosts = {hosts:?}\n").expect("as above");
        for line in &self.namespace {
            writeln!(text, "{line}").expect("as above");
        }
        text.push_str(&policy("policies", "RootManageSharedAccessKey", "\"Manage\", \"Send\", \"Listen\""));
        text.push_str(&policy("policies", "listen", "\"Listen\""));
        text.push_str(&policy("policies", "send", "\"Send\""));
        for relay in &self.relays {
            write!(text, "\n[[namespaces.relays]]\n{relay}").expect("as above");
        }
        text
    }
}

fn policy(table: &str, name: &str, rights: &str) -> String {
    format!(
        "\n[[namespaces.{table}]]\nname = \"{name}\"\nrights = [{rights}]\nprimary_key = \"{KEY}\"\nsecondary_key = \
         \"{OTHER_KEY}\"\n"
    )
}

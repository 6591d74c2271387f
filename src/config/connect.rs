//! `connect.toml`: many listeners and local doors of one connector.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::problem::{ConfigError, Problems};
use super::read::read;
use super::secret::{Environment, SecretText};
use super::target::{ListenTarget, LocalDoor};
use crate::entity::{ConnectionString, EntityPath, HostName, RelayPath};

/// The checked configuration of a connector.
#[derive(Clone, Debug)]
pub struct ConnectConfig {
    /// `[[listen]]`, in the order of the file. Names of routes are unique among both lists.
    pub listen: Vec<ListenRoute>,
    /// `[[forward]]`, in the order of the file.
    pub forward: Vec<ForwardRoute>,
    /// A PEM file with a root certificate to trust besides the usual ones.
    pub ca: Option<PathBuf>,
    /// Where the state of the routes is shown as JSON; always of loopback.
    pub state: Option<SocketAddr>,
}

/// One listener in front of a service.
#[derive(Clone, Debug)]
pub struct ListenRoute {
    /// For logs and state; the path when the file gives none.
    pub name: String,
    /// The relay to listen on.
    pub path: EntityPath,
    /// The service.
    pub to: ListenTarget,
    /// Where the gateway is and what opens it.
    pub connection: ConnectionString,
    /// How to dial.
    pub dial: Dial,
    /// Authorities, besides that of the control channel, at which an invitation may be taken up.
    pub gateways: Vec<String>,
    /// What the listener serves: a part of what the target can ([`ListenTarget::shapes`]), never empty.
    pub shapes: Vec<RouteShape>,
    /// For a `net.tcp` service: an envelope whose To is neither below the relay nor the service is passed on.
    pub any_to: bool,
}

/// One local door whose connections go to a relay.
#[derive(Clone, Debug)]
pub struct ForwardRoute {
    /// For logs and state; the local address when the file gives none.
    pub name: String,
    /// The door.
    pub local: LocalDoor,
    /// The relay, and below it what the sender asks for.
    pub to: RelayPath,
    /// Where the gateway is and what opens it.
    pub connection: ConnectionString,
    /// How to dial.
    pub dial: Dial,
}

/// How a connector dials its gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dial {
    /// `wss:` and `https:`.
    #[default]
    Tls,
    /// `ws:` and `http:`, for tests on one machine.
    Clear,
}

/// What a listener serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteShape {
    /// Ordered bytes or messages both ways.
    Stream,
    /// One request, one response.
    Exchange,
}

impl ListenTarget {
    /// The shapes that a target of this kind can serve.
    pub fn shapes(&self) -> &'static [RouteShape] {
        match self {
            Self::Http(_) | Self::Echo => &[RouteShape::Stream, RouteShape::Exchange],
            Self::Tcp { .. } | Self::NetTcp { .. } | Self::Unix(_) => &[RouteShape::Stream],
        }
    }
}

/// A connector's file: what `viaduct connect --config` names.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConnectFile {
    /// The connection string of every route that has none of its own; or `connection_string_file`.
    connection_string: Option<SecretText>,
    /// A file that holds it.
    connection_string_file: Option<PathBuf>,
    /// PEM file with a root certificate to trust besides the usual ones. Left out: `--ca` or `VIADUCT_CA`.
    ca: Option<PathBuf>,
    /// Address and port, of loopback, where the state of each route is shown as JSON. Left out: nowhere. Read at the start alone.
    state: Option<String>,
    listen: Vec<Listen>,
    forward: Vec<Forward>,
}

/// A listener in front of a service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Listen {
    /// The name in logs and state. Left out: the path.
    #[serde(default)]
    name: Option<String>,
    /// The relay to listen on.
    path: String,
    /// The service: `http(s)://…`, `tcp://host:port`, `net.tcp://host:port/path`, `unix:/path`, or `echo`. Requests never leave the path of an `http` address.
    to: String,
    /// The connection string; or `connection_string_file`. Left out: that of the file as a whole.
    #[serde(default)]
    connection_string: Option<SecretText>,
    /// A file that holds it.
    #[serde(default)]
    connection_string_file: Option<PathBuf>,
    /// `true` speaks `ws:` instead of `wss:`, in clear; for tests on one machine.
    #[serde(default)]
    clear: bool,
    /// Further gateways the listener may be told to dial, `host` or `host:port`.
    #[serde(default)]
    gateways: Vec<String>,
    /// What it serves: `"stream"`, `"exchange"`. Left out: all that the service's protocol can.
    #[serde(default)]
    shapes: Option<Vec<RouteShape>>,
    /// For a `net.tcp` service: `true` passes on envelopes whose To is neither below the relay nor below the service.
    #[serde(default)]
    any_to: bool,
}

/// A local door whose connections go to a relay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Forward {
    /// The name in logs and state. Left out: the local address.
    #[serde(default)]
    name: Option<String>,
    /// The door: `tcp://127.0.0.1:9000`, `net.tcp://127.0.0.1:8808/path`, or `http://127.0.0.1:8080`.
    local: String,
    /// The relay its connections go to.
    to: String,
    /// The connection string; or `connection_string_file`. Left out: that of the file as a whole.
    #[serde(default)]
    connection_string: Option<SecretText>,
    /// A file that holds it.
    #[serde(default)]
    connection_string_file: Option<PathBuf>,
    /// `true` speaks `ws:` instead of `wss:`, in clear; for tests on one machine.
    #[serde(default)]
    clear: bool,
    /// `true` takes port 808 for a `net.tcp` door, though on Windows the Net.TCP Port Sharing Service sits there.
    #[serde(default)]
    allow_808: bool,
}

impl ConnectConfig {
    /// Reads the file at `path`.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let environment = Environment::beside(path);
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, &error))?;
        Self::parse(&text, &path.display().to_string(), &environment)
    }

    /// Reads `text`, which came from what `file` says.
    pub fn parse(text: &str, file: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let mut problems = Problems::default();
        let written: Option<ConnectFile> = read(text, &mut problems);
        let config = written.map(|written| check(written, environment, &mut problems));
        problems.finish(file)?;
        Ok(config.expect("without a problem there is a value"))
    }
}

fn check(written: ConnectFile, environment: &Environment, problems: &mut Problems) -> ConnectConfig {
    let secret = environment.secret(
        "",
        "connection_string",
        written.connection_string.as_ref(),
        written.connection_string_file.as_deref(),
        problems,
    );
    let all = secret.and_then(|secret| connection_string("", &secret, problems));
    let nothing = written.listen.is_empty() && written.forward.is_empty();
    if nothing && !problems.under("listen") && !problems.under("forward") {
        problems.add("", "no route; add [[listen]] or [[forward]]");
    }

    let mut names = Vec::new();
    let mut config = ConnectConfig {
        listen: vec![],
        forward: vec![],
        ca: written.ca.map(|ca| environment.path(&ca)),
        state: written.state.and_then(|state| loopback(&state, problems)),
    };
    for (n, route) in written.listen.into_iter().enumerate() {
        let at = format!("listen[{n}]");
        let own = (route.connection_string.as_ref(), route.connection_string_file.as_deref());
        let connection = connection(&at, own, all.as_ref(), environment, problems);
        let name = route.name.unwrap_or_else(|| route.path.clone());
        unique(&at, &name, &mut names, problems);
        let route = listen_route(&at, route.path, &route.to, route.shapes, problems).zip(connection).map(
            |((path, to, shapes), connection)| {
                check_entity_path(&at, "path", path.as_str(), &connection, problems);
                let dial = Dial::clear(route.clear);
                check_any_to(&at, route.any_to, &to, problems);
                let any_to = route.any_to;
                ListenRoute { name, path, to, connection, dial, gateways: route.gateways, shapes, any_to }
            },
        );
        if let Some(route) = route {
            check_gateways(&at, &route.gateways, problems);
            config.listen.push(route);
        }
    }
    for (n, route) in written.forward.into_iter().enumerate() {
        let at = format!("forward[{n}]");
        let own = (route.connection_string.as_ref(), route.connection_string_file.as_deref());
        let connection = connection(&at, own, all.as_ref(), environment, problems);
        let name = route.name.unwrap_or_else(|| route.local.clone());
        unique(&at, &name, &mut names, problems);
        let local = parsed(&at, "local", route.local.parse::<LocalDoor>(), problems);
        let to = parsed(&at, "to", RelayPath::parse(&route.to), problems);
        if local.as_ref().is_some_and(LocalDoor::is_port_sharing) && !route.allow_808 {
            let text = "on Windows the Net.TCP Port Sharing Service owns port 808; choose another, or add allow_808 = true";
            problems.add(&format!("{at}.local"), text);
        }
        if let (Some(local), Some(to), Some(connection)) = (local, to, connection) {
            check_entity_path(&at, "to", to.decoded(), &connection, problems);
            config.forward.push(ForwardRoute { name, local, to, connection, dial: Dial::clear(route.clear) });
        }
    }
    config
}

/// Other services have no To.
fn check_any_to(at: &str, any_to: bool, to: &ListenTarget, problems: &mut Problems) {
    if any_to && !matches!(to, ListenTarget::NetTcp { .. }) {
        problems.add(&format!("{at}.any_to"), "is for net.tcp services");
    }
}

/// The address of the state: nothing there asks who is there, so it is for this machine alone.
fn loopback(text: &str, problems: &mut Problems) -> Option<SocketAddr> {
    let address = parsed("", "state", text.parse::<SocketAddr>(), problems)?;
    if !address.ip().is_loopback() {
        problems.add("state", "is not an address of loopback; write 127.0.0.1:port");
    }
    Some(address)
}

impl Dial {
    /// `Clear` when the person said so.
    pub fn clear(clear: bool) -> Self {
        if clear { Self::Clear } else { Self::Tls }
    }
}

fn listen_route(
    at: &str,
    path: String,
    to: &str,
    shapes: Option<Vec<RouteShape>>,
    problems: &mut Problems,
) -> Option<(EntityPath, ListenTarget, Vec<RouteShape>)> {
    let path = parsed(at, "path", EntityPath::parse(&path), problems);
    let to = parsed(at, "to", to.parse::<ListenTarget>(), problems)?;
    let possible = to.shapes();
    let shapes = shapes.unwrap_or_else(|| possible.to_vec());
    if shapes.is_empty() || shapes.iter().any(|shape| !possible.contains(shape)) {
        let possible = possible.iter().map(|shape| format!("{shape:?}").to_lowercase()).collect::<Vec<_>>();
        problems.add(&format!("{at}.shapes"), format!("{to} can serve {}", possible.join(" and ")));
    }
    Some((path?, to, shapes))
}

fn connection(
    at: &str,
    (text, file): (Option<&SecretText>, Option<&Path>),
    all: Option<&ConnectionString>,
    environment: &Environment,
    problems: &mut Problems,
) -> Option<ConnectionString> {
    if text.is_none() && file.is_none() {
        let known_wrong = problems.under("connection_string") || problems.under("connection_string_file");
        let known_wrong = known_wrong || problems.under(&format!("{at}.connection_string"));
        if all.is_none() && !known_wrong {
            problems.add(&format!("{at}.connection_string"), "is missing, here and for the file as a whole");
        }
        return all.cloned();
    }
    let secret = environment.secret(at, "connection_string", text, file, problems)?;
    connection_string(at, &secret, problems)
}

fn connection_string(at: &str, secret: &SecretString, problems: &mut Problems) -> Option<ConnectionString> {
    parsed(at, "connection_string", ConnectionString::parse(secret.expose_secret()), problems)
}

/// A connection string with an `EntityPath` opens that relay alone.
fn check_entity_path(
    at: &str,
    key: &str,
    path: &str,
    connection: &ConnectionString,
    problems: &mut Problems,
) {
    let Some(entity_path) = &connection.entity_path else { return };
    let mut path = path.split('/').filter(|segment| !segment.is_empty());
    let inside = entity_path
        .segments()
        .all(|segment| path.next().is_some_and(|own| own.eq_ignore_ascii_case(segment)));
    if !inside {
        problems.add(&format!("{at}.{key}"), format!("the connection string is for {entity_path} alone"));
    }
}

fn check_gateways(at: &str, gateways: &[String], problems: &mut Problems) {
    for (n, gateway) in gateways.iter().enumerate() {
        parsed(&format!("{at}.gateways[{n}]"), "", HostName::parse(gateway), problems);
    }
}

fn unique(at: &str, name: &str, names: &mut Vec<String>, problems: &mut Problems) {
    if names.iter().any(|other| other == name) {
        problems.add(&format!("{at}.name"), format!("another route is called {name:?}; give each a name"));
    }
    names.push(name.to_owned());
}

/// The value, or its error among the problems.
pub(super) fn parsed<T, E: std::fmt::Display>(
    at: &str,
    key: &str,
    result: Result<T, E>,
    problems: &mut Problems,
) -> Option<T> {
    let path = if at.is_empty() || key.is_empty() { format!("{at}{key}") } else { format!("{at}.{key}") };
    result.map_err(|error| problems.add(&path, error.to_string())).ok()
}

//! The scenarios in `interop-tests/wcf-relay`: which recording is played, against which gateway, up to which end.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::script::{Step, Written};
use crate::{Config, repository};

/// One recording and how it is played.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name: the folder in `fixtures/relay`, or that and what is different (`v2.7.5/e2e-nettcp, wrong key`).
    pub name: String,
    /// What the recording reached and the play has to reach.
    pub end: String,
    /// Where the recorded relay misbehaved on purpose: how the same comes about here, and why so.
    pub why: Option<String>,
    /// The path of the relay, for tokens that are made here.
    #[serde(default)]
    pub(super) relay: String,
    #[serde(default)]
    gateway: Settings,
    pub(super) steps: Vec<Step>,
    /// The requests that its file writes, by their names.
    #[serde(skip)]
    pub(super) requests: BTreeMap<String, Written>,
}

impl Scenario {
    /// The folder of its recording.
    pub fn folder(&self) -> &str {
        self.name.split(',').next().unwrap_or_default()
    }

    /// What the gateway runs with.
    pub(super) fn config(&self) -> Config {
        self.gateway.config()
    }
}

/// What the gateway of a scenario is told beyond the usual.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// More doors.
    doors: Vec<String>,
    /// Lines of `[gateway]`.
    lines: Vec<String>,
    /// Lines of `[timeouts]`.
    timeouts: Vec<(String, String)>,
    /// Lines of `[limits]`.
    limits: Vec<(String, String)>,
    /// Lines of `[[namespaces]]`.
    namespace: Vec<String>,
    /// Tables of `[[namespaces.relays]]`.
    relays: Vec<String>,
}

impl Settings {
    fn config(&self) -> Config {
        let mut config = Config::new();
        for door in ["amqps", "rendezvous"].into_iter().chain(self.doors.iter().map(String::as_str)) {
            config = config.door(door, "127.0.0.1:0");
        }
        for line in &self.lines {
            config = config.gateway(line);
        }
        let refusal = ("listener_refusal".to_owned(), "1s".to_owned());
        for (name, value) in self.timeouts.iter().chain([&refusal]) {
            config = config.timeout(name, value);
        }
        for (name, value) in &self.limits {
            config = config.limit(name, value);
        }
        for line in &self.namespace {
            config = config.namespace(line);
        }
        self.relays.iter().fold(config, |config, lines| config.relay(lines))
    }
}

/// A file of scripts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    requests: BTreeMap<String, Written>,
    scenario: Vec<Scenario>,
}

impl File {
    fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).expect("a script");
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    fn scenarios(self) -> impl Iterator<Item = Scenario> {
        let requests = self.requests;
        self.scenario.into_iter().map(move |scenario| Scenario { requests: requests.clone(), ..scenario })
    }
}

fn scripts() -> PathBuf {
    repository().join("interop-tests/wcf-relay")
}

/// All scripts, in the order of their files.
pub fn scenarios() -> Vec<Scenario> {
    let entries = fs::read_dir(scripts()).expect("the scripts are there");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "toml"));
    files.sort();
    files.iter().flat_map(|file| File::read(file).scenarios()).collect()
}

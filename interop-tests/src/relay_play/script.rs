//! The scenarios in `interop-tests/wcf-relay`: which stream of a recording plays which part, in which order, up to which end.

use std::fs;

use serde::Deserialize;

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
    #[serde(default)]
    gateway: Settings,
    pub(super) steps: Vec<Step>,
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
        for door in ["amqps", "rendezvous"] {
            config = config.door(door, "127.0.0.1:0");
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

/// One step. Names of parties (`as`, `link`, `sender` …) are the script's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Step {
    /// A listener opens its control link with a recorded stream, up to its credit, and is answered; or refused with `refused`.
    Link {
        stream: String,
        #[serde(rename = "as")]
        name: String,
        refused: Option<String>,
        #[serde(default)]
        tokens: TokenKind,
    },
    /// The listener's next token, or tokens, as it showed them.
    Renew { link: String },
    /// A sender asks for a connection.
    Connect {
        stream: String,
        #[serde(rename = "as")]
        name: String,
        #[serde(default)]
        tokens: TokenKind,
    },
    /// The listener is invited, as the recorded relay invited it.
    Invited { link: String },
    /// The listener takes the last invitation; with `unknown` it shows the id of the recording, which the gateway never gave out.
    Accept {
        stream: String,
        #[serde(rename = "as")]
        name: String,
        #[serde(default)]
        id: Id,
    },
    /// Both sides are told that they are joined, and talk as they did.
    Joined { sender: String, service: String, stream: String },
    /// Both sides still hear each other.
    StillJoined { sender: String, service: String },
    /// This side is told a fault, and its connection ends.
    Faulted { who: String, code: String },
    /// The gateway detaches the links, with `condition` or without an error; the library answers as it did, and the gateway hangs up.
    Detached { link: String, condition: Option<String> },
    /// The program stops, and the library says goodbye as it did.
    Stop { link: String },
    /// The process is gone.
    HangUp { who: String },
    /// No message comes to the listener for so many milliseconds, and its link lives.
    Quiet { link: String, milliseconds: u64 },
    /// SIGTERM to the gateway.
    Drain,
    /// The gateway ends, which it was told before, and is started again.
    Restart,
    /// The configuration changes, and the gateway reads it again.
    Reload { from: String, to: String },
}

/// How the tokens of a stream are signed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TokenKind {
    /// With the right key, for an hour.
    #[default]
    Good,
    /// Not at all: as they were recorded, expired and of a key of zeros.
    Recorded,
    /// With a key that the gateway does not know.
    WrongKey,
    /// With the right key; the tokens end so many seconds from now, one after the other.
    Ending(Vec<i64>),
}

/// Which id a listener shows.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Id {
    /// That of its invitation.
    #[default]
    Invited,
    /// That of the recording.
    Unknown,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    scenario: Vec<Scenario>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NotYet {
    folders: Vec<String>,
}

/// Folders whose doors the gateway does not have yet.
const NOT_YET: &str = "not-served-yet.toml";

/// All scripts, in the order of their files.
pub fn scenarios() -> Vec<Scenario> {
    let folder = repository().join("interop-tests/wcf-relay");
    let entries = fs::read_dir(&folder).expect("the scripts are there");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "toml") && !file.ends_with(NOT_YET));
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let text = fs::read_to_string(file).expect("a script");
        let script: File =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        script.scenario
    };
    files.iter().flat_map(read).collect()
}

/// The recordings that no script plays, because they need what the gateway does not serve yet.
pub fn not_served_yet() -> Vec<String> {
    let file = repository().join("interop-tests/wcf-relay").join(NOT_YET);
    let text = fs::read_to_string(file).expect("the list");
    toml::from_str::<NotYet>(&text).expect("a list of folders").folders
}

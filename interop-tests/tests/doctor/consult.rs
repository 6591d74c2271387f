//! Runs `viaduct doctor` and reads its report.

use std::path::Path;
use std::time::Duration;

use interop_tests::{KEY, OTHER_KEY, Program, viaduct};
use serde_json::Value;

/// How long a run may take: a dropped port takes 5 s, a name server 10 s.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run of the doctor, before it begins.
pub(crate) struct Consult {
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    before: Option<(Vec<String>, String)>,
}

/// What it said.
pub(crate) struct Report {
    /// The exit status.
    pub(crate) status: i32,
    /// Its lines, in JSON.
    pub(crate) lines: Vec<Value>,
    /// Both outputs, for messages.
    pub(crate) said: String,
}

impl Consult {
    /// With this connection string.
    pub(crate) fn new(connection_string: &str) -> Self {
        let arguments = ["doctor", "--connection-string", connection_string].map(str::to_owned).to_vec();
        // As a machine without a proxy: empty is unset.
        let variables = vec![("https_proxy".to_owned(), String::new())];
        Self { arguments, variables, before: None }
    }

    /// A host and a port that need no key.
    pub(crate) fn at(host: &str, port: u16) -> Self {
        Self::new(&format!("Endpoint=sb://{host}:{port}/"))
    }

    /// Trusts this root as well.
    pub(crate) fn trusting(self, authority: &Path) -> Self {
        self.with(&["--ca", &authority.to_string_lossy()])
    }

    /// With further arguments.
    pub(crate) fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(ToString::to_string));
        self
    }

    /// Through this proxy.
    pub(crate) fn through(self, proxy: &str) -> Self {
        self.variable("https_proxy", proxy)
    }

    /// With a variable of its environment.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// On a machine whose hosts file holds these lines. Needs root.
    pub(crate) fn with_hosts(self, lines: &str) -> Self {
        let script = format!(
            "file=$(mktemp) && printf '%b' '{}' > $file && mount --bind $file /etc/hosts && rm $file && ",
            lines.replace('\n', "\\n")
        );
        self.in_namespace(&["--mount"], &script)
    }

    /// On a machine of its own, without any network but what `script` makes. Needs root.
    pub(crate) fn in_namespace(mut self, kinds: &[&str], script: &str) -> Self {
        let kinds = kinds.iter().map(ToString::to_string).collect();
        self.before = Some((kinds, format!("{script}exec \"$0\" \"$@\"")));
        self
    }

    /// Runs it.
    pub(crate) fn run(self) -> Report {
        let (status, output, errors) = self.with(&["--format", "json"]).run_as_it_is();
        let lines = output.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        Report { status, lines, said: format!("{output}{errors}") }
    }

    /// Runs it without asking for JSON: status, standard output, standard error.
    pub(crate) fn run_as_it_is(self) -> (i32, String, String) {
        let program = match self.before {
            None => Program::new(viaduct()),
            Some((kinds, script)) => Program::new("unshare").args(kinds).args([
                "sh".to_owned(),
                "-c".to_owned(),
                script,
                viaduct().display().to_string(),
            ]),
        };
        let program = self.variables.iter().fold(program, |program, (name, value)| program.env(name, value));
        let mut running = program.args(self.arguments).start();
        let status = running.wait(PATIENCE).expect("it ends by itself");
        let (output, errors) = (running.output(), running.errors());
        let said = format!("{output}{errors}");
        for secret in [KEY, OTHER_KEY, "pass-word"] {
            assert!(!said.contains(secret), "{secret} shows:\n{said}");
        }
        let signed =
            said.split("sig=").skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
        assert!(!signed, "a signature shows:\n{said}");
        (status, output, errors)
    }
}

impl Report {
    /// The line with this fault, which must be there and say what to do.
    #[track_caller]
    pub(crate) fn fault(&self, name: &str) -> &Value {
        let line = self.lines.iter().find(|line| line["fault"] == name);
        let line = line.unwrap_or_else(|| panic!("no {name} in\n{}", self.said));
        let advised = line["to_do"].as_str().is_some_and(|text| !text.is_empty());
        assert!(advised && line["at_fault"].is_string(), "{line}");
        let failed = line["status"] == "failed";
        assert!(failed || line["status"] == "warning", "{line}");
        assert!(!failed || self.status == 1, "a failure is status 1:\n{}", self.said);
        line
    }

    /// That it is the one thing that failed.
    #[track_caller]
    pub(crate) fn fails_only_by(&self, name: &str) -> &Value {
        let line = self.fault(name);
        let failed: Vec<_> = self.lines.iter().filter(|line| line["status"] == "failed").collect();
        assert_eq!(failed, [line], "{}", self.said);
        line
    }

    /// That nothing failed.
    #[track_caller]
    pub(crate) fn is_good(&self) {
        let failed = self.lines.iter().filter(|line| line["status"] == "failed").count();
        assert_eq!((self.status, failed), (0, 0), "{}", self.said);
    }

    /// What was seen by a check at a door (empty: at none).
    #[track_caller]
    pub(crate) fn seen(&self, check: &str, door: &str) -> &str {
        let line = self.lines.iter().find(|line| {
            let doors = line["doors"].as_array().expect("doors");
            line["check"] == check
                && (doors.iter().any(|one| one == door) || (door.is_empty() && doors.is_empty()))
        });
        let line = line.unwrap_or_else(|| panic!("no {check} {door} in\n{}", self.said));
        line["seen"].as_str().expect("what was seen")
    }
}

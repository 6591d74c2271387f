//! The binary as a person meets it: what it prints, and its exit status.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};

use viaduct::config::{Config, DoorName};
use viaduct::entity::{ConnectionString, Credential};

fn viaduct(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_viaduct"));
    command
        .args(args)
        .env_remove("VIADUCT_CONNECTION_STRING")
        .env_remove("VIADUCT_CA")
        .env_remove("VIADUCT_LOG");
    command
}

fn run(args: &[&str]) -> Output {
    viaduct(args).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The one line on standard error of a command that did not work.
fn failure(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("viaduct: ") && text.contains("; "), "{text}");
    text
}

fn usage(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A folder that `viaduct init` filled, with doors that the operating system chooses.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["init", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let file = folder.path().join("viaduct.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let config: Vec<String> = config
        .lines()
        .map(|line| match line.split_once(" = \"") {
            Some((door @ ("https" | "net_tcp" | "net_tcps" | "admin" | "metrics"), _)) => {
                format!("{door} = \"127.0.0.1:0\"")
            }
            _ => line.to_owned(),
        })
        .collect();
    std::fs::write(&file, config.join("\n")).unwrap();
    folder
}

#[test]
fn init_writes_a_configuration_that_loads() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("new/gateway");
    let name = folder.to_str().unwrap();
    let output = run(&["init", name, "--host", "relay.example.net", "--namespace", "fabrikam"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");

    let config = Config::load(&folder.join("viaduct.toml")).unwrap();
    assert_eq!(config.namespaces[0].name.as_str(), "fabrikam");
    let doors: Vec<_> = config.tls.certificates.iter().map(|certificate| &certificate.doors[..]).collect();
    assert_eq!(
        doors,
        [&[][..], &[DoorName::OnewayTls]],
        "a certificate of its own for 9351, where one name may stand"
    );
    assert!(config.gateway.admin_token.is_some());
    assert_eq!(config.doors.https[0].port(), 443);

    let text = out(&output);
    let strings: Vec<ConnectionString> = text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("Endpoint="))
        .map(|line| ConnectionString::parse(line).unwrap())
        .collect();
    let policies = &config.namespaces[0].policies;
    assert_eq!(strings.len(), policies.len());
    for (string, policy) in strings.iter().zip(policies) {
        assert_eq!(string.authority(), "relay.example.net");
        assert!(matches!(&string.credential, Credential::Key { name, .. } if *name == policy.name));
    }
    assert!(text.contains("viaduct serve --config"), "{text}");
}

#[cfg(unix)]
#[test]
fn init_keeps_secrets_to_the_owner() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let mode = |name: &str| folder.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
    for name in ["ca.key", "server.key", "oneway.key", "admin.token", "viaduct.toml"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    for name in ["ca.pem", "server.pem", "oneway.pem"] {
        assert_eq!(mode(name) & 0o444, 0o444 & mode("."), "{name}");
    }
}

#[test]
fn init_overwrites_nothing() {
    let folder = folder();
    std::fs::remove_file(folder.path().join("ca.pem")).unwrap();
    let before = std::fs::read(folder.path().join("server.key")).unwrap();
    let line = failure(&run(&["init", folder.path().to_str().unwrap()]));
    assert!(line.contains("is there already; nothing was written"), "{line}");
    assert_eq!(std::fs::read(folder.path().join("server.key")).unwrap(), before);
    assert!(!folder.path().join("ca.pem").exists());
}

#[test]
fn a_wrong_command_line_is_status_2() {
    for args in [
        &["fly"][..],
        &["serve", "--nonsense"],
        &["listen", "hello"],
        &["listen", "hello", "--to", "gopher://x"],
        &["token", "--connection-string", "nonsense"],
        &["token", "--ttl", "soon", "--connection-string", CONNECTION],
        &["token", "--via", "http://x", "--connection-string", CONNECTION],
        &["token", "--log-format", "xml"],
        &["init", "--namespace", "no blanks", "/nowhere"],
    ] {
        let text = usage(&run(args));
        assert!(text.starts_with("error: "), "{args:?}: {text}");
    }
    assert!(usage(&run(&["token"])).contains("VIADUCT_CONNECTION_STRING"));
}

#[test]
fn help_and_version_are_no_failures() {
    for args in [&["--help"][..], &["--version"], &["serve", "--help"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0));
        assert!(!out(&output).contains('\u{1b}'), "colours are for terminals");
    }
}

const CONNECTION: &str = "Endpoint=sb://relay.example.net/;SharedAccessKeyName=send;SharedAccessKey=c2VzYW1l";

#[test]
fn token_is_printed_alone() {
    let output = run(&["token", "--path", "hello", "--connection-string", CONNECTION]);
    let text = out(&output);
    assert_eq!(text.lines().count(), 1);
    assert!(
        text.starts_with("SharedAccessSignature sr=http%3A%2F%2Frelay.example.net%2Fhello%2F&sig="),
        "{text}"
    );

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cs");
    std::fs::write(&file, format!("{CONNECTION}\n")).unwrap();
    let from_file = run(&["token", "--path", "hello", "--connection-string-file", file.to_str().unwrap()]);
    assert_eq!(from_file.status.code(), Some(0), "{from_file:?}");
    let from_variable =
        viaduct(&["token", "--path", "hello"]).env("VIADUCT_CONNECTION_STRING", CONNECTION).output().unwrap();
    assert_eq!(from_variable.status.code(), Some(0), "{from_variable:?}");
}

#[test]
fn token_for_an_app_config_has_via_identity_and_end() {
    let via = "net.tcp://relay.example.net:808/credit-check";
    let output = run(&["token", "--via", via, "--service", "svc01", "--connection-string", CONNECTION]);
    let text = out(&output);
    assert!(text.contains(&format!("<clientVia viaUri=\"{via}/$sas/")), "{text}");
    assert!(text.contains("<servicePrincipalName value=\"host/svc01\"/>"), "{text}");
    assert!(text.contains("The token ends 20"), "{text}");
    assert!(!text.contains("c2VzYW1l"), "{text}");
}

#[test]
fn completions_and_manual_come_from_the_definition() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = out(&run(&["completions", shell]));
        assert!(script.contains("connection-string"), "{shell}");
    }
    assert!(out(&run(&["man"])).contains(".SH SUBCOMMANDS"));
    let folder = tempfile::tempdir().unwrap();
    assert!(run(&["man", folder.path().to_str().unwrap()]).status.success());
    assert!(folder.path().join("viaduct-serve.1").exists());
}

#[test]
fn serve_without_configuration_says_what_to_do() {
    let line = failure(&run(&["serve", "--config", "/nowhere/viaduct.toml"]));
    assert!(line.contains("no such file; `viaduct init` writes one"), "{line}");
}

#[test]
fn serve_names_every_error_and_counts_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("v.toml");
    std::fs::write(&file, "[doors]\nhttps = 'x'\nfoo = 1\n").unwrap();
    let output = run(&["serve", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].contains("v.toml:2: doors.https: "), "{text}");
    assert!(lines[1].contains("v.toml:3: doors.foo: unknown key"), "{text}");
    assert!(lines[2].starts_with("viaduct: ") && lines[2].contains("2 errors"), "{text}");
}

#[test]
fn serve_names_a_door_that_is_taken() {
    let folder = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    replace(
        &folder.path().join("viaduct.toml"),
        "metrics = \"127.0.0.1:0\"",
        &format!("metrics = \"{address}\""),
    );
    let config = folder.path().join("viaduct.toml");
    let output = viaduct(&["serve", "--log", "off", "--config"]).arg(config).output().unwrap();
    let line = failure(&output);
    assert!(line.contains("door metrics") && line.contains(&address), "{line}");
}

fn replace(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

/// A gateway that runs.
struct Serving {
    child: Child,
    out: BufReader<ChildStdout>,
    log: BufReader<ChildStderr>,
}

impl Serving {
    fn start(config: &Path) -> Self {
        let mut child = viaduct(&["serve", "--log-format", "json", "--config"])
            .arg(config)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, out, log }
    }

    /// The address of each door, in the order of the lines.
    fn doors(&mut self, count: usize) -> Vec<(String, String)> {
        let lines = self.out.by_ref().lines().take(count).map(Result::unwrap);
        lines.map(|line| line.split_once(' ').map(|(door, at)| (door.into(), at.into())).unwrap()).collect()
    }

    /// Reads the log until a line has this message.
    fn logged(&mut self, message: &str) -> serde_json::Value {
        for line in self.log.by_ref().lines() {
            let line: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
            if line["message"].as_str().is_some_and(|found| found.contains(message)) {
                return line;
            }
        }
        panic!("the log ended before {message:?}");
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(id.unwrap(), signal).unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Status and body of a GET.
fn get(address: &str, path: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    (status, body)
}

#[cfg(unix)]
#[test]
fn serve_opens_doors_reloads_and_drains() {
    use rustix::process::Signal;
    let folder = folder();
    let config = folder.path().join("viaduct.toml");
    let mut serving = Serving::start(&config);
    let doors = serving.doors(5);
    let names: Vec<&str> = doors.iter().map(|(door, _)| door.as_str()).collect();
    assert_eq!(names, ["https", "net_tcp", "net_tcps", "admin", "metrics"]);
    let at = |name: &str| doors.iter().find(|(door, _)| door == name).unwrap().1.clone();

    for door in ["admin", "metrics"] {
        assert_eq!(get(&at(door), "/healthz", "").0, 200);
        assert_eq!(get(&at(door), "/readyz", "").0, 200);
    }
    let (status, metrics) = get(&at("metrics"), "/metrics", "");
    assert_eq!(status, 200);
    assert!(metrics.contains("relay_active_listeners 0"), "{metrics}");

    let token = std::fs::read_to_string(folder.path().join("admin.token")).unwrap();
    let bearer = |token: &str| format!("Authorization: Bearer {}\r\n", token.trim());
    assert_eq!(get(&at("admin"), "/v1/state", "").0, 401);
    assert_eq!(get(&at("admin"), "/v1/state", &bearer(&token)).0, 200);

    // A broken configuration is reported and the old one stays.
    let good = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("nonsense = 1\n{good}")).unwrap();
    serving.signal(Signal::HUP);
    assert_eq!(serving.logged("unknown key")["path"], "nonsense");
    serving.logged("configuration not reloaded");
    assert_eq!(get(&at("admin"), "/v1/state", &bearer(&token)).0, 200);

    // A good one is taken: the admin token is another.
    std::fs::write(&config, good).unwrap();
    std::fs::write(folder.path().join("admin.token"), "another-admin-token\n").unwrap();
    serving.signal(Signal::HUP);
    serving.logged("configuration reloaded");
    assert_eq!(get(&at("admin"), "/v1/state", &bearer(&token)).0, 401);
    assert_eq!(get(&at("admin"), "/v1/state", &bearer("another-admin-token")).0, 200);

    serving.signal(Signal::TERM);
    serving.logged("drained");
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
}

//! The gateway under test: the release binary as a child process.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{
    Certificates, Config, NAMESPACE, Program, Running, Token, Wire, cpu_time, proportional_set_size, viaduct,
};

/// How long the gateway may take to open its doors.
const START: Duration = Duration::from_secs(20);

/// A running `viaduct serve`; ends with the value.
pub struct Gateway {
    running: Running,
    doors: Vec<(String, SocketAddr)>,
    certificates: Certificates,
    directory: TempDir,
}

impl Gateway {
    /// Starts the binary with `config` and waits until it has said that each door is open.
    pub fn start(config: Config) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let names = [&*config.hosts(), &["127.0.0.1"]].concat();
        let certificates = Certificates::write(directory.path(), &names);
        let file = directory.path().join("viaduct.toml");
        let data = directory.path().join("data");
        let text = config.text(&certificates, &data.display().to_string());
        fs::write(&file, text).expect("the configuration is written");
        let (running, doors) = serve(&file, &config.door_names());
        Self { running, doors, certificates, directory }
    }

    /// Waits for the end of a gateway that was told to drain, and starts it again, at the same ports and with its file as it is now.
    pub fn restart(&mut self) {
        assert_eq!(self.wait(START), Some(0), "a drained gateway ends well");
        let file = self.directory.path().join("viaduct.toml");
        let mut text = fs::read_to_string(&file).expect("the configuration");
        for (name, address) in &self.doors {
            text = text
                .replace(&format!("\n{name} = \"127.0.0.1:0\"\n"), &format!("\n{name} = \"{address}\"\n"));
        }
        fs::write(&file, text).expect("the configuration is written");
        let names: Vec<&str> = self.doors.iter().map(|(name, _)| name.as_str()).collect();
        let (running, doors) = serve(&file, &names);
        assert_eq!(doors, self.doors, "the ports are the same");
        self.running = running;
    }

    /// The shared configuration, unchanged.
    pub fn new() -> Self {
        Self::start(Config::new())
    }

    /// Where `door` is open.
    pub fn door(&self, door: &str) -> SocketAddr {
        let found = self.doors.iter().find(|(name, _)| name == door);
        found.unwrap_or_else(|| panic!("the gateway opened no door {door}")).1
    }

    /// Whether `door` is open.
    pub fn opens(&self, door: &str) -> bool {
        self.doors.iter().any(|(name, _)| name == door)
    }

    /// The port of `door`.
    pub fn port(&self, door: &str) -> u16 {
        self.door(door).port()
    }

    /// A new TLS connection to the door `https`.
    pub fn connect(&self) -> Wire {
        Wire::tls(self.door("https"), NAMESPACE, self.authority())
    }

    /// The certificate of the authority that signed the gateway's.
    pub fn authority(&self) -> &Path {
        &self.certificates.authority
    }

    /// A directory that lives as long as the gateway.
    pub fn directory(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// A connection string for `viaduct listen` and `forward`, holding the key of `policy`.
    pub fn connection_string(&self, policy: &str) -> String {
        let (port, key) = (self.port("https"), crate::KEY);
        format!("Endpoint=sb://{NAMESPACE}:{port}/;SharedAccessKeyName={policy};SharedAccessKey={key}")
    }

    /// A token of the namespace's policy `listen` for `path`, good for an hour.
    pub fn listen_token(&self, path: &str) -> String {
        Token::for_path(path).policy("listen").to_string()
    }

    /// A token of the namespace's policy `send` for `path`, good for an hour.
    pub fn send_token(&self, path: &str) -> String {
        Token::for_path(path).policy("send").to_string()
    }

    /// The memory that is the gateway's own, in bytes (PSS).
    pub fn memory(&self) -> u64 {
        proportional_set_size(self.running.id())
    }

    /// The time that the gateway has had on a core so far.
    pub fn cpu_time(&self) -> Duration {
        cpu_time(self.running.id())
    }

    /// Asks the gateway to drain (SIGTERM).
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Asks the gateway to read its configuration and certificates again (SIGHUP).
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.running.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(id, signal).expect("the gateway runs");
    }

    /// Waits for the gateway to end by itself; its exit status.
    pub fn wait(&mut self, time: Duration) -> Option<i32> {
        self.running.wait(time)
    }

    /// Whether the gateway still runs.
    pub fn is_running(&mut self) -> bool {
        self.running.is_running()
    }

    /// What the gateway has logged so far.
    pub fn log(&self) -> String {
        self.running.errors()
    }
}

impl Default for Gateway {
    fn default() -> Self {
        Self::new()
    }
}

/// Starts the binary and waits until each of `names` is open.
fn serve(file: &Path, names: &[&str]) -> (Running, Vec<(String, SocketAddr)>) {
    let mut running = Program::new(viaduct())
        .args(["serve", "--config", &file.display().to_string()])
        .env("VIADUCT_LOG", &std::env::var("VIADUCT_LOG").unwrap_or_else(|_| "info".to_owned()))
        .start();
    let mut doors: Vec<(String, SocketAddr)> = Vec::new();
    while !names.iter().all(|name| doors.iter().any(|(opened, _)| opened == name)) {
        // One line for each open door: `https 127.0.0.1:40123`.
        let line = running.line(START);
        if let Some((name, address)) = line.split_once(' ')
            && let Ok(address) = address.trim().parse()
        {
            doors.push((name.to_owned(), address));
        }
    }
    (running, doors)
}

//! Listener and sender of WCF Relay in C# (`interop-tests/mono/relay_*.cs`), which join Mono's own WCF at either end.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::wcf::compile;
use crate::{Config, Gateway, MonoService, NAMESPACE, Program, Running, mono, repository};

/// Long enough for Mono to start and to shake hands on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A gateway with the doors of WCF Relay.
pub fn shim_gateway(config: Config) -> Gateway {
    Gateway::start(config.door("amqps", "127.0.0.1:0").door("rendezvous", "127.0.0.1:0"))
}

/// A listener that is registered.
pub struct RelayListener {
    /// The process.
    pub running: Running,
}

impl RelayListener {
    /// In front of `service`, with further arguments.
    pub fn start(gateway: &Gateway, path: &str, service: &MonoService, more: &[&str]) -> Self {
        Self::before(gateway, path, service.port, more)
    }

    /// In front of whatever listens at `port`.
    pub fn before(gateway: &Gateway, path: &str, port: u16, more: &[&str]) -> Self {
        let port = port.to_string();
        let token = gateway.listen_token(path);
        let program = Self::program(gateway, path).args(["--to", &port, "--token", &token]);
        let mut running = program.args(more.iter().copied()).start();
        assert_eq!(running.line(PATIENCE), "ready");
        Self { running }
    }

    /// Starts one that the gateway will not have; what it was told.
    pub fn refused(gateway: &Gateway, path: &str, more: &[&str]) -> String {
        let mut running = Self::program(gateway, path).args(more.iter().copied()).start();
        let line = running.line_starting("ended ", PATIENCE);
        line["ended ".len()..].to_owned()
    }

    /// Has it leave in good order.
    pub fn stop(&mut self) {
        let id = i32::try_from(self.running.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(id, Signal::INT).expect("the listener runs");
        self.running.line_starting("stopped", PATIENCE);
    }

    /// The program, without a token and without a service.
    pub fn program(gateway: &Gateway, path: &str) -> Program {
        program(gateway, "relay_listener", path).args(["--amqps", &gateway.port("amqps").to_string()])
    }
}

/// HTTP services of Mono behind the listener of an HTTP binding (`mono/http_host.cs`, `mono/http_services.cs`).
pub struct HttpHost {
    /// The process.
    pub running: Running,
    /// Where it takes relayed connections on this machine.
    pub port: u16,
}

impl HttpHost {
    /// For the relay at `path`.
    pub fn start(path: &str) -> Self {
        Self::at(path, 0)
    }

    /// At this port; 0 is any that is free.
    pub fn at(path: &str, port: u16) -> Self {
        static COMPILED: OnceLock<PathBuf> = OnceLock::new();
        let program = COMPILED.get_or_init(|| {
            compile("http_host", &["http_services.cs", "arguments.cs", "amqp.cs", "relay_messages.cs"], &[])
        });
        let description = repository().join("interop-tests/mono/accounts.wsdl");
        let port = port.to_string();
        let args = [program.as_os_str(), path.as_ref(), description.as_os_str(), port.as_ref()];
        let mut running = Program::new(mono()).args(args).start();
        let ready = running.line_starting("ready ", PATIENCE);
        Self { port: ready["ready ".len()..].parse().expect("a port"), running }
    }

    /// How many sessions each of its connections has had so far, in the order in which they began: `1, 2, 1` are three on two connections.
    pub fn sessions(&self) -> Vec<u32> {
        let output = self.running.output();
        let numbers = output.lines().filter_map(|line| line.strip_prefix("session "));
        numbers.map(|number| number.parse().expect("a number")).collect()
    }
}

/// A local port whose connections go to a relay.
pub struct RelaySender {
    /// The process.
    pub running: Running,
    /// The port on this machine.
    pub port: u16,
}

impl RelaySender {
    /// Opens the port for `path`, with further arguments: its token, for one.
    pub fn start(gateway: &Gateway, path: &str, more: &[&str]) -> Self {
        let program = program(gateway, "relay_sender", path)
            .args(["--rendezvous", &gateway.port("rendezvous").to_string()])
            .args(more.iter().copied());
        let mut running = program.start();
        let ready = running.line_starting("ready ", PATIENCE);
        let port = ready["ready ".len()..].parse().expect("a port");
        Self { running, port }
    }

    /// Opens the port with a token that is good.
    pub fn with_token(gateway: &Gateway, path: &str) -> Self {
        Self::start(gateway, path, &["--token", &gateway.send_token(path)])
    }

    /// Where a client of `service` connects to reach it through the relay.
    pub fn via(&self, service: &MonoService) -> String {
        service.address.replacen(&service.port.to_string(), &self.port.to_string(), 1)
    }

    /// Where a client connects that calls this path.
    pub fn at(&self, path: &str) -> String {
        format!("net.tcp://localhost:{}/{path}", self.port)
    }

    /// How many of its connections were joined so far.
    pub fn joined(&self) -> usize {
        self.running.output().lines().filter(|line| *line == "joined").count()
    }
}

fn program(gateway: &Gateway, name: &str, path: &str) -> Program {
    // The authority is trusted in a folder of this gateway, not for the user who runs the tests.
    let trusted = gateway.directory().join(name);
    Program::new(mono())
        .env("XDG_CONFIG_HOME", &trusted.to_string_lossy())
        .args([programs().join(name).with_extension("exe")])
        .args(["--host", NAMESPACE, "--path", path, "--ca", &gateway.authority().to_string_lossy()])
}

/// Where the compiled programs lie.
fn programs() -> &'static Path {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let shared =
            ["arguments.cs", "amqp.cs", "listener_link.cs", "relay_messages.cs", "relayed_connection.cs"];
        let compiled = ["relay_listener", "relay_sender"]
            .map(|program| compile(program, &shared, &["Mono.Security.dll", "Mono.Posix.dll"]));
        compiled[0].parent().expect("it lies in a folder").to_owned()
    })
}

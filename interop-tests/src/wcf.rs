//! Mono's WCF client and service (`interop-tests/mono`), compiled once and run.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use crate::{Program, Running, mono, output_dir, repository};

/// Long enough for Mono, which takes 5 s to close a duplex channel.
const PATIENCE: Duration = Duration::from_secs(90);

/// A `NetTcpBinding` service, or one with another binding over TCP.
pub struct MonoService {
    /// The process.
    pub running: Running,
    /// Its own address.
    pub address: String,
    /// Its port.
    pub port: u16,
}

impl MonoService {
    /// Starts `service` (`probe`, `session`, `duplex`) with a binding of `mono/binding.cs` on a free port.
    pub fn start(service: &str, binding: &str) -> Self {
        let port = free_port();
        let running = started(programs().join("host.exe"), &[service, &port.to_string(), binding]);
        Self { running, address: format!("net.tcp://localhost:{port}/{service}"), port }
    }

    /// The service that the recorded clients of `fixtures` call.
    pub fn of_recordings() -> Self {
        static HOST: OnceLock<PathBuf> = OnceLock::new();
        let host = HOST.get_or_init(|| compile("recorded_host", &["binding.cs"], &[]));
        let port = free_port();
        let running = started(host.clone(), &[&port.to_string()]);
        Self { running, address: format!("net.tcp://localhost:{port}/probe"), port }
    }
}

/// Mono cannot be told to take any free port; one that was free a moment ago is.
fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    free.local_addr().expect("it is bound").port()
}

fn started(host: PathBuf, arguments: &[&str]) -> Running {
    let mut running = Program::new(mono()).args([host]).args(arguments.iter().copied()).start();
    assert_eq!(running.line(PATIENCE), "ready");
    running
}

/// Starts a client: what to check, what To says, where to connect (`-`: there), the binding.
pub fn mono_client(args: &[&str]) -> Running {
    let client = programs().join("client.exe").to_string_lossy().into_owned();
    Program::new(mono()).args([client]).args(args.iter().copied()).start()
}

/// Runs a client to its end, which must be a good one; what it said, line by line.
pub fn run_mono_client(args: &[&str]) -> Vec<String> {
    let mut running = mono_client(args);
    let status = running.wait(PATIENCE);
    assert_eq!(status, Some(0), "{}{}", running.output(), running.errors());
    // What Mono says behind its last word is about threads that it aborts when a program ends, with a relay or without.
    let output = running.output();
    let end = output.find("done\n").map_or(output.len(), |at| at + "done\n".len());
    output[..end].lines().map(ToOwned::to_owned).collect()
}

/// Where the compiled client and host lie.
fn programs() -> &'static Path {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    COMPILED.get_or_init(|| {
        for program in ["host", "client"] {
            compile(program, &["contract.cs", "binding.cs"], &[]);
        }
        compiled()
    })
}

/// Compiles a program of `interop-tests/mono` with further files beside its own and further libraries beside WCF's.
pub(crate) fn compile(program: &str, more: &[&str], libraries: &[&str]) -> PathBuf {
    let directory = compiled();
    std::fs::create_dir_all(&directory).expect("a folder for the programs");
    let executable = directory.join(program).with_extension("exe");
    Program::new(mono().with_file_name("mcs"))
        .args([format!("-out:{}", executable.display())])
        .args(["-r:System.ServiceModel.dll", "-r:System.Runtime.Serialization.dll"])
        .args(libraries.iter().map(|library| format!("-r:{library}")))
        .args([format!("{program}.cs")])
        .args(more.iter().copied())
        .directory(&repository().join("interop-tests/mono"))
        .run(PATIENCE);
    executable
}

fn compiled() -> PathBuf {
    output_dir().join("mono")
}

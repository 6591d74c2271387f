//! The binary as a child process.

use std::{
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
    sync::mpsc,
    time::timeout,
};

/// Longer than anything that works takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running `viaduct`; killed when dropped.
pub(crate) struct Viaduct {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
    errors: Arc<Mutex<String>>,
}

impl Viaduct {
    /// Starts it with these arguments and variables, and no proxy or connection string from outside.
    pub(crate) fn start(args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_viaduct"));
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for name in
            ["HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "VIADUCT_CA", "VIADUCT_CONNECTION_STRING"]
        {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = mpsc::unbounded_channel();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        tokio::spawn(async move {
            while let Ok(Some(line)) = output.next_line().await {
                let _ = sender.send(line);
            }
        });
        let errors = Arc::new(Mutex::new(String::new()));
        let (mut from, to) = (child.stderr.take().unwrap(), errors.clone());
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = from.read(&mut buffer).await {
                to.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        });
        Self { child, lines, errors }
    }

    /// Skips lines of standard output until one starts with `start`.
    pub(crate) async fn line(&mut self, start: &str) -> String {
        let found = timeout(PATIENCE, async {
            while let Some(line) = self.lines.recv().await {
                if line.starts_with(start) {
                    return Some(line);
                }
            }
            None
        });
        match found.await {
            Ok(Some(line)) => line,
            _ => panic!("no line starts with {start:?}\n{}", self.errors()),
        }
    }

    /// What it wrote to standard error so far.
    pub(crate) fn errors(&self) -> String {
        self.errors.lock().unwrap().clone()
    }

    /// Waits until standard error holds `text`.
    pub(crate) async fn says(&self, text: &str) {
        let said = async {
            while !self.errors().contains(text) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(timeout(PATIENCE, said).await.is_ok(), "it never said {text:?}\n{}", self.errors());
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().expect("it still runs").to_string();
        let status = std::process::Command::new("kill").args(["-s", name, &id]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end; its status.
    pub(crate) async fn end(&mut self) -> Option<i32> {
        let status = timeout(PATIENCE, self.child.wait()).await;
        status.unwrap_or_else(|_| panic!("it does not end\n{}", self.errors())).unwrap().code()
    }
}

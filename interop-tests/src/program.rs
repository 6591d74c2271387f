//! Programs that others wrote, run with a time-out, their output read line by line.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A program to run.
pub struct Program {
    name: String,
    command: Command,
}

impl Program {
    /// The program in the file `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Self { name, command: Command::new(path) }
    }

    /// Adds arguments.
    pub fn args<I: IntoIterator<Item = A>, A: Into<OsString>>(mut self, args: I) -> Self {
        self.command.args(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it in `directory`.
    pub fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Starts it; it is killed when the value is dropped.
    pub fn start(mut self) -> Running {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let output = child.stdout.take().expect("standard output is piped");
        let mut errors = child.stderr.take().expect("standard error is piped");

        let (send, lines) = channel();
        let seen = Arc::new(Mutex::new(String::new()));
        let (kept, complaints) = (Arc::clone(&seen), Arc::new(Mutex::new(Vec::new())));
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let mut kept = kept.lock().expect("no reader panics");
                kept.push_str(&line);
                kept.push('\n');
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        let collected = Arc::clone(&complaints);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 8 << 10];
            while let Ok(read @ 1..) = errors.read(&mut buffer) {
                collected.lock().expect("no reader panics").extend_from_slice(&buffer[..read]);
            }
        });
        Running { name: self.name, child, lines: Mutex::new(lines), seen, complaints, reader: Some(reader) }
    }

    /// Runs it to its end and returns its standard output; anything but status 0 within `time` fails the test.
    pub fn run(self, time: Duration) -> String {
        let mut running = self.start();
        let status = running.wait(time);
        assert_eq!(status, Some(0), "{} failed\n{}", running.name, running.transcript());
        running.output()
    }
}

/// A program that runs.
pub struct Running {
    name: String,
    child: Child,
    lines: Mutex<Receiver<String>>,
    seen: Arc<Mutex<String>>,
    complaints: Arc<Mutex<Vec<u8>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its standard output, which must come within `time`.
    pub fn line(&mut self, time: Duration) -> String {
        let next = self.next_line(time);
        match next {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => {
                panic!("{} said nothing for {time:?}\n{}", self.name, self.transcript())
            }
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.wait(Duration::from_secs(5));
                panic!("{} ended with status {status:?}\n{}", self.name, self.transcript())
            }
        }
    }

    /// Skips lines until one starts with `start`; that line.
    pub fn line_starting(&mut self, start: &str, time: Duration) -> String {
        let until = Instant::now() + time;
        loop {
            let line = self.line(until.saturating_duration_since(Instant::now()));
            if line.starts_with(start) {
                return line;
            }
        }
    }

    /// Waits for its end; its status, or nothing if it was killed by a signal. Still running after `time` fails the test.
    pub fn wait(&mut self, time: Duration) -> Option<i32> {
        self.wait_watching(time, || {})
    }

    /// As [`Running::wait`], calling `watch` again and again meanwhile.
    pub fn wait_watching(&mut self, time: Duration, mut watch: impl FnMut()) -> Option<i32> {
        let until = Instant::now() + time;
        // Standard output ends with the program, so its end needs no polling.
        while let Ok(_) | Err(RecvTimeoutError::Timeout) = self.next_line(Duration::from_millis(20)) {
            assert!(Instant::now() < until, "{} still runs after {time:?}\n{}", self.name, self.transcript());
            watch();
        }
        let status = self.child.wait().expect("a child of ours");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader of standard error");
        }
        status.code()
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_none()
    }

    /// Ends it as `kill -9` does, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child of ours");
        self.child.wait().expect("a child of ours");
    }

    /// All of its standard output so far.
    pub fn output(&self) -> String {
        self.seen.lock().expect("no reader panics").clone()
    }

    /// All of its standard error so far.
    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&self.complaints.lock().expect("no reader panics")).into_owned()
    }

    fn next_line(&self, time: Duration) -> Result<String, RecvTimeoutError> {
        self.lines.lock().expect("no reader panics").recv_timeout(time)
    }

    fn transcript(&self) -> String {
        format!("--- standard output\n{}--- standard error\n{}", self.output(), self.errors())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- {}\n{}", self.name, self.transcript());
        }
    }
}

//! The demo, as somebody meets it who has just built the binary.
#![cfg(unix)]
// Clippy does not take the helpers of a test crate for tests.
#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

fn viaduct() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_viaduct"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The folder of a run, from what it printed.
fn folder(told: &str) -> PathBuf {
    let line = told.lines().find(|line| line.contains("made for this run, in ")).unwrap();
    PathBuf::from(line.rsplit(' ').next().unwrap())
}

#[test]
fn once_tells_the_whole_story_and_ends_with_0() {
    let Output { status, stdout, stderr } = viaduct().args(["demo", "--once"]).output().unwrap();
    let told = text(&stdout);
    assert_eq!(status.code(), Some(0), "{told}\n{}", text(&stderr));
    for step in [
        "gateway started: https on port ",
        "credit-check service started",
        "now waits there as \"credit-check\"",
        "a second connector waits as \"credit-check-api\"",
        "branch office: ",
        "GetScore(\"P-1001-NOVAK\") → 747",
        "200 Approved, score 747, limit 14940 EUR",
        "a WebSocket, two questions on one connection",
        "SOAP fault ApplicantNotFoundFault",
        "→ 422 no such applicant",
        "→ 401 InvalidSignature: The token has an invalid signature",
        "curl --cacert ",
        "All 10 steps worked.",
    ] {
        assert!(told.contains(step), "{step:?} is missing in:\n{told}");
    }
    assert!(!told.contains('\u{1b}'), "colours belong to a terminal:\n{told}");
    assert!(!told.contains("SharedAccessSignature"), "a token is on the screen:\n{told}");
    assert_eq!(text(&stderr), "");
    assert!(!folder(told).exists(), "the folder was left behind");
}

/// A demo that stays up; ended when the test ends, however it ends.
struct Running {
    child: Child,
    told: String,
}

impl Running {
    /// Waits until the story is told.
    fn start() -> Self {
        let mut child = viaduct().arg("demo").stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told = String::new();
        while !told.contains("until you press Ctrl-C") {
            let line = lines.next().unwrap_or_else(|| panic!("it ended early:\n{told}")).unwrap();
            told += &line;
            told.push('\n');
        }
        Self { child, told }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn its_ready_made_lines_work_until_it_is_stopped() {
    let mut demo = Running::start();
    let lines: Vec<_> = demo.told.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect();
    let expected = [
        r#"{"GetScoreResult":747}"#,
        r#""Decision":"Approved""#,
        r#""title":"ApplicantNotFoundFault""#,
        "MissingToken: Relay security token is required",
    ];
    assert_eq!(lines.len(), expected.len(), "{}", demo.told);
    for (line, expected) in lines.iter().zip(expected) {
        // As a person pastes it; `-i` shows the status line, which says why a request was refused.
        let shell = Command::new("sh").args(["-c", &format!("{line} -si")]).output().unwrap();
        let answer = text(&shell.stdout);
        assert!(answer.contains(expected), "{line}\n{answer}{}", text(&shell.stderr));
    }

    let folder = folder(&demo.told);
    assert!(folder.join("ca.pem").exists());
    let pid = rustix::process::Pid::from_child(&demo.child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(demo.child.wait().unwrap().code(), Some(0));
    assert!(!folder.exists(), "the folder was left behind");
}

#[test]
fn its_folder_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let demo = Running::start();
    let folder = folder(&demo.told);
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(folder.join("token.txt").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    drop(demo);
    // Killed, it could not remove it.
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_step_that_does_not_work_ends_it_with_1_and_one_line() {
    let demo = viaduct().args(["demo", "--once"]).env("TMPDIR", "/nowhere/at/all").output().unwrap();
    assert_eq!(demo.status.code(), Some(1));
    let stderr = text(&demo.stderr);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr
            .contains("the demo stopped at \"certificates and keys\": a folder for this run cannot be made"),
        "{stderr}"
    );
    assert!(!text(&demo.stdout).contains("steps worked"));
}

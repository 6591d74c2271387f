//! `viaduct inspect` of captures that foreign programs made, beside the plain recording of the same run.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pcap")
}

/// Runs the binary with these bytes on its standard input.
fn inspect(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_viaduct"))
        .arg("inspect")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command line that is wrong reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// What it printed; it has to have worked.
fn printed(args: &[&str], input: &[u8]) -> String {
    let output = inspect(args, input);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(path: &Path) -> String {
    printed(&["--format", "json", path.to_str().unwrap()], b"")
}

/// Lines of a capture with one connection, under the name that recordings have.
fn as_recorded(lines: &str) -> String {
    let name = lines.strip_prefix("{\"stream\":\"").unwrap().split('"').next().unwrap();
    assert!(name.starts_with("127.0.0.1:") && name.contains("-127.0.0.1:241"), "{name}");
    lines.replace(name, "conn01")
}

#[test]
fn a_capture_says_what_the_recording_of_the_same_run_says() {
    for (capture, recording, envelopes) in [
        ("request-reply/capture.pcap", "request-reply", 6),
        ("duplex/capture.pcapng", "duplex", 8),
        ("disturbed/capture.pcap", "request-reply", 6),
    ] {
        let found = as_recorded(&json(&captures().join(capture)));
        assert_eq!(found, json(&captures().join(recording)), "{capture}");
        assert_eq!(found.matches("\"envelope\":\"<s:Envelope").count(), envelopes, "{capture}");
    }
}

#[test]
fn a_capture_through_standard_input_is_the_same_and_a_port_chooses() {
    let file = captures().join("duplex/capture.pcapng");
    let bytes = fs::read(&file).unwrap();
    let piped = printed(&["--format", "json", "--port", "24107", "-"], &bytes);
    assert_eq!(piped, json(&file));
    let output = inspect(&["--port", "24999", file.to_str().unwrap()], b"");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 1);
}

#[test]
fn text_merges_both_directions_by_the_times_of_their_packets() {
    let text = printed(&[captures().join("request-reply/capture.pcap").to_str().unwrap()], b"");
    assert!(
        text.starts_with("capture.pcap: ") && text.contains(" of TCP, 1 connections\n\n127.0.0.1:"),
        "{text}"
    );
    let ways: Vec<&str> = text.lines().filter_map(|line| line.split_once(": ")).map(|(way, _)| way).collect();
    let ways: Vec<&str> = ways.into_iter().filter(|way| ["→ i2r", "← r2i"].contains(way)).collect();
    assert_eq!(ways, ["→ i2r", "← r2i"].repeat(4), "preamble and Ack, then three requests and replies");
    let disturbed = printed(&[captures().join("disturbed/capture.pcap").to_str().unwrap()], b"");
    assert!(disturbed.contains(" before their turn; put in order here"), "{disturbed}");
}

#[test]
fn what_a_capture_lost_is_shown_as_lost() {
    let lost = json(&captures().join("cut/lost.pcap"));
    assert!(lost.contains("\"dir\":\"r2i\",\"offset\":1,\"record\":[\"gap\",134]}"), "{lost}");
    assert!(lost.ends_with("\"dir\":\"r2i\",\"end\":\"error gap\"}\n"), "{lost}");
    // The other direction is whole.
    assert!(lost.contains("\"dir\":\"i2r\",\"end\":\"tolerated\"}"), "{lost}");
    // A packet that is cut holds the head of its envelope: its size is known, and what comes after it is read.
    let cut = json(&captures().join("cut/snaplen.pcap"));
    assert!(cut.contains("\"unreadable\":\"104 of its bytes are missing in the capture\""), "{cut}");
    assert!(cut.ends_with("\"dir\":\"r2i\",\"end\":\"tolerated\"}\n"), "{cut}");
}

#[test]
fn a_capture_that_breaks_off_anywhere_is_shown_up_to_there() {
    for file in ["request-reply/capture.pcap", "duplex/capture.pcapng"] {
        let bytes = fs::read(captures().join(file)).unwrap();
        for cut in (0..bytes.len()).step_by(97) {
            let output = inspect(&["--format", "json", "-"], &bytes[..cut]);
            let code = output.status.code();
            assert!(
                code == Some(0) || code == Some(1) && output.stdout.is_empty(),
                "{file} {cut}: {output:?}"
            );
        }
        let text = printed(&["-"], &bytes[..bytes.len() - 10]);
        assert!(text.lines().nth(1).unwrap().contains("breaks off"), "{text}");
    }
}

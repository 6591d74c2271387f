//! `viaduct inspect` of all recordings in `fixtures/`: framing as their `meta.json` has it, HTTP, relayed connections, and no secret anywhere.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Every folder below `fixtures/` with a recording.
fn recordings(below: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![fixtures().join(below)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() == "meta.json" {
                found.push(folder.clone());
            }
        }
    }
    found.sort();
    found
}

fn inspect(format: &str, path: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_viaduct"))
        .args(["inspect", "--format", format, path.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}: {output:?}", path.display());
    String::from_utf8(output.stdout).unwrap()
}

fn lines(path: &Path) -> Vec<Value> {
    inspect("json", path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How the two directions end whose `meta.json` lists more than .NET would read: `lenient` in the index says why.
const LENIENT: [(&str, &str, &str); 2] = [
    ("relay/v2.7.5/http-basic-noend", "rendezvous i2r", "error eof"),
    ("relay/v2.7.5/http-nmf-faults", "rendezvous6 i2r", "error unexpected-record"),
];

#[test]
fn every_framing_stream_of_every_recording_has_the_records_that_its_meta_file_names() {
    let (mut directions, mut wrong) = (0, Vec::new());
    for folder in recordings("relay").into_iter().chain(recordings("nettcp")) {
        let meta: Value = serde_json::from_slice(&fs::read(folder.join("meta.json")).unwrap()).unwrap();
        let lines = lines(&folder);
        for stream in meta["streams"].as_array().unwrap() {
            let Some(framing) = stream["framing"].as_object() else { continue };
            for (dir, expected) in framing {
                let of = |line: &&Value| line["stream"] == stream["name"] && line["dir"] == *dir;
                let (mut records, mut end) = (Vec::new(), &Value::Null);
                for line in lines.iter().filter(of) {
                    records.extend(line.get("record"));
                    end = line.get("end").unwrap_or(end);
                }
                directions += 1;
                if json!(records) != expected["records"] || *end != expected["end_of_stream"] {
                    let scenario = folder.strip_prefix(fixtures()).unwrap().to_str().unwrap().to_owned();
                    let direction = format!("{} {dir}", stream["name"].as_str().unwrap());
                    wrong.push((scenario, direction, end.as_str().unwrap_or_default().to_owned()));
                }
            }
        }
    }
    let lenient =
        LENIENT.map(|(folder, direction, end)| (folder.to_owned(), direction.to_owned(), end.to_owned()));
    let index: Value = serde_json::from_slice(&fs::read(fixtures().join("index.json")).unwrap()).unwrap();
    for (folder, direction, _) in &lenient {
        let mut scenarios = index["scenarios"].as_array().unwrap().iter();
        let scenario = scenarios.find(|scenario| scenario["path"] == *folder).unwrap();
        assert!(scenario["lenient"][direction].is_string(), "{folder}");
    }
    assert_eq!((directions, wrong), (200, lenient.to_vec()));
}

#[test]
fn every_recorded_http_message_is_read_and_every_soap_body_is_an_envelope() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for folder in recordings("http") {
        for line in lines(&folder) {
            let kind = line["record"][0].as_str().unwrap_or("end").to_owned();
            if kind == "end" {
                assert_eq!(line["end"], "clean", "{}", folder.display());
            }
            if line["envelope"].is_string() {
                *counts.entry("envelope".to_owned()).or_default() += 1;
            }
            assert!(line["unreadable"].is_null(), "{line}");
            *counts.entry(kind).or_default() += 1;
        }
    }
    assert_eq!(counts["http-request"], counts["http-response"]);
    assert_eq!(
        counts,
        [("end", 48), ("envelope", 105), ("http-body", 108), ("http-request", 60), ("http-response", 60)]
            .map(|(name, count)| (name.to_owned(), count))
            .into()
    );
}

#[test]
fn http_text_reads_like_an_annotation() {
    let text = inspect("text", &fixtures().join("http/mono-basichttp-failtyped"));
    let mut rest = text.as_str();
    for line in [
        "→ i2r: initiator (client) to receiver (service), at 0.0110 s",
        "        0  50 4f 53 54                 POST /probe HTTP/1.1",
        "       61  53 4f 41 50 41 63 74 69 ..    SOAPAction: \"urn:relay-probe/IEcho/FailTyped\"",
        "      178                              body, 193 bytes: text/xml; charset=utf-8",
        "      178                              <s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">",
        "← r2i: receiver (service) to initiator (client), at 0.0214 s",
        "        0  48 54 54 50 2f 31 2e 31 ..  HTTP/1.1 500 Internal Server Error",
        "                                       ! fault Client / ProbeCode: typed fault",
        "→ i2r ends after 371 bytes: clean, between two messages",
    ] {
        let at = rest.find(&format!("\n{line}\n")).unwrap_or_else(|| panic!("{line}\nin\n{rest}"));
        rest = &rest[at + line.len() + 1..];
    }
}

#[test]
fn a_relayed_connection_is_read_from_its_preamble_to_what_goes_through() {
    let folder = fixtures().join("relay/v2.4.2/detach-reconnect-v2.4.2");
    let lines: Vec<Value> = lines(&folder).into_iter().filter(|line| line["stream"] == "003-9352").collect();
    let of = |dir: &str| -> Vec<&Value> {
        lines
            .iter()
            .filter(|line| line["dir"] == dir)
            .map(|line| line.get("record").unwrap_or(&line["end"]))
            .collect()
    };
    let sent = json!(of("i2r"));
    let begin = json!([
        ["relayed-type", "connect"],
        ["relayed-uri", "sb://contoso.servicebus.windows.net/echo"],
        ["relayed-tls", true],
    ]);
    assert_eq!(sent.as_array().unwrap()[..3], begin.as_array().unwrap()[..]);
    assert!(sent.to_string().contains("[\"version\",1,0],[\"mode\",\"duplex\"]"), "{sent}");
    assert_eq!(of("r2i")[0][0], "relayed-message");
    // A listener connects, and is the receiver all the same.
    let accepted = inspect("text", &folder);
    let accepted = &accepted[accepted.find("\n004-9352\n").unwrap()..];
    assert!(accepted.contains("it is the listener that connects here"), "{accepted}");
}

#[test]
fn a_websocket_is_read_frame_by_frame() {
    let lines = lines(&fixtures().join("relay/v2.7.5/ws-ping-v2.7.5"));
    let frames: Vec<String> = lines
        .iter()
        .filter(|line| line["stream"] == "002-443" && line["record"][0] == "websocket-frame")
        .map(|line| {
            format!(
                "{} {} {}",
                line["dir"].as_str().unwrap(),
                line["record"][1].as_str().unwrap(),
                line["record"][2]
            )
        })
        .collect();
    assert_eq!(frames[..2], ["i2r binary 8", "i2r binary 26"]);
    assert_eq!(frames[frames.len() - 3..], ["r2i pong 2", "r2i text 8", "r2i ping 2"]);
}

/// The values behind `sig=`, and the tokens of the access control service, as they stand in the recorded bytes.
fn secrets(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "bin") {
            let bytes = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
            for mark in ["&sig=", "wrap_access_token=", "wrap_assertion=", "HMACSHA256="] {
                for (at, _) in bytes.match_indices(mark) {
                    let secret: String = bytes[at + mark.len()..]
                        .chars()
                        .take_while(|char| !"&\"< \r\n".contains(*char))
                        .collect();
                    if secret.len() > 16 {
                        found.push(secret);
                    }
                }
            }
        }
    }
    found
}

#[test]
fn no_token_of_any_recording_is_shown_in_any_format() {
    let mut seen = 0;
    for folder in recordings("relay") {
        let secrets = secrets(&folder);
        if secrets.is_empty() {
            continue;
        }
        for format in ["text", "json", "xml"] {
            let shown = inspect(format, &folder);
            for secret in &secrets {
                assert!(!shown.contains(secret.as_str()), "{}: {secret}", folder.display());
            }
        }
        seen += secrets.len();
    }
    assert!(seen > 50, "{seen}");
}

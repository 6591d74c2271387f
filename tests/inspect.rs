//! `viaduct inspect` and `viaduct xml`: what they print of bytes that others made.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use viaduct::inspect::{InMemory, Protocol, ReadError, Stream, Timeline};
use viaduct::wire::framing::Mode;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Runs the binary with these bytes on its standard input.
fn viaduct(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_viaduct"))
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
    let output = viaduct(args, input);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn recordings() -> Vec<PathBuf> {
    let folder = fixtures();
    let index = read_json(&folder.join("index.json"));
    let paths =
        index["scenarios"].as_array().unwrap().iter().map(|scenario| scenario["path"].as_str().unwrap());
    paths.filter(|path| path.starts_with("nettcp/")).map(|path| folder.join(path)).collect()
}

#[test]
fn json_of_every_recording_is_what_its_meta_file_names_and_every_envelope_is_read() {
    let mut envelopes = 0;
    for folder in recordings() {
        let text = printed(&["inspect", "--format", "json", folder.to_str().unwrap()], b"");
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let meta = read_json(&folder.join("meta.json"));
        let mut expected = 0;
        for stream in meta["streams"].as_array().unwrap() {
            for dir in ["i2r", "r2i"] {
                let name = format!("{} {} {dir}", folder.display(), stream["name"]);
                let these: Vec<&Value> = lines
                    .iter()
                    .filter(|line| line["stream"] == stream["name"] && line["dir"] == dir)
                    .collect();
                let (end, records) = these.split_last().unwrap();
                let framing = &stream["framing"][dir];
                let found: Vec<&Value> = records.iter().map(|line| &line["record"]).collect();
                assert_eq!(json!(found), framing["records"], "{name}");
                assert_eq!(end["end"], framing["end_of_stream"], "{name}");
                for line in records {
                    let kind = line["record"][0].as_str().unwrap();
                    assert_eq!(line["envelope"].is_string(), kind.ends_with("-envelope"), "{name}: {line}");
                    envelopes += usize::from(line["envelope"].is_string());
                }
                expected += these.len();
            }
        }
        assert_eq!(lines.len(), expected, "{}", folder.display());
    }
    assert_eq!(envelopes, 222);
}

#[test]
fn envelopes_hold_what_the_scenario_says() {
    let envelopes = |scenario: &str, dir: &str| -> Vec<String> {
        let folder = fixtures().join("nettcp").join(scenario);
        let text = printed(&["inspect", "--format", "json", folder.to_str().unwrap()], b"");
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let lines = lines.filter(|line| line["dir"] == dir);
        lines.filter_map(|line| line["envelope"].as_str().map(str::to_owned)).collect()
    };
    // Binary with and without a session, text in UTF-8, and UTF-16 that is announced in the wrong order of bytes.
    for scenario in [
        "mono-nettcp-none-echo",
        "mono-nettcp-streamed-echo-echo",
        "mono-tcp-text12-echo",
        "mono-tcp-text12-utf16-echo",
    ] {
        let sent = envelopes(scenario, "i2r");
        assert!(sent[0].contains("héllo &lt;w&amp;rld&gt; 日本"), "{scenario}: {sent:?}");
        assert!(!sent[0].contains('\u{feff}'), "{scenario}");
    }
    // The name of the second request's address is in the string table of the first.
    let sent = envelopes("ms-nettcp-none", "i2r");
    let to = "<a:To s:mustUnderstand=\"1\">net.tcp://localhost:24004/probe</a:To>";
    assert!(sent.iter().all(|envelope| envelope.contains(to)), "{sent:?}");
}

/// The documentation shows the recording of a Microsoft client that the framing page annotates, section 8.1.
#[test]
fn text_reads_like_the_experts_annotation_in_the_documentation() {
    let folder = fixtures().join("nettcp/ms-nettcp-none");
    let text = printed(&["inspect", folder.to_str().unwrap()], b"");
    let page = fs::read_to_string(fixtures().join("../docs/inspect.md")).unwrap();
    let example = page.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let mut rest = &text[text.find("\nconn02\n").unwrap()..];
    let mut shown = 0;
    for line in example.lines().filter(|line| !line.is_empty() && *line != "…") {
        let at = rest.find(&format!("\n{line}\n")).unwrap_or_else(|| panic!("{line}\nin\n{rest}"));
        rest = &rest[at + line.len() + 1..];
        shown += 1;
    }
    assert!(shown > 20, "{shown}");
    assert!(text.lines().all(|line| line.chars().count() < 400), "what is long is cut");
}

#[test]
fn a_recording_that_breaks_off_says_where() {
    let file = fixtures().join("nettcp/ms-nettcp-none/conn02.c2s.bin");
    let sent = fs::read(file).unwrap();
    let text = printed(&["inspect", "-"], &sent[..100]);
    let line = "→ i2r ends after 100 bytes: error eof: stream ends inside a session; 59 bytes from 41 on are not read";
    assert_eq!(text.lines().last(), Some(line));
    let text = printed(&["inspect", "--format", "json", "-"], b"EHLO example.net\r\n");
    assert_eq!(text, "{\"stream\":\"-\",\"dir\":\"i2r\",\"end\":\"error unknown-record\"}\n");
}

#[test]
fn xml_is_one_document_with_an_element_for_each_envelope() {
    let folders: Vec<String> = recordings().iter().map(|folder| folder.display().to_string()).collect();
    let mut args = vec!["inspect", "--format", "xml"];
    args.extend(folders.iter().map(String::as_str));
    let text = printed(&args, b"");
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut depth, mut envelopes, mut names) = (0, 0, std::collections::BTreeSet::new());
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Start(tag) => {
                if depth == 1 {
                    assert_eq!(tag.name().as_ref(), "envelope");
                    envelopes += 1;
                    let name = tag.try_get_attribute("stream").unwrap().unwrap();
                    names.insert(name.value.into_owned());
                }
                depth += 1;
            }
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!((depth, envelopes), (0, 222));
    assert!(names.contains("ms-nettcp-none/conn02"), "{names:?}");
}

#[test]
fn a_receivers_bytes_need_the_mode_unless_the_initiators_are_there_too() {
    let folder = fixtures().join("nettcp/mono-nettcp-streamed-echo-echo");
    let (sent, received) = (folder.join("conn01.c2s.bin"), folder.join("conn01.s2c.bin"));
    let (sent, received) = (sent.to_str().unwrap(), received.to_str().unwrap());
    let output = viaduct(&["inspect", received], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--mode"), "{output:?}");

    let alone = printed(&["inspect", "--format", "json", "--mode", "singleton", received], b"");
    assert!(alone.contains("\"record\":[\"unsized-envelope\",[144]],\"envelope\":\"<s:Envelope"), "{alone}");
    let both = printed(&["inspect", "--format", "json", received, sent], b"");
    assert!(both.ends_with(&alone), "{both}");
    let bytes = fs::read(received).unwrap();
    let piped = printed(&["inspect", "--format", "json", "--dir", "r2i", "--mode", "singleton", "-"], &bytes);
    assert_eq!(piped, alone.replace("conn01", "-"));
}

#[test]
fn a_token_in_a_via_is_never_shown() {
    let via = b"net.tcp://h/e/$sas/U2hhcmVkQWNjZXNzU2lnbmF0dXJl";
    let mut sent = vec![0, 1, 0, 1, 2, 2, via.len() as u8];
    sent.extend_from_slice(via);
    sent.extend_from_slice(&[3, 8, 0x0c, 7]);
    for format in ["text", "json", "xml"] {
        let text = printed(&["inspect", "--format", format, "-"], &sent);
        assert!(!text.contains("U2hh") && !text.contains("55 32 68"), "{text}");
    }
}

#[test]
fn what_a_peer_sends_does_nothing_to_a_terminal() {
    let text = printed(&["inspect", "--mode", "duplex", "--dir", "r2i", "-"], b"\x08\x0aurn:\x1b[2J\xc2\x9b");
    assert!(text.contains("Fault: urn:\\u{1b}[2J\\u{9b}\n"), "{text}");
}

#[test]
fn what_is_no_recording_is_a_failure_of_one_line() {
    let empty = tempfile::tempdir().unwrap();
    for path in [empty.path().to_str().unwrap(), "no-such-file.bin"] {
        let output = viaduct(&["inspect", path], b"");
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 1);
    }
}

fn bytes_of(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn vectors(file: &str) -> Vec<Value> {
    let file = read_json(&fixtures().join("binxml").join(format!("{file}.json")));
    file.as_array().or(file["vectors"].as_array()).unwrap().clone()
}

#[test]
fn xml_decode_and_encode_give_what_the_vectors_say() {
    let mut in_other_pieces = Vec::new();
    for vector in vectors("transcode") {
        let (name, source) = (vector["name"].as_str().unwrap(), vector["source_xml"].as_str().unwrap());
        let document = bytes_of(&vector["hex"]);
        let text = printed(&["xml", "decode"], &document);
        let written = viaduct(&["xml", "encode"], source.as_bytes()).stdout;
        if written != document {
            in_other_pieces.push(name.to_owned());
        }
        assert_eq!(printed(&["xml", "decode"], &written), text, "{name}");
    }
    // The text reader of .NET hands text out in pieces, at its buffer's ends and at line ends; each becomes a record.
    assert_eq!(in_other_pieces, ["transcode long text", "transcode cr lf"]);
}

#[test]
fn xml_decode_reads_the_messages_of_a_session_one_after_the_other() {
    let mut seen = 0;
    for vector in vectors("nbfse") {
        let messages = vector["messages"].as_array().unwrap();
        let expected: Option<Vec<&str>> = messages.iter().map(|message| message["xml"].as_str()).collect();
        // Some end in a message that is refused.
        let Some(expected) = expected else { continue };
        let session: Vec<u8> = messages.iter().flat_map(|message| bytes_of(&message["hex"])).collect();
        let text = printed(&["xml", "decode", "--dictionary", "session"], &session);
        assert_eq!(text, expected.join("\n"), "{}", vector["name"]);
        seen += 1;
    }
    assert!(seen > 2, "{seen}");
}

#[test]
fn xml_encode_of_a_session_has_an_empty_table_in_front() {
    let text = "<p:a xmlns:p=\"urn:x\">1</p:a>";
    let binary = viaduct(&["xml", "encode", "--dictionary", "session"], text.as_bytes()).stdout;
    assert_eq!(binary, b"\0\x6d\x01a\x09\x01p\x05urn:x\x83");
    assert_eq!(printed(&["xml", "decode", "--dictionary", "session"], &binary), text);
}

#[test]
fn bytes_that_are_no_document_are_a_failure_of_one_line() {
    for (args, input) in [
        (["xml", "decode", "--dictionary", "static"], &b"\x40\x01a"[..]),
        (["xml", "decode", "--dictionary", "none"], b"\x42\x02\x01"),
        (["xml", "decode", "--dictionary", "session"], b""),
        (["xml", "decode", "--dictionary", "session"], b"\x05ab"),
        (["xml", "decode", "--dictionary", "static"], b""),
        (["xml", "encode", "--dictionary", "static"], b"<a>"),
        (["xml", "encode", "--dictionary", "static"], b"<!DOCTYPE a><a/>"),
    ] {
        let output = viaduct(&args, input);
        assert_eq!(output.status.code(), Some(1), "{args:?} {input:?}");
        assert_eq!(output.stdout, b"", "{args:?} {input:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 1);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_no_two_formats_disagree(
        scenario in 0..43usize,
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let folder = &recordings()[scenario];
        let damaged = |direction: &str| {
            let mut bytes = fs::read(folder.join(format!("conn01.{direction}.bin"))).unwrap();
            // The large bodies would say nothing more.
            bytes.truncate(4096);
            bytes.truncate(cut.index(bytes.len() + 1));
            for (at, byte) in &changes {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
            }
            bytes
        };
        let recording = InMemory {
            i2r: Some(damaged("c2s")),
            r2i: Some(damaged("s2c")),
            timeline: Timeline::default(),
        };
        let stream = Stream {
            name: "x".to_owned(),
            recording: Box::new(recording),
            mode: Some(Mode::Duplex),
            otherwise: Protocol::Framing,
        };
        let mut lines = [Vec::new(), Vec::new(), Vec::new()];
        let [text, json, xml] = &mut lines;
        let keep = |kept: &mut Vec<String>, line: &str| -> Result<(), ReadError> {
            kept.push(line.to_owned());
            Ok(())
        };
        stream.annotate(|line| keep(text, line)).unwrap();
        stream.json(|line| keep(json, line)).unwrap();
        stream.xml(|line| keep(xml, line)).unwrap();
        let envelopes = json.iter().filter(|line| line.contains("-envelope\",")).count();
        prop_assert_eq!(xml.len(), envelopes);
        prop_assert_eq!(text.iter().filter(|line| line.contains("sizedEnvelope, ") || line.contains("SizedEnvelope, ")).count(), envelopes);
        prop_assert_eq!(json.iter().filter(|line| line.contains("\"end\":\"")).count(), 2);
    }
}
